// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/fail_if.h"

#include "test.h"

enum { COL_NAME, COL_BEFORE, COL_CHANGE };

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "" },
	[COL_BEFORE] = { .key = "before", .title = "", .type = KT_CELL_BYTES },
	[COL_CHANGE] = { .key = "change", .title = "", .type = KT_CELL_BYTES },
};

static const struct {
	const char *name;
	int64_t before, change;
} rows[] = { { "slab", 1000, 50 }, { "free", 1000, -200 }, { "same", 7, 0 }, { "new", 0, 1 },
	{ "gone", 0, -1 }, { "below zero", -1000, 100 }, { "huge", 1ll << 40, 11ll << 20 },
	{ "one vmalloc", 10, 5 }, { "two vmalloc", 10, 5 }, { "two ioremap", 10, 5 } };

static void put_row(
	struct kt_report *report, struct kt_table *table, const char *name, int64_t before)
{
	struct kt_report_row *row = kt_table_row(report, table);

	row->cells[COL_NAME] = kt_cell_text(name);
	row->cells[COL_BEFORE] = kt_cell_number(before);
}

static void make(struct kt_report *report)
{
	static const struct kt_column others[] = { { .key = "id", .title = "" } };
	struct kt_table *table;

	kt_report_init(report, "test/1");
	kt_report_table(report, "others", NULL, others, KT_LEN(others));
	table = kt_report_table(report, "rows", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; i < KT_LEN(rows); i++) {
		put_row(report, table, rows[i].name, rows[i].before);
		table->rows.items[i].cells[COL_CHANGE] = kt_cell_number(rows[i].change);
	}
	put_row(report, table, "unknown", 3);
	table = kt_report_table(report, "more", NULL, columns, KT_LEN(columns));
	put_row(report, table, "dentry", 100);
	table->rows.items[0].cells[COL_CHANGE] = kt_cell_number(-100);
}

/* 1: it holds, 0: it does not, otherwise minus the code of the error. */
static int outcome(const char *conditions, size_t *ret_nr_notes)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_err *err;
	int result;

	make(&report);
	err = kt_fail_if(conditions, &report);
	result = err ? -(int)kt_err_code(err) : report.exit_status == KT_FAIL_IF_STATUS;
	*ret_nr_notes = report.notes.count;
	kt_err_free(err);
	return result;
}

static void expect(const char *conditions, int wanted)
{
	size_t nr_notes;

	if (!CHECK_INT(outcome(conditions, &nr_notes), wanted))
		printf("  for %s\n", conditions);
	else if (wanted >= 0)
		CHECK_INT(nr_notes > 0, wanted);
}

TEST(growth_is_held_against_bytes_and_parts)
{
	static const char *const hold[] = { "slab>49", "slab>+49", "slab>4%", "slab>+49B",
		"slab<51", "free<-199", "free<-19%", "free<0", "same<1", "same<1%", "new>0",
		"new>1000%", "gone<-50%", "huge>+10MiB", "huge>10KiB", "huge<1GiB", "dentry<-99%",
		" slab > 49 ", "slab>49,free>0", "free>0,slab>49" };
	static const char *const do_not[] = { "slab>50", "slab>5%", "slab<50", "slab<5%",
		"free<-200", "free>-200", "free>-20%", "same>0", "same<0", "same>0%", "same<0%",
		"new<0%", "gone>0%", "huge>11MiB", "huge>1GiB", "dentry<-100%", "slab>50,free>0" };

	for (size_t i = 0; i < KT_LEN(hold); i++)
		expect(hold[i], 1);
	for (size_t i = 0; i < KT_LEN(do_not); i++)
		expect(do_not[i], 0);
}

TEST(a_caller_is_known_by_its_first_words_where_there_is_one)
{
	expect("one>4", 1);
	expect("one vmalloc>4", 1);
	expect("two ioremap>4", 1);
}

/* Unattributed memory can be less than nothing; it grows all the same. */
TEST(what_was_below_zero_grows_upwards)
{
	expect("below zero>9%", 1);
	expect("below zero>10%", 0);
	expect("below zero<-5%", 0);
	expect("below zero>99", 1);
}

TEST(a_condition_that_says_nothing_is_an_error_and_not_a_passed_check)
{
	static const char *const bad[] = { "", " ", ",", "slab", "slab>", "slab>x", "slab>5x",
		"slab>5%%", "slab>--5", "slab>+-5", ">5", " <5%", "slab=5", "slab>5%,", "slab>5%,,",
		",slab>5%", "slab>99999999999999999999", "slab>5 MiB x", "slab>5mib" };

	for (size_t i = 0; i < KT_LEN(bad); i++)
		expect(bad[i], -KT_ERR_USAGE);
}

TEST(a_name_that_is_not_there_or_not_known_is_an_error_and_not_a_passed_check)
{
	expect("no such row>5%", -KT_ERR_ABSENT);
	expect("sla>5%", -KT_ERR_ABSENT);
	expect("two>5%", -KT_ERR_ABSENT);
	expect("unknown>5%", -KT_ERR_ABSENT);
}
