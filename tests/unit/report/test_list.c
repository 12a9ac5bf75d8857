// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/growth.h"
#include "report/list.h"

#include "test.h"

#include <string.h>

#define SECOND_NS 1000000000

enum { NAME, BYTES, USED, SHARE, GROWTH, RATE };

static const struct kt_column columns[] = {
	[NAME] = { .key = "name", .title = "NAME", .flags = KT_COL_KEY },
	[BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK },
	[USED] = { .key = "used", .title = "USED", .type = KT_CELL_BYTES, .flags = KT_COL_SUM },
	[SHARE] = { .key = "share",
		.title = "USED",
		.type = KT_CELL_SHARE,
		.num = USED,
		.den = BYTES },
	[GROWTH] = { .key = "growth",
		.title = "GROWTH",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_GROWTH | KT_COL_SUM },
	[RATE] = { .key = "rate", .title = "RATE", .type = KT_CELL_BYTES, .flags = KT_COL_RATE },
};

static struct kt_table *list(struct kt_report *report)
{
	kt_report_init(report, "test");
	return kt_report_list(report, "rows", NULL, columns, KT_LEN(columns));
}

/* A negative number is one that is missing. */
static void add(struct kt_report *report, struct kt_table *table, const char *name, int64_t bytes,
	int64_t used)
{
	struct kt_report_row *row = kt_table_row(report, table);

	row->cells[NAME] = kt_report_text(report, name);
	if (bytes >= 0)
		row->cells[BYTES] = kt_cell_number(bytes);
	if (used >= 0)
		row->cells[USED] = kt_cell_number(used);
}

static struct kt_table *three(struct kt_report *report)
{
	struct kt_table *table = list(report);

	add(report, table, "small", 100, 50);
	add(report, table, "large", 300, 300);
	add(report, table, "middle", 200, -1);
	return table;
}

static const char *name_at(const struct kt_table *table, size_t index)
{
	return index < table->rows.count ? table->rows.items[index].cells[NAME].text : "?";
}

static int code_of(struct kt_err *err)
{
	int code = err ? (int)kt_err_code(err) : -1;

	kt_err_free(err);
	return code;
}

TEST(the_largest_stand_first_and_the_total_is_of_all_that_is_known)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = three(&report);
	struct kt_list_opts opts = { 0 };

	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_STR(name_at(table, 0), "large");
	CHECK_STR(name_at(table, 2), "small");
	CHECK_INT(table->total->cells[BYTES].number, 600);
	CHECK_INT(table->total->cells[USED].number, 350);
	CHECK(table->rest == NULL);
	/* a share over the sums, not a sum of shares */
	CHECK(table->total->cells[SHARE].real > 0.583 && table->total->cells[SHARE].real < 0.584);
	CHECK_INT(table->rows.items[1].cells[SHARE].state, KT_ABSENT);
}

TEST(nothing_is_a_share_of_less_than_nothing)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = list(&report);
	struct kt_list_opts opts = { 0 };

	add(&report, table, "none", 0, 50);
	add(&report, table, "less", 100, 50);
	table->rows.items[1].cells[BYTES] = kt_cell_number(-100);
	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_INT(table->rows.items[0].cells[SHARE].state, KT_ABSENT);
	CHECK_INT(table->rows.items[1].cells[SHARE].state, KT_ABSENT);
}

TEST(what_is_cut_is_added_up_and_what_is_missing_stays_missing)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = three(&report);
	struct kt_list_opts opts = { .filter = "l*", .top = 5 };

	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_INT(table->rows.count, 1);
	CHECK_INT(table->nr_rest, 2);
	CHECK_INT(table->rest->cells[BYTES].number, 300);
	CHECK_INT(table->rest->cells[USED].number, 50);
	CHECK_INT(table->rest->cells[GROWTH].state, KT_ABSENT);
	CHECK_INT(table->total->cells[BYTES].number, 600);
}

TEST(a_filter_that_nothing_matches_leaves_a_note)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = three(&report);
	struct kt_list_opts none = { .filter = "nosuch" };

	table->plain = true;
	CHECK(!kt_list_finish(&report, &none));
	CHECK_INT(table->rows.count, 0);
	CHECK_INT(report.notes.count, 1);
	CHECK(report.notes.count && strcmp(report.notes.items[0], "no row matches 'nosuch'") == 0);
}

