// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stages of the examination: which machines are composed, and where what the judge made of them
// is counted.

#include "exam.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DENSE_DAYS	 30
#define QUIET_DAYS	 30
#define LEAKS_DAYS	 14
#define BASELINES_DAYS	 8
#define JOBS_MAX	 64
#define MACHINES_OF_CELL 6

const double rates_mib[NR_RATES] = { .2, 1, 10, 100, 1024, 10240 };
const char *const group_names[NR_GROUPS] = { "steady, quiet", "steady, noisy", "stairs", "uneven" };
const char *const stage_names[NR_STAGES] = { "quiet", "dense", "leaks", "rates", "baselines",
	"recorded" };

static const double goals_h[NR_RATES] = { 0, 6, 0, .25, 0, 2.0 / 60 };

/* Machines of a stage, taken by several threads. */
struct work {
	struct exam *exam;
	size_t count, next;
	void (*plan)(const struct exam *exam, size_t index, struct plan *ret_plan);
	void (*add)(struct exam *exam, size_t index, struct sitting *sitting);
	bool trace, failed;
	pthread_mutex_t lock;
};

static void *worker(void *arg)
{
	struct work *work = arg;
	struct exam *exam = work->exam;
	struct sitting_options options = { exam->options.look, work->trace };

	for (;;) {
		struct sitting sitting;
		struct plan plan = { 0 };
		size_t index;
		bool ok;

		pthread_mutex_lock(&work->lock);
		index = work->next++;
		pthread_mutex_unlock(&work->lock);
		if (index >= work->count || work->failed)
			return NULL;
		work->plan(exam, index, &plan);
		ok = sit(&plan, &options, &sitting);
		if (ok)
			work->add(exam, index, &sitting);
		else
			work->failed = true;
		sitting_free(&sitting);
	}
}

static bool run(struct work *work)
{
	pthread_t threads[JOBS_MAX];
	unsigned jobs = work->exam->options.jobs, started = 0;

	pthread_mutex_init(&work->lock, NULL);
	while (started < jobs && started < JOBS_MAX &&
		pthread_create(&threads[started], NULL, worker, work) == 0)
		started++;
	if (started == 0)
		worker(work);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&work->lock);
	return !work->failed;
}

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

static uint64_t seed_of(const struct exam *exam, enum stage stage, size_t index)
{
	return exam->options.first_seed + (uint64_t)stage * SEEDS_OF_STAGE + index;
}

static void plan_quiet(const struct exam *exam, size_t index, struct plan *ret_plan)
{
	*ret_plan = (struct plan){ .seed = seed_of(exam, STAGE_QUIET, index),
		.days = QUIET_DAYS,
		.step_s = 60,
		.nr_series = SERIES_USUAL,
		.shape = SHAPE_ANY };
}

static void add_quiet(struct exam *exam, size_t index, struct sitting *sitting)
{
	(void)index;
	pthread_mutex_lock(&counting);
	tally_add(&exam->quiet, sitting);
	pthread_mutex_unlock(&counting);
}

/* At the interval that recordings have by default: only there blocks of 10 s are judged. */
static void plan_dense(const struct exam *exam, size_t index, struct plan *ret_plan)
{
	*ret_plan = (struct plan){ .seed = seed_of(exam, STAGE_DENSE, index),
		.days = DENSE_DAYS,
		.step_s = 10,
		.nr_series = SERIES_USUAL,
		.shape = SHAPE_ANY };
}

static void add_dense(struct exam *exam, size_t index, struct sitting *sitting)
{
	(void)index;
	pthread_mutex_lock(&counting);
	tally_add(&exam->dense, sitting);
	pthread_mutex_unlock(&counting);
}

/* Nine days of history on average, then five of the leak. */
static void plan_leaks(const struct exam *exam, size_t index, struct plan *ret_plan)
{
	*ret_plan = (struct plan){ .seed = seed_of(exam, STAGE_LEAKS, index),
		.days = LEAKS_DAYS,
		.step_s = 60,
		.nr_series = SERIES_USUAL,
		.nr_leaks = 10,
		.shape = SHAPE_ANY,
		.onset_low_h = 8 * 24,
		.onset_high_h = 10 * 24,
		.end_chance = .15 };
}

static void add_leaks(struct exam *exam, size_t index, struct sitting *sitting)
{
	(void)index;
	pthread_mutex_lock(&counting);
	tally_add(&exam->leaks, sitting);
	pthread_mutex_unlock(&counting);
}

/* Days of a recording in which a leak of that rate has long been found. */
static double days_of_rate(size_t rate)
{
	static const double days[NR_RATES] = { 9, 5, 4, 3, 1.4, 1.25 };

	return days[rate];
}

static enum shape shape_of_group(size_t group, uint64_t seed)
{
	if (group <= 1)
		return SHAPE_STEADY;
	if (group == 2)
		return SHAPE_STAIRS;
	return seed % 3 == 0 ? SHAPE_BURSTS : seed % 3 == 1 ? SHAPE_LOAD : SHAPE_FASTER;
}

