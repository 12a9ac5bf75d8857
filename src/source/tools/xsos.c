// SPDX-License-Identifier: GPL-2.0-or-later
//
// The section MEMORY of xsos: "31.2 GiB total ram", "0.43 GiB (1%) of total ram used for Slab". It
// rounds totals to one digit less than parts, and drops zeros at the end, so that the unit gives
// the error.

#include "source/tools/tool.h"

#include "base/attr.h"

static const struct {
	const char *label;
	enum kt_metric metric;
	bool total;
} lines[] = {
	{ "total ram", KT_MEM_TOTAL, true },
	{ "of total ram used for Slab", KT_SLAB, false },
	{ "of total ram used for PageTables", KT_PAGE_TABLES, false },
	{ "of total ram used for Shmem", KT_SHMEM, false },
	{ "of total ram used for Percpu", KT_PERCPU, false },
};

static int64_t unit_of(struct kt_span word)
{
	if (kt_span_eq(word, "B"))
		return 1;
	return word.n == 3 && kt_span_ends(word, "iB") ? kt_amount_unit(word.p[0]) : 0;
}

/* Half of the last digit that it would print. */
static int64_t error_of(int64_t unit, bool total)
{
	switch (unit) {
	case 1 << 20: return unit / 2;
	case 1 << 30: return unit / (total ? 20 : 200);
	case 1ll << 40: return unit / (total ? 200 : 2000);
	default: return 0;
	}
}

struct kt_err *kt_read_xsos(struct kt_reading *reading)
{
	struct kt_amount amounts[KT_LEN(lines)];
	bool has[KT_LEN(lines)] = { 0 };
	struct kt_span rest = reading->text, line, number, unit, word;
	struct kt_err *err;

	while (kt_span_line(&rest, &line)) {
		struct kt_span after;

		if (!kt_span_word(&line, &number) || !kt_span_word(&line, &unit) || !unit_of(unit))
			continue;
		after = line;
		if (kt_span_word(&after, &word) && kt_span_starts(word, "("))
			line = after;
		line = kt_span_trim(line);
		for (size_t i = 0; i < KT_LEN(lines); i++) {
			if (has[i] || !kt_span_eq(line, lines[i].label))
				continue;
			has[i] = kt_amount_of(number, unit_of(unit), &amounts[i]);
			amounts[i].error = error_of(unit_of(unit), lines[i].total);
		}
	}
	if (!has[0])
		return kt_tool_err(reading, "its total is cut or damaged");
	err = kt_tool_total(reading, amounts[0]);
	for (size_t i = 0; !err && i < KT_LEN(lines); i++) {
		if (has[i] && amounts[i].bytes <= amounts[0].bytes)
			kt_tool_put(
				reading, lines[i].metric, KT_NO_NODE, amounts[i], lines[i].label);
	}
	return err;
}
