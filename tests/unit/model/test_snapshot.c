// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

TEST(what_no_file_has_is_absent_with_a_reason_and_not_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	for (int i = 0; i < KT_METRIC_COUNT; i++) {
		struct kt_val val = value(snap, (enum kt_metric)i);

		CHECK_INT(val.state, KT_ABSENT);
		CHECK(val.reason != NULL);
	}
}

TEST(the_unit_of_a_file_is_not_seen_outside)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(65536);

	put_entry(snap, KT_SLAB_R, KT_PAGES, KT_RANK_FIRST, "a", 3);
	put_entry(snap, KT_SLAB_U, KT_KB, KT_RANK_FIRST, "a", 3);
	put_entry(snap, KT_SLAB, KT_BYTES, KT_RANK_FIRST, "a", 3);
	put_entry(snap, KT_HUGE_TOTAL, KT_COUNT, KT_RANK_FIRST, "a", 3);
	CHECK_VALUE(snap, SLAB_R, 3 * 65536);
	CHECK_VALUE(snap, SLAB_U, 3 * 1024);
	CHECK_VALUE(snap, SLAB, 3);
	CHECK_VALUE(snap, HUGE_TOTAL, 3);
}

TEST(pages_of_an_unknown_size_are_bad_and_not_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	vmstat_pages(snap, KT_SLAB_R, 3);
	CHECK_STATE(snap, SLAB_R, KT_BAD);
}

TEST(the_lowest_rank_is_believed_whatever_was_read_first)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_SHMEM, 40);
	vmstat_pages(snap, KT_SHMEM, 11);
	meminfo_kb(snap, KT_SHMEM, 48);
	CHECK_VALUE(snap, SHMEM, 11 * 4096);
	CHECK_INT(
		kt_snapshot_get_rank(snap, KT_SHMEM, KT_NO_NODE, KT_RANK_MEMINFO).value, 40 * 1024);
	CHECK_INT(kt_snapshot_get_rank(snap, KT_SHMEM, KT_NO_NODE, KT_RANK_NODE).state, KT_ABSENT);
}

TEST(a_readable_file_is_believed_before_a_damaged_one_of_lower_rank)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_entry bad = { .metric = KT_SHMEM,
		.node = KT_NO_NODE,
		.state = KT_BAD,
		.rank = KT_RANK_FIRST,
		.field = "damaged" };

	kt_snapshot_put(snap, bad);
	CHECK_STATE(snap, SHMEM, KT_BAD);
	CHECK_STR(value(snap, KT_SHMEM).reason, "damaged");
	meminfo_kb(snap, KT_SHMEM, 40);
	CHECK_VALUE(snap, SHMEM, 40 * 1024);
}

TEST(a_lack_never_hides_a_number)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	kt_snapshot_lack(snap, KT_PRESENT, KT_NO_NODE, KT_DENIED, "not for you");
	CHECK_STATE(snap, PRESENT, KT_DENIED);
	CHECK_STR(value(snap, KT_PRESENT).reason, "not for you");
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_NODE, "a", 5);
	CHECK_VALUE(snap, PRESENT, 5 * 4096);
}

static void on_node(
	struct kt_snapshot *snap, int node, enum kt_metric metric, int64_t raw, enum kt_state state)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = node,
				      .unit = KT_KB,
				      .rank = KT_RANK_NODE,
				      .raw = raw,
				      .state = state,
				      .path = "a",
				      .field = "f" });
}

TEST(what_only_nodes_have_is_added_up_for_the_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	on_node(snap, 0, KT_ANON, 10, KT_OK);
	on_node(snap, 1, KT_ANON, 5, KT_OK);
	on_node(snap, 0, KT_ANON, 999, KT_OK); /* the same rank again: the first one counts */
	CHECK_VALUE(snap, ANON, 15 * 1024);
	CHECK_INT(value_on(snap, KT_ANON, 1).value, 5 * 1024);
	CHECK_INT(value_on(snap, KT_ANON, 2).state, KT_ABSENT);
}

TEST(the_machines_own_number_is_believed_before_the_sum_of_its_nodes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	on_node(snap, 0, KT_ANON, 10, KT_OK);
	meminfo_kb(snap, KT_ANON, 12);
	CHECK_VALUE(snap, ANON, 12 * 1024);
}

TEST(a_sum_over_nodes_of_which_one_is_damaged_is_no_sum)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	on_node(snap, 0, KT_ANON, 10, KT_OK);
	on_node(snap, 1, KT_ANON, 0, KT_BAD);
	CHECK_STATE(snap, ANON, KT_BAD);
}

TEST(a_sum_by_rank_has_that_rank_only_and_no_damaged_part)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *damaged = machine(4096);

	on_node(snap, 0, KT_ANON, 10, KT_OK);
	on_node(snap, 1, KT_ANON, 5, KT_OK);
	meminfo_kb(snap, KT_ANON, 999);
	CHECK_INT(kt_snapshot_sum_rank(snap, KT_ANON, KT_RANK_NODE).value, 15 * 1024);
	CHECK_INT(kt_snapshot_sum_rank(snap, KT_ANON, KT_RANK_MEMINFO).state, KT_ABSENT);
	on_node(damaged, 0, KT_ANON, 10, KT_OK);
	on_node(damaged, 1, KT_ANON, 0, KT_BAD);
	on_node(damaged, 2, KT_ANON, 5, KT_OK);
	CHECK_INT(kt_snapshot_sum_rank(damaged, KT_ANON, KT_RANK_NODE).state, KT_BAD);
}

