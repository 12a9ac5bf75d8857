// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/mappings.h"

#define PAGE 4096ll
#define SPAN (2 * MIB)
#define BASE 0x7e0000000000ull

enum { READ = 0, WRITE = 1, SHARED = 2 };

static void file(struct kt_snapshot *snap)
{
	*kt_list_push(&snap->arena, &snap->mapped_files) =
		(struct kt_mapped_file){ "/f", 1, snap->mapped_files.count };
}

static void map(struct kt_snapshot *snap, uint32_t pid, uint64_t start, int64_t size,
	uint64_t offset, int rights)
{
	if (!snap->mapped_files.count)
		file(snap);
	*kt_list_push(&snap->arena, &snap->mappings) = (struct kt_mapping){ .start = start,
		.end = start + (uint64_t)size,
		.offset = offset,
		.file = (uint32_t)snap->mapped_files.count - 1,
		.pid = pid,
		.write = rights & WRITE,
		.shared = rights & SHARED };
}

static void tables(struct kt_snapshot *snap, int64_t pid, int64_t bytes)
{
	*kt_list_push(&snap->arena, &snap->tasks) =
		(struct kt_task){ .name = "x", .pid = pid, .bytes = { [KT_TASK_TABLES] = bytes } };
}

static struct kt_file_tables only(struct kt_snapshot *snap)
{
	kt_file_tables files = { 0 };

	CHECK(kt_file_tables_make(&snap->arena, snap, PAGE, &files));
	return CHECK_INT(files.count, 1) ? files.items[0] : (struct kt_file_tables){ 0 };
}

TEST(a_hundred_mappers_of_one_segment_repeat_it_ninety_nine_times)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);
	struct kt_file_tables file;

	for (uint32_t pid = 1; pid <= 100; pid++)
		map(snap, pid, BASE, 64 * MIB, 0, SHARED | WRITE);
	file = only(snap);
	CHECK_INT(file.nr_processes, 100);
	CHECK_INT(file.mapped_bytes, 6400 * MIB);
	CHECK_INT(file.entry_bytes, 100ll * 32 * PAGE);
	CHECK_INT(file.repeated_bytes, 99ll * 32 * PAGE);
	CHECK_INT(file.shared_saves_bytes, 99ll * 32 * PAGE);
	CHECK_INT(file.aligned_saves_bytes, 99ll * 32 * PAGE);
}

TEST(one_process_repeats_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	map(snap, 1, BASE, SPAN, 0, READ);
	map(snap, 1, BASE + SPAN, SPAN, SPAN, READ);
	CHECK_INT(only(snap).entry_bytes, 2 * PAGE);
	CHECK_INT(only(snap).repeated_bytes, 0);
	CHECK_INT(only(snap).shared_saves_bytes, 0);
}

TEST(entries_of_a_small_library_are_repeated_but_no_whole_table_is_shared)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	for (uint32_t pid = 1; pid <= 3; pid++)
		map(snap, pid, BASE + pid * PAGE, 160 * KIB, 0, READ);
	CHECK_INT(only(snap).entry_bytes, 3ll * 40 * 8);
	CHECK_INT(only(snap).repeated_bytes, 2ll * 40 * 8);
	CHECK_INT(only(snap).shared_saves_bytes, 0);
	CHECK_INT(only(snap).aligned_saves_bytes, 0);
}

TEST(only_what_lies_over_each_other_is_repeated)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	map(snap, 1, BASE, 4 * SPAN, 0, SHARED);
	map(snap, 2, BASE, 4 * SPAN, 3 * SPAN, SHARED);
	map(snap, 3, BASE, SPAN, 9 * SPAN, SHARED);
	CHECK_INT(only(snap).entry_bytes, 9 * PAGE);
	CHECK_INT(only(snap).repeated_bytes, PAGE);
	CHECK_INT(only(snap).shared_saves_bytes, PAGE);
}

TEST(mappings_at_unlike_places_cannot_share_as_they_lie)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	map(snap, 1, BASE, 4 * SPAN, 0, SHARED);
	map(snap, 2, BASE + PAGE, 4 * SPAN, 0, SHARED);
	CHECK_INT(only(snap).shared_saves_bytes, 0);
	CHECK_INT(only(snap).aligned_saves_bytes, 4 * PAGE);
	CHECK_INT(only(snap).repeated_bytes, 4 * PAGE);
}

TEST(a_mapping_that_begins_within_a_table_shares_from_the_next_on)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	map(snap, 1, BASE + PAGE, 3 * SPAN, 0, SHARED);
	map(snap, 2, BASE + 8 * SPAN + PAGE, 3 * SPAN, 0, SHARED);
	CHECK_INT(only(snap).shared_saves_bytes, 2 * PAGE);
	CHECK_INT(only(snap).aligned_saves_bytes, 3 * PAGE);
}

TEST(private_mappings_that_may_be_written_share_no_tables)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	map(snap, 1, BASE, SPAN, 0, WRITE);
	map(snap, 2, BASE, SPAN, 0, WRITE);
	CHECK_INT(only(snap).repeated_bytes, PAGE);
	CHECK_INT(only(snap).shared_saves_bytes, 0);
	CHECK_INT(only(snap).aligned_saves_bytes, 0);
}

TEST(mappings_of_unlike_rights_share_no_tables)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	map(snap, 1, BASE, SPAN, 0, SHARED);
	map(snap, 2, BASE, SPAN, 0, SHARED | WRITE);
	CHECK_INT(only(snap).shared_saves_bytes, 0);
}

TEST(a_process_counts_with_no_more_tables_than_it_has)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	/* a terabyte each that hardly anybody has touched, or in huge pages */
	map(snap, 1, BASE, 1ll << 40, 0, SHARED);
	map(snap, 2, BASE, 1ll << 40, 0, SHARED);
	tables(snap, 2, 3 * PAGE);
	tables(snap, 1, 5 * PAGE);
	CHECK_INT(only(snap).entry_bytes, 8 * PAGE);
	CHECK_INT(only(snap).repeated_bytes, 3 * PAGE);
	CHECK_INT(only(snap).shared_saves_bytes, 3 * PAGE);
}

TEST(files_are_counted_apart)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);
	kt_file_tables files = { 0 };

	map(snap, 1, BASE, SPAN, 0, SHARED);
	file(snap);
	map(snap, 2, BASE, SPAN, 0, SHARED);
	file(snap);
	CHECK(kt_file_tables_make(&snap->arena, snap, PAGE, &files));
	if (!CHECK_INT(files.count, 2))
		return;
	CHECK_INT(files.items[0].repeated_bytes, 0);
	CHECK_INT(files.items[1].repeated_bytes, 0);
}

TEST(the_largest_mappings_do_not_overflow)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(PAGE);

	for (uint32_t pid = 1; pid <= 100000; pid++)
		map(snap, pid, 0, 1ll << 48, UINT64_MAX >> 1, SHARED);
	CHECK_INT(only(snap).mapped_bytes, INT64_MAX);
	CHECK(only(snap).entry_bytes > 0 && only(snap).repeated_bytes > 0);
	CHECK(only(snap).shared_saves_bytes > 0);
}