static void plan_rates(const struct exam *exam, size_t index, struct plan *ret_plan)
{
	size_t cell = index / MACHINES_OF_CELL, rate = cell / NR_GROUPS, group = cell % NR_GROUPS;
	uint64_t seed = seed_of(exam, STAGE_RATES, index);

	*ret_plan = (struct plan){ .seed = seed,
		.days = days_of_rate(rate),
		.step_s = rates_mib[rate] >= 1000 ? 10 : 60,
		.nr_series = 24,
		.nr_leaks = 6,
		.shape = shape_of_group(group, seed),
		.hourly_mib = rates_mib[rate],
		.least_ram_gib = rates_mib[rate] >= 1000 ? 64 : 8,
		.background = group == 1 ? BACKGROUND_NOISY : BACKGROUND_QUIET,
		.onset_low_h = 26,
		.onset_high_h = 28 };
}

static void add_rates(struct exam *exam, size_t index, struct sitting *sitting)
{
	size_t which = index / MACHINES_OF_CELL;
	struct cell *cell = &exam->cells[which / NR_GROUPS][which % NR_GROUPS];
	struct tally tally = { 0 };
	double *delays;

	tally_add(&tally, sitting);
	pthread_mutex_lock(&counting);
	tally_merge_states(&exam->states, &tally);
	cell->within = goals_h[which / NR_GROUPS];
	delays = realloc(cell->delays, (cell->nr_delays + tally.nr_found + 1) * sizeof(*delays));
	cell->delays = delays ? delays : cell->delays;
	for (size_t i = 0; delays && i < tally.nr_found; i++) {
		double delay = tally.found[i].delay_h;

		cell->nr_leaks++;
		cell->nr_within += delay >= 0 && delay <= cell->within;
		if (delay >= 0)
			delays[cell->nr_delays++] = delay;
	}
	pthread_mutex_unlock(&counting);
	tally_free(&tally);
}

static void plan_baselines(const struct exam *exam, size_t index, struct plan *ret_plan)
{
	*ret_plan = (struct plan){ .seed = seed_of(exam, STAGE_BASELINES, index),
		.days = BASELINES_DAYS,
		.step_s = 60,
		.nr_series = SERIES_USUAL,
		.nr_leaks = 10,
		.shape = SHAPE_ANY,
		.onset_low_h = 4 * 24,
		.onset_high_h = 6 * 24 };
}

static void entries_of_paper(const struct paper *paper, struct entries *entries)
{
	*entries = (struct entries){ .count = 0 };
	for (size_t i = 0; i < paper->count; i++) {
		bool leak = paper->items[i].judged.verdict == KT_VERDICT_LEAK;

		if (leak || (i > 0 && paper->items[i - 1].judged.verdict == KT_VERDICT_LEAK))
			entries_add(entries, paper->items[i].at_h);
	}
}

/* Counts the alarms of a method: before the leak, or without one, they are false. */
static void compare(struct comparison *comparison, const struct series *series, size_t method,
	const struct entries *entries)
{
	const struct leak *leak = &series->leak;
	bool leaks = leak->shape != SHAPE_ANY, found = false;
	size_t false_alarms = 0;

	for (size_t i = 0; i < entries->count; i++) {
		if (leaks && entries->hours[i] >= leak->onset_h)
			found = true;
		else
			false_alarms++;
	}
	/* an alarm that began before the leak still rings */
	found |= leaks && entries->count > 0 && entries->last_h >= leak->onset_h;
	comparison->nr_alarms[method] += false_alarms;
	comparison->nr_flagged[method] += false_alarms > 0;
	comparison->nr_found[method] += found;
	if (!leaks)
		comparison->kind_flagged[series->kind - kinds][method] += false_alarms > 0;
}

static void compare_series(struct comparison *comparison, const struct sitting *sitting,
	const struct sitting *blind, size_t k)
{
	const struct machine *machine = &sitting->machine;
	struct trace trace = { sitting->traces[k], sitting->nr_traced, machine->step_h,
		machine->ram };
	const struct series *series = &machine->series[k];
	struct entries entries;

	comparison->kind_series[series->kind - kinds] += series->leak.shape == SHAPE_ANY;
	comparison->nr_leaks += series->leak.shape != SHAPE_ANY;
	for (int b = 0; b < NR_BASELINES; b++) {
		baseline_run((enum baseline)b, &trace, &entries);
		compare(comparison, series, (size_t)b, &entries);
	}
	entries_of_paper(&blind->papers[k], &entries);
	compare(comparison, series, NR_BASELINES, &entries);
	entries_of_paper(&sitting->papers[k], &entries);
	compare(comparison, series, NR_BASELINES + 1, &entries);
}

