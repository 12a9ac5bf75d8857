// SPDX-License-Identifier: GPL-2.0-or-later
#include "render.h"
#include "test.h"

static const struct kt_output_opts plain = { 0 };

TEST(the_first_table_has_a_head_and_lines_that_end_as_rfc_4180_says)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = start_report(&report);
	struct kt_report_row *row = add_row(&report, table, "ram", 0, -1234567890123);

	row->cells[COL_SHARE] = kt_cell_real(0.25);
	row->cells[COL_COUNT] = kt_cell_number(3);
	row->cells[COL_REST] = kt_cell_number(1);
	CHECK_STR(rendered(&kt_output_csv, &report, plain),
		"id,bytes,share,count,rest\r\nram,-1234567890123,0.250000,3,1\r\n");
}

TEST(a_missing_value_is_empty_and_not_zero)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = start_report(&report);
	struct kt_report_row *row = add_row(&report, table, "ram", 0, 0);

	row->cells[COL_COUNT] = kt_cell_missing(KT_DENIED, "not for you");
	CHECK_STR(rendered(&kt_output_csv, &report, plain),
		"id,bytes,share,count,rest\r\nram,0,,,\r\n");
}

TEST(only_what_needs_quotes_has_quotes)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = start_report(&report);
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "plain text; 'a'", "plain text; 'a'" },
		{ "a,b", "\"a,b\"" },
		{ "say \"a\"", "\"say \"\"a\"\"\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "\r", "\"?\"" },
		{ "", "" },
	};
	const char *text;

	for (size_t i = 0; i < KT_LEN(cases); i++)
		add_row(&report, table, cases[i].text, 0, 1);
	text = rendered(&kt_output_csv, &report, plain) + strlen("id,bytes,share,count,rest\r\n");
	for (size_t i = 0; i < KT_LEN(cases); i++) {
		char wanted[64];
		int n = snprintf(wanted, sizeof(wanted), "%s,1,,,\r\n", cases[i].wanted);

		if (!CHECK(strncmp(text, wanted, (size_t)n) == 0))
			break;
		text += n;
	}
}

TEST(a_table_for_text_only_is_not_the_first)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *hidden = start_report(&report), *shown;

	hidden->text_only = true;
	CHECK_STR(rendered(&kt_output_csv, &report, plain), "");
	add_row(&report, hidden, "hidden", 0, 1);
	shown = kt_report_table(&report, "b", NULL, report_columns, KT_LEN(report_columns));
	add_row(&report, shown, "shown", 0, 1);
	CHECK_STR(rendered(&kt_output_csv, &report, plain),
		"id,bytes,share,count,rest\r\nshown,1,,,\r\n");
}
