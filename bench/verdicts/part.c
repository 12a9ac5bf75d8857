// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parts of a series: each is one cause of movement, and adds its bytes over a block.

#include "machine.h"

#include <math.h>

#define POOL_TAU_H 0.05
#define MERGED_H   1.0
#define CHURN_H	   4.0
#define RARE_H	   24.0
#define REPLACED_H 12.0
#define KNOWN_H	   4.0 /* after a rise, in which it should be named */
#define LONG_H	   4.0 /* a rise that is no spike any more */
#define WEEK_H	   168.0
#define WORKING_H  45.0
#define SLOW_H	   4.0 /* time constant of a fill that makes teeth */

void episodes_add(
	struct episodes *episodes, enum kt_verdict truth, double from_h, double to_h, double bytes)
{
	struct episode *last = episodes->items + episodes->count - 1;

	if (bytes < COUNTED_BYTES)
		return;
	/* an episode that goes on stays one */
	if (episodes->count > 0 && last->truth == truth && from_h <= last->to_h + MERGED_H) {
		last->to_h = fmax(last->to_h, to_h);
		last->bytes = fmax(last->bytes, bytes);
		return;
	}
	if (episodes->count == EPISODES_MAX)
		return;
	episodes->items[episodes->count++] = (struct episode){ truth, from_h, to_h, bytes };
}

static void add_noise(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	double keep = exp(-machine->step_h / part->tau_h),
	       move = sqrt(1 - keep * keep) * part->size;

	for (size_t i = 0; i < machine->nr; i++) {
		/* `more`: how many of 65,536 samples move at all */
		if (part->more >= 65536 || (double)(rng_next(&series->rng) & 0xffff) < part->more)
			part->x = keep * part->x + move * rng_normal(&series->rng);
		sum[i] += part->x;
	}
}

/*
 * Rises every few hours are churn, rare ones spikes; between them both names fit. Which one a rise
 * is can be known when it has come back, not before.
 */
static void note_rise(
	struct series *series, double every_h, double from_h, double to_h, double bytes)
{
	if (every_h < CHURN_H)
		episodes_add(&series->episodes, KT_VERDICT_CHURN, from_h, to_h + 1, bytes);
	else if (every_h >= RARE_H)
		episodes_add(&series->episodes, KT_VERDICT_SPIKE, to_h, to_h + KNOWN_H, bytes);
}

static void add_spikes(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	struct rng *rng = &series->rng;

	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (now >= part->next_h) {
			bool rests = part->by_load && !profile_working(&machine->profile, now);

			part->next_h = now + rng_exponential(rng, part->every_h);
			if (!rests && now >= part->until_h) {
				part->x = part->size * rng_log_between(rng, .3, 3);
				part->until_h = now + rng_exponential(rng, part->tau_h);
				/* nothing is built at night */
				note_rise(series,
					part->every_h * (part->by_load ? WEEK_H / WORKING_H : 1),
					now, part->until_h, part->x);
			}
		}
		if (now < part->until_h)
			sum[i] += part->x;
	}
}

static void add_churn(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	for (size_t i = 0; i < machine->nr; i++) {
		double height = rng_unit(&series->rng);

		/* the floor is reached often: one sample in eight has nothing above it */
		part->x = height < .125 ? 0 : .5 * part->x + .5 * part->size * height;
		sum[i] += part->x;
	}
}

static void add_phase(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	const struct profile *profile = part->profile ? part->profile : &machine->profile;

	(void)series;
	for (size_t i = 0; i < machine->nr; i++)
		sum[i] += part->size * profile_at(profile, machine->hours[i]);
}

/*
 * What rises for most of its period is a tooth. A job that rests longer than it runs comes and goes
 * like any other rise; runs of hours are both.
 */
static void note_job(const struct part *part, struct series *series, double now)
{
	if (part->more >= .5 * part->tau_h && part->count > 3)
		episodes_add(&series->episodes, KT_VERDICT_SAW_TOOTH, now, now + part->tau_h,
			part->level);
	else if (part->more < LONG_H)
		note_rise(series, part->tau_h, now, part->until_h, part->level);
}

/* Rises evenly while the job runs; all of it is freed at its end. */
static void add_job(struct part *part, struct machine *machine, struct series *series, double *sum)
{
	struct rng *rng = &series->rng;

	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (now >= part->next_h) {
			part->start_h = now;
			part->until_h = now + part->more * rng_between(rng, .8, 1.2);
			part->level = part->size * rng_between(rng, .8, 1.2);
			part->next_h += part->tau_h * rng_between(rng, .98, 1.02);
			part->count++;
			note_job(part, series, now);
		}
		part->x = now < part->until_h ? part->level * (now - part->start_h) /
							(part->until_h - part->start_h)
					      : 0;
		sum[i] += part->x;
		if (part->held)
			machine->held[i] += part->x / 4096;
	}
}

static void add_steps(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	struct rng *rng = &series->rng;

	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (now >= part->next_h && part->count > 0) {
			double by = part->size * rng_log_between(rng, .3, 3);

			if (part->x > by && rng_chance(rng, .4))
				by = -by;
			part->x += by;
			part->count--;
			part->next_h = now + rng_exponential(rng, part->every_h);
			episodes_add(&series->episodes, by > 0 ? KT_VERDICT_STEP : KT_VERDICT_DROP,
				now, fmin(now + 24, part->next_h), fabs(by));
		}
		sum[i] += part->x;
	}
}

static void add_shift(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	for (size_t i = 0; i < machine->nr; i++) {
		if (machine->boot[i])
			part->x = part->size * rng_unit(&series->rng);
		sum[i] += part->x;
	}
}

