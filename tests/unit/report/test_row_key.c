// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/growth.h"
#include "report/list.h"
#include "report/row_key.h"

#include "test.h"

#include <string.h>

enum { NAME, COPY, SIZE, BYTES, GROWTH };

static const struct kt_column columns[] = {
	[NAME] = { .key = "name", .title = "NAME", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COPY] = { .key = "copy", .title = "COPY", .type = KT_CELL_COUNT, .flags = KT_COL_COPY },
	[SIZE] = { .key = "size", .title = "SIZE", .type = KT_CELL_BYTES, .flags = KT_COL_TWIN },
	[BYTES] = { .key = "bytes",
		.title = "BYTES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_RANK | KT_COL_TRACK },
	[GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, 0),
};

/* A cache; lists of them have the newest first. */
struct cache {
	const char *name;
	int64_t size, bytes;
};

static void make(struct kt_report *report, const struct cache *caches, size_t count)
{
	struct kt_table *table;

	kt_report_init(report, "test");
	table = kt_report_list(report, "caches", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; i < count; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		row->cells[NAME] = kt_cell_text(caches[i].name);
		row->cells[SIZE] = kt_cell_known(caches[i].size);
		row->cells[BYTES] = kt_cell_number(caches[i].bytes);
	}
}

static const struct kt_cell *cell(const struct kt_report *report, size_t row, size_t column)
{
	return &report->tables.items[0]->rows.items[row].cells[column];
}

static const char *id(struct kt_report *report, size_t row)
{
	const struct kt_table *table = report->tables.items[0];

	return kt_row_id(&report->arena, table, &table->rows.items[row]);
}

TEST(twins_are_numbered_by_size_and_the_oldest_of_a_size_is_the_first)
{
	static const struct cache caches[] = { { "x", 64, 1 }, { "y", 8, 2 }, { "x", 128, 3 },
		{ "x", 64, 4 }, { "x", KT_UNKNOWN, 5 } };
	KT_CLEANUP(report) struct kt_report report = { 0 };

	make(&report, caches, 5);
	kt_row_keys(&report);
	CHECK_STR(id(&report, 0), "x#3");
	CHECK_STR(id(&report, 1), "y");
	CHECK_STR(id(&report, 2), "x#4");
	CHECK_STR(id(&report, 3), "x#2");
	CHECK_STR(id(&report, 4), "x");
	CHECK_INT(cell(&report, 1, COPY)->state, KT_ABSENT);
	CHECK_STR(report.tables.items[0]->rows.items[0].key, "x\x1f"
							     "64#2");
	CHECK_STR(report.tables.items[0]->rows.items[2].key, "x\x1f"
							     "128");
	CHECK_STR(report.tables.items[0]->rows.items[3].key, "x\x1f"
							     "64");
}

/* Growth of each row, in the order of its list, since the first of the lists. */
static const char *growth_of(struct kt_growth *growth, const struct cache *caches, size_t count)
{
	static char text[128];
	KT_CLEANUP(report) struct kt_report report = { 0 };
	static int64_t now_ns;
	size_t at = 0;

	make(&report, caches, count);
	now_ns += 1000000000;
	kt_growth_apply(growth, &report, now_ns);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%lld", i ? " " : "",
			(long long)cell(&report, i, GROWTH)->number);
	return text;
}

#define GROWTH_OF(growth, ...)                                     \
	growth_of((growth), (const struct cache[]){ __VA_ARGS__ }, \
		sizeof((const struct cache[]){ __VA_ARGS__ }) / sizeof(struct cache))

TEST(twins_grow_each_for_itself_in_any_order)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();

	GROWTH_OF(growth, { "x", 64, 100 }, { "x", 128, 1000 });
	CHECK_STR(GROWTH_OF(growth, { "x", 64, 112 }, { "x", 128, 1004 }), "12 4");
	CHECK_STR(GROWTH_OF(growth, { "x", 128, 1004 }, { "x", 64, 112 }), "4 12");
}

