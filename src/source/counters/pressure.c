// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/pressure/memory: the shares of time in which tasks waited for memory. Source:
// kernel/sched/psi.c, psi_show(). "some avg10=0.12 avg60=1.00 avg300=0.00 total=84234": percent of
// the last 10, 60 and 300 seconds with two decimals, then microseconds since the boot. Some: at
// least one task waited; full: all tasks that could have run did.

#include "source/source.h"

#include <string.h>

#define SHARES 3

/* The names of a line's numbers, and its metrics in the same order. */
static const char *const names[] = { "avg10=", "avg60=", "avg300=", "total=" };
static const struct {
	const char *word;
	enum kt_metric metrics[SHARES + 1];
} kinds[] = {
	{ "some", { KT_PRESSURE_SOME_10S, KT_PRESSURE_SOME_60S, KT_PRESSURE_SOME_300S,
			  KT_PRESSURE_SOME_US } },
	{ "full", { KT_PRESSURE_FULL_10S, KT_PRESSURE_FULL_60S, KT_PRESSURE_FULL_300S,
			  KT_PRESSURE_FULL_US } },
};

/* "12.34" as 1234: hundredths of a percent. False: it is no share of time. */
static bool parse_share(struct kt_span text, int64_t *ret_value)
{
	size_t point = kt_span_find(text, ".");
	struct kt_span whole = { text.p, point }, rest = kt_span_from(text, point);
	uint64_t percent, hundredths;

	if (!kt_span_skip(&rest, ".") || rest.n != 2 || !kt_span_u64(whole, &percent) ||
		!kt_span_u64(rest, &hundredths) || percent > 100)
		return false;
	*ret_value = (int64_t)(percent * 100 + hundredths);
	return *ret_value <= 10000;
}

static bool parse_number(struct kt_span word, size_t index, int64_t *ret_value)
{
	if (!kt_span_skip(&word, names[index]))
		return false;
	if (index < SHARES)
		return parse_share(word, ret_value);
	return kt_span_i64(word, ret_value) && *ret_value >= 0 && *ret_value <= KT_AMOUNT_MAX;
}

/* A line whose numbers are not all known adds none of them. */
static bool put_line(struct kt_snapshot *snap, const struct kt_text *text,
	const enum kt_metric *metrics, struct kt_span line)
{
	int64_t values[KT_LEN(names)];
	struct kt_span word;

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (!kt_span_word(&line, &word) || !parse_number(word, i, &values[i]))
			return false;
	}
	for (size_t i = 0; i < KT_LEN(names); i++)
		kt_snapshot_put(snap, (struct kt_entry){ .metric = metrics[i],
					      .node = KT_NO_NODE,
					      .unit = KT_COUNT,
					      .raw = values[i],
					      .path = text->path,
					      .field = names[i] });
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, word;
	bool found[KT_LEN(kinds)] = { false };

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &word))
			continue;
		for (size_t i = 0; i < KT_LEN(kinds); i++) {
			if (!kt_span_eq(word, kinds[i].word) || found[i])
				continue;
			found[i] = put_line(snap, text, kinds[i].metrics, line);
			if (!found[i])
				return kt_err_new(KT_ERR_PARSE,
					"%s: the line '%s' has no shares of time", text->path,
					kinds[i].word);
		}
	}
	return found[0] ? NULL : kt_err_new(KT_ERR_PARSE, "%s: has no line 'some'", text->path);
}

const struct kt_source kt_source_pressure = {
	.name = "pressure",
	.summary = "time in which tasks waited for memory",
	.paths = { KT_FILE_PRESSURE },
	.cost = KT_COST_CHEAP,
	.lack = "it is not known whether programs wait for memory",
	.gives = "Linux 4.20 or newer with CONFIG_PSI, not booted with psi=0",
	.provides = { KT_PRESSURE_SOME_10S, KT_PRESSURE_SOME_60S, KT_PRESSURE_SOME_300S,
		KT_PRESSURE_SOME_US, KT_PRESSURE_FULL_10S, KT_PRESSURE_FULL_60S,
		KT_PRESSURE_FULL_300S, KT_PRESSURE_FULL_US },
	.nr_provides = 8,
	.parse = parse,
};
