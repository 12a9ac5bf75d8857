// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/percpu.h"

#define KIB_PERCPU 1400

/* Two possible CPUs, 53 pages of each in the first chunk, 1400 KiB in all. */
static struct kt_snapshot *two_cpus(bool boot_log)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus = snap->host.nr_cpus_possible = 2;
	meminfo_kb(snap, KT_PERCPU, KIB_PERCPU);
	if (boot_log)
		put_entry(snap, KT_PERCPU_FIRST_UNIT, KT_PAGES, KT_RANK_FIRST, "dmesg", 53);
	kt_derive(snap);
	return snap;
}

static void put_chunk(struct kt_snapshot *snap, bool first, bool reserved, int64_t free)
{
	struct kt_percpu_chunk *chunk = kt_list_push(&snap->arena, &snap->percpu.chunks);

	*chunk = (struct kt_percpu_chunk){
		.first = first, .reserved = reserved, .free_bytes = free
	};
}

static void put_stats(struct kt_snapshot *snap)
{
	snap->percpu.unit_bytes = 1 << 20;
	snap->percpu.static_bytes = 178200;
	snap->percpu.reserved_bytes = 8192;
	snap->percpu.dynamic_bytes = 30696;
	put_chunk(snap, false, true, 8000);
	put_chunk(snap, true, false, 20);
	put_chunk(snap, false, false, 650000);
}

static int64_t sum_of(const struct kt_percpu_view *view)
{
	int64_t sum = 0;

	for (size_t i = 0; i < KT_PERCPU_NR_PARTS; i++)
		sum += view->parts[i].known ? view->parts[i].bytes : 0;
	return sum;
}

TEST(parts_add_up_to_the_counter_with_statistics_and_without)
{
	for (int i = 0; i < 4; i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus(i & 1);
		struct kt_percpu_view view;

		if (i & 2)
			put_stats(snap);
		kt_percpu_view(snap, &view);
		CHECK(view.total.known);
		CHECK_INT(view.total.bytes, KIB_PERCPU * KIB);
		CHECK_INT(sum_of(&view), KIB_PERCPU * KIB);
		CHECK_INT(view.split, (i & 2) != 0);
	}
}

TEST(used_and_free_are_of_all_cpus)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus(true);
	struct kt_percpu_view view;

	put_stats(snap);
	kt_percpu_view(snap, &view);
	CHECK_INT(view.parts[KT_PERCPU_STATIC].bytes, 2 * 178200);
	CHECK_INT(view.parts[KT_PERCPU_MODULES].bytes, 2 * 8192);
	CHECK_INT(view.parts[KT_PERCPU_FIRST_USED].bytes, 2 * (30696 - 20));
	CHECK_INT(view.parts[KT_PERCPU_FIRST_FREE].bytes, 2 * 20);
	CHECK_INT(view.parts[KT_PERCPU_FIRST_REST].bytes, 0);
	CHECK_INT(view.parts[KT_PERCPU_LATER_USED].bytes, 2 * ((1 << 20) - 650000));
	CHECK_INT(view.parts[KT_PERCPU_LATER_FREE].bytes,
		KIB_PERCPU * KIB - 2 * 53 * 4096 - 2 * ((1 << 20) - 650000));
}

TEST(the_allocator_tells_the_first_chunk_where_no_log_does)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus(false);
	struct kt_percpu_view view;

	put_stats(snap);
	kt_percpu_view(snap, &view);
	CHECK(view.first.known);
	CHECK_INT(view.first.bytes, 2 * 53 * 4096);
}

TEST(statistics_of_another_machine_are_not_used)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus(true);
	struct kt_percpu_view view;

	put_stats(snap);
	put_chunk(snap, false, false, (1 << 20) + 1);
	kt_percpu_view(snap, &view);
	CHECK(!view.split);
	CHECK_INT(sum_of(&view), KIB_PERCPU * KIB);
}

TEST(sizes_that_no_machine_has_do_not_overflow)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus(false);
	struct kt_percpu_view view;

	put_stats(snap);
	snap->percpu.unit_bytes = KT_AMOUNT_MAX;
	snap->percpu.static_bytes = snap->percpu.reserved_bytes = KT_AMOUNT_MAX;
	snap->percpu.cgroup_bytes = KT_AMOUNT_MAX / 2048;
	snap->percpu.cgroup_node_bytes = 1 << 20;
	snap->host.nr_nodes = 1024;
	snap->cgroups.nr_live = snap->cgroups.nr_dying = KT_AMOUNT_MAX;
	kt_percpu_view(snap, &view);
	CHECK_INT(sum_of(&view), KIB_PERCPU * KIB);
	CHECK_INT(view.cgroup_bytes, -1);
}

TEST(memory_cgroups_are_estimated_from_their_structs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus(true);
	struct kt_percpu_view view;

	snap->host.nr_nodes = 2;
	snap->percpu.cgroup_bytes = 1216;
	snap->percpu.cgroup_node_bytes = 528;
	kt_percpu_view(snap, &view);
	CHECK_INT(view.nr_cgroups, -1);
	CHECK_INT(view.cgroup_bytes, -1);
	snap->cgroups.nr_live = 10;
	snap->cgroups.nr_dying = 90;
	kt_percpu_view(snap, &view);
	CHECK_INT(view.nr_cgroups, 100);
	CHECK_INT(view.bytes_per_cgroup, 1216 + 2 * 528);
	CHECK_INT(view.cgroup_bytes, 100 * 2 * (1216 + 2 * 528));
	CHECK_INT(view.dying_bytes, 90 * 2 * (1216 + 2 * 528));
	snap->percpu.cgroup_twice = snap->percpu.cgroup_node_twice = true; /* 5.10 */
	kt_percpu_view(snap, &view);
	CHECK_INT(view.bytes_per_cgroup, 2 * (1216 + 2 * 528));
	snap->percpu.cgroup_node_bytes = KT_UNKNOWN;
	kt_percpu_view(snap, &view);
	CHECK_INT(view.bytes_per_cgroup, 2 * 1216);
	CHECK(view.at_least);
	snap->cgroups.nr_counted = 43;
	kt_percpu_view(snap, &view);
	CHECK_INT(view.nr_cgroups, 43);
	CHECK_INT(view.dying_bytes, -1);
}

TEST(a_kernel_that_does_not_count_gives_no_total)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_percpu_view view;

	kt_derive(snap);
	kt_percpu_view(snap, &view);
	CHECK(!view.total.known);
	CHECK_INT(sum_of(&view), 0);
}