static void merge_comparison(struct comparison *into, const struct comparison *from)
{
	for (size_t kind = 0; kind < NR_KINDS_MAX; kind++) {
		into->kind_series[kind] += from->kind_series[kind];
		for (size_t m = 0; m < METHODS; m++)
			into->kind_flagged[kind][m] += from->kind_flagged[kind][m];
	}
	into->nr_leaks += from->nr_leaks;
	into->machine_hours += from->machine_hours;
	for (size_t m = 0; m < METHODS; m++) {
		into->nr_found[m] += from->nr_found[m];
		into->nr_alarms[m] += from->nr_alarms[m];
		into->nr_flagged[m] += from->nr_flagged[m];
	}
}

static void add_baselines(struct exam *exam, size_t index, struct sitting *sitting)
{
	struct sitting_options without = { .look = false };
	struct comparison comparison = { .machine_hours = sitting->machine.hours_end };
	struct tally tally = { 0 };
	struct sitting blind;
	struct plan plan;

	plan_baselines(exam, index, &plan);
	if (!sit(&plan, &without, &blind)) {
		sitting_free(&blind);
		return;
	}
	for (size_t k = 0; k < sitting->machine.nr_series; k++)
		compare_series(&comparison, sitting, &blind, k);
	sitting_free(&blind);
	tally_add(&tally, sitting);
	pthread_mutex_lock(&counting);
	merge_comparison(&exam->comparison, &comparison);
	tally_merge_states(&exam->states, &tally);
	pthread_mutex_unlock(&counting);
	tally_free(&tally);
}

static int by_delay(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_seed(const void *a, const void *b)
{
	const struct alarm *x = a, *y = b;

	if (x->seed != y->seed)
		return x->seed < y->seed ? -1 : 1;
	return (x->at_h > y->at_h) - (x->at_h < y->at_h);
}

static int by_series(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->seed != y->seed)
		return x->seed < y->seed ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

/* Threads end in any order; figures do not depend on it. */
static void settle(struct exam *exam)
{
	tally_merge_states(&exam->states, &exam->quiet);
	tally_merge_states(&exam->states, &exam->dense);
	tally_merge_states(&exam->states, &exam->leaks);
	for (size_t r = 0; r < NR_RATES; r++) {
		for (size_t g = 0; g < NR_GROUPS; g++) {
			struct cell *cell = &exam->cells[r][g];

			if (cell->nr_delays > 0)
				qsort(cell->delays, cell->nr_delays, sizeof(double), by_delay);
		}
	}
	if (exam->leaks.nr_found > 0)
		qsort(exam->leaks.found, exam->leaks.nr_found, sizeof(struct found), by_series);
	if (exam->quiet.nr_alarms > 0)
		qsort(exam->quiet.alarms, exam->quiet.nr_alarms, sizeof(struct alarm), by_seed);
	if (exam->dense.nr_alarms > 0)
		qsort(exam->dense.alarms, exam->dense.nr_alarms, sizeof(struct alarm), by_seed);
	if (exam->leaks.nr_alarms > 0)
		qsort(exam->leaks.alarms, exam->leaks.nr_alarms, sizeof(struct alarm), by_seed);
}

bool exam_run(const struct exam_options *options, struct exam *ret_exam)
{
	size_t part = options->quick ? 8 : 1,
	       cells = (size_t)NR_RATES * NR_GROUPS * MACHINES_OF_CELL;
	struct work works[] = {
		{ ret_exam, 248 / part, 0, plan_quiet, add_quiet, false, false, { { 0 } } },
		{ ret_exam, 16 / part, 0, plan_dense, add_dense, false, false, { { 0 } } },
		{ ret_exam, 96 / part, 0, plan_leaks, add_leaks, false, false, { { 0 } } },
		{ ret_exam, cells, 0, plan_rates, add_rates, false, false, { { 0 } } },
		{ ret_exam, 24 / part, 0, plan_baselines, add_baselines, true, false, { { 0 } } },
	};
	struct timespec from, to;
	bool ok = true;

	memset(ret_exam, 0, sizeof(*ret_exam));
	ret_exam->options = *options;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int stage = 0; ok && stage < STAGE_RECORDED; stage++) {
		if (options->stages & 1u << stage)
			ok = run(&works[stage]);
	}
	if (ok && options->stages & 1u << STAGE_RECORDED && options->recorded)
		ok = recorded_run(ret_exam);
	settle(ret_exam);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ret_exam->seconds =
		(double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	return ok && !ret_exam->quiet.out_of_memory && !ret_exam->dense.out_of_memory &&
	       !ret_exam->leaks.out_of_memory;
}

void exam_free(struct exam *exam)
{
	tally_free(&exam->quiet);
	tally_free(&exam->dense);
	tally_free(&exam->leaks);
	tally_free(&exam->states);
	for (size_t r = 0; r < NR_RATES; r++) {
		for (size_t g = 0; g < NR_GROUPS; g++)
			free(exam->cells[r][g].delays);
	}
	free(exam->recorded);
}
