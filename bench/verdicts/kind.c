// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kinds of benign series: their parts, and how large these are on machines of 4 to 256 GiB.

#include "machine.h"

#include <math.h>
#include <string.h>

#define HELD_BY_DRIVER 0.80 /* of jobs: a visible holder's pages match their memory */
#define HELD_BY_LOOK   0.75 /* of the other jobs: a look finds a holder */
#define NOISE_RANGE    8.   /* deviations, from lowest to highest within hours */

static struct part *add(struct series *series, enum part_kind kind, double size, double tau_h)
{
	struct part *part = &series->parts[series->nr_parts++];

	*part = (struct part){ .kind = kind, .size = size, .tau_h = tau_h };
	return part;
}

static double span_h(const struct machine *machine)
{
	return machine->hours_end;
}

/*
 * Noise as measured on a machine at work: of 235 caches 187 never moved; the deviations of the
 * others were 26 KiB in the middle, 210 KiB at 75 %, 1.5 MiB at 90 %, with time constants of 15 s
 * to 16 min.
 */
static void noise(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	double deviation = 26 * 1024 * exp(3.1 * rng_normal(rng));
	struct part *part;

	(void)machine;
	deviation = fmin(fmax(deviation, 2048), 2 * MIB);
	part = add(series, PART_NOISE, deviation, rng_log_between(rng, 15.0 / 3600, .5));
	part->more = rng_chance(rng, .5) ? 65536 * rng_log_between(rng, .05, 1) : 65536;
	series->guess = hypot(series->guess, deviation);
	series->restless |= NOISE_RANGE * deviation >= COUNTED_BYTES;
}

static void some_noise(struct series *series, struct machine *machine)
{
	if (rng_chance(&series->rng, .6))
		noise(series, machine);
}

static void compose_static(struct series *series, struct machine *machine)
{
	(void)machine;
	series->base *= rng_log_between(&series->rng, .1, 2);
}

static void compose_spikes(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_SPIKES, rng_log_between(rng, MIB, 300 * MIB),
		rng_log_between(rng, .01, 1));

	part->every_h = rng_log_between(rng, 2, 100);
	part->next_h = rng_exponential(rng, part->every_h);
	series->guess = part->size * sqrt(fmin(1, part->tau_h / part->every_h));
	some_noise(series, machine);
}

static void compose_phase(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;

	add(series, PART_PHASE, rng_log_between(rng, MIB, 200 * MIB), 0);
	series->guess = series->parts[0].size * .5;
	some_noise(series, machine);
}

static void compose_walk(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_NOISE, rng_log_between(rng, .5 * MIB, 60 * MIB),
		rng_log_between(rng, 2, 36));

	part->more = 65536;
	series->base += 4 * part->size;
	series->guess = part->size;
	some_noise(series, machine);
}

static void compose_job(struct series *series, struct machine *machine)
{
	static const double periods[] = { 1, 2, 4, 6, 12, 24, 24, 24, 48, 168 };
	struct rng *rng = &series->rng;
	double period = periods[rng_next(rng) % 10];
	struct part *part = add(series, PART_JOB, rng_log_between(rng, 4 * MIB, 500 * MIB), period);

	part->more = fmin(8, period * rng_between(rng, .05, .4));
	part->next_h = rng_between(rng, 0, fmin(period, fmax(span_h(machine), 1)));
	part->held = rng_chance(rng, HELD_BY_DRIVER);
	if (part->held || rng_chance(rng, HELD_BY_LOOK))
		series->look = KT_LOOK_HELD;
	series->guess = part->size * .4 * sqrt(part->more / period);
	some_noise(series, machine);
}

static void compose_backup(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_JOB, rng_log_between(rng, 16 * MIB, 400 * MIB), 24);

	/* a walk of trees at night, whose inodes go when the next memory cgroup ends */
	part->more = rng_between(rng, .3, 2.5);
	part->next_h = rng_between(rng, 0, 24);
	series->reclaimable = true;
	series->guess = part->size * .3;
	some_noise(series, machine);
}

