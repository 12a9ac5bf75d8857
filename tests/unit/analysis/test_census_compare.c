// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/census.h"

#include "feed.h"
#include "test.h"

#define PAGES(n) ((int64_t)(n)*4096)

/* 1000 pages present, of which the counters and the pages below tell the same. */
static struct kt_snapshot *counted_machine(int64_t anon)
{
	struct kt_snapshot *snap = machine(4096);
	struct kt_zone *zone = kt_list_push(&snap->arena, &snap->zones);

	*zone = kt_zone_unknown(0, "Normal");
	zone->present = 1000;
	zone->managed = 900;
	zone->free = 400;
	zone->pcp = 20;
	fact(snap, KT_PRESENT, PAGES(1000));
	fact(snap, KT_ZONE_MANAGED, PAGES(900));
	fact(snap, KT_NR_FREE, PAGES(400));
	fact(snap, KT_PCP, PAGES(20));
	fact(snap, KT_ANON, PAGES(anon));
	fact(snap, KT_CACHED, PAGES(100));
	fact(snap, KT_SHMEM, PAGES(10));
	fact(snap, KT_BUFFERS, PAGES(5));
	fact(snap, KT_SWAP_CACHED, 0);
	fact(snap, KT_SLAB_R, PAGES(30));
	fact(snap, KT_SLAB_U, PAGES(50));
	fact(snap, KT_SLABINFO, PAGES(70));
	fact(snap, KT_PAGE_TABLES, PAGES(15));
	fact(snap, KT_VMALLOC_USED, PAGES(40));
	kt_derive(snap);
	return snap;
}

static struct kt_census pages_of_it(void)
{
	struct kt_census census = { .nr_pages = 1000, .classes = ~KT_CENSUS_BY_STRUCT };

	census.pages.nr[KT_PAGE_RESERVED] = 100;
	census.pages.nr[KT_PAGE_FREE] = 400;
	census.pages.nr[KT_PAGE_ANON] = 200;
	census.pages.nr[KT_PAGE_FILE] = 95;
	census.pages.nr[KT_PAGE_SHMEM] = 10;
	census.pages.nr[KT_PAGE_SLAB] = 70;
	census.pages.nr[KT_PAGE_TABLE] = 15;
	census.pages.nr[KT_PAGE_COMPOUND] = 10;
	census.pages.nr[KT_PAGE_NONE] = 100;
	return census;
}

static void kt_machine_cleanup(struct kt_census_counters *counters)
{
	kt_snapshot_free((struct kt_snapshot *)counters->snap);
	kt_account_fini((struct kt_account *)counters->account);
}

/* The counters of such a machine; `account` must outlive them. */
static struct kt_census_counters counters_of(int64_t anon, struct kt_account *account)
{
	struct kt_census_counters counters = { counted_machine(anon), account };
	struct kt_err *err =
		kt_account_compute((struct kt_snapshot *)counters.snap, KT_NO_NODE, account);

	CHECK(!err);
	return counters;
}

static const struct kt_census_line *line_of(const kt_census_lines *lines, const char *id)
{
	static const struct kt_census_line none = { .id = "none" };

	for (size_t i = 0; i < lines->count; i++) {
		if (strcmp(lines->items[i].id, id) == 0)
			return &lines->items[i];
	}
	CHECK_STR(id, "in the lines");
	return &none;
}

TEST(counters_and_pages_of_an_idle_machine_agree_in_every_row)
{
	struct kt_account account = { 0 };
	KT_CLEANUP(machine) struct kt_census_counters before = counters_of(200, &account);
	struct kt_census census = pages_of_it();
	struct kt_arena arena = { 0 };
	kt_census_lines lines = { 0 };

	kt_census_compare(&census, &before, NULL, &arena, &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const struct kt_census_line *line = &lines.items[i];

		if (line->counters.state != KT_OK || line->pages.state != KT_OK)
			continue;
		if (!CHECK_INT(line->pages.value, line->counters.value))
			printf("that was %s\n", line->id);
		CHECK(!kt_census_differs(line, 0));
	}
	CHECK_INT(line_of(&lines, "present")->pages.value, PAGES(1000));
	CHECK_INT(line_of(&lines, "kmalloc_large")->counters.value, PAGES(10));
	CHECK_INT(line_of(&lines, "direct")->pages.value, PAGES(110 - 20 - 40 - 10));
	CHECK_INT(line_of(&lines, "free_pcp")->pages.state, KT_ABSENT);
	CHECK_INT(line_of(&lines, "free")->moved.state, KT_ABSENT);
	kt_arena_fini(&arena);
}

