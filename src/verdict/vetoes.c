// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/vetoes.h"

#include <math.h>

#define MINUTE_MS    60000
#define HOUR_MS	     3600000
#define DAY_MS	     86400000.
#define NO_REST_DAYS 4.	  /* of growth that began before the samples */
#define STRAIGHT     3.	  /* nats over a fill of any length */
#define JOB_DAYS     7.25 /* each job of a week has run once */
#define JOB_HOURS    10.
#define JOB_SLOWEST  (1.8 * 1048576.) /* bytes an hour: slower growth has to last less long */
#define JOB_BEND     1.5
#define JOB_FASTEST  (64 * 1048576.) /* bytes an hour: faster growth is not waited for */
#define JOB_RAM	     64.	     /* a share of memory that a machine can do without */
#define ROSE_BEFORE  .1		     /* of the growth, in the first quarter of what was seen */

/*
 * Share of the greatest fall by which the floor has to be above all before, by days known. A fall
 * that was seen once in a day may be one of many, of which others are larger; noise falls often.
 */
static double fall_share(const struct kt_growth_of *of, const struct kt_growth *growth,
	const struct kt_territory *before)
{
	if (before->days >= 7.5)
		return .75;
	if (before->days >= 1.4)
		return 2;
	return growth->level >= KT_LEVEL_TWO_HOURS - 1 &&
			       kt_territory_falls_often(of, growth->onset_ms, before->fall)
		       ? 2
		       : 6;
}

void kt_pressures_add(struct kt_pressures *pressures, int64_t now_ms)
{
	if (pressures->count) {
		int64_t *last = &pressures->at_ms[(pressures->count - 1) % KT_PRESSURES];

		if (now_ms - *last < MINUTE_MS)
			return;
	}
	pressures->at_ms[pressures->count++ % KT_PRESSURES] = now_ms;
}

bool kt_veto_territory(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	const double *floors = kt_growth_window(growth);
	struct kt_territory before;
	double above;

	kt_territory_before(of, growth->level, growth->onset_ms, &before);
	above = floors[growth->blocks - 1] - before.high;
	/* it may have fallen just before the growth: a tooth begins with the end of the last one */
	before.fall = fmax(before.fall, before.high - floors[0]);
	return above < fmax(fall_share(of, growth, &before) * before.fall, .3 * growth->rise);
}

/* Growth that has filled all that was seen of the amount. */
static bool grew_from_the_start(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	const double *floors = kt_growth_window(growth);
	int64_t seen_ms = of->clock->now_ms - of->rings->begun_ms;
	int level = seen_ms < 12 * (int64_t)HOUR_MS ? 2
		    : seen_ms < 7 * (int64_t)DAY_MS ? KT_LEVEL_TWO_HOURS
						    : KT_LEVEL_DAYS;
	int count = kt_rings_count(of->rings, of->clock, level);
	double total, quarter;

	if (count < 4)
		return true;
	total = floors[growth->blocks - 1] - kt_rings_floor(of->rings, of->clock, level, count - 1);
	quarter = kt_rings_floor(of->rings, of->clock, level, count - 1 - count / 4) -
		  kt_rings_floor(of->rings, of->clock, level, count - 1);
	return quarter > ROSE_BEFORE * total;
}

/*
 * Bytes an hour from which growth is not waited for until no job would last as long. Blocks of a
 * minute are there for what fills a machine in hours: they wait only for what it can do without.
 */
static double fastest_job(const struct kt_growth_of *of, int level)
{
	return level > 1 ? JOB_FASTEST : fmin(JOB_FASTEST, of->ram_bytes / JOB_RAM / JOB_HOURS);
}

/*
 * The first run of a job of each day or week is a straight line for hours. In the first week such
 * runs are as likely as leaks, until the growth has lasted longer than a job. Slow growth is seldom
 * a job, and has to last less long; fast growth would take too much in that time.
 */