static void steps(struct series *series, struct machine *machine, int most, double low, double high)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_STEPS, rng_log_between(rng, low, high), 0);

	part->count = 1 + (int)(rng_next(rng) % (uint64_t)most);
	part->every_h = span_h(machine) / (part->count + 1);
	part->next_h = rng_exponential(rng, part->every_h);
	series->guess = part->size;
	some_noise(series, machine);
}

static void compose_steps(struct series *series, struct machine *machine)
{
	steps(series, machine, 6, MIB, 200 * MIB);
}

static void compose_modules(struct series *series, struct machine *machine)
{
	steps(series, machine, 2, .2 * MIB, 12 * MIB);
}

static void compose_shift(struct series *series, struct machine *machine)
{
	add(series, PART_SHIFT, rng_log_between(&series->rng, MIB, 40 * MIB), 0);
	some_noise(series, machine);
}

static void compose_teeth(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;

	add(series, PART_TEETH, rng_log_between(rng, 4 * MIB, 400 * MIB),
		rng_log_between(rng, 3, 96));
	series->reclaimable = rng_chance(rng, .7);
	series->parts[0].by_load = rng_chance(rng, .5);
	series->parts[0].x = rng_unit(rng) * series->parts[0].size;
	series->guess = series->parts[0].size * .3;
	some_noise(series, machine);
}

static void compose_rotation(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_JOB, rng_log_between(rng, 4 * MIB, 100 * MIB), 24);

	/* grows the whole day, and goes at midnight */
	part->more = 24;
	part->next_h = 0;
	series->guess = part->size * .3;
	some_noise(series, machine);
}

static struct part *fill(struct series *series, struct machine *machine, double size, double tau_h)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_FILL, size, tau_h);

	part->start_h =
		rng_chance(rng, .5) ? machine->booted_h : rng_between(rng, 0, span_h(machine) * .8);
	if (part->start_h < 0)
		part->x = size * (1 - exp(part->start_h / tau_h));
	/* a fill that begins later belongs to a program that has started */
	if (part->start_h > 0 && rng_chance(rng, HELD_BY_LOOK))
		series->look = KT_LOOK_HELD;
	series->guess = hypot(series->guess, size * .2);
	return part;
}

static void compose_reclaimable(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	double most = .3 * (double)machine->ram;

	fill(series, machine, rng_log_between(rng, 8 * MIB, most), rng_log_between(rng, .05, 72))
		->reclaimable = true;
	series->reclaimable = true;
	series->inodes = rng_chance(rng, .8);
	some_noise(series, machine);
}

static void compose_unreclaimable(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;

	fill(series, machine, rng_log_between(rng, MIB, 200 * MIB), rng_log_between(rng, .033, 24));
	some_noise(series, machine);
}

static void compose_log_fill(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_LOG_FILL, rng_log_between(rng, .5 * MIB, 20 * MIB),
		rng_log_between(rng, .02, 2));

	part->start_h =
		rng_chance(rng, .5) ? machine->booted_h : rng_between(rng, 0, span_h(machine) * .8);
	series->guess = part->size;
	some_noise(series, machine);
}

/* Sheaves fill after a boot: each CPU keeps objects of its own. */
static void compose_sheaves(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part =
		fill(series, machine, machine->cpus * rng_log_between(rng, 16 * 1024, 512 * 1024),
			rng_log_between(rng, .05, .5));

	part->start_h = machine->booted_h;
	if (part->start_h < 0)
		part->x = part->size * (1 - exp(part->start_h / part->tau_h));
	some_noise(series, machine);
}