/* Rises at a random pace to a random height, is emptied, and begins again. */
static void add_teeth(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	struct rng *rng = &series->rng;

	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (part->level <= 0) {
			part->level = part->size * rng_between(rng, .7, 1.3);
			part->more = part->level / (part->tau_h * rng_between(rng, .7, 1.3));
		}
		part->x += part->more * machine->step_h *
			   (part->by_load ? machine->load[i] : rng_between(rng, .5, 1.5));
		if (part->x >= part->level || machine->pressure[i] || machine->boot[i]) {
			part->x *= rng_between(rng, 0, .3);
			part->level = 0;
			part->count++;
			if (part->count > 2)
				episodes_add(&series->episodes, KT_VERDICT_SAW_TOOTH, now,
					now + part->tau_h, part->size);
		}
		sum[i] += part->x;
	}
}

/*
 * A cache that reclaim empties again and again, before it is full, has teeth: when half of it was
 * taken twice in a week. One that is full within hours fills.
 */
static void note_fall(struct part *part, struct series *series, double now, double lost)
{
	enum kt_verdict truth = KT_VERDICT_FILLING;

	if (lost >= .5 * (part->x + lost)) {
		part->falls++;
		part->fell_before_h = part->fell_h;
		part->fell_h = now;
	}
	if (part->falls > 1 && now - part->fell_before_h <= WEEK_H && part->tau_h >= SLOW_H)
		truth = KT_VERDICT_SAW_TOOTH;
	/* full again before amounts that do not grow are judged, each hour */
	if (4 * part->tau_h >= 1)
		episodes_add(&series->episodes, truth, now, now + 4 * part->tau_h, lost);
}

static void add_fill(struct part *part, struct machine *machine, struct series *series, double *sum)
{
	double share = 1 - exp(-machine->step_h / part->tau_h);

	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i];

		if (machine->boot[i]) {
			part->x = 0;
			part->start_h = fmax(now, 0);
			part->count = 0;
		}
		if (machine->pressure[i] && part->reclaimable) {
			double lost = part->x * rng_between(&series->rng, .3, .95);

			part->x -= lost;
			note_fall(part, series, now, lost);
		}
		if (now < part->start_h)
			continue;
		if (part->count++ == 0)
			episodes_add(&series->episodes, KT_VERDICT_FILLING, now,
				now + 4 * part->tau_h, part->size - part->x);
		part->x += (part->size - part->x) * share;
		sum[i] += part->x;
	}
}

static void add_log_fill(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	for (size_t i = 0; i < machine->nr; i++) {
		double now = machine->hours[i], since;

		if (machine->boot[i]) {
			part->start_h = now;
			part->count = 0;
		}
		since = fmax(0, now - part->start_h);
		if (since > 0 && part->count++ == 0)
			episodes_add(&series->episodes, KT_VERDICT_FILLING, now,
				now + 100 * part->tau_h,
				part->size * (log1p(since / part->tau_h + 100) -
						     log1p(since / part->tau_h)));
		sum[i] += part->size * log1p(since / part->tau_h);
	}
}

static void add_follow(
	struct part *part, struct machine *machine, struct series *series, double *sum)
{
	const double *driver = machine->driver[part->of];

	for (size_t i = 0; i < machine->nr; i++) {
		double per_unit = part->size;

		/* from `next_h` on units are replaced by others, which take `more` times as much */
		if (part->more > 0 && machine->hours[i] >= part->next_h)
			per_unit *=
				1 + (part->more - 1) * fmin(1, (machine->hours[i] - part->next_h) /
								       REPLACED_H);
		part->x = per_unit * driver[i];
		if (part->more > 0 && part->count == 0 && machine->hours[i] >= part->next_h) {
			part->count = 1;
			episodes_add(&series->episodes, KT_VERDICT_OUT_OF_PROPORTION,
				part->next_h + REPLACED_H / 2, part->next_h + 72,
				part->x * (part->more - 1));
		}
		sum[i] += part->x;
	}
}

static void add_pool(struct part *part, struct machine *machine, struct series *series, double *sum)
{
	double share = 1 - exp(-machine->step_h / POOL_TAU_H);

	(void)series;
	for (size_t i = 0; i < machine->nr; i++) {
		if (machine->boot[i])
			part->x = part->level = 0;
		part->level += (machine->driver[part->of][i] - part->level) * share;
		part->x = fmax(part->x, part->level);
		sum[i] += part->size * part->x;
	}
}

static void add_ride(struct part *part, struct machine *machine, struct series *series, double *sum)
{
	const double *ridden =
		part->of == SIZE_MAX ? machine->inodes : machine->series[part->of].ridden;

	(void)series;
	for (size_t i = 0; i < machine->nr; i++)
		sum[i] += part->size * ridden[i];
}

void part_add(struct part *part, struct machine *machine, struct series *series, double *sum)
{
	static void (*const adders[])(
		struct part *, struct machine *, struct series *, double *) = {
		[PART_NOISE] = add_noise,
		[PART_SPIKES] = add_spikes,
		[PART_CHURN] = add_churn,
		[PART_PHASE] = add_phase,
		[PART_JOB] = add_job,
		[PART_STEPS] = add_steps,
		[PART_SHIFT] = add_shift,
		[PART_TEETH] = add_teeth,
		[PART_FILL] = add_fill,
		[PART_LOG_FILL] = add_log_fill,
		[PART_FOLLOW] = add_follow,
		[PART_POOL] = add_pool,
		[PART_RIDE] = add_ride,
	};

	adders[part->kind](part, machine, series, sum);
}
