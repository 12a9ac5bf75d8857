// SPDX-License-Identifier: GPL-2.0-or-later
#include "render.h"
#include "test.h"

static const struct kt_output_opts plain = { 0 };

TEST(a_family_has_a_head_and_a_sample_for_each_row_that_is_known)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = start_report(&report);
	struct kt_report_row *row = add_row(&report, table, "ram", 0, 42);

	row->cells[COL_COUNT] = kt_cell_number(7);
	row->cells[COL_REST] = kt_cell_number(1);
	row = add_row(&report, table, "gone", 0, 0);
	row->cells[COL_BYTES] = kt_cell_missing(KT_DENIED, "no");
	row->cells[COL_SHARE] = kt_cell_real(0.125);
	CHECK_STR(rendered(&kt_output_openmetrics, &report, plain),
		"# TYPE t_bytes gauge\n"
		"# UNIT t_bytes bytes\n"
		"# HELP t_bytes a \\\"size\\\"\\nin bytes\n"
		"t_bytes{row=\"ram\",count=\"7\",rest=\"true\"} 42\n"
		"# TYPE t_ratio gauge\n"
		"# UNIT t_ratio ratio\n"
		"# HELP t_ratio share\n"
		"t_ratio{row=\"gone\",count=\"\",rest=\"\"} 0.125000\n"
		"# EOF\n");
}

TEST(labels_are_escaped)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = start_report(&report);

	add_row(&report, table, "a\"b\\c\nd", 0, 1);
	CHECK(strstr(
		rendered(&kt_output_openmetrics, &report, plain), "{row=\"a\\\"b\\\\c\\nd\","));
}

TEST(a_text_that_names_a_family_is_a_label_of_a_sample_that_is_1_and_of_no_other_family)
{
	static const struct kt_family bytes = { .name = "t_bytes", .labels = "row", .help = "h" },
				      state = {
					      .name = "t_state", .labels = "row state", .help = "h"
				      };
	static const struct kt_column columns[] = {
		{ .key = "row", .flags = KT_COL_LABEL },
		{ .key = "bytes", .type = KT_CELL_BYTES, .metric = &bytes },
		{ .key = "state", .flags = KT_COL_LABEL, .metric = &state },
	};
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table;
	struct kt_report_row *row;

	kt_report_init(&report, "s");
	table = kt_report_table(&report, "t", NULL, columns, 3);
	row = kt_table_row(&report, table);
	row->cells[0] = kt_cell_text("a");
	row->cells[1] = kt_cell_number(3);
	row->cells[2] = kt_cell_text("exact");
	row = kt_table_row(&report, table);
	row->cells[0] = kt_cell_text("b");
	CHECK_STR(rendered(&kt_output_prometheus, &report, plain),
		"# TYPE t_bytes gauge\n# HELP t_bytes h\nt_bytes{row=\"a\"} 3\n"
		"# TYPE t_state gauge\n# HELP t_state h\nt_state{row=\"a\",state=\"exact\"} 1\n");
}

TEST(fields_without_a_family_or_a_value_give_nothing)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_field *field;

	kt_report_init(&report, "s");
	kt_report_field(&report, NULL, "a", KT_CELL_COUNT, kt_cell_number(1));
	field = kt_report_field(&report, NULL, "b", KT_CELL_COUNT, kt_cell_missing(KT_BAD, "no"));
	field->metric = &(const struct kt_family){ .name = "m_b", .help = "" };
	field = kt_report_field(&report, NULL, "c", KT_CELL_COUNT, kt_cell_number(5));
	field->metric = &(const struct kt_family){ .name = "m_c", .help = "" };
	CHECK_STR(rendered(&kt_output_openmetrics, &report, plain),
		"# TYPE m_c gauge\n# HELP m_c \nm_c 5\n# EOF\n");
}

TEST(a_counter_is_called_total_and_in_the_older_format_by_its_full_name)
{
	static const struct kt_family family = {
		.name = "t_events", .kind = KT_FAMILY_COUNTER, .labels = "event", .help = "h"
	};
	static const struct kt_column columns[] = {
		{ .key = "event", .flags = KT_COL_LABEL },
		{ .key = "count", .type = KT_CELL_COUNT, .metric = &family },
	};
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_report_row *row;

	kt_report_init(&report, "s");
	row = kt_table_row(&report, kt_report_table(&report, "t", NULL, columns, 2));
	row->cells[0] = kt_cell_text("oom");
	row->cells[1] = kt_cell_number(3);
	CHECK_STR(rendered(&kt_output_openmetrics, &report, plain),
		"# TYPE t_events counter\n# HELP t_events h\nt_events_total{event=\"oom\"} 3\n"
		"# EOF\n");
	CHECK_STR(rendered(&kt_output_prometheus, &report, plain),
		"# TYPE t_events_total counter\n# HELP t_events_total h\n"
		"t_events_total{event=\"oom\"} 3\n");
}
