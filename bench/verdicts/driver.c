// SPDX-License-Identifier: GPL-2.0-or-later
//
// Drivers and events of a composed machine: numbers that its memory follows, or that leaks come
// with.

#include "machine.h"

#include <math.h>
#include <string.h>

#define NOISE_TAU_H  0.08
#define DEPLOY_TAU_H 0.2
#define WEEK_H	     168.0

/* Ranges of busy and idle machines; depth of the day, noise as a share. */
static const struct {
	double low, high, depth, noise;
} ranges[KT_NR_DRIVERS] = {
	[KT_DRIVER_TASKS] = { 150, 8000, .15, .01 },
	[KT_DRIVER_SOCKETS] = { 60, 40000, .5, .03 },
	[KT_DRIVER_FILES] = { 1500, 200000, .25, .01 },
	[KT_DRIVER_CGROUPS] = { 40, 1500, .05, .005 },
	[KT_DRIVER_MOUNTS] = { 25, 800, .03, .003 },
	[KT_DRIVER_DYING_CGROUPS] = { 2, 40, 0, .02 },
	[KT_DRIVER_HELD_PAGES] = { .15, .6, .15, .004 }, /* shares of RAM */
	[KT_DRIVER_INODES_KIB] = { 0, 0, 0, 0 },	 /* the series hold them */
};

/* For each second, at mean load. */
static const struct {
	double low, high;
} rates[KT_NR_EVENTS] = {
	[KT_EVENT_FORKS] = { .5, 200 },
	[KT_EVENT_PACKETS_IN] = { 50, 50000 },
	[KT_EVENT_PACKETS_OUT] = { 50, 50000 },
	[KT_EVENT_CONNECTIONS] = { .05, 500 },
	[KT_EVENT_READS] = { 1, 3000 },
	[KT_EVENT_WRITES] = { 5, 3000 },
	[KT_EVENT_FAULTS] = { 500, 100000 },
	[KT_EVENT_CONTEXT_SWITCHES] = { 1000, 200000 },
	[KT_EVENT_INTERRUPTS] = { 500, 100000 },
	[KT_EVENT_CGROUPS_MADE] = { .0005, .5 },
};

void drivers_begin(struct machine *machine)
{
	struct rng *rng = &machine->rng;
	bool grows = rng_chance(rng, .1);

	for (int d = 0; d < KT_NR_DRIVERS; d++) {
		struct driver *driver = &machine->drivers[d];

		*driver = (struct driver){ .level = 1, .target = 1, .storm = 1 };
		driver->base =
			ranges[d].low > 0 ? rng_log_between(rng, ranges[d].low, ranges[d].high) : 0;
		if (d == KT_DRIVER_HELD_PAGES)
			driver->base *= (double)machine->ram / 4096;
		driver->depth = ranges[d].depth * rng_between(rng, .3, 1.5);
		driver->noise = ranges[d].noise * rng_between(rng, .3, 2);
		driver->storms_every_h = d == KT_DRIVER_SOCKETS && rng_chance(rng, .3)
						 ? rng_between(rng, 12, 96)
						 : HOURS_FOREVER;
		driver->next_storm_h = rng_exponential(rng, driver->storms_every_h);
		driver->growth = grows && d != KT_DRIVER_DYING_CGROUPS && rng_chance(rng, .4)
					 ? rng_between(rng, .2, 1.5) / (machine->plan.days * 24)
					 : 0;
	}
	machine->next_deploy_h = rng_exponential(rng, 96);
	for (int e = 0; e < KT_NR_EVENTS; e++) {
		machine->event_rates[e] = 3600 * rng_log_between(rng, rates[e].low, rates[e].high);
		machine->event_noise[e] = 0;
		machine->event_counts[e] = machine->event_rates[e] * fmax(0, -machine->booted_h);
	}
	/* packets out go with packets in */
	machine->event_rates[KT_EVENT_PACKETS_OUT] =
		machine->event_rates[KT_EVENT_PACKETS_IN] * rng_between(rng, .5, 1.2);
}

