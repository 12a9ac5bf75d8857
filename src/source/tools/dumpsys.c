// SPDX-License-Identifier: GPL-2.0-or-later
//
// The end of Android's dumpsys meminfo: "Total RAM: 7,665,920K (status normal)". "Used" and "Lost"
// are computed from processes. "Free RAM" has three or four parts; of them "free" is MemFree, and
// "cached kernel" is Cached + Buffers + reclaimable slab - Mapped.

#include "source/tools/tool.h"

/* The number before " what" in a line, such as 500,000K of "500,000K free)". */
static bool number_before(struct kt_span line, const char *what, struct kt_amount *ret_amount)
{
	size_t end = kt_span_find(line, what), start;
	struct kt_span word;

	if (end == line.n)
		return false;
	while (end && line.p[end - 1] == ' ')
		end--;
	if (end && (line.p[end - 1] == 'K'))
		end--;
	else if (end > 3 && kt_span_ends((struct kt_span){ line.p, end }, " kB"))
		end -= 3;
	for (start = end; start && (line.p[start - 1] == ',' ||
					   (unsigned char)(line.p[start - 1] - '0') < 10);)
		start--;
	word = (struct kt_span){ line.p + start, end - start };
	return word.n && kt_amount_grouped(word, 1 << 10, ret_amount);
}

struct kt_err *kt_read_dumpsys(struct kt_reading *reading)
{
	struct kt_amount total = { 0 }, free = { 0 }, zram = { 0 };
	bool has_total = false, has_free = false, has_zram = false;
	struct kt_span rest = reading->text, line;
	struct kt_err *err;

	while (kt_span_line(&rest, &line)) {
		line = kt_span_trim(line);
		if (kt_span_skip(&line, "Total RAM:") && !has_total)
			has_total = number_before(line, "(status", &total);
		else if (kt_span_skip(&line, "Free RAM:") && !has_free)
			has_free = number_before(line, " free)", &free);
		else if (kt_span_skip(&line, "ZRAM:") && !has_zram)
			has_zram = number_before(line, "physical used", &zram);
	}
	if (!has_total)
		return kt_tool_err(reading, "its total is cut or damaged");
	if (has_free && free.bytes > total.bytes)
		return kt_tool_err(reading, "more is free than there is: the text is damaged");
	err = kt_tool_total(reading, total);
	if (err)
		return err;
	kt_tool_put(reading, KT_MEM_TOTAL, KT_NO_NODE, total, "Total RAM");
	if (has_free)
		kt_tool_put(reading, KT_MEM_FREE, KT_NO_NODE, free, "Free RAM: free");
	if (has_zram)
		kt_snapshot_put(
			reading->snap, (struct kt_entry){ .metric = KT_ZSPAGES,
					       .node = KT_NO_NODE,
					       .unit = KT_BYTES,
					       .quality = KT_LOWER_BOUND, /* zswap may have more */
					       .rank = KT_RANK_TOOL,
					       .raw = zram.bytes,
					       .path = reading->tool,
					       .field = "ZRAM: physical used" });
	return NULL;
}
