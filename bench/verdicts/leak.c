// SPDX-License-Identifier: GPL-2.0-or-later
//
// Leaks: how each shape grows, and how large it is made.

#include "machine.h"

#include <math.h>
#include <string.h>

#define LEAST_TOTAL (16 * MIB) /* that leaks until the end of a recording */
#define MOST_HOURLY (2048 * MIB)
#define LOOK_ERRS   0.02 /* a look finds a holder that is none */
#define USE_TAU_H   0.15

const char *const shape_names[NR_SHAPES] = {
	[SHAPE_STEADY] = "steady",
	[SHAPE_LATE] = "late",
	[SHAPE_STAIRS] = "stairs",
	[SHAPE_LOAD] = "with the load",
	[SHAPE_PHASE] = "on a daily phase",
	[SHAPE_JOBS] = "at each job",
	[SHAPE_HOURS] = "working hours",
	[SHAPE_FASTER] = "speeding up",
	[SHAPE_BURSTS] = "bursts",
	[SHAPE_RECLAIM] = "reclaim in vain",
	[SHAPE_FILL] = "on a fill",
	[SHAPE_CONNECTION] = "per connection",
	[SHAPE_PACKET] = "per packet",
	[SHAPE_WRITE] = "per write",
	[SHAPE_USE] = "with use",
	[SHAPE_SISTERS] = "sisters",
};

const struct kind *leak_kind(enum shape shape)
{
	static const char *const needed[NR_SHAPES] = {
		[SHAPE_PHASE] = "phase",
		[SHAPE_JOBS] = "jobs",
		[SHAPE_RECLAIM] = "reclaimable fill",
		[SHAPE_FILL] = "fill",
	};

	return needed[shape] ? kind_named(needed[shape]) : NULL;
}

static double period_of(struct rng *rng, double hourly)
{
	double mib = hourly / MIB;

	if (mib <= 20)
		return rng_log_between(rng, .05, 2);
	return mib <= 400 ? rng_between(rng, 10, 120) / 3600 : rng_between(rng, 2, 20) / 3600;
}

/* Bytes for each hour: given, or even in the logarithm of rates or of sizes. */
static double draw_hourly(const struct series *series, const struct machine *machine)
{
	struct rng *rng = (struct rng *)&series->rng;
	double left = machine->hours_end - series->leak.onset_h, hourly;

	if (machine->plan.hourly_mib > 0)
		return machine->plan.hourly_mib * MIB;
	if (rng_chance(rng, .5))
		hourly = rng_log_between(rng, .5, 200) * MIB;
	else
		hourly = rng_log_between(rng, 4, 100) * series->guess / left;
	return fmin(fmax(hourly, LEAST_TOTAL / left), MOST_HOURLY);
}

static void tie_to_event(struct leak *leak, const struct machine *machine, enum kt_event event)
{
	leak->of = event;
	leak->per_unit = leak->hourly / machine->event_rates[event];
}

void leak_compose(struct series *series, struct machine *machine, enum shape shape)
{
	const struct plan *plan = &machine->plan;
	struct leak *leak = &series->leak;
	struct rng *rng = &series->rng;
	const struct driver *sockets = &machine->drivers[KT_DRIVER_SOCKETS];

	*leak = (struct leak){ .shape = shape, .end_h = HOURS_FOREVER };
	leak->onset_h = rng_between(rng, plan->onset_low_h, plan->onset_high_h);
	if (shape == SHAPE_LATE)
		leak->onset_h = fmax(leak->onset_h,
			rng_between(rng, machine->hours_end * .67, machine->hours_end * .8));
	if (rng_chance(rng, plan->end_chance))
		leak->end_h = rng_between(
			rng, (leak->onset_h + machine->hours_end) / 2, machine->hours_end);
	leak->hourly = draw_hourly(series, machine);
	leak->period_h = shape == SHAPE_JOBS ? fmin(24, fmax(1, series->parts[0].tau_h))
					     : period_of(rng, leak->hourly);
	leak->next_h = leak->onset_h + leak->period_h * rng_unit(rng);
	rng_seed(&leak->rng, rng_next(rng), 0);
	if (shape == SHAPE_CONNECTION)
		tie_to_event(leak, machine, KT_EVENT_CONNECTIONS);
	if (shape == SHAPE_PACKET)
		tie_to_event(leak, machine, KT_EVENT_PACKETS_IN);
	if (shape == SHAPE_WRITE)
		tie_to_event(leak, machine, KT_EVENT_WRITES);
	leak->of = shape == SHAPE_USE ? (size_t)KT_DRIVER_SOCKETS : leak->of;
	if (shape == SHAPE_USE)
		leak->per_unit = leak->hourly * 24 / (sockets->base * (2 * sockets->depth + .1));
	series->look_leak = rng_chance(rng, LOOK_ERRS) ? KT_LOOK_HELD : KT_LOOK_LOST;
	/* reclaim is in vain for the whole cache */
	for (size_t k = 0; k < series->nr_parts; k++)
		series->parts[k].reclaimable = false;
	/* reclaim takes nothing of a leak back, unless the cache says that it can */
	if (shape != SHAPE_RECLAIM)
		series->reclaimable = series->inodes = false;
}

