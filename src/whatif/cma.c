// SPDX-License-Identifier: GPL-2.0-or-later
//
// Contiguous areas (CMA) are kept for drivers that need large blocks. Until then movable pages may
// use them, and nothing else may: a machine can be out of memory for the kernel's own allocations
// while the areas have free pages. So only the free pages of the areas could be won, and only for
// unmovable allocations.

#include "whatif/whatif.h"

#include <stdlib.h>

/* Pages that are allocated from an area as contiguous blocks; KT_UNKNOWN: not known. */
static int64_t used_of(const struct kt_cma_area *area)
{
	if (!kt_known(area->total_pages))
		return KT_UNKNOWN;
	if (kt_known(area->used_pages))
		return area->used_pages <= area->total_pages ? area->used_pages : KT_UNKNOWN;
	if (!kt_known(area->available_pages) || area->available_pages > area->total_pages)
		return KT_UNKNOWN;
	return area->total_pages - area->available_pages;
}

static int by_now(const void *a, const void *b)
{
	const struct kt_whatif_part *x = a, *y = b;

	return (x->now_bytes < y->now_bytes) - (x->now_bytes > y->now_bytes);
}

/* The areas, and what drivers have of all; KT_UNKNOWN: not known of each, or not of all areas. */
static int64_t put_areas(struct kt_arena *arena, const struct kt_snapshot *snap,
	struct kt_whatif_result *ret, int64_t total_bytes)
{
	int64_t page = snap->host.page_bytes, sum = 0, used_sum = 0;

	for (size_t i = 0; i < snap->cma_areas.count; i++) {
		const struct kt_cma_area *area = &snap->cma_areas.items[i];
		int64_t total = kt_known_times(area->total_pages, page);
		int64_t used = kt_known_times(used_of(area), page);

		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = area->name,
				.count = used_of(area),
				.now_bytes = total,
				.then_bytes = used,
				.saves_bytes = KT_UNKNOWN });
		if (!kt_known(used) || total > KT_AMOUNT_MAX - sum)
			return KT_UNKNOWN;
		sum += total;
		used_sum += used;
	}
	return sum == total_bytes ? used_sum : KT_UNKNOWN;
}

static bool is_possible(const struct kt_snapshot *snap, struct kt_val total, struct kt_val free,
	struct kt_whatif_result *ret)
{
	if (!kt_ok(total) && !kt_ok(kt_snapshot_get(snap, KT_MEM_TOTAL, KT_NO_NODE)))
		kt_whatif_lacks(ret, &kt_source_meminfo);
	else if (!kt_ok(total))
		kt_whatif_unknown(ret,
			"this kernel counts no contiguous areas (CmaTotal), or was built without "
			"them");
	else if (!kt_ok(free) && total.value)
		kt_whatif_unknown(
			ret, "how much of the contiguous areas is free (CmaFree) is not known");
	else if (total.value && free.value > total.value)
		kt_whatif_unknown(
			ret, "CmaFree is larger than CmaTotal: they do not belong together");
	else
		return true;
	return false;
}

static void put_used(struct kt_arena *arena, struct kt_whatif_result *ret, int64_t in_use_bytes,
	int64_t used_bytes)
{
	if (!kt_known(used_bytes) || used_bytes > in_use_bytes) {
		kt_whatif_note(arena, ret,
			"how much of the used part drivers have, and how much movable pages, is "
			"not known: that needs CONFIG_CMA_SYSFS of Linux 6.15, or "
			"CONFIG_CMA_DEBUGFS");
		return;
	}
	kt_whatif_input_bytes(
		arena, ret, "allocated by drivers", used_bytes, "used pages of each area");
	kt_whatif_input_bytes(
		arena, ret, "used by movable pages", in_use_bytes - used_bytes, "difference");
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_val total = kt_snapshot_get(snap, KT_CMA_TOTAL, KT_NO_NODE);
	struct kt_val free = kt_snapshot_get(snap, KT_CMA_FREE, KT_NO_NODE);
	int64_t used;

	if (!is_possible(snap, total, free, ret))
		return;
	ret->now_bytes = total.value;
	kt_whatif_input_bytes(arena, ret, "contiguous areas", total.value, "CmaTotal");
	kt_whatif_saves(ret, 0, KT_EXACT, snap->host.page_bytes);
	if (!total.value)
		return;
	kt_whatif_input_bytes(arena, ret, "free in them", free.value, "CmaFree");
	used = put_areas(arena, snap, ret, total.value);
	put_used(arena, ret, total.value - free.value, used);
	kt_whatif_saves(ret, free.value, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"MemFree has these pages already: movable allocations may use them, the kernel's "
		"own may not. Pages in use there would be in use elsewhere");
	if (ret->parts.count)
		qsort(ret->parts.items, ret->parts.count, sizeof(*ret->parts.items), by_now);
	if (ret->parts.count > KT_WHATIF_PARTS)
		ret->parts.count = KT_WHATIF_PARTS;
}

const struct kt_whatif kt_whatif_cma = {
	.name = "cma",
	.title = "no contiguous areas (CMA) closed to the kernel's own allocations",
	.needs = KT_WHATIF_REBOOT,
	.how = "a smaller cma= or hugetlb_cma= at boot",
	.algorithm =
		"The free pages of the areas: only movable allocations may use them today. It is "
		"an upper bound, because drivers may need the areas, and an allocation that can "
		"be movable gains nothing.",
	.parts_counted = "pages allocated by drivers",
	.sources = KT_SOURCES(&kt_source_cma),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
