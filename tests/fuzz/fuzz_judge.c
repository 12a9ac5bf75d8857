// SPDX-License-Identifier: GPL-2.0-or-later
//
// Samples of a machine that may say anything: times that go back, amounts of any size, series that
// end and return, boots at any time. Whatever they are, verdicts are known ones, and numbers that
// are known are finite.

#include "verdict/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NR_SERIES 3

struct input {
	const uint8_t *data;
	size_t size;
};

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static uint8_t take(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

/* Small numbers are frequent, any number is possible. */
static int64_t number(struct input *input)
{
	uint8_t size = take(input) % 9;
	uint64_t value = 0;

	for (uint8_t i = 0; i < size; i++)
		value = value << 8 | take(input);
	return (int64_t)value;
}

static void check(const struct kt_judged *judged)
{
	must(judged->verdict < KT_NR_VERDICTS && judged->veto < KT_NR_VETOES, "no verdict");
	must(judged->level >= -1 && judged->level < 5, "no level");
	must(judged->driver <= KT_NR_DRIVERS && judged->event <= KT_NR_EVENTS, "no driver");
	must(judged->sister < NR_SERIES, "no series");
	must(judged->confidence >= 0 && judged->confidence <= 1, "no confidence");
	must(!isinf(judged->hourly_bytes) && !isinf(judged->ceiling_bytes), "no rate");
	must(isnan(judged->event_share) ||
			(judged->event_share >= 0 && judged->event_share <= 1.001),
		"no share");
}

static void changed(void *arg, size_t series, const struct kt_judged *judged)
{
	(void)arg;
	must(series < NR_SERIES, "no series changed");
	check(judged);
}

static enum kt_look look(void *arg, size_t series)
{
	(void)series;
	return (enum kt_look)(take(arg) % 3);
}

static void one_amount(struct kt_judge *judge, struct input *input, int64_t *amounts)
{
	size_t series = take(input) % NR_SERIES;

	switch (take(input) % 4) {
	case 0: kt_judge_gone(judge, series); break;
	case 1: kt_judge_amount(judge, series, amounts[series] = number(input)); break;
	default:
		/* grows, as leaks do */
		amounts[series] =
			(int64_t)((uint64_t)amounts[series] + ((uint64_t)take(input) << 18));
		kt_judge_amount(judge, series, amounts[series]);
	}
}

static void one_sample(
	struct kt_judge *judge, struct input *input, int64_t *time_ms, int64_t *amounts)
{
	uint8_t kind = take(input);

	*time_ms = kind & 1
			   ? number(input)
			   : (int64_t)((uint64_t)*time_ms + ((uint64_t)take(input) << (kind >> 4)));
	kt_judge_begin(judge, *time_ms, kind & 2 ? number(input) : -1);
	if (kind == 255)
		kt_judge_boot(judge);
	if (kind & 4)
		kt_judge_pressure(judge);
	if (kind & 8) {
		kt_judge_driver(
			judge, (enum kt_driver)(take(input) % KT_NR_DRIVERS), number(input));
		kt_judge_event(judge, (enum kt_event)(take(input) % KT_NR_EVENTS), number(input));
	}
	one_amount(judge, input, amounts);
	kt_judge_end(judge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct kt_judge_options options = {
		.ram_bytes = number(&input), .look = look, .look_arg = &input, .changed = changed
	};
	struct kt_judge *judge = kt_judge_new(&options);
	int64_t time_ms = 1700000000000, amounts[NR_SERIES] = { 0 }, floors[128], step_ms;
	struct kt_judged judged;

	must(judge != NULL, "out of memory");
	for (size_t i = 0; i < NR_SERIES; i++) {
		struct kt_judge_series series = { "fuzz", number(&input), take(&input) & 1 };

		must(kt_judge_add(judge, &series) == i, "no series added");
	}
	while (input.size > 0)
		one_sample(judge, &input, &time_ms, amounts);
	for (size_t i = 0; i < NR_SERIES; i++) {
		kt_judge_verdict(judge, i, &judged);
		check(&judged);
		must(kt_judge_floors(judge, i, floors, 128, &step_ms) <= 128, "too many floors");
	}
	kt_judge_free(judge);
	return 0;
}