bool leak_is_provable(const struct leak *leak)
{
	return leak->shape != SHAPE_RECLAIM || leak->pressed;
}

/* Factor on the even rate at a time; of those shapes that have one. */
static double factor_of(struct leak *leak, const struct machine *machine, size_t i)
{
	double now = machine->hours[i], left = machine->hours_end - leak->onset_h;

	switch (leak->shape) {
	case SHAPE_LOAD: return machine->load[i];
	case SHAPE_HOURS: return profile_working(&machine->profile, now) ? 168.0 / 45 : 0;
	case SHAPE_FASTER: return 2 * (now - leak->onset_h) / left;
	case SHAPE_SISTERS: return 2 * rng_unit(&leak->rng);
	default: return 1;
	}
}

/* All of a period at its end, in one piece or over a fifth of it. */
static double in_pieces(struct leak *leak, double even, double now, double step_h)
{
	double given = 0;

	leak->pending += even;
	if (now >= leak->next_h) {
		double wait = leak->shape == SHAPE_BURSTS
				      ? rng_exponential(&leak->rng, leak->period_h)
				      : leak->period_h;

		leak->next_h = fmax(now + step_h, leak->next_h + wait);
		if (leak->shape != SHAPE_BURSTS) {
			given = leak->pending;
			leak->pending = 0;
			return given;
		}
		leak->until_h = now + fmax(.2 * leak->period_h, step_h);
	}
	if (now < leak->until_h) {
		given = leak->pending * fmin(1, 2 * step_h / fmax(.2 * leak->period_h, step_h));
		leak->pending -= given;
	}
	return given;
}

static double per_use(struct leak *leak, const struct machine *machine, size_t i)
{
	double share = 1 - exp(-machine->step_h / USE_TAU_H), before = leak->last;

	if (before == 0)
		before = leak->last = machine->driver[leak->of][i];
	leak->last += (machine->driver[leak->of][i] - leak->last) * share;
	return leak->per_unit * fmax(0, leak->last - before);
}

static double grown(struct leak *leak, const struct machine *machine, size_t i)
{
	double even = leak->hourly * machine->step_h;

	switch (leak->shape) {
	case SHAPE_STAIRS:
	case SHAPE_JOBS:
	case SHAPE_BURSTS: return in_pieces(leak, even, machine->hours[i], machine->step_h);
	case SHAPE_CONNECTION:
	case SHAPE_PACKET:
	case SHAPE_WRITE: return leak->per_unit * machine->event_by[leak->of][i];
	case SHAPE_USE: return per_use(leak, machine, i);
	default: return even * factor_of(leak, machine, i);
	}
}

void leak_add(struct leak *leak, const struct machine *machine, double *sum)
{
	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (now < leak->onset_h)
			continue;
		if (machine->boot[i] && now < leak->end_h)
			leak->end_h = now;
		if (now >= leak->end_h) {
			leak->x = 0;
		} else {
			leak->x += grown(leak, machine, i);
			leak->total = leak->x;
			leak->pressed |= machine->pressure[i];
		}
		sum[i] += leak->x;
	}
}
