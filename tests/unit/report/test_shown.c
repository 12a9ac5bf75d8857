// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/list.h"
#include "report/shown.h"

#include "test.h"

#include <string.h>

#define MIB (1ll << 20)

enum { NAME, BYTES };

static const struct kt_column columns[] = {
	[NAME] = { .key = "name", .title = "NAME", .flags = KT_COL_KEY | KT_COL_LABEL },
	[BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK },
};

struct amount {
	const char *name;
	int64_t bytes;
};

/* The names that are shown, largest first, behind them the sum of the others. */
static const char *shown_of(struct kt_shown *shown, const struct amount *amounts, size_t count,
	int64_t top, char ret[256])
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const struct kt_list_opts opts = { .top = top, .empty = true };
	struct kt_table *table;
	size_t at = 0;

	kt_report_init(&report, "test");
	table = kt_report_list(&report, "rows", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; i < count; i++) {
		struct kt_report_row *row = kt_table_row(&report, table);

		row->cells[NAME] = kt_cell_text(amounts[i].name);
		row->cells[BYTES] = kt_cell_number(amounts[i].bytes);
	}
	kt_shown_choose(shown, &report, top);
	CHECK(!kt_list_finish(&report, &opts));
	for (size_t i = 0; i < table->rows.count; i++)
		at += (size_t)snprintf(
			ret + at, 256 - at, "%s ", table->rows.items[i].cells[NAME].text);
	snprintf(ret + at, 256 - at, "%lld",
		table->rest ? (long long)table->rest->cells[BYTES].number : 0);
	return ret;
}

TEST(at_first_the_largest_are_shown_and_the_others_as_one)
{
	KT_CLEANUP(shown) struct kt_shown *shown = kt_shown_new();
	const struct amount amounts[] = { { "a", 5 }, { "b", 9 }, { "c", 7 }, { "d", 1 } };
	char text[256];

	CHECK_STR(shown_of(shown, amounts, 4, 2, text), "b c 6");
}

TEST(what_moved_by_a_mebibyte_is_shown_whatever_its_rank)
{
	KT_CLEANUP(shown) struct kt_shown *shown = kt_shown_new();
	const struct amount first[] = { { "a", 50 * MIB }, { "b", 40 * MIB }, { "c", 30 * MIB },
		{ "d", 20 * MIB }, { "e", 2 * MIB }, { "f", 0 } };
	const struct amount then[] = { { "a", 50 * MIB }, { "b", 40 * MIB }, { "c", 30 * MIB },
		{ "d", 20 * MIB }, { "e", 1 * MIB }, { "f", MIB - 1 } };
	char text[256];

	CHECK_STR(shown_of(shown, first, 6, 1, text), "a 96468992");
	CHECK_STR(shown_of(shown, then, 6, 1, text), "a e 95420415");
}

TEST(a_row_that_is_new_moved_from_nothing)
{
	KT_CLEANUP(shown) struct kt_shown *shown = kt_shown_new();
	const struct amount amounts[] = { { "a", 9 * MIB }, { "b", 8 * MIB }, { "new", 2 * MIB } };
	char text[256];

	CHECK_STR(shown_of(shown, amounts, 2, 1, text), "a 8388608");
	CHECK_STR(shown_of(shown, amounts, 3, 1, text), "a new 8388608");
}

TEST(what_was_shown_stays_up_to_twice_its_rank)
{
	KT_CLEANUP(shown) struct kt_shown *shown = kt_shown_new();
	const struct amount one[] = { { "a", 9 }, { "b", 8 }, { "c", 7 }, { "d", 6 }, { "e", 5 } };
	const struct amount two[] = { { "a", 9 }, { "b", 6 }, { "c", 7 }, { "d", 8 }, { "e", 5 } };
	const struct amount three[] = { { "a", 9 }, { "b", 1 }, { "c", 7 }, { "d", 8 },
		{ "e", 5 } };
	char text[256];

	CHECK_STR(shown_of(shown, one, 5, 2, text), "a b 18");
	CHECK_STR(shown_of(shown, two, 5, 2, text), "a d b 12");
	CHECK_STR(shown_of(shown, three, 5, 2, text), "a d 13");
}

TEST(never_more_than_three_times_as_many_are_shown)
{
	KT_CLEANUP(shown) struct kt_shown *shown = kt_shown_new();
	struct amount amounts[100];
	char names[100][8], text[256];
	size_t words = 0;

	for (int turn = 0; turn < 20; turn++) {
		for (int i = 0; i < 100; i++) {
			snprintf(names[i], sizeof(names[i]), "r%d", i);
			amounts[i] = (struct amount){ names[i], (i * 37 + turn * 53) % 101 * MIB };
		}
		shown_of(shown, amounts, 100, 4, text);
		words = 0;
		for (const char *p = text; *p; p++)
			words += *p == ' ';
		CHECK(words >= 4 && words <= 12);
	}
}

TEST(what_is_gone_is_forgotten)
{
	KT_CLEANUP(shown) struct kt_shown *shown = kt_shown_new();
	const struct amount with[] = { { "a", 9 * MIB }, { "b", 8 * MIB }, { "c", 7 * MIB } };
	char text[256];

	shown_of(shown, with, 3, 1, text);
	shown_of(shown, with, 1, 1, text);
	/* both are new, and moved by all they have; one of them has room */
	CHECK_STR(shown_of(shown, with, 3, 1, text), "a b 7340032");
}