TEST(rows_are_lower_bounds_where_pages_could_not_be_read)
{
	struct kt_account account = { 0 };
	KT_CLEANUP(machine) struct kt_census_counters before = counters_of(200, &account);
	struct kt_census census = pages_of_it();
	struct kt_arena arena = { 0 };
	kt_census_lines lines = { 0 };

	census.pages.nr[KT_PAGE_ANON] -= 7;
	census.pages.nr[KT_PAGE_UNREAD] = 7;
	kt_census_compare(&census, &before, NULL, &arena, &lines);
	CHECK_INT(line_of(&lines, "present")->pages.value, PAGES(1000));
	CHECK_INT(line_of(&lines, "present")->pages.quality, KT_EXACT);
	CHECK_INT(line_of(&lines, "unread")->pages.quality, KT_EXACT);
	CHECK_INT(line_of(&lines, "anonymous")->pages.quality, KT_LOWER_BOUND);
	CHECK_INT(line_of(&lines, "user")->pages.quality, KT_LOWER_BOUND);
	CHECK_INT(line_of(&lines, "slab")->pages.quality, KT_LOWER_BOUND);
	CHECK_INT(line_of(&lines, "direct")->pages.quality, KT_ESTIMATE);
	kt_arena_fini(&arena);
}

TEST(both_columns_add_up_whatever_the_rows_differ_by)
{
	struct kt_account account = { 0 };
	KT_CLEANUP(machine) struct kt_census_counters before = counters_of(200, &account);
	struct kt_census census = pages_of_it();
	struct kt_arena arena = { 0 };
	kt_census_lines lines = { 0 };
	int64_t counters = 0, pages = 0;

	census.pages.nr[KT_PAGE_RESERVED] -= 60; /* a kernel that does not flag them all */
	census.pages.nr[KT_PAGE_NONE] += 60;
	kt_census_compare(&census, &before, NULL, &arena, &lines);
	for (size_t i = 0; i < lines.count; i++) {
		counters += lines.items[i].depth == 1 ? lines.items[i].counters.value : 0;
		pages += lines.items[i].depth == 1 ? lines.items[i].pages.value : 0;
	}
	CHECK_INT(counters, PAGES(1000));
	CHECK_INT(pages, PAGES(1000));
	CHECK_INT(line_of(&lines, "present")->counters.value, counters);
	CHECK_INT(
		line_of(&lines, "direct")->pages.value - line_of(&lines, "direct")->counters.value,
		PAGES(60));
	kt_arena_fini(&arena);
}

TEST(what_moved_meanwhile_excuses_a_difference_of_its_size)
{
	struct kt_account accounts[2] = { 0 };
	KT_CLEANUP(machine) struct kt_census_counters before = counters_of(200, &accounts[0]);
	KT_CLEANUP(machine) struct kt_census_counters after = counters_of(180, &accounts[1]);
	struct kt_arena arena = { 0 };
	kt_census_lines lines = { 0 };
	struct kt_census census = pages_of_it();

	kt_census_compare(&census, &before, &after, &arena, &lines);
	CHECK_INT(line_of(&lines, "anonymous")->moved.value, -PAGES(20));
	CHECK_INT(line_of(&lines, "user")->moved.value, -PAGES(20));
	CHECK_INT(line_of(&lines, "present")->moved.value, 0);
	/* anonymous memory fell, and direct allocations took it */
	CHECK_INT(kt_census_unrest(&lines), PAGES(40));
	kt_arena_fini(&arena);
}

TEST(pages_are_held_against_the_counters_read_behind_them)
{
	struct kt_account accounts[2] = { 0 };
	KT_CLEANUP(machine) struct kt_census_counters before = counters_of(180, &accounts[0]);
	KT_CLEANUP(machine) struct kt_census_counters after = counters_of(200, &accounts[1]);
	struct kt_arena arena = { 0 };
	kt_census_lines lines = { 0 };
	struct kt_census census = pages_of_it();

	/* what the reader itself took for reading is in the pages, and not in what it read first */
	kt_census_compare(&census, &before, &after, &arena, &lines);
	CHECK_INT(line_of(&lines, "anonymous")->counters.value, PAGES(200));
	CHECK_INT(line_of(&lines, "anonymous")->pages.value, PAGES(200));
	CHECK_INT(line_of(&lines, "anonymous")->moved.value, PAGES(20));
	kt_arena_fini(&arena);
}

TEST(a_difference_counts_beyond_what_moved_and_a_mebibyte)
{
	struct kt_census_line line = { .counters = { .value = 0 }, .pages = { .value = 3 * MIB } };

	CHECK(kt_census_differs(&line, 0));
	CHECK(!kt_census_differs(&line, 2 * MIB));
	line.pages.value = -3 * MIB;
	CHECK(kt_census_differs(&line, 0));
	line.pages.state = KT_ABSENT;
	CHECK(!kt_census_differs(&line, 0));
}

/* 7.2 has up to 150 KiB of pages that wait to be freed, on a machine without swap. */
TEST(without_swap_cache_unmapped_pages_are_not_called_so)
{
	struct kt_account account = { 0 };
	KT_CLEANUP(machine) struct kt_census_counters before = counters_of(200, &account);
	struct kt_census census = pages_of_it();
	struct kt_snapshot *snap = (struct kt_snapshot *)before.snap;
	struct kt_arena arena = { 0 };
	kt_census_lines lines = { 0 };

	meminfo_kb(snap, KT_SWAP_CACHED, 0);
	kt_census_compare(&census, &before, NULL, &arena, &lines);
	CHECK_STR(line_of(&lines, "unmapped")->title, "unmapped, not yet freed");
	kt_arena_fini(&arena);
}