TEST(a_node_does_not_get_the_machines_number)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_ANON, 12);
	CHECK_INT(value_on(snap, KT_ANON, 0).state, KT_ABSENT);
}

TEST(a_number_too_large_for_bytes_is_bad)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	meminfo_kb(snap, KT_SHMEM, INT64_MAX / 1000);
	CHECK_STATE(snap, SHMEM, KT_BAD);
	vmstat_pages(snap, KT_SLAB_R, INT64_MAX / 4000);
	CHECK_STATE(snap, SLAB_R, KT_BAD);
}

TEST(a_sum_over_nodes_that_overflows_is_bad)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	on_node(snap, 0, KT_ANON, INT64_MAX / 1024, KT_OK);
	on_node(snap, 1, KT_ANON, INT64_MAX / 1024, KT_OK);
	CHECK_STATE(snap, ANON, KT_BAD);
}

static void add_pages(struct kt_snapshot *snap, const char *path, int64_t pages)
{
	kt_snapshot_add(snap, (struct kt_entry){ .metric = KT_PRESENT,
				      .node = KT_NO_NODE,
				      .unit = KT_PAGES,
				      .path = path,
				      .field = "present",
				      .raw = pages });
}

TEST(adding_adds_within_a_file_and_not_over_files)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	static const char one[] = "one", other[] = "other";

	add_pages(snap, one, 2);
	add_pages(snap, other, 100);
	add_pages(snap, one, 3);
	CHECK_VALUE(snap, PRESENT, 5 * 4096);
	CHECK_INT(snap->entries.count, 2);
}

TEST(a_sum_that_overflowed_is_bad_and_stays_bad)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	static const char path[] = "a";

	add_pages(snap, path, INT64_MAX);
	add_pages(snap, path, 1);
	CHECK_STATE(snap, PRESENT, KT_BAD);
	/* the rest of the file alone is not the sum */
	add_pages(snap, path, 7);
	CHECK_STATE(snap, PRESENT, KT_BAD);
}

TEST(rewinding_forgets_what_came_after_the_mark_and_nothing_before)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_snapshot_mark mark;

	vmstat_pages(snap, KT_SHMEM, 1);
	vmstat_pages(snap, KT_SLAB_R, 2);
	kt_snapshot_note(snap, "before");
	mark = kt_snapshot_mark(snap);
	meminfo_kb(snap, KT_BUFFERS, 3);
	put_entry(snap, KT_SHMEM, KT_PAGES, KT_RANK_FIRST, "late", 99);
	kt_snapshot_note(snap, "after");
	snap->drift_bytes = 1;
	kt_snapshot_rewind(snap, &mark);
	CHECK_VALUE(snap, SHMEM, 4096);
	CHECK_VALUE(snap, SLAB_R, 2 * 4096);
	CHECK_STATE(snap, BUFFERS, KT_ABSENT);
	CHECK(any_note_has(snap, "before") && !any_note_has(snap, "after"));
	CHECK_INT(snap->drift_bytes, KT_UNKNOWN);
	/* and reading goes on as if nothing had been */
	put_entry(snap, KT_SHMEM, KT_PAGES, KT_RANK_FIRST, "again", 5);
	meminfo_kb(snap, KT_BUFFERS, 4);
	CHECK_VALUE(snap, SHMEM, 5 * 4096);
	CHECK_VALUE(snap, BUFFERS, 4096);
}

TEST(a_sum_lacks_what_one_of_its_parts_lacks)
{
	const struct kt_entry good = { .metric = KT_SHMEM,
		.node = KT_NO_NODE,
		.unit = KT_PAGES,
		.raw = 7,
		.path = "a",
		.field = "n" };
	struct kt_entry bad = good;

	bad.state = KT_BAD;
	bad.field = "one zone lacks it";
	for (int order = 0; order < 2; order++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		kt_snapshot_add(snap, order ? good : bad);
		kt_snapshot_add(snap, order ? bad : good);
		kt_snapshot_add(snap, good);
		CHECK_STATE(snap, SHMEM, KT_BAD);
		CHECK_STR(value(snap, KT_SHMEM).reason, "one zone lacks it");
	}
}

TEST(in_a_new_snapshot_no_number_is_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();

	CHECK(!kt_known(snap->host.page_bytes) && !kt_known(snap->host.nr_cpus));
	CHECK(!kt_known(snap->host.nr_nodes) && !kt_known(snap->host.nr_cpus_possible));
	CHECK(!kt_known(snap->host.uptime_s) && !kt_known(snap->host.taken_s));
	CHECK(!kt_known(snap->tasks_taken_s) && !kt_known(snap->stack_bytes));
	CHECK(!kt_known(snap->drift_bytes) && !kt_known(snap->skew_bytes));
	CHECK(!kt_known(snap->cgroups.nr_live) && !kt_known(snap->cgroups.nr_counted));
	CHECK(!kt_known(snap->percpu.unit_bytes) && !kt_known(snap->percpu.static_bytes));
	CHECK(!kt_known(snap->percpu.cgroup_bytes) && !kt_known(snap->dcache.nr_negative));
	CHECK(!kt_known(snap->sockets.udp) && !kt_known(kt_snapshot_memory(snap)));
}

TEST(a_field_that_nobody_needs_is_not_kept)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	put_entry(snap, KT_METRIC_NONE, KT_PAGES, KT_RANK_FIRST, "a", 1);
	CHECK_INT(snap->entries.count, 0);
}

TEST(a_note_is_safe_to_print)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	kt_snapshot_note(snap, "odd %s", "name\033[2J\n");
	CHECK_STR(snap->notes.items[0], "odd name?[2J?");
}
