// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/series.h"

#include "verdict/confidence.h"
#include "verdict/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS	     3600000.
#define WEEK_MS	     604800000ll
#define HELD_MS	     259200000ll
#define CAME_BACK    .3 /* of what leaked */
#define LEAST_BLOCKS 10

static void no_growth(struct kt_series *series)
{
	series->level = -1;
	series->veto = KT_VETO_NONE;
	series->driver = KT_NR_DRIVERS;
	series->event = KT_NR_EVENTS;
	series->since_ms = -1;
	series->base = series->highest = 0;
	series->sister = UINT32_MAX;
	series->score = series->noise = series->ceiling = series->hourly = NAN;
	series->hourly_low = series->hourly_high = NAN;
	series->per_unit = series->per_event = series->event_share = NAN;
}

struct kt_series *kt_series_new(const char *name, double grain, bool reclaimable)
{
	struct kt_series *series = calloc(1, sizeof(*series));

	if (!series)
		return NULL;
	series->name = strdup(name);
	if (!series->name) {
		free(series);
		return NULL;
	}
	series->grain = (float)grain;
	series->reclaimable = reclaimable;
	series->rings.begun_ms = -1;
	series->verdict = KT_VERDICT_NOT_OBSERVABLE;
	series->decided_ms = -1;
	no_growth(series);
	return series;
}

void kt_series_free(struct kt_series *series)
{
	if (!series)
		return;
	free(series->name);
	free(series);
}

static void set_verdict(
	struct kt_series *series, const struct kt_clock *clock, enum kt_verdict verdict)
{
	if (series->verdict != verdict)
		series->decided_ms = clock->now_ms;
	series->verdict = (uint8_t)verdict;
}

void kt_series_restart(struct kt_series *series, const struct kt_clock *clock, int64_t bytes)
{
	bool leaked = series->verdict == KT_VERDICT_LEAK;

	kt_rings_begin(&series->rings, clock, bytes);
	memset(series->streaks, 0, sizeof(series->streaks));
	memset(series->verdicts, 0, sizeof(series->verdicts));
	if (leaked)
		set_verdict(series, clock, KT_VERDICT_WAS_LEAKING);
	else if (series->verdict != KT_VERDICT_WAS_LEAKING)
		set_verdict(series, clock, KT_VERDICT_NOT_OBSERVABLE);
	no_growth(series);
}

/* When the growth began: before the window, if the envelope of all floors rose before it. */
static void find_onset(
	struct kt_series *series, const struct kt_growth_of *of, const struct kt_growth *growth)
{
	int64_t step = kt_levels[growth->level].step_ms, since;
	bool goes_on = series->since_ms >= 0 && kt_outcome_rank(series->verdict, series->veto) > 0;
	struct kt_stairs stairs;
	struct kt_rates rates;
	int start = growth->floors.count - growth->blocks;
	double base;

	kt_stairs_fit(&growth->floors, 0, growth->grain, &stairs);
	if (stairs.onset > start)
		kt_stairs_fit(&growth->floors, start, growth->grain, &stairs);
	since = of->clock->start_ms[growth->level] - (growth->floors.count - stairs.onset) * step;
	base = growth->floors.at[stairs.onset];
	if (!goes_on || since < series->since_ms) {
		series->since_ms = since;
		series->base = (float)base;
	}
	kt_stairs_rates(&stairs, (double)(of->clock->now_ms - series->since_ms) / HOUR_MS, &rates);
	series->hourly = (float)(rates.rate * HOUR_MS / (double)step);
	series->hourly_low = (float)(rates.low * HOUR_MS / (double)step);
	series->hourly_high = (float)(rates.high * HOUR_MS / (double)step);
}

void kt_series_grew(struct kt_series *series, const struct kt_growth_of *of,
	const struct kt_machine_numbers *numbers, const struct kt_growth *growth,
	const struct kt_outcome *outcome)
{
	struct kt_trigger trigger;
	double newest = growth->floors.at[growth->floors.count - 1];
	bool was_leak = series->verdict == KT_VERDICT_LEAK;

	find_onset(series, of, growth);
	kt_events_find(of, numbers->events, growth, &trigger);
	set_verdict(series, of->clock, outcome->verdict);
	series->veto = (uint8_t)outcome->veto;
	series->level = (int8_t)growth->level;
	series->highest = fmaxf(series->highest, (float)newest);
	series->noise = (float)growth->noise;
	series->score = (float)growth->shape.score;
	series->ceiling = (float)growth->shape.ceiling;
	series->driver = (uint8_t)outcome->driven.driver;
	series->per_unit = (float)outcome->driven.per_unit;
	if (outcome->ridden != UINT32_MAX)
		series->sister = outcome->ridden;
	/* a leak whose event was seen once keeps it: later windows may be too even */
	if (was_leak && trigger.event == KT_NR_EVENTS)
		return;
	series->event = (uint8_t)trigger.event;
	series->per_event = (float)trigger.per_event;
	series->event_share = (float)trigger.share;
}

