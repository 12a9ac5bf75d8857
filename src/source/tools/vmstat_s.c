// SPDX-License-Identifier: GPL-2.0-or-later
//
// vmstat -s: "     24684092 K total memory", in old versions without "K". "used memory" is
// computed. What it calls "swap cache" is the page cache: Cached, from procps 3.3.10 (commit
// 6cb75efef85f) on with slab, later with reclaimable slab.

#include "source/tools/tool.h"

#include "base/attr.h"

static const struct {
	const char *label;
	enum kt_metric metric;
} lines[] = {
	{ "total memory", KT_MEM_TOTAL },
	{ "free memory", KT_MEM_FREE },
	{ "buffer memory", KT_BUFFERS },
	{ "swap cache", KT_METRIC_NONE },
};

/* "K" is 1024 bytes; with -S "k" is 1000, "m" 1,000,000 and "M" 1 MiB. */
static int64_t unit_of(struct kt_span word)
{
	if (word.n != 1)
		return kt_span_eq(word, "bytes") ? 1 : 0;
	switch (word.p[0]) {
	case 'K': return 1 << 10;
	case 'k': return 1000;
	case 'm': return 1000000;
	case 'M': return 1 << 20;
	default: return 0;
	}
}

struct kt_err *kt_read_vmstat_s(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line, number, unit;
	struct kt_amount amounts[KT_LEN(lines)];
	bool has[KT_LEN(lines)] = { 0 };
	struct kt_err *err;

	while (kt_span_line(&rest, &line)) {
		int64_t unit_bytes = 1 << 10;
		struct kt_span ahead;

		if (!kt_span_word(&line, &number))
			continue;
		ahead = line;
		if (kt_span_word(&ahead, &unit) && unit_of(unit)) {
			unit_bytes = unit_of(unit);
			line = ahead;
		}
		line = kt_span_trim(line);
		for (size_t i = 0; i < KT_LEN(lines); i++) {
			if (!kt_span_eq(line, lines[i].label) || has[i])
				continue;
			has[i] = kt_amount_of(number, unit_bytes, &amounts[i]);
			if (unit_bytes > 1 && unit_bytes != 1 << 10)
				amounts[i].error = unit_bytes; /* cut, not rounded */
		}
	}
	if (!has[0] || !has[1])
		return kt_tool_err(reading, "total and free memory are not both in it");
	if (amounts[1].bytes > amounts[0].bytes)
		return kt_tool_err(reading, "more is free than there is: the text is damaged");
	err = kt_tool_total(reading, amounts[0]);
	if (err)
		return err;
	for (size_t i = 0; i < KT_LEN(lines); i++) {
		if (has[i] && lines[i].metric != KT_METRIC_NONE)
			kt_tool_put(
				reading, lines[i].metric, KT_NO_NODE, amounts[i], lines[i].label);
	}
	if (has[3])
		kt_tool_sum(reading, amounts[3], "swap cache, as it calls it", false);
	return NULL;
}
