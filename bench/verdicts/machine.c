// SPDX-License-Identifier: GPL-2.0-or-later
//
// Composed machines: about 120 series with known truth, block by block.

#include "machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_CHANCE	0.002
#define GAP_EVERY_H	240.0
#define PRESSED_SHARE	0.4 /* of machines: memory is short at times */
#define REBOOTING_SHARE 0.12

/* Backgrounds of leaks that need none of their own. */
static const char *const under_leaks[] = { "noise", "static", "phase", "walk", "spikes", "coupled",
	"steps" };
static const double under_weights[] = { 45, 15, 10, 10, 8, 7, 5 };

static const struct kind *draw_kind(struct rng *rng)
{
	double sum = 0, at;

	for (size_t i = 0; i < nr_kinds; i++)
		sum += kinds[i].share;
	at = rng_unit(rng) * sum;
	for (size_t i = 0; i + 1 < nr_kinds; i++) {
		if (at < kinds[i].share)
			return &kinds[i];
		at -= kinds[i].share;
	}
	return &kinds[nr_kinds - 1];
}

static void begin_series(struct series *series, struct machine *machine, size_t index)
{
	struct rng *rng = &series->rng;

	rng_seed(rng, machine->plan.seed, index + 1);
	series->grain = (int64_t)4096 << rng_next(rng) % 4;
	series->base = rng_log_between(rng, .2, 200) * MIB;
	series->look = KT_LOOK_LOST;
	series->leak.shape = SHAPE_ANY;
	series->leak.family = index;
}

/* A quiet or noisy background of exactly that deviation. */
static void plain_noise(struct series *series, enum background background)
{
	struct rng *rng = &series->rng;
	double most = background == BACKGROUND_QUIET ? .4 : 1.5,
	       least = background == BACKGROUND_QUIET ? .02 : .4;

	series->parts[0] = (struct part){ .kind = PART_NOISE,
		.size = rng_log_between(rng, least, most) * MIB,
		.tau_h = rng_log_between(rng, 15.0 / 3600, .3),
		.more = 65536 };
	series->nr_parts = 1;
	series->guess = series->parts[0].size;
}

static void compose_leak(struct machine *machine, size_t index)
{
	struct series *series = &machine->series[index];
	enum shape shape = machine->plan.shape;
	const struct kind *kind;

	if (shape == SHAPE_ANY)
		shape = (enum shape)(rng_next(&machine->rng) % NR_SHAPES);
	kind = leak_kind(shape);
	if (!kind)
		kind = kind_named(under_leaks[rng_pick(&machine->rng, under_weights,
			sizeof(under_weights) / sizeof(under_weights[0]))]);
	series->kind = kind;
	if (machine->plan.background != BACKGROUND_ANY)
		plain_noise(series, machine->plan.background);
	else
		kind->compose(series, machine);
	leak_compose(series, machine, shape);
}

/* Increments of the first, in other sizes: several objects are lost at once. */
static size_t compose_sisters(struct machine *machine, size_t first, size_t most)
{
	static const double sizes[] = { 64, 96, 128, 192, 256, 512, 1024, 2048 };
	struct series *leader = &machine->series[first];
	size_t count = 1 + rng_next(&machine->rng) % (SISTERS_MAX - 1);

	count = count < most ? count : most;
	for (size_t k = 1; k <= count; k++) {
		struct series *series = &machine->series[first + k];

		series->kind = kind_named("noise");
		series->kind->compose(series, machine);
		series->look_leak = leader->look_leak;
		series->leak = leader->leak;
		series->leak.hourly *= sizes[rng_next(&machine->rng) % 8] / 512;
		series->leak.family = first;
	}
	return count;
}

static void name_series(struct series *series, size_t index)
{
	const char *what = series->leak.shape != SHAPE_ANY ? shape_names[series->leak.shape]
							   : series->kind->name;

	snprintf(series->name, sizeof(series->name), "%s %zu", what, index);
}

