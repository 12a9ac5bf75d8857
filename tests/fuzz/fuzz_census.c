// SPDX-License-Identifier: GPL-2.0-or-later
//
// Flags of pages and their cgroups: every page is counted once, in the whole, in its zone,
// in its cgroup and in the map. The first word tells how large the machine is.

#include "fuzz.h"

#define PAGES_MAX 8192u

static void check(const struct kt_census *census, int64_t nr_pages)
{
	int64_t zones = 0, groups = 0;

	for (size_t i = 0; i < census->zones.count; i++)
		zones += kt_page_counts_sum(&census->zones.items[i].pages);
	for (size_t i = 0; i < census->groups.count; i++)
		groups += kt_page_counts_sum(&census->groups.items[i].pages);
	if (census->nr_pages != nr_pages || kt_page_counts_sum(&census->pages) != nr_pages ||
		zones != nr_pages || groups != nr_pages || census->nr_lru > nr_pages)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = fuzz_machine(true);
	struct kt_census *census = kt_census_new(&snap->arena, true);
	struct kt_region *region = kt_list_push(&snap->arena, &snap->iomem);
	uint64_t words[PAGES_MAX], inodes[PAGES_MAX], first;
	size_t count = size / 16 < PAGES_MAX ? size / 16 : PAGES_MAX;
	struct kt_err *err;

	if (!census || !region || size < 24)
		return 0;
	memcpy(&first, data, 8);
	count = (size - 8) / 16 < count ? (size - 8) / 16 : count;
	memcpy(words, data + 8, count * 8);
	memcpy(inodes, data + 8 + count * 8, count * 8);
	*region = (struct kt_region){ 0, (count + (first & 0xffff)) * 4096, "System RAM" };
	err = kt_census_plan(census, snap, 1ull << 30);
	if (err) {
		kt_err_free(err);
		return 0;
	}
	kt_census_start_map(census);
	kt_census_begin(census, &census->ranges.items[0]);
	kt_census_add(census, words, inodes, count);
	kt_census_end(census);
	check(census, (int64_t)count);
	return 0;
}