/* lsm_inode_cache took .019 KiB for each KiB of inodes, radix_tree_node .245. */
static void compose_rider(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	size_t chosen = SIZE_MAX, seen = 0;

	for (size_t i = 0; i < machine->nr_series; i++) {
		if (machine->series[i].inodes && rng_next(rng) % ++seen == 0)
			chosen = i;
	}
	series->late = true;
	if (chosen == SIZE_MAX)
		return;
	/* objects of every inode ride on all caches, objects of a file system on one */
	add(series, PART_RIDE, rng_log_between(rng, .015, .3), 0)->of =
		rng_chance(rng, .6) ? SIZE_MAX : chosen;
	some_noise(series, machine);
}

static struct part *follow(struct series *series, struct machine *machine, enum part_kind kind,
	enum kt_driver driver, double per_unit)
{
	struct part *part = add(series, kind, per_unit, 0);

	(void)machine;
	part->of = driver;
	series->late = true;
	if (rng_chance(&series->rng, .9))
		series->look = KT_LOOK_HELD;
	return part;
}

/* 1.9 KiB a socket, 7.5 KiB of slab and 16 KiB of stack a thread were measured. */
static enum kt_driver draw_driver(struct rng *rng, double *ret_per_unit)
{
	static const struct {
		enum kt_driver driver;
		double low, high;
	} choices[] = {
		{ KT_DRIVER_TASKS, 512, 16384 },
		{ KT_DRIVER_SOCKETS, 704, 8192 },
		{ KT_DRIVER_FILES, 192, 1024 },
		{ KT_DRIVER_CGROUPS, 4096, 98304 },
	};
	size_t i = rng_next(rng) % 4;

	*ret_per_unit = rng_log_between(rng, choices[i].low, choices[i].high);
	return choices[i].driver;
}

static void compose_coupled(struct series *series, struct machine *machine)
{
	double per_unit;
	enum kt_driver driver = draw_driver(&series->rng, &per_unit);

	follow(series, machine, PART_FOLLOW, driver, per_unit);
	some_noise(series, machine);
}

static void compose_storms(struct series *series, struct machine *machine)
{
	struct driver *sockets = &machine->drivers[KT_DRIVER_SOCKETS];

	if (sockets->storms_every_h >= HOURS_FOREVER) {
		sockets->storms_every_h = 48;
		sockets->next_storm_h = rng_exponential(&series->rng, 48);
	}
	follow(series, machine, PART_FOLLOW, KT_DRIVER_SOCKETS,
		rng_log_between(&series->rng, 1024, 4096));
	some_noise(series, machine);
}

static void compose_pool(struct series *series, struct machine *machine)
{
	double per_unit;
	enum kt_driver driver = draw_driver(&series->rng, &per_unit);

	follow(series, machine, PART_POOL, driver, per_unit);
	some_noise(series, machine);
}

static void compose_threads(struct series *series, struct machine *machine)
{
	follow(series, machine, rng_chance(&series->rng, .5) ? PART_POOL : PART_FOLLOW,
		KT_DRIVER_TASKS, 16384);
}

static void compose_tables(struct series *series, struct machine *machine)
{
	follow(series, machine, PART_FOLLOW, KT_DRIVER_HELD_PAGES,
		rng_log_between(&series->rng, 8, 60));
	some_noise(series, machine);
}

/* 75 KiB for each removed cgroup were measured on 32 CPUs. */
static void compose_zombies(struct series *series, struct machine *machine)
{
	double per_unit = 1024 * fmin(110, 18 + 1.8 * machine->cpus);

	machine->zombies = true;
	follow(series, machine, PART_FOLLOW, KT_DRIVER_DYING_CGROUPS,
		per_unit * rng_between(&series->rng, .3, 1));
	series->look = KT_LOOK_LOST;
	some_noise(series, machine);
}

static void compose_scale_out(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	double per_unit;
	enum kt_driver driver = draw_driver(rng, &per_unit);

	if (machine->drivers[driver].growth == 0)
		machine->drivers[driver].growth = rng_between(rng, .2, 1.5) / span_h(machine);
	follow(series, machine, PART_FOLLOW, driver, per_unit);
	some_noise(series, machine);
}

