// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines of memory of top. procps has "MiB Mem :  24105.6 total,  17089.1 free,  613.8 used,
// 6750.1 buff/cache"; before "buff/cache" "KiB Mem:  24684092 total, 7191504 used, 17492588 free,
// 128000 buffers" with "6783668 cached Mem" in the line of swap, or "Mem:  24684092k total".
// busybox has "Mem: 82280K used, 170820K free, 0K shrd, 0K buff, 39332K cached".

#include "source/tools/tool.h"

#include "base/attr.h"

enum column { TOTAL, USED, FREE, BUFFERS, BUFF_CACHE, CACHED, SHARED, NR_COLUMNS };

static const struct {
	const char *label;
	enum column column;
} labels[] = { { "total", TOTAL }, { "used", USED }, { "free", FREE }, { "buffers", BUFFERS },
	{ "buff", BUFFERS }, { "buff/cache", BUFF_CACHE }, { "cached", CACHED },
	{ "shrd", SHARED } };

struct lines {
	struct kt_amount amounts[NR_COLUMNS];
	bool has[NR_COLUMNS];
	bool damaged, busybox;
};

/* Reads "NUMBER LABEL, NUMBER LABEL, ..."; with `swap` only "cached" is about memory. */
static void take_columns(struct lines *lines, struct kt_span rest, int64_t unit, bool swap)
{
	struct kt_span number, label;

	while (kt_span_word(&rest, &number) && kt_span_word(&rest, &label)) {
		struct kt_amount amount;

		while (kt_span_ends(label, ",") || kt_span_ends(label, "."))
			label.n--;
		for (size_t i = 0; i < KT_LEN(labels); i++) {
			enum column column = labels[i].column;

			if (!kt_span_eq(label, labels[i].label) || (swap && column != CACHED))
				continue;
			if (lines->has[column] || !kt_amount_sized(number, unit, &amount)) {
				lines->damaged = true;
				continue;
			}
			lines->amounts[column] = amount;
			lines->has[column] = true;
			lines->busybox |= column == SHARED;
		}
	}
}

static void take_line(struct lines *lines, struct kt_span line)
{
	struct kt_span word;
	int64_t unit = 0;

	if (!kt_span_word(&line, &word))
		return;
	if (kt_span_ends(word, "iB") && word.n == 3) {
		unit = kt_amount_unit(word.p[0]);
		if (!kt_span_word(&line, &word))
			return;
	}
	if (kt_span_eq(word, "Mem") || kt_span_eq(word, "Swap"))
		kt_span_skip(&line, " :");
	take_columns(lines, line, unit, kt_span_starts(word, "Swap"));
}

static void put(struct kt_reading *reading, const struct lines *lines)
{
	static const struct {
		enum column column;
		enum kt_metric metric;
		const char *field;
	} counters[] = { { TOTAL, KT_MEM_TOTAL, "Mem: total" }, { FREE, KT_MEM_FREE, "Mem: free" },
		{ BUFFERS, KT_BUFFERS, "Mem: buffers" }, { CACHED, KT_CACHED, "cached" } };

	for (size_t i = 0; i < KT_LEN(counters); i++) {
		if (lines->has[counters[i].column])
			kt_tool_put(reading, counters[i].metric, KT_NO_NODE,
				lines->amounts[counters[i].column], counters[i].field);
	}
	if (lines->has[SHARED] && lines->amounts[SHARED].bytes)
		kt_tool_put(reading, KT_SHMEM, KT_NO_NODE, lines->amounts[SHARED], "shrd");
	if (lines->has[BUFF_CACHE])
		kt_tool_sum(reading, lines->amounts[BUFF_CACHE], "buff/cache", true);
}

/* All columns of a line are of one sample, so that a damaged number shows. */
static bool is_consistent(const struct lines *lines)
{
	const struct kt_amount *a = lines->amounts;

	return a[FREE].bytes <= a[TOTAL].bytes + a[TOTAL].error &&
	       (!lines->has[BUFF_CACHE] ||
		       a[FREE].bytes + a[BUFF_CACHE].bytes <=
			       a[TOTAL].bytes + 2 * a[TOTAL].error + a[FREE].error) &&
	       (!lines->has[CACHED] || a[FREE].bytes + a[CACHED].bytes <= a[TOTAL].bytes);
}

struct kt_err *kt_read_top(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line;
	struct lines lines = { 0 };
	struct kt_err *err;

	while (kt_span_line(&rest, &line))
		take_line(&lines, line);
	if (lines.busybox && lines.has[USED] && lines.has[FREE] && !lines.has[TOTAL]) {
		/* it prints total - free as used */
		lines.amounts[TOTAL] = kt_amount_sum(lines.amounts[USED], lines.amounts[FREE]);
		lines.has[TOTAL] = true;
	}
	if (lines.damaged || !lines.has[TOTAL] || !lines.has[FREE] || !is_consistent(&lines))
		return kt_tool_err(reading, "its line of memory is cut or damaged");
	err = kt_tool_total(reading, lines.amounts[TOTAL]);
	if (!err)
		put(reading, &lines);
	return err;
}

/* "Mem[|||||||||    620M/23.5G]": only the total is a counter. */
struct kt_err *kt_read_htop(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, part;
	struct kt_amount total;
	struct kt_err *err;

	if (!kt_span_until(&rest, '/', &part) || !kt_span_until(&rest, ']', &part) ||
		!kt_amount_sized(kt_span_trim(part), 0, &total))
		return kt_tool_err(reading, "its line of memory is cut or damaged");
	err = kt_tool_total(reading, total);
	if (!err)
		kt_tool_put(reading, KT_MEM_TOTAL, KT_NO_NODE, total, "Mem: total");
	return err;
}