/* The short blocks of fast growth are ahead of the long ones, which a short dip does not reach. */
static double newest_floor(const struct kt_series *series, const struct kt_growth_of *of)
{
	double newest = -HUGE_VAL;

	for (int level = 0; level <= 1; level++)
		if (kt_rings_count(&series->rings, of->clock, level) > 0)
			newest = fmax(newest, kt_rings_floor(&series->rings, of->clock, level, 0));
	return isfinite(newest) ? newest : (double)series->rings.value;
}

void kt_series_check_end(struct kt_series *series, const struct kt_growth_of *of)
{
	double newest;

	if (series->verdict != KT_VERDICT_LEAK)
		return;
	newest = newest_floor(series, of);
	series->highest = fmaxf(series->highest, (float)newest);
	if ((double)series->highest - newest <=
		CAME_BACK * ((double)series->highest - (double)series->base))
		return;
	set_verdict(series, of->clock, KT_VERDICT_WAS_LEAKING);
	series->veto = KT_VETO_NONE;
	series->returned = fmaxf(series->returned, series->highest - series->base);
	memset(series->streaks, 0, sizeof(series->streaks));
	memset(series->verdicts, 0, sizeof(series->verdicts));
}

bool kt_series_holds(const struct kt_series *series, const struct kt_growth_of *of)
{
	double rise = (double)series->highest - (double)series->base;

	return series->verdict == KT_VERDICT_OUT_OF_PROPORTION &&
	       of->clock->now_ms - series->decided_ms < HELD_MS &&
	       newest_floor(series, of) - (double)series->base >= CAME_BACK * rise;
}

/* Enough samples for one window of a level. */
static bool is_observed(const struct kt_series *series, const struct kt_clock *clock)
{
	for (int level = 0; level < KT_NR_LEVELS; level++)
		if (kt_rings_count(&series->rings, clock, level) >= LEAST_BLOCKS &&
			kt_clock_seen(clock, level, LEAST_BLOCKS) >= LEAST_BLOCKS * 3 / 4)
			return true;
	return false;
}

void kt_series_still(struct kt_series *series, const struct kt_growth_of *of,
	const struct kt_machine_numbers *numbers)
{
	struct kt_outcome outcome;
	struct kt_state state;

	if (series->verdict == KT_VERDICT_LEAK)
		return;
	if (series->verdict == KT_VERDICT_WAS_LEAKING &&
		of->clock->now_ms - series->decided_ms < WEEK_MS)
		return;
	if (kt_series_holds(series, of))
		return;
	no_growth(series);
	if (!is_observed(series, of->clock)) {
		set_verdict(series, of->clock, KT_VERDICT_NOT_OBSERVABLE);
		return;
	}
	kt_states_find(of, &state);
	kt_outcome_of_state(of, numbers, &state, &outcome);
	set_verdict(series, of->clock, outcome.verdict);
	series->veto = (uint8_t)outcome.veto;
	series->driver = (uint8_t)outcome.driven.driver;
	series->per_unit = (float)outcome.driven.per_unit;
	series->level = (int8_t)state.level;
	series->since_ms = state.since_ms;
	series->noise = (float)state.noise;
	series->ceiling = (float)state.ceiling;
	series->highest = (float)newest_floor(series, of);
	series->base = series->highest - (float)state.rise;
}

void kt_series_judged(const struct kt_series *series, const struct kt_clock *clock, size_t self,
	struct kt_judged *ret_judged)
{
	const struct kt_rings *rings = &series->rings;
	int64_t shift = clock->time_ms - clock->now_ms;
	struct kt_growth_of of = { rings, clock, 0, 0, false, NULL };
	double now = rings->begun_ms < 0 ? 0 : newest_floor(series, &of);

	*ret_judged = (struct kt_judged){
		.verdict = series->verdict,
		.veto = series->veto,
		.level = series->level,
		.since_ms = series->since_ms < 0 ? -1 : series->since_ms + shift,
		.decided_ms = series->decided_ms < 0 ? -1 : series->decided_ms + shift,
		.now_bytes = rings->begun_ms < 0 ? 0 : kt_rings_bytes(rings, now),
		.noise_bytes = (double)series->noise,
		.score = (double)series->score,
		.confidence = kt_confidence(series->verdict, (double)series->score),
		.hourly_bytes = (double)series->hourly,
		.hourly_low_bytes = (double)series->hourly_low,
		.hourly_high_bytes = (double)series->hourly_high,
		.ceiling_bytes = NAN,
		.driver = series->driver,
		.per_unit_bytes = (double)series->per_unit,
		.event = series->event,
		.per_event_bytes = (double)series->per_event,
		.event_share = (double)series->event_share,
		.sister = series->sister == UINT32_MAX ? self : series->sister,
	};
	/* the ends may be as far apart as two amounts can be */
	if (series->since_ms >= 0 &&
		__builtin_sub_overflow(kt_rings_bytes(rings, now),
			kt_rings_bytes(rings, (double)series->base), &ret_judged->rise_bytes))
		ret_judged->rise_bytes = INT64_MAX;
	if (isfinite(series->ceiling))
		ret_judged->ceiling_bytes =
			(double)rings->origin + (double)series->base + (double)series->ceiling;
}
