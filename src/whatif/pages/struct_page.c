// SPDX-License-Identifier: GPL-2.0-or-later
//
// Smaller struct pages. The kernel's developers are moving what a struct page has into descriptors
// that only some pages need; 32 and 8 bytes are their steps. The descriptors come on top, so what
// is saved is an upper bound.

#include "whatif/pages/page_struct.h"
#include "whatif/whatif.h"

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	static const int64_t sizes[] = { 64, 32, 16, 8 };
	struct kt_page_struct page = kt_page_struct_of(snap);
	int64_t page_bytes = snap->host.page_bytes;

	if (!kt_known(page.bytes)) {
		kt_whatif_unknown(ret, page.why);
		return;
	}
	ret->now_bytes = page.map_bytes;
	kt_whatif_input_bytes(arena, ret, "map of struct pages", page.map_bytes, page.from);
	kt_whatif_input_bytes(
		arena, ret, "struct page", page.bytes, "the map by the pages present");
	kt_whatif_input_count(arena, ret, "struct pages", page.nr_pages, "quotient");
	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		int64_t then = page.nr_pages * sizes[i];

		kt_whatif_point(arena, ret,
			(struct kt_whatif_point){
				.choice = kt_arena_printf(arena, "%lld bytes", (long long)sizes[i]),
				.count = KT_UNKNOWN,
				.bytes = then,
				.saves_bytes = (page.map_bytes - then) / page_bytes * page_bytes });
	}
	kt_whatif_saves(ret, page.map_bytes - page.nr_pages * 32, KT_UPPER_BOUND, page_bytes);
	kt_whatif_note(arena, ret,
		"of struct pages made at boot; memory that was added later has its own");
}

const struct kt_whatif kt_whatif_struct_page = {
	.name = "struct-page",
	.title = "struct pages of 32 bytes",
	.needs = KT_WHATIF_KERNEL,
	.how = "no kernel has them yet",
	.algorithm = "Struct pages times their size. Descriptors of the memory in use come on top "
		     "and are not counted, so it is an upper bound.",
	.sources = KT_SOURCES(&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo),
	.exact = KT_SOURCES(NULL),
	.compute = compute,
};