static void compose_disproportion(struct series *series, struct machine *machine)
{
	double per_unit;
	enum kt_driver driver = draw_driver(&series->rng, &per_unit);
	struct part *part = follow(series, machine, PART_FOLLOW, driver, per_unit);

	part->more = rng_between(&series->rng, 4, 10);
	part->next_h = span_h(machine) * rng_between(&series->rng, .4, .8);
	some_noise(series, machine);
}

static void compose_churn(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;

	(void)machine;
	add(series, PART_CHURN, rng_log_between(rng, 4 * MIB, 200 * MIB), 0);
	series->guess = series->parts[0].size * .2;
	series->restless = series->parts[0].size < 2 * COUNTED_BYTES;
}

static void compose_builds(struct series *series, struct machine *machine)
{
	struct rng *rng = &series->rng;
	struct part *part = add(series, PART_SPIKES, rng_log_between(rng, 10 * MIB, 400 * MIB),
		rng_between(rng, .05, .6));

	part->every_h = rng_between(rng, 2, 8);
	part->by_load = true;
	series->guess = part->size * .3;
	if (rng_chance(rng, .5)) {
		fill(series, machine, rng_log_between(rng, 8 * MIB, 200 * MIB),
			rng_log_between(rng, 1, 24))
			->reclaimable = true;
		series->reclaimable = true;
	}
	some_noise(series, machine);
}

static void compose_noise(struct series *series, struct machine *machine)
{
	noise(series, machine);
}

const struct kind kinds[] = {
	{ "static", 55, compose_static, KT_VERDICT_NORMAL },
	{ "noise", 8, compose_noise, KT_VERDICT_NORMAL },
	{ "spikes", 5, compose_spikes, KT_NR_VERDICTS },
	{ "phase", 5, compose_phase, KT_VERDICT_NORMAL },
	{ "walk", 4, compose_walk, KT_VERDICT_NORMAL },
	{ "jobs", 4, compose_job, KT_NR_VERDICTS },
	{ "steps", 3.5, compose_steps, KT_NR_VERDICTS },
	{ "teeth", 3, compose_teeth, KT_NR_VERDICTS },
	{ "reclaimable fill", 5, compose_reclaimable, KT_NR_VERDICTS },
	{ "fill", 3, compose_unreclaimable, KT_NR_VERDICTS },
	{ "log-like fill", 2, compose_log_fill, KT_NR_VERDICTS },
	{ "sheaves", 3, compose_sheaves, KT_NR_VERDICTS },
	{ "rider", 2.5, compose_rider, KT_NR_VERDICTS },
	{ "coupled", 2, compose_coupled, KT_NR_VERDICTS },
	{ "pool", 1.5, compose_pool, KT_NR_VERDICTS },
	{ "zombie cgroups", 1, compose_zombies, KT_NR_VERDICTS },
	{ "scale-out", .5, compose_scale_out, KT_NR_VERDICTS },
	{ "kernel update", 1, compose_shift, KT_VERDICT_NORMAL },
	{ "page tables", 1, compose_tables, KT_NR_VERDICTS },
	{ "thread pool", 1, compose_threads, KT_NR_VERDICTS },
	{ "connection storms", 1, compose_storms, KT_NR_VERDICTS },
	{ "container churn", 1, compose_churn, KT_VERDICT_CHURN },
	{ "builds", 1, compose_builds, KT_NR_VERDICTS },
	{ "backup", 1, compose_backup, KT_NR_VERDICTS },
	{ "log rotation", .5, compose_rotation, KT_NR_VERDICTS },
	{ "module loads", .5, compose_modules, KT_NR_VERDICTS },
	{ "out of proportion", .5, compose_disproportion, KT_NR_VERDICTS },
};

const size_t nr_kinds = sizeof(kinds) / sizeof(kinds[0]);

const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < nr_kinds; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}
