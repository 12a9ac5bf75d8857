// SPDX-License-Identifier: GPL-2.0-or-later
#include "render.h"
#include "test.h"

static const struct kt_output_opts plain = { 0 };

TEST(an_empty_report_is_an_object_with_its_schema)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "ktally/test/1");
	CHECK_STR(rendered(&kt_output_json, &report, plain),
		"{\n  \"schema\": \"ktally/test/1\",\n  \"notes\": []\n}\n");
}

TEST(fields_stand_alone_or_in_their_group)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "s");
	kt_report_field(&report, NULL, "top", KT_CELL_BOOL, kt_cell_number(0));
	kt_report_field(&report, "host", "name", KT_CELL_TEXT, kt_cell_text("a"));
	kt_report_field(&report, "host", "cpus", KT_CELL_COUNT, kt_cell_number(4));
	kt_report_field(&report, "more", "share", KT_CELL_SHARE, kt_cell_real(0.5));
	kt_report_note(&report, "said \"%s\"", "a\\b");
	CHECK_STR(rendered(&kt_output_json, &report, plain), "{\n  \"schema\": \"s\",\n"
							     "  \"top\": false,\n"
							     "  \"host\": {\n"
							     "    \"name\": \"a\",\n"
							     "    \"cpus\": 4\n"
							     "  },\n"
							     "  \"more\": {\n"
							     "    \"share\": 0.500000\n"
							     "  },\n"
							     "  \"notes\": [\n"
							     "    \"said \\\"a\\\\b\\\"\"\n"
							     "  ]\n}\n");
}

TEST(a_missing_value_is_null_and_integers_stay_integers)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = start_report(&report);
	struct kt_report_row *row = add_row(&report, table, "ram", 0, INT64_MAX);

	row->cells[COL_SHARE] = kt_cell_missing(KT_DENIED, "no");
	row->cells[COL_REST] = kt_cell_number(1);
	CHECK(strstr(rendered(&kt_output_json, &report, plain),
		"\"rows\": [\n    {\"id\": \"ram\", \"bytes\": 9223372036854775807, "
		"\"share\": null, \"count\": null, \"rest\": true}\n  ]"));
}

TEST(what_would_break_a_string_is_escaped)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "s");
	kt_report_field(
		&report, NULL, "k", KT_CELL_TEXT, kt_cell_text("\"\\/\b\f\n\r\t\x01\x1f é"));
	CHECK(strstr(rendered(&kt_output_json, &report, plain),
		"\"k\": \"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\\u0001\\u001f é\""));
}

TEST(tables_for_text_only_are_left_out_and_empty_ones_are_empty)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *hidden = start_report(&report);
	const char *text;

	hidden->text_only = true;
	kt_report_table(&report, "empty", NULL, report_columns, KT_LEN(report_columns));
	text = rendered(&kt_output_json, &report, plain);
	CHECK(!strstr(text, "\"rows\""));
	CHECK(strstr(text, "\"empty\": []"));
}
