// SPDX-License-Identifier: GPL-2.0-or-later
//
// smem -w: "userspace memory   40728   14972   25756". Userspace memory is Mapped + AnonPages, with
// Mapped as cache, so that its last column is AnonPages. Kernel dynamic memory is what is left of
// MemTotal, so that the three areas add up to it. With -k numbers have a unit and a fraction, with
// -p they are shares of a total that the text does not have.

#include "source/tools/tool.h"

#include "base/attr.h"

enum area { KERNEL, USER, FREE, NR_AREAS };
enum column { USED, CACHE, NONCACHE, NR_COLUMNS };

static const char *const labels[NR_AREAS] = { "kernel dynamic memory", "userspace memory",
	"free memory" };

static bool take_area(struct kt_span rest, struct kt_amount amounts[NR_COLUMNS])
{
	struct kt_span word;

	for (size_t i = 0; i < NR_COLUMNS; i++) {
		if (!kt_span_word(&rest, &word) || !kt_amount_sized(word, 1 << 10, &amounts[i]))
			return false;
	}
	return !kt_span_word(&rest, &word);
}

static bool is_consistent(const struct kt_amount amounts[NR_COLUMNS])
{
	int64_t gap = amounts[USED].bytes - amounts[CACHE].bytes - amounts[NONCACHE].bytes;
	int64_t error = amounts[USED].error + amounts[CACHE].error + amounts[NONCACHE].error;

	return gap <= error && gap >= -error;
}

struct kt_err *kt_read_smem(struct kt_reading *reading)
{
	struct kt_amount areas[NR_AREAS][NR_COLUMNS], total;
	bool has[NR_AREAS] = { 0 }, shares = false;
	struct kt_span rest = reading->text, line;
	struct kt_err *err;

	while (kt_span_line(&rest, &line)) {
		line = kt_span_trim(line);
		shares |= kt_span_ends(line, "%");
		for (size_t i = 0; i < NR_AREAS; i++) {
			if (!has[i] && kt_span_skip(&line, labels[i]))
				has[i] = take_area(line, areas[i]) && is_consistent(areas[i]);
		}
	}
	if (shares)
		return kt_tool_err(reading, "shares of a total that it does not print; 'smem -w' "
					    "without -p has amounts");
	if (!has[KERNEL] || !has[USER] || !has[FREE])
		return kt_tool_err(reading, "an area is missing or damaged");
	total = kt_amount_sum(
		kt_amount_sum(areas[KERNEL][USED], areas[USER][USED]), areas[FREE][USED]);
	err = kt_tool_total(reading, total);
	if (err)
		return err;
	kt_tool_put(reading, KT_MEM_TOTAL, KT_NO_NODE, total, "kernel + userspace + free memory");
	kt_tool_put(reading, KT_MEM_FREE, KT_NO_NODE, areas[FREE][USED], "free memory");
	kt_tool_put(reading, KT_ANON, KT_NO_NODE, areas[USER][NONCACHE], "userspace, noncache");
	kt_tool_put(reading, KT_MAPPED, KT_NO_NODE, areas[USER][CACHE], "userspace, cache");
	kt_tool_sum(
		reading, kt_amount_sum(areas[KERNEL][CACHE], areas[USER][CACHE]), "cache", true);
	return NULL;
}
