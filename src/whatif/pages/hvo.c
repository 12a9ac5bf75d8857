// SPDX-License-Identifier: GPL-2.0-or-later
//
// Struct pages of huge pages in pools (HVO): the struct pages of a huge page fill several pages, of
// which all but one are alike and can be one page (mm/hugetlb_vmemmap.c). A huge page of 2 MiB has
// 512 struct pages of 64 bytes in 8 pages and keeps 1.

#include "analysis/dcache.h"
#include "whatif/whatif.h"

#include "whatif/pages/page_struct.h"

#define SWITCH "hugetlb_optimize_vmemmap"

/* Pages of struct pages of one huge page that can be given back. */
static int64_t pages_saved(int64_t huge_bytes, int64_t page_bytes, int64_t struct_bytes)
{
	int64_t pages = huge_bytes / page_bytes * struct_bytes / page_bytes;

	return pages > 1 ? pages - 1 : 0;
}

static bool put_pools(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t struct_bytes,
	struct kt_whatif_result *ret, int64_t *ret_sum)
{
	int64_t page_bytes = snap->host.page_bytes, now = 0;
	size_t nr_pools = 0;

	*ret_sum = 0;
	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];
		int64_t each = pages_saved(pool->page_bytes, page_bytes, struct_bytes) * page_bytes;
		int64_t saves = kt_known_times(pool->total, each);
		int64_t held =
			kt_known_times(pool->total, pool->page_bytes / page_bytes * struct_bytes);

		if (pool->node != KT_NO_NODE)
			continue;
		if (!kt_known(saves) || !kt_known(held) || held > KT_AMOUNT_MAX - now)
			return false;
		nr_pools++;
		*ret_sum += saves;
		now += held;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = kt_arena_printf(arena, "pages of %lld KiB",
							 (long long)(pool->page_bytes / 1024)),
				.count = pool->total,
				.now_bytes = held,
				.then_bytes = held - saves,
				.saves_bytes = saves });
	}
	ret->now_bytes = now;
	return nr_pools > 0;
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct kt_page_struct page = kt_page_struct_of(snap);
	int64_t sum, on = 0;
	bool has_switch = kt_setting_of(snap, SWITCH, &on);

	if (!kt_known(page.bytes)) {
		kt_whatif_unknown(ret, page.why);
		return;
	}
	if (!put_pools(arena, snap, page.bytes, ret, &sum)) {
		kt_whatif_lacks(ret, &kt_source_hugepages);
		return;
	}
	if (sum && on) {
		kt_whatif_unknown(ret, "it is switched on already, and how many huge pages are "
				       "older than that is in no file");
		return;
	}
	kt_whatif_input_bytes(arena, ret, "struct page", page.bytes, page.from);
	kt_whatif_saves(
		ret, sum, !sum || has_switch ? KT_EXACT : KT_UPPER_BOUND, snap->host.page_bytes);
	if (sum)
		kt_whatif_note(arena, ret,
			"vm." SWITCH "=1 does it while the machine runs, for huge pages that are "
			"made after it");
	if (sum && !has_switch)
		kt_whatif_note(arena, ret,
			"vm." SWITCH " was not read: the kernel may be unable to do "
			"it, or may do it already");
}

const struct kt_whatif kt_whatif_hvo = {
	.name = "hvo",
	.title = "one page of struct pages for each huge page in a pool",
	.needs = KT_WHATIF_REBOOT,
	.how = "hugetlb_free_vmemmap=on at boot",
	.algorithm = "For each pool: huge pages times (pages that their struct pages fill, minus "
		     "1).",
	.parts_counted = "huge pages",
	.sources = KT_SOURCES(&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo,
		&kt_source_hugepages, &kt_source_settings),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