TEST(a_filter_that_only_empty_rows_match_says_what_shows_them)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = three(&report);
	struct kt_list_opts opts = { .filter = "nothing" };

	add(&report, table, "nothing", 0, 0);
	CHECK(!kt_list_finish(&report, &opts));
	CHECK_INT(table->rows.count, 0);
	CHECK_INT(report.notes.count, 1);
	CHECK(report.notes.count && strstr(report.notes.items[0], "-a shows them"));
}

TEST(a_filter_without_wildcards_is_a_part_of_the_name)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = three(&report);
	struct kt_list_opts opts = { .filter = "all", .sort = "name" };

	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_INT(table->rows.count, 1);
	CHECK_STR(name_at(table, 0), "small");
}

TEST(rows_without_a_number_stand_last_whatever_they_are_sorted_by)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = three(&report);
	struct kt_list_opts opts = { .sort = "used", .empty = true };

	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_STR(name_at(table, 0), "large");
	CHECK_STR(name_at(table, 2), "middle");
}

TEST(an_unknown_column_is_a_usage_error_that_names_the_known_ones)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_list_opts opts = { .sort = "color" };
	struct kt_err *err;

	three(&report);
	err = kt_list_finish(&report, &opts);
	CHECK(err && kt_err_code(err) == KT_ERR_USAGE);
	CHECK(err && strstr(kt_err_text(err), "name, bytes, used"));
	kt_err_free(err);
}

TEST(a_sum_that_does_not_fit_is_bad_and_not_a_small_number)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = list(&report);
	struct kt_list_opts opts = { 0 };

	add(&report, table, "a", INT64_MAX, 1);
	add(&report, table, "b", INT64_MAX, 1);
	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_INT(table->total->cells[BYTES].state, KT_BAD);
	CHECK_INT(table->total->cells[USED].number, 2);
}

TEST(a_list_without_rows_has_a_total_without_numbers)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = list(&report);
	struct kt_list_opts opts = { .top = 3 };

	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_INT(table->total->cells[BYTES].state, KT_ABSENT);
}

/* ---- growth ---- */

static struct kt_cell *growth_of(struct kt_table *table, size_t index)
{
	return &table->rows.items[index].cells[GROWTH];
}

TEST(growth_is_since_the_first_report_and_the_rate_since_the_last)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();
	static const int64_t sizes[] = { 100, 150, 170 };

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		KT_CLEANUP(report) struct kt_report report;
		struct kt_table *table = list(&report);

		add(&report, table, "a", sizes[i], 0);
		kt_growth_apply(growth, &report, (int64_t)i * 2 * SECOND_NS);
		CHECK_INT(report.followed, i > 0);
		if (i == 0)
			CHECK_INT(growth_of(table, 0)->state, KT_ABSENT);
		else
			CHECK_INT(growth_of(table, 0)->number, sizes[i] - 100);
		if (i == 2)
			CHECK_INT(table->rows.items[0].cells[RATE].number, 10);
	}
}

TEST(a_row_that_is_new_has_grown_from_nothing_and_equal_names_are_told_apart)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();

	for (int turn = 0; turn < 2; turn++) {
		KT_CLEANUP(report) struct kt_report report;
		struct kt_table *table = list(&report);

		add(&report, table, "twin", 100 + turn, 0);
		add(&report, table, "twin", 900 + 5 * turn, 0);
		if (turn)
			add(&report, table, "new", 70, 0);
		kt_growth_apply(growth, &report, turn * SECOND_NS);
		if (!turn)
			continue;
		CHECK_INT(growth_of(table, 0)->number, 1);
		CHECK_INT(growth_of(table, 1)->number, 5);
		CHECK_INT(growth_of(table, 2)->number, 70);
	}
}

TEST(thousands_of_rows_are_followed)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();

	for (int turn = 0; turn < 2; turn++) {
		KT_CLEANUP(report) struct kt_report report;
		struct kt_table *table = list(&report);
		int wrong = 0;

		for (int i = 0; i < 5000; i++) {
			char name[16];

			snprintf(name, sizeof(name), "row-%d", i);
			add(&report, table, name, i + turn * 3, 0);
		}
		kt_growth_apply(growth, &report, turn * SECOND_NS);
		for (size_t i = 0; turn && i < table->rows.count; i++)
			wrong += growth_of(table, i)->number != 3;
		CHECK_INT(wrong, 0);
	}
}

