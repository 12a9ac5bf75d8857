// SPDX-License-Identifier: GPL-2.0-or-later
//
// vmstat -m: "Cache Num Total Size Pages". Num is active objects, Total all objects, Size is of one
// object in bytes. The column that it calls Pages is objects per slab (slabformat() of vmstat.c,
// SLAB_OBJ_PER_SLAB). Slabs and pages are not in it: a cache holds at least its objects. A name is
// cut after 24 characters.

#include "source/tools/tool.h"

enum { NUM, TOTAL, SIZE, PER_SLAB, NR_NUMBERS };

/* Takes the last word off a line. */
static bool last_number(struct kt_span *rest, int64_t *ret_number)
{
	size_t start;

	while (rest->n && (rest->p[rest->n - 1] == ' ' || rest->p[rest->n - 1] == '\t'))
		rest->n--;
	for (start = rest->n; start && rest->p[start - 1] != ' ' && rest->p[start - 1] != '\t';)
		start--;
	if (!kt_span_i64(kt_span_from(*rest, start), ret_number) || *ret_number < 0)
		return false;
	rest->n = start;
	return true;
}

static bool take_line(struct kt_span line, struct kt_span *ret_name, int64_t numbers[NR_NUMBERS])
{
	for (size_t i = NR_NUMBERS; i-- > 0;) {
		if (!last_number(&line, &numbers[i]))
			return false;
	}
	*ret_name = kt_span_trim(line);
	return ret_name->n > 0;
}

static bool is_consistent(const int64_t numbers[NR_NUMBERS])
{
	return numbers[NUM] <= numbers[TOTAL] && numbers[SIZE] > 0 &&
	       kt_tool_fills(numbers[SIZE], numbers[SIZE], numbers[PER_SLAB], KT_UNKNOWN);
}

struct kt_err *kt_read_vmstat_m(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line, name;
	struct kt_tool_caches caches = { 0 };
	int64_t numbers[NR_NUMBERS];

	if (reading->snap->caches.count)
		return NULL;
	while (kt_span_line(&rest, &line)) {
		struct kt_cache cache = kt_cache_unknown(NULL);
		bool ok;

		/* digits may be missing at the end of a text */
		if ((reading->cut && !rest.n) || !take_line(line, &name, numbers))
			continue;
		cache.active_objs = numbers[NUM];
		cache.nr_objs = numbers[TOTAL];
		cache.slot_bytes = numbers[SIZE];
		cache.objs_per_slab = numbers[PER_SLAB];
		ok = is_consistent(numbers) &&
		     !__builtin_mul_overflow(numbers[TOTAL], numbers[SIZE], &cache.total_bytes) &&
		     cache.total_bytes <= KT_AMOUNT_MAX;
		if (ok)
			cache.used_bytes = numbers[NUM] * numbers[SIZE];
		kt_tool_cache(reading, &caches, name, cache, ok);
	}
	return kt_tool_caches_end(reading, &caches, false);
}