/* Leaks come first, then what others ride on, riders last. */
static void compose_series(struct machine *machine)
{
	const struct kind *rider = kind_named("rider");
	size_t leaks = machine->plan.nr_leaks;

	for (size_t i = 0; i < machine->nr_series; i++)
		begin_series(&machine->series[i], machine, i);
	for (size_t i = 0; i < leaks; i++) {
		compose_leak(machine, i);
		if (machine->series[i].leak.shape == SHAPE_SISTERS)
			i += compose_sisters(machine, i, leaks - 1 - i);
	}
	for (size_t i = leaks; i < machine->nr_series; i++)
		machine->series[i].kind = draw_kind(&machine->rng);
	for (size_t i = leaks; i < machine->nr_series; i++) {
		if (machine->series[i].kind != rider)
			machine->series[i].kind->compose(&machine->series[i], machine);
	}
	for (size_t i = leaks; i < machine->nr_series; i++) {
		if (machine->series[i].kind == rider)
			rider->compose(&machine->series[i], machine);
	}
	for (size_t i = 0; i < machine->nr_series; i++)
		name_series(&machine->series[i], i);
}

bool machine_compose(struct machine *machine, const struct plan *plan)
{
	struct rng *rng = &machine->rng;

	memset(machine, 0, sizeof(*machine));
	machine->plan = *plan;
	machine->nr_series = plan->nr_series;
	machine->series = calloc(plan->nr_series, sizeof(*machine->series));
	if (!machine->series)
		return false;
	rng_seed(rng, plan->seed, 0);
	machine->ram = (int64_t)4 << (30 + rng_next(rng) % 7);
	while ((double)machine->ram < plan->least_ram_gib * 1024 * MIB)
		machine->ram *= 2;
	machine->cpus = 2 << rng_next(rng) % 7;
	machine->step_h = plan->step_s / 3600;
	machine->hours_end = plan->days * 24;
	machine->booted_h = rng_chance(rng, .5) ? 0 : -rng_log_between(rng, 6, 1440);
	machine->reboots_every_h =
		rng_chance(rng, REBOOTING_SHARE) ? rng_between(rng, 200, 500) : HOURS_FOREVER;
	machine->next_boot_h = rng_exponential(rng, machine->reboots_every_h);
	machine->pressure_every_h = rng_chance(rng, PRESSED_SHARE) ? 48 : HOURS_FOREVER;
	machine->next_pressure_h = rng_exponential(rng, machine->pressure_every_h);
	machine->next_gap_h = rng_exponential(rng, GAP_EVERY_H);
	profile_make(&machine->profile, rng, rng_between(rng, .1, .8));
	drivers_begin(machine);
	compose_series(machine);
	return true;
}

void machine_free(struct machine *machine)
{
	free(machine->series);
	machine->series = NULL;
}

/* Times of the block's samples, and what happens to the machine as a whole. */
static void times_block(struct machine *machine)
{
	struct rng *rng = &machine->rng;

	for (size_t i = 0; i < machine->nr; i++) {
		double now = (double)(machine->sample + i) * machine->step_h;

		machine->hours[i] = now;
		machine->load[i] = profile_at(&machine->profile, now);
		machine->boot[i] = now >= machine->next_boot_h;
		if (machine->boot[i]) {
			machine->booted_h = now;
			machine->next_boot_h = now + rng_exponential(rng, machine->reboots_every_h);
		}
		machine->uptime_h[i] = now - machine->booted_h;
		machine->pressure[i] = now >= machine->next_pressure_h;
		if (machine->pressure[i])
			machine->next_pressure_h =
				now + rng_exponential(rng, machine->pressure_every_h);
		if (now >= machine->next_gap_h) {
			machine->gap_until_h = now + rng_log_between(rng, 1.0 / 60, 3);
			machine->next_gap_h = now + rng_exponential(rng, GAP_EVERY_H);
		}
		machine->missing[i] = now < machine->gap_until_h || rng_chance(rng, MISSING_CHANCE);
	}
}

static void note_background(struct series *series, const double *sum, size_t count)
{
	for (size_t i = 0; i < count; i += 10) {
		double over = sum[i] - series->base; /* keeps digits */

		series->sum += over;
		series->square += over * over;
		series->count++;
	}
}

static void series_block(struct series *series, struct machine *machine)
{
	double sum[BLOCK];

	if (series->nr_parts == 0 && series->leak.shape == SHAPE_ANY && machine->sample > 0)
		return; /* as ever */
	for (size_t i = 0; i < machine->nr; i++)
		sum[i] = series->base;
	for (size_t k = 0; k < series->nr_parts; k++) {
		part_add(&series->parts[k], machine, series, sum);
		if (k == 0 && series->inodes) {
			for (size_t i = 0; i < machine->nr; i++)
				series->ridden[i] = sum[i] - series->base;
		}
	}
	if (series->leak.shape != SHAPE_ANY) {
		note_background(series, sum, machine->nr);
		leak_add(&series->leak, machine, sum);
	}
	for (size_t i = 0; i < machine->nr; i++) {
		series->bytes[i] =
			(int64_t)(fmax(0, sum[i]) / (double)series->grain) * series->grain;
		if (series->inodes)
			machine->inodes[i] += (double)series->bytes[i];
	}
}

