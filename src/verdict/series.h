// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_SERIES_H
#define KT_VERDICT_SERIES_H

#include "verdict/outcome.h"
#include "verdict/rings.h"
#include "verdict/states.h"

/** One amount of a machine, and its verdict. Everything that is kept of a series is here. */
struct kt_series {
	struct kt_rings rings;
	char *name;
	float grain;
	bool reclaimable;
	bool gone;
	/* of each level: positive tests in a row, and the newest outcome */
	uint8_t streaks[KT_NR_LEVELS];
	uint8_t verdicts[KT_NR_LEVELS];
	uint8_t vetoes[KT_NR_LEVELS];
	/* as in struct kt_judged; times by the judge's clock; amounts above the origin */
	uint8_t verdict, veto, driver, event;
	int8_t level;
	uint32_t sister;
	int64_t since_ms, decided_ms;
	float base;	/* floor at `since_ms` */
	float highest;	/* floor since */
	float returned; /* growth that was called a leak and came back by itself; 0: none */
	float noise, score, hourly, hourly_low, hourly_high, ceiling;
	float per_unit, per_event, event_share;
};

struct kt_series *kt_series_new(const char *name, double grain, bool reclaimable);
void kt_series_free(struct kt_series *series);
/** A new past, as after a boot; a leak is one that was. */
void kt_series_restart(struct kt_series *series, const struct kt_clock *clock, int64_t bytes);

/** Takes over what a level says of the growth. */
void kt_series_grew(struct kt_series *series, const struct kt_growth_of *of,
	const struct kt_machine_numbers *numbers, const struct kt_growth *growth,
	const struct kt_outcome *outcome);
/** The verdict when no level has growth to report. */
void kt_series_still(struct kt_series *series, const struct kt_growth_of *of,
	const struct kt_machine_numbers *numbers);
/** Ends a leak whose memory came back. */
void kt_series_check_end(struct kt_series *series, const struct kt_growth_of *of);

/**
 * An amount that has left the proportion to a number stays out of it for days, unless most of it
 * comes back.
 */
bool kt_series_holds(const struct kt_series *series, const struct kt_growth_of *of);

void kt_series_judged(const struct kt_series *series, const struct kt_clock *clock, size_t self,
	struct kt_judged *ret_judged);

#endif