static bool may_be_first_run(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	double step = (double)kt_levels[growth->level].step_ms / HOUR_MS, hours, hourly;
	double history = (double)(growth->onset_ms - of->rings->begun_ms);
	double fastest = fastest_job(of, growth->level);
	struct kt_stairs stairs;

	if (growth->level >= KT_LEVEL_TWO_HOURS || history >= JOB_DAYS * DAY_MS ||
		growth->rise >= fastest * growth->blocks * step)
		return false;
	kt_stairs_fit(&growth->floors, 0, growth->grain, &stairs);
	hours = (growth->floors.count - stairs.onset) * step;
	hourly = stairs.rise / hours;
	return hourly < fastest && hours < JOB_HOURS * fmin(pow(hourly / JOB_SLOWEST, JOB_BEND), 1);
}

bool kt_veto_history(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	double length = (double)(growth->blocks * kt_levels[growth->level].step_ms);
	double history = (double)(growth->onset_ms - of->rings->begun_ms);
	double seen = (double)(of->clock->now_ms - of->rings->begun_ms);

	/* the rest of a long fill or of a logarithm is nearly as straight as a leak */
	if ((seen < NO_REST_DAYS * DAY_MS || growth->by_event ||
		    (growth->level == KT_LEVEL_DAYS && growth->shape.slowing < STRAIGHT)) &&
		grew_from_the_start(of, growth))
		return true;
	if (may_be_first_run(of, growth))
		return true;
	return history < DAY_MS && (growth->level < 2 || length < DAY_MS);
}

/* The floor at a time, in the shortest blocks that still have it. */
static bool floor_at(const struct kt_growth_of *of, int level, int64_t time_ms, double *ret_floor)
{
	for (; level < KT_NR_LEVELS; level++) {
		int64_t ago = of->clock->block[level] - 1 - time_ms / kt_levels[level].step_ms;

		if (ago < 0 || ago >= kt_rings_count(of->rings, of->clock, level))
			continue;
		*ret_floor = kt_rings_floor(of->rings, of->clock, level, (int)ago);
		return true;
	}
	return false;
}

bool kt_veto_deceleration(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	int64_t length = growth->blocks * kt_levels[growth->level].step_ms;
	const double *floors = kt_growth_window(growth);
	double most = 1.2 * growth->rise + 2 * growth->noise, before;

	for (int times = 1; times <= 3; times += 2) {
		int64_t from_ms = growth->onset_ms - times * length;
		double lengths = times;

		/* as much in a shorter time is faster still */
		if (from_ms < of->rings->begun_ms) {
			from_ms = of->rings->begun_ms;
			lengths = fmax(1, (double)(growth->onset_ms - from_ms) / (double)length);
		}
		if (from_ms < growth->onset_ms && floor_at(of, growth->level, from_ms, &before) &&
			(floors[0] - before) / lengths > most)
			return true;
	}
	return false;
}

/* Loss of the floor when memory was short, as a share of the growth; -1: not in the window. */
static double lost_at(const struct kt_growth *growth, int64_t time_ms)
{
	const double *floors = kt_growth_window(growth);
	int64_t step = kt_levels[growth->level].step_ms;
	int64_t at = (time_ms - growth->onset_ms) / step;

	if (time_ms < growth->onset_ms + step || at + 1 >= growth->blocks)
		return -1;
	return (floors[at - 1] - fmin(floors[at], floors[at + 1])) / growth->rise;
}

bool kt_veto_reclaimable(const struct kt_growth *growth, const struct kt_pressures *pressures)
{
	size_t kept = pressures->count < KT_PRESSURES ? pressures->count : KT_PRESSURES;
	int tried = 0;

	if (growth->level == KT_LEVEL_DAYS)
		return true;
	for (size_t i = 0; i < kept; i++) {
		double lost = lost_at(growth, pressures->at_ms[i]);

		if (lost >= .05)
			return true;
		tried += lost >= 0 || lost != -1;
	}
	return tried == 0;
}
