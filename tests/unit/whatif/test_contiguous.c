// SPDX-License-Identifier: GPL-2.0-or-later
//
// Contiguous areas: what is free in them, and who has the rest.

#include "computed.h"

static void put_area(
	struct kt_snapshot *snap, const char *name, int64_t total, int64_t used, int64_t available)
{
	struct kt_cma_area *area = kt_list_push(&snap->arena, &snap->cma_areas);

	*area = (struct kt_cma_area){ name, total, used, available };
}

static int64_t input(const struct computed *computed, const char *name)
{
	for (size_t i = 0; i < computed->result.inputs.count; i++) {
		if (strcmp(computed->result.inputs.items[i].name, name) == 0)
			return computed->result.inputs.items[i].bytes;
	}
	return KT_UNKNOWN;
}

/*
 * 64 MiB + 256 MiB, 100 MiB of them free. Drivers have 384 pages (1.5 MiB) of the first and 512 (2
 * MiB) of the second; 320 - 100 - 3.5 MiB are movable pages.
 */
TEST(free_pages_of_areas_are_a_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	meminfo_kb(snap, KT_CMA_TOTAL, 320 * 1024);
	meminfo_kb(snap, KT_CMA_FREE, 100 * 1024);
	compute(&kt_whatif_cma, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 100 * MIB);
	CHECK_INT(computed.result.now_bytes, 320 * MIB);
	CHECK_INT(input(&computed, "used by movable pages"), KT_UNKNOWN);
	kt_arena_fini(&computed.arena);
	put_area(snap, "reserved", 16384, KT_UNKNOWN, 16000);
	put_area(snap, "hugetlb0", 65536, 512, KT_UNKNOWN);
	compute(&kt_whatif_cma, snap, &computed);
	check(&computed, KT_UPPER_BOUND, 100 * MIB);
	CHECK_INT(input(&computed, "allocated by drivers"), 3584 * KIB);
	CHECK_INT(input(&computed, "used by movable pages"), 216 * MIB + 512 * KIB);
	CHECK_STR(computed.result.parts.items[0].name, "hugetlb0");
	CHECK_INT(computed.result.parts.items[0].count, 512);
	CHECK_INT(computed.result.parts.items[0].now_bytes, 256 * MIB);
	kt_arena_fini(&computed.arena);
	/* an area that CmaTotal does not have: its pages are of another time */
	put_area(snap, "late", 1024, 0, KT_UNKNOWN);
	compute(&kt_whatif_cma, snap, &computed);
	CHECK_INT(input(&computed, "allocated by drivers"), KT_UNKNOWN);
	kt_arena_fini(&computed.arena);
}

TEST(a_machine_without_areas_saves_nothing_and_an_unknown_one_is_not_0)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	meminfo_kb(snap, KT_MEM_TOTAL, 1024 * 1024);
	compute(&kt_whatif_cma, snap, &computed);
	check_unknown(&computed);
	CHECK(computed.result.why && strstr(computed.result.why, "CmaTotal"));
	kt_arena_fini(&computed.arena);
	meminfo_kb(snap, KT_CMA_TOTAL, 0);
	compute(&kt_whatif_cma, snap, &computed);
	check(&computed, KT_EXACT, 0);
	kt_arena_fini(&computed.arena);
}

TEST(more_free_than_there_is_is_not_believed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct computed computed;

	meminfo_kb(snap, KT_CMA_TOTAL, 1024);
	compute(&kt_whatif_cma, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
	meminfo_kb(snap, KT_CMA_FREE, 2048);
	compute(&kt_whatif_cma, snap, &computed);
	check_unknown(&computed);
	kt_arena_fini(&computed.arena);
}