bool machine_block(struct machine *machine)
{
	double left = machine->hours_end / machine->step_h - (double)machine->sample;

	if (left < 1)
		return false;
	machine->nr = left < BLOCK ? (size_t)left : BLOCK;
	times_block(machine);
	drivers_block(machine);
	for (size_t i = 0; i < machine->nr_series; i++) {
		if (!machine->series[i].late)
			series_block(&machine->series[i], machine);
	}
	drivers_settle(machine);
	for (size_t i = 0; i < machine->nr_series; i++) {
		if (machine->series[i].late)
			series_block(&machine->series[i], machine);
	}
	machine->sample += machine->nr;
	return true;
}

/* A follower's episodes are its driver's, where they are large enough in bytes. */
static void settle_follower(struct series *series, struct machine *machine)
{
	const struct part *part = &series->parts[0];
	const struct driver *driver = &machine->drivers[part->of];
	double end = machine->hours_end;

	for (size_t i = 0; i < driver->episodes.count; i++) {
		const struct episode *one = &driver->episodes.items[i];

		episodes_add(&series->episodes, KT_VERDICT_FOLLOWS, one->from_h, one->to_h,
			one->bytes * part->size);
	}
	if (driver->growth > 0)
		episodes_add(&series->episodes, KT_VERDICT_FOLLOWS, 0, end,
			driver->base * driver->growth * end * part->size);
	if (part->of == KT_DRIVER_DYING_CGROUPS)
		episodes_add(&series->episodes, KT_VERDICT_FOLLOWS, 0, end,
			driver->base * 2 * end * part->size);
}

/* A rider fills and empties with what it rides on. */
static void settle_rider(struct series *series, const struct machine *machine)
{
	const struct part *part = &series->parts[0];

	for (size_t k = 0; k < machine->nr_series; k++) {
		const struct series *ridden = &machine->series[k];

		if (!ridden->inodes || (part->of != SIZE_MAX && part->of != k))
			continue;
		for (size_t i = 0; i < ridden->episodes.count; i++) {
			const struct episode *one = &ridden->episodes.items[i];

			episodes_add(&series->episodes, one->truth, one->from_h, one->to_h,
				one->bytes * part->size);
		}
	}
}

static void settle_benign(struct series *series, struct machine *machine)
{
	if (!series->late || series->nr_parts == 0)
		return;
	if (series->parts[0].kind == PART_FOLLOW || series->parts[0].kind == PART_POOL)
		settle_follower(series, machine);
	else if (series->parts[0].kind == PART_RIDE)
		settle_rider(series, machine);
}

double machine_leaks_from(const struct machine *machine, const struct series *series)
{
	const struct part *part = &series->parts[0];
	double from_h = series->leak.shape == SHAPE_ANY ? HOURS_FOREVER : series->leak.onset_h;

	/* what rides on one cache follows its first part, without a leak */
	if (series->nr_parts == 0 || part->kind != PART_RIDE || part->of != SIZE_MAX)
		return from_h;
	for (size_t k = 0; k < machine->nr_series; k++) {
		const struct series *ridden = &machine->series[k];

		if (ridden->inodes && ridden->leak.shape != SHAPE_ANY)
			from_h = fmin(from_h, ridden->leak.onset_h);
	}
	return from_h;
}

void machine_settle(struct machine *machine)
{
	for (size_t i = 0; i < machine->nr_series; i++) {
		struct series *series = &machine->series[i];
		struct leak *leak = &series->leak;

		if (leak->shape != SHAPE_ANY) {
			double ends = fmin(leak->end_h, machine->hours_end);
			enum kt_verdict truth =
				leak_is_provable(leak) ? KT_VERDICT_LEAK : KT_VERDICT_GROWING;

			series->episodes.count = 0;
			episodes_add(&series->episodes, truth, leak->onset_h, ends, leak->total);
			if (leak->end_h < machine->hours_end - 12)
				episodes_add(&series->episodes, KT_VERDICT_WAS_LEAKING, leak->end_h,
					fmin(leak->end_h + 48, machine->hours_end), leak->total);
		} else {
			settle_benign(series, machine);
		}
	}
}