TEST(a_twin_that_comes_or_goes_does_not_change_the_others)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();

	GROWTH_OF(growth, { "x", 64, 100 });
	/* a newer one comes, of the same size, and one of another */
	CHECK_STR(GROWTH_OF(growth, { "x", 64, 7 }, { "x", 64, 101 }), "7 1");
	CHECK_STR(GROWTH_OF(growth, { "x", 32, 9 }, { "x", 64, 8 }, { "x", 64, 102 }), "9 8 2");
	/* the newest goes, and the oldest of three with another size */
	CHECK_STR(GROWTH_OF(growth, { "x", 64, 9 }, { "x", 64, 103 }), "9 3");
	CHECK_STR(GROWTH_OF(growth, { "x", 32, 10 }, { "x", 64, 104 }), "10 4");
}

TEST(numbers_stay_as_they_were_first_given)
{
	static const struct cache first[] = { { "x", 128, 1 } };
	static const struct cache second[] = { { "x", 64, 1 }, { "x", 128, 1 } };
	static const struct cache third[] = { { "x", 64, 1 } };
	static const struct cache fourth[] = { { "x", 32, 1 }, { "x", 64, 1 }, { "z", 1, 1 } };
	static const struct {
		const struct cache *caches;
		size_t count;
		const char *ids;
	} turns[] = { { first, 1, "x " }, { second, 2, "x#2 x " }, { third, 1, "x#2 " },
		{ fourth, 3, "x#3 x#2 z " } };
	struct kt_copies copies = { 0 };

	for (size_t i = 0; i < KT_LEN(turns); i++) {
		KT_CLEANUP(report) struct kt_report report = { 0 };
		char text[64] = "";

		make(&report, turns[i].caches, turns[i].count);
		kt_row_keys(&report);
		kt_row_keep_copies(&copies, &report.arena, report.tables.items[0]);
		for (size_t k = 0; k < turns[i].count; k++)
			strcat(strcat(text, id(&report, k)), " ");
		CHECK_STR(text, turns[i].ids);
	}
	kt_copies_fini(&copies);
}

TEST(sorting_keeps_identities)
{
	static const struct cache caches[] = { { "x", 64, 5 }, { "x", 128, 9 }, { "x", 64, 5 } };
	const struct kt_list_opts opts = { .empty = true };
	KT_CLEANUP(report) struct kt_report report = { 0 };

	make(&report, caches, 3);
	kt_row_keys(&report);
	CHECK(!kt_list_finish(&report, &opts));
	kt_row_keys(&report);
	CHECK_STR(id(&report, 0), "x#3");
	CHECK_STR(id(&report, 1), "x");
	CHECK_STR(id(&report, 2), "x#2");
}

TEST(rows_without_numbers_of_twins_are_told_apart_in_their_order)
{
	static const struct kt_column plain[] = {
		{ .key = "name", .title = "NAME", .flags = KT_COL_KEY },
		{ .key = "node", .title = "NODE", .type = KT_CELL_COUNT, .flags = KT_COL_KEY },
	};
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table;

	kt_report_init(&report, "test");
	table = kt_report_list(&report, "rows", NULL, plain, KT_LEN(plain));
	for (int i = 0; i < 3; i++) {
		struct kt_report_row *row = kt_table_row(&report, table);

		row->cells[0] = kt_cell_text("a");
		row->cells[1] = kt_cell_number(i / 2);
	}
	kt_row_keys(&report);
	CHECK_STR(table->rows.items[0].key, "a\x1f"
					    "0");
	CHECK_STR(table->rows.items[1].key, "a\x1f"
					    "0#2");
	CHECK_STR(table->rows.items[2].key, "a\x1f"
					    "1");
	CHECK_STR(kt_row_name(&report.arena, table, &table->rows.items[2], " "), "a 1");
}
