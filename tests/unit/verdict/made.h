// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_MADE_H
#define KT_TEST_MADE_H

/** Made machines: one amount over time, the numbers that it may follow, and a judge of it. */

#include "verdict/judge.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define MADE_MIB	1048576.0
#define MADE_MINUTE_MS	60000
#define MADE_HOURS(n)	((n)*3600.0)
#define MADE_NOISE	(.05 * MADE_MIB)
#define MADE_SERIES_MAX 4

struct made {
	/** Bytes of series `which` at a time in hours; NULL: that series does not exist. */
	double (*amount[MADE_SERIES_MAX])(double hour);
	double (*driver)(double hour);
	enum kt_driver driver_kind;
	double (*event)(double hour);
	enum kt_event event_kind;
	double pressure_every_h; /* 0: never */
	double boot_h;		 /* 0: never */
	double gap_from_h, gap_to_h;
	bool reclaimable; /* the first series */
	double born_h; /* of the first series: no samples before; 0: it is there from the start */
	bool blind, held; /* a look for holders is not possible, or finds one; else it finds none */
	bool still;	  /* no noise */
	double step_s;	  /* 0: a minute */
	/* results */
	struct kt_judge *judge;
	unsigned seen[KT_NR_VERDICTS]; /* changes of the first series to each verdict */
	bool vetoed[KT_NR_VETOES];
	double leak_h; /* the first leak; negative: none */
	struct kt_judged last;
	double now_h;
};

static uint32_t made_dice = 12345;

/* -1 to 1 */
static inline double made_random(void)
{
	made_dice = made_dice * 1664525u + 1013904223u;
	return (double)(made_dice >> 8) / 8388608.0 - 1;
}

static inline enum kt_look made_look(void *arg, size_t series)
{
	const struct made *made = arg;

	(void)series;
	return made->blind ? KT_LOOK_UNKNOWN : made->held ? KT_LOOK_HELD : KT_LOOK_LOST;
}

static inline void made_changed(void *arg, size_t series, const struct kt_judged *judged)
{
	struct made *made = arg;

	if (series != 0)
		return;
	made->seen[judged->verdict]++;
	made->vetoed[judged->veto] = true;
	if (judged->verdict == KT_VERDICT_LEAK && made->leak_h < 0)
		made->leak_h = made->now_h;
}

static inline void made_sample(struct made *made, double hour, bool pressure, bool boot)
{
	double up = boot || (made->boot_h > 0 && hour > made->boot_h) ? hour - made->boot_h : hour;

	made->now_h = hour;
	kt_judge_begin(made->judge, 1700000000000 + (int64_t)(hour * 3600000),
		(int64_t)((up + 100) * 3600000));
	if (boot)
		kt_judge_boot(made->judge);
	if (pressure)
		kt_judge_pressure(made->judge);
	for (size_t i = 0; i < kt_judge_count(made->judge); i++) {
		if (i == 0 && hour < made->born_h)
			continue;
		double bytes =
			made->amount[i](hour) + (made->still ? 0 : MADE_NOISE) * made_random();

		kt_judge_amount(made->judge, i, (int64_t)(bytes / 4096) * 4096);
	}
	if (made->driver)
		kt_judge_driver(made->judge, made->driver_kind, (int64_t)made->driver(hour));
	if (made->event)
		kt_judge_event(made->judge, made->event_kind, (int64_t)made->event(hour));
	kt_judge_end(made->judge);
}

static inline void made_begin(struct made *made)
{
	struct kt_judge_options options = { .ram_bytes = 16ll << 30,
		.look = made_look,
		.look_arg = made,
		.changed = made_changed,
		.changed_arg = made };

	made->leak_h = -1;
	made->judge = kt_judge_new(&options);
	for (size_t i = 0; i < MADE_SERIES_MAX && made->amount[i]; i++) {
		struct kt_judge_series series = { .name = "made",
			.reclaimable = i == 0 && made->reclaimable };

		kt_judge_add(made->judge, &series);
	}
}

static inline void made_until(struct made *made, double from_h, double to_h)
{
	double step_h = (made->step_s > 0 ? made->step_s : 60) / 3600, pressed_h = from_h;
	bool booted = from_h > made->boot_h;

	for (double hour = from_h; hour < to_h; hour += step_h) {
		bool pressure =
			made->pressure_every_h > 0 && hour - pressed_h >= made->pressure_every_h;
		bool boot = made->boot_h > 0 && !booted && hour >= made->boot_h;

		if (hour >= made->gap_from_h && hour < made->gap_to_h)
			continue;
		booted |= boot;
		pressed_h = pressure ? hour : pressed_h;
		made_sample(made, hour, pressure, boot);
	}
	kt_judge_verdict(made->judge, 0, &made->last);
}

/** Judges all samples of some hours. made_end() frees. */
static inline void made_run(struct made *made, double hours)
{
	made_begin(made);
	made_until(made, 0, hours);
}

static inline void made_end(struct made *made)
{
	kt_judge_free(made->judge);
}

#endif
