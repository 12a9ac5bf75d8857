// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_CLOCK_H
#define KT_VERDICT_CLOCK_H

#include "verdict/levels.h"

#include <stdbool.h>

/**
 * The time of the samples of one machine, in blocks. It never goes back: when the machine's clock
 * is set, the time since boot says how much time has passed, else a step back counts as none.
 */
struct kt_clock {
	bool running;
	int64_t now_ms;	   /* of the newest sample */
	int64_t time_ms;   /* the same by the machine's clock, since 1970 */
	int64_t uptime_ms; /* -1: unknown */
	int64_t begun_ms;  /* first sample since the boot */
	int64_t dense_ms;  /* samples since have been close enough for the shortest blocks */
	int shortest;	   /* level that has blocks: samples too far apart leave out the first */
	int64_t start_ms[KT_NR_LEVELS]; /* of the open blocks */
	int64_t block[KT_NR_LEVELS];	/* their numbers */
	int open[KT_NR_LEVELS];		/* their places in the rings of their levels */
	bool first[KT_NR_LEVELS];	/* the newest sample is the first one in its block */
	bool seen[KT_LEVEL_FLOORS];	/* blocks with samples */
};

/** `uptime_ms`: -1 if unknown. Returns whether the time since boot went back: it booted. */
bool kt_clock_advance(struct kt_clock *clock, int64_t time_ms, int64_t uptime_ms);
/** The machine booted before the newest sample: nothing before it was seen. */
void kt_clock_boot(struct kt_clock *clock);
/** Closed blocks of a level since a time, at most as many as are kept and known. */
int kt_clock_blocks(const struct kt_clock *clock, int level, int64_t since_ms);
/** Number of the block of a time before the open block: nearly always the newest closed one. */
static inline int64_t kt_clock_block_of(const struct kt_clock *clock, int level, int64_t time_ms)
{
	int64_t step = kt_levels[level].step_ms;

	return time_ms >= clock->start_ms[level] - step ? clock->block[level] - 1 : time_ms / step;
}
/** How many of the newest `count` closed blocks have samples. */
int kt_clock_seen(const struct kt_clock *clock, int level, int count);
/** Place of any block among the floors of all levels. */
int kt_clock_slot(int level, int64_t block);
/** The same of the block that closed `ago` blocks before the newest closed one; `ago` < kept. */
static inline int kt_clock_closed(const struct kt_clock *clock, int level, int ago)
{
	int place = clock->open[level] - 1 - ago;

	return kt_levels[level].offset + (place < 0 ? place + kt_levels[level].kept : place);
}

#endif