/* The second of two reports, in which "large" stayed and the others grew. */
static void follow(struct kt_report *report, struct kt_growth *growth, int64_t by)
{
	for (int turn = 0; turn < 2; turn++) {
		struct kt_table *table = list(report);

		add(report, table, "small", 100 + turn * by, 0);
		add(report, table, "large", 9000000, 0);
		add(report, table, "middle", 5000000 + turn * by / 2, 0);
		for (size_t i = 0; i < table->rows.count; i++)
			table->rows.items[i].next = "look at it";
		kt_growth_apply(growth, report, turn * 10ll * SECOND_NS);
		if (!turn)
			kt_report_cleanup(report);
	}
}

TEST(what_grew_most_stands_first_unless_another_order_is_asked_for)
{
	static const struct {
		const char *sort, *first;
	} cases[] = { { NULL, "small" }, { "bytes", "large" } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();
		KT_CLEANUP(report) struct kt_report report;
		struct kt_list_opts opts = { .sort = cases[i].sort };

		follow(&report, growth, 1000);
		CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
		CHECK_STR(name_at(report.tables.items[0], 0), cases[i].first);
	}
}

TEST(a_note_names_the_rows_that_grew_most_and_what_to_do)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();
	KT_CLEANUP(report) struct kt_report report;

	follow(&report, growth, 4 << 20);
	CHECK_INT(report.notes.count, 2);
	CHECK_STR(report.notes.items[0], "small grew by 4.0 MiB in 10 s. Next: look at it");
	CHECK_STR(report.notes.items[1], "middle grew by 2.0 MiB in 10 s. Next: look at it");
}

TEST(growth_that_an_idle_machine_has_too_is_not_noted)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();
	KT_CLEANUP(report) struct kt_report report;

	follow(&report, growth, 100000);
	CHECK_INT(report.notes.count, 0);
}

TEST(cut_rows_that_hold_nothing_at_all_are_no_row)
{
	KT_CLEANUP(report) struct kt_report report;
	struct kt_table *table = three(&report);
	struct kt_list_opts opts = { 0 };

	add(&report, table, "empty", 0, 0);
	CHECK_INT(code_of(kt_list_finish(&report, &opts)), -1);
	CHECK_INT(table->rows.count, 3);
	CHECK(!table->rest);
}

/* A command with many rows folds those that are not shown: the list is the same. */
TEST(folded_rows_count_as_if_they_had_been_cut)
{
	static const struct {
		const char *name;
		int64_t bytes, used;
	} rows[] = { { "e", 50, 1 }, { "d", 40, -1 }, { "c", 30, 30 }, { "b", -1, 7 },
		{ "a", 0, 0 } };
	struct kt_list_opts opts = { .top = 2 };
	struct kt_report whole, folded;
	struct kt_table *all = list(&whole), *few = list(&folded);

	for (size_t i = 0; i < KT_LEN(rows); i++) {
		struct kt_cell cells[KT_LEN(columns)] = { 0 };
		struct kt_report_row row = { .cells = cells };

		add(&whole, all, rows[i].name, rows[i].bytes, rows[i].used);
		if (i < 2) {
			add(&folded, few, rows[i].name, rows[i].bytes, rows[i].used);
			continue;
		}
		for (size_t k = 0; k < KT_LEN(columns); k++)
			cells[k] = kt_cell_missing(KT_ABSENT, NULL);
		cells[BYTES] = kt_cell_known(rows[i].bytes);
		cells[USED] = kt_cell_known(rows[i].used);
		CHECK(kt_list_fold(&folded, few, &row));
	}
	CHECK(!kt_list_finish(&whole, &opts) && !kt_list_finish(&folded, &opts));
	CHECK_INT(few->rows.count, 2);
	CHECK_INT(few->nr_rest, all->nr_rest);
	for (size_t k = BYTES; k <= USED; k++) {
		CHECK_INT(few->total->cells[k].number, all->total->cells[k].number);
		CHECK_INT(few->rest->cells[k].number, all->rest->cells[k].number);
	}
	CHECK(few->rest->cells[SHARE].real == all->rest->cells[SHARE].real);
	kt_report_cleanup(&whole);
	kt_report_cleanup(&folded);
}
