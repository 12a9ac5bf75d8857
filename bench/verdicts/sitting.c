// SPDX-License-Identifier: GPL-2.0-or-later

#include "sitting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EPOCH_MS    1700000000000 /* when recordings begin */
#define CHANGES_MAX 20000	  /* of one series */
#define HOUR_MS	    3600000.0

bool paper_add(struct paper *paper, double at_h, const struct kt_judged *judged)
{
	if (paper->count == CHANGES_MAX)
		return true;
	if (paper->count == paper->room) {
		size_t room = paper->room ? 2 * paper->room : 8;
		struct change *items = realloc(paper->items, room * sizeof(*items));

		if (!items)
			return false;
		paper->items = items;
		paper->room = room;
	}
	paper->items[paper->count++] = (struct change){ at_h, *judged };
	return true;
}

static bool says_little(enum kt_verdict verdict)
{
	return verdict == KT_VERDICT_NORMAL || verdict == KT_VERDICT_NOT_OBSERVABLE;
}

const struct kt_judged *paper_longest(
	const struct paper *paper, double from_h, double to_h, bool telling)
{
	double held[KT_NR_VERDICTS] = { 0 };
	const struct kt_judged *last[KT_NR_VERDICTS] = { NULL };
	int best = -1;

	for (size_t i = 0; i < paper->count; i++) {
		double until = i + 1 < paper->count ? paper->items[i + 1].at_h : HOURS_FOREVER;
		double overlap = fmin(until, to_h) - fmax(paper->items[i].at_h, from_h);
		int verdict = paper->items[i].judged.verdict;

		if (overlap <= 0 || (telling && says_little((enum kt_verdict)verdict)))
			continue;
		held[verdict] += overlap;
		last[verdict] = &paper->items[i].judged;
	}
	for (int v = 0; v < KT_NR_VERDICTS; v++) {
		if (last[v] && (best < 0 || held[v] > held[best]))
			best = v;
	}
	return best < 0 ? NULL : last[best];
}

static enum kt_look look(void *arg, size_t series)
{
	const struct sitting *sitting = arg;

	const struct series *one = &sitting->machine.series[series];
	const struct leak *leak = &one->leak;
	double now = sitting->machine.judging_h;

	if (leak->shape != SHAPE_ANY && now >= leak->onset_h && now < leak->end_h)
		return one->look_leak;
	return one->look;
}

static void changed(void *arg, size_t series, const struct kt_judged *judged)
{
	struct sitting *sitting = arg;
	const struct machine *machine = &sitting->machine;
	double at_h = machine->judging_h;

	if (!paper_add(&sitting->papers[series], at_h, judged))
		sitting->out_of_memory = true;
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Gives a sample of the block to the judge; only amounts that have changed. */
static void feed(struct sitting *sitting, struct kt_judge *judge, int64_t *last, size_t i)
{
	struct machine *machine = &sitting->machine;

	machine->judging_h = machine->hours[i];
	sitting->booted |= machine->boot[i];
	sitting->pressed |= machine->pressure[i];
	if (machine->missing[i])
		return;
	kt_judge_begin(judge, EPOCH_MS + (int64_t)(machine->hours[i] * HOUR_MS + .5),
		(int64_t)(machine->uptime_h[i] * HOUR_MS));
	if (sitting->booted)
		kt_judge_boot(judge);
	if (sitting->pressed)
		kt_judge_pressure(judge);
	sitting->booted = sitting->pressed = false;
	for (int d = 0; d < KT_NR_DRIVERS; d++)
		kt_judge_driver(judge, (enum kt_driver)d, (int64_t)machine->driver[d][i]);
	for (int e = 0; e < KT_NR_EVENTS; e++)
		kt_judge_event(judge, (enum kt_event)e, (int64_t)machine->event[e][i]);
	for (size_t k = 0; k < machine->nr_series; k++) {
		int64_t bytes = machine->series[k].bytes[i];

		if (bytes == last[k])
			continue;
		last[k] = bytes;
		kt_judge_amount(judge, k, bytes);
	}
	kt_judge_end(judge);
	sitting->nr_judged += (double)machine->nr_series;
}

static struct kt_judge *begin(struct sitting *sitting, const struct sitting_options *options)
{
	struct kt_judge_options asked = { .ram_bytes = sitting->machine.ram,
		.look = options->look ? look : NULL,
		.look_arg = sitting,
		.changed = changed,
		.changed_arg = sitting };
	struct kt_judge *judge = kt_judge_new(&asked);

	for (size_t k = 0; judge && k < sitting->machine.nr_series; k++) {
		const struct series *series = &sitting->machine.series[k];
		struct kt_judge_series known = { .name = series->name,
			.grain_bytes = series->grain,
			.reclaimable = series->reclaimable };

		if (kt_judge_add(judge, &known) == SIZE_MAX) {
			kt_judge_free(judge);
			return NULL;
		}
	}
	return judge;
}

static bool begin_traces(struct sitting *sitting)
{
	struct machine *machine = &sitting->machine;
	size_t count = (size_t)(machine->hours_end / machine->step_h) + BLOCK;

	sitting->traces = calloc(machine->nr_series, sizeof(*sitting->traces));
	for (size_t k = 0; sitting->traces && k < machine->nr_series; k++) {
		sitting->traces[k] = calloc(count, sizeof(**sitting->traces));
		if (!sitting->traces[k])
			return false;
	}
	return sitting->traces != NULL;
}

static void keep_block(struct sitting *sitting)
{
	struct machine *machine = &sitting->machine;

	for (size_t k = 0; k < machine->nr_series; k++)
		memcpy(sitting->traces[k] + sitting->nr_traced, machine->series[k].bytes,
			machine->nr * sizeof(int64_t));
	sitting->nr_traced += machine->nr;
}

bool sit(const struct plan *plan, const struct sitting_options *options, struct sitting *ret)
{
	struct kt_judge *judge = NULL;
	int64_t *last;
	bool ok;

	memset(ret, 0, sizeof(*ret));
	ok = machine_compose(&ret->machine, plan);
	ret->papers = calloc(plan->nr_series, sizeof(*ret->papers));
	last = malloc(plan->nr_series * sizeof(*last));
	if (ok && ret->papers && last)
		judge = begin(ret, options);
	ok = judge && (!options->trace || begin_traces(ret));
	for (size_t k = 0; ok && k < plan->nr_series; k++)
		last[k] = -1;
	while (ok && machine_block(&ret->machine)) {
		double before = cpu_ns();

		for (size_t i = 0; i < ret->machine.nr; i++)
			feed(ret, judge, last, i);
		ret->judge_ns += cpu_ns() - before;
		if (options->trace)
			keep_block(ret);
		ok = !ret->out_of_memory;
	}
	if (ok) {
		machine_settle(&ret->machine);
		ret->judge_bytes = kt_judge_size(judge);
	}
	if (judge)
		kt_judge_free(judge);
	free(last);
	return ok;
}

void sitting_free(struct sitting *sitting)
{
	for (size_t k = 0; k < sitting->machine.nr_series; k++) {
		if (sitting->papers)
			free(sitting->papers[k].items);
		if (sitting->traces)
			free(sitting->traces[k]);
	}
	free(sitting->papers);
	free(sitting->traces);
	machine_free(&sitting->machine);
}
