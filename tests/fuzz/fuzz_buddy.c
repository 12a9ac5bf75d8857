// SPDX-License-Identifier: GPL-2.0-or-later
//
// Free lists, mobilities and zones that contradict each other: texts of proc/buddyinfo,
// proc/pagetypeinfo and proc/zoneinfo, separated by NUL bytes.

#include "fuzz.h"

#include "analysis/buddy.h"

static void look_at(const struct kt_snapshot *snap, const struct kt_free_area *area)
{
	bool known;

	for (int order = 0; order < area->nr_orders; order++) {
		struct kt_contig contig = kt_contig_of(area, order);
		int unusable = kt_unusable_index(&contig, order);

		if (unusable < 0 || unusable > 1000 || kt_extfrag_index(&contig, order) > 1000)
			abort();
	}
	if (kt_largest_order(snap, area, &known) >= area->nr_orders)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const struct kt_source *source;
		const char *path;
	} files[] = {
		{ &kt_source_buddyinfo, "proc/buddyinfo" },
		{ &kt_source_pagetypeinfo, "proc/pagetypeinfo" },
		{ &kt_source_zoneinfo, "proc/zoneinfo" },
	};
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = fuzz_machine(true);
	struct kt_free_area all = { 0 };

	for (size_t i = 0; i < KT_LEN(files) && size; i++) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;

		fuzz_parse(snap, files[i].source, files[i].path, data, n);
		n += end != NULL;
		data += n;
		size -= n;
	}
	for (size_t i = 0; i < snap->free_areas.count; i++) {
		look_at(snap, &snap->free_areas.items[i]);
		kt_free_area_add(&all, &snap->free_areas.items[i]);
	}
	all.zone = "all";
	look_at(snap, &all);
	return 0;
}