/* A deployment: one or several drivers have another level from now on. */
static void deploy(struct machine *machine, double now)
{
	struct rng *rng = &machine->rng;

	for (int d = 0; d < KT_NR_DRIVERS; d++) {
		struct driver *driver = &machine->drivers[d];
		double before = driver->target;

		if (d == KT_DRIVER_DYING_CGROUPS || !rng_chance(rng, .4))
			continue;
		driver->target = before * rng_log_between(rng, .8, 1.35);
		/* units; what follows multiplies them by its own bytes */
		if (driver->target > before && driver->episodes.count < EPISODES_MAX)
			driver->episodes.items[driver->episodes.count++] =
				(struct episode){ KT_VERDICT_FOLLOWS, now, now + 24,
					driver->base * (driver->target - before) };
	}
	machine->next_deploy_h = now + rng_exponential(rng, 96);
}

static void storm(struct machine *machine, struct driver *driver, double now)
{
	struct rng *rng = &machine->rng;

	if (now >= driver->next_storm_h) {
		driver->storm = rng_log_between(rng, 2, 10);
		driver->storm_until_h = now + rng_between(rng, .02, .8);
		driver->next_storm_h = now + rng_exponential(rng, driver->storms_every_h);
	}
	if (now >= driver->storm_until_h)
		driver->storm = 1;
}

static double value_of(struct machine *machine, struct driver *driver, size_t i)
{
	double keep = exp(-machine->step_h / NOISE_TAU_H);
	double arrives = 1 - exp(-machine->step_h / DEPLOY_TAU_H), now = machine->hours[i];

	driver->level += (driver->target - driver->level) * arrives;
	driver->x = keep * driver->x +
		    sqrt(1 - keep * keep) * driver->noise * rng_normal(&machine->rng);
	return driver->base * (1 + driver->depth * (machine->load[i] - 1)) * driver->level *
	       (1 + driver->growth * now) * driver->storm * (1 + driver->x);
}

/* Cgroups that stay dying: a few an hour, until pressure or a boot. */
static double dying(struct machine *machine, size_t i)
{
	struct driver *driver = &machine->drivers[KT_DRIVER_DYING_CGROUPS];

	if (machine->zombies) {
		machine->zombies_now += machine->load[i] * machine->step_h * driver->base * 2;
		if (machine->pressure[i])
			machine->zombies_now *= rng_between(&machine->rng, .05, .4);
		if (machine->boot[i])
			machine->zombies_now = 0;
	}
	return driver->base * (1 + driver->x) + floor(machine->zombies_now);
}

static void events_block(struct machine *machine)
{
	double keep = exp(-machine->step_h / .3), move = sqrt(1 - keep * keep);

	for (int e = 0; e < KT_NR_EVENTS; e++) {
		for (size_t i = 0; i < machine->nr; i++) {
			double *noise = &machine->event_noise[e], by;

			*noise = keep * *noise + move * rng_normal(&machine->rng);
			by = machine->event_rates[e] * machine->step_h * machine->load[i] *
			     exp(.4 * *noise);
			if (e == KT_EVENT_CONNECTIONS)
				by *= machine->drivers[KT_DRIVER_SOCKETS].storm;
			if (machine->boot[i])
				machine->event_counts[e] = 0;
			machine->event_by[e][i] = by;
			machine->event_counts[e] += by;
			machine->event[e][i] = machine->event_counts[e];
		}
	}
}

void drivers_block(struct machine *machine)
{
	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (now >= machine->next_deploy_h)
			deploy(machine, now);
		for (int d = 0; d < KT_NR_DRIVERS; d++) {
			storm(machine, &machine->drivers[d], now);
			machine->driver[d][i] = value_of(machine, &machine->drivers[d], i);
		}
		machine->driver[KT_DRIVER_DYING_CGROUPS][i] = dying(machine, i);
	}
	events_block(machine);
	memset(machine->held, 0, sizeof(machine->held));
	memset(machine->inodes, 0, sizeof(machine->inodes));
}

void drivers_settle(struct machine *machine)
{
	for (size_t i = 0; i < machine->nr; i++) {
		machine->driver[KT_DRIVER_HELD_PAGES][i] += machine->held[i];
		machine->driver[KT_DRIVER_INODES_KIB][i] = machine->inodes[i] / 1024;
	}
}
