// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_RINGS_H
#define KT_VERDICT_RINGS_H

#include "verdict/clock.h"

/**
 * The recent past of one amount: the lowest value of each block, its floor. Floors have no spikes,
 * and no teeth that are shorter than a block. A block without samples has the last amount. Blocks
 * are closed when the amount next changes or is read, so an amount that is constant costs nothing.
 */
struct kt_rings {
	int64_t origin;	  /* bytes; the other amounts are relative to it */
	int64_t begun_ms; /* first amount; -1: none yet */
	int64_t last_ms;  /* blocks before this time are closed */
	float value;
	float open[KT_NR_LEVELS]; /* floor of the open block */
	float floors[KT_LEVEL_FLOORS];
	/* above the floors of blocks of 2 h and of days, rounded up: */
	uint8_t tops[KT_LEVEL_BLOCKS];	 /* highest value */
	uint16_t highs[KT_LEVEL_BLOCKS]; /* highest floor of 10 min */
	uint8_t falls[KT_LEVEL_BLOCKS];	 /* greatest fall between floors of 10 min */
	uint16_t day_highs[30];
	uint8_t day_falls[30];
	float top, high, fall; /* of the open block */
	float peak;	       /* floor of 10 min from which falls are measured */
	float day_high, day_fall, day_peak;
	/* in the closed blocks of 2 h: highest floor of 10 min, highest value, lowest floor */
	float week_high, week_top, week_low;
};

/** Blocks of one level, oldest first, in bytes above the origin. */
struct kt_floors {
	int count;
	double at[KT_LEVEL_BLOCKS];
};

/** The upper half of a float, not below the value; 0 if that is negative. */
uint16_t kt_rings_pack(float value);
double kt_rings_unpack(uint16_t half);

void kt_rings_begin(struct kt_rings *rings, const struct kt_clock *clock, int64_t bytes);
/** Returns whether the amount has changed. */
bool kt_rings_put(struct kt_rings *rings, const struct kt_clock *clock, int64_t bytes);
/** Closes the blocks that have ended. */
void kt_rings_close(struct kt_rings *rings, const struct kt_clock *clock);

/* All of the following needs closed rings. */

/** How many closed blocks of a level there are. */
int kt_rings_count(const struct kt_rings *rings, const struct kt_clock *clock, int level);
/** The floor of the block that closed `ago` blocks before the newest closed one. */
static inline double kt_rings_floor(
	const struct kt_rings *rings, const struct kt_clock *clock, int level, int ago)
{
	return (double)rings->floors[kt_clock_closed(clock, level, ago)];
}
/** `count` closed blocks, oldest first; the newest of them closed `ago` blocks before the newest.
 */
void kt_rings_floors_from(const struct kt_rings *rings, const struct kt_clock *clock, int level,
	int ago, int count, double *ret_floors);
/** The newest closed blocks, at most `count`. */
void kt_rings_floors(const struct kt_rings *rings, const struct kt_clock *clock, int level,
	int count, struct kt_floors *ret_floors);
/** At least the difference of the highest and the lowest value of the last week. */
double kt_rings_week_range(const struct kt_rings *rings);
/** Bytes of an amount above the origin. */
int64_t kt_rings_bytes(const struct kt_rings *rings, double above);

/** Range in blocks of 2 h or days, which the floor of 10 min has left since. */
struct kt_rings_range {
	double high, fall; /* of the floors of 10 min, within the block */
	double top;	   /* of all values; blocks of 2 h only */
	double low;
};

/** The same for a block of 2 h or a day. */
struct kt_rings_range kt_rings_range(
	const struct kt_rings *rings, const struct kt_clock *clock, int level, int ago);

#endif
