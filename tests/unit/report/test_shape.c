// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/shape.h"

#include "test.h"

static const struct kt_column summary[] = {
	{ .key = "bytes", .type = KT_CELL_BYTES },
	{ .key = "by", .flags = KT_COL_OPTIONAL },
};

static const struct kt_column columns[] = {
	{ .key = "name" },
	{ .key = "picture", .flags = KT_COL_TEXT_ONLY },
	{ .key = "bytes", .type = KT_CELL_BYTES },
};

static const struct kt_column node = { .key = "node#_bytes", .type = KT_CELL_BYTES };

static const struct kt_part fields = { KT_COLUMNS_OF(summary) };
static const struct kt_part object = { .key = "all", KT_COLUMNS_OF(summary) };
static const struct kt_part rows = {
	.key = "rows", .kind = KT_PART_LIST, KT_COLUMNS_OF(columns), .more = &node
};
static const struct kt_part by_zone = {
	.key = "zones", .kind = KT_PART_TABLE, KT_COLUMNS_OF(columns), .forms = 1
};
static const struct kt_part by_node = {
	.key = "nodes", .kind = KT_PART_TABLE, KT_COLUMNS_OF(columns), .forms = 2
};
static const struct kt_part notes_of_node = {
	.key = "more", .kind = KT_PART_TABLE, KT_COLUMNS_OF(columns), .forms = 2, .optional = 2
};

static const struct kt_shape plain = {
	.schema = "ktally/test/1",
	.parts = KT_PARTS(&fields, &object, &rows),
};
static const struct kt_shape forms = {
	.schema = "ktally/test/1",
	.parts = KT_PARTS(&by_zone, &by_node, &notes_of_node),
};

static void put_bytes(struct kt_report *report, const char *group)
{
	kt_report_field(report, group, "bytes", KT_CELL_BYTES, kt_cell_number(1));
}

/* A report of the plain shape, with `count` of `of` as the columns of its list. */
static void make(struct kt_report *report, const struct kt_column *of, size_t count)
{
	kt_report_begin(report, &plain);
	put_bytes(report, NULL);
	put_bytes(report, "all");
	kt_report_list(report, "rows", NULL, of, count);
}

/* What the check says; "" where it says nothing. */
static const char *said(struct kt_report *report)
{
	static char text[256];
	KT_CLEANUP(err) struct kt_err *err = kt_shape_check(report);

	snprintf(text, sizeof(text), "%s", err ? kt_err_text(err) : "");
	kt_report_cleanup(report);
	return text;
}

#define CHECK_SAID(report, what) CHECK(strstr(said(report), what))

TEST(a_report_of_its_shape_passes)
{
	struct kt_report report;

	make(&report, columns, KT_LEN(columns));
	CHECK_STR(report.schema, "ktally/test/1");
	CHECK_STR(said(&report), "");
	make(&report, columns, KT_LEN(columns));
	kt_report_field(&report, "all", "by", KT_CELL_TEXT, kt_cell_text("x"));
	kt_report_table(&report, "drawing", NULL, columns, 1)->text_only = true;
	CHECK_STR(said(&report), "");
}

TEST(a_report_without_a_shape_is_not_checked)
{
	struct kt_report report;

	kt_report_init(&report, "ktally/test/1");
	put_bytes(&report, "nowhere");
	CHECK_STR(said(&report), "");
}

TEST(a_field_that_is_not_stated_is_an_error)
{
	struct kt_report report;

	make(&report, columns, KT_LEN(columns));
	kt_report_field(&report, NULL, "new", KT_CELL_COUNT, kt_cell_number(1));
	CHECK_SAID(&report, "a field 'new'");
	make(&report, columns, KT_LEN(columns));
	put_bytes(&report, "other");
	CHECK_SAID(&report, "a field 'bytes'");
	make(&report, columns, KT_LEN(columns));
	put_bytes(&report, "all");
	CHECK_SAID(&report, "twice the field 'bytes'");
	make(&report, columns, KT_LEN(columns));
	kt_report_field(&report, "all", "by", KT_CELL_COUNT, kt_cell_number(1));
	CHECK_SAID(&report, "a field 'by'");
}

TEST(a_table_that_is_not_stated_is_an_error)
{
	struct kt_report report;

	make(&report, columns, KT_LEN(columns));
	kt_report_table(&report, "more", NULL, columns, KT_LEN(columns));
	CHECK_SAID(&report, "a table 'more'");
	make(&report, columns, KT_LEN(columns));
	report.tables.items[0]->plain = true;
	CHECK_SAID(&report, "a table 'rows'");
	make(&report, columns, KT_LEN(columns));
	kt_report_list(&report, "rows", NULL, columns, KT_LEN(columns));
	CHECK_SAID(&report, "twice the table 'rows'");
}

TEST(columns_are_those_that_are_stated)
{
	const struct kt_column more[] = { columns[0], columns[2],
		{ .key = "node12_bytes", .type = KT_CELL_BYTES } };
	const struct kt_column wrong[] = { columns[0], columns[2],
		{ .key = "node_bytes", .type = KT_CELL_BYTES } };
	const struct kt_column swapped[] = { columns[2], columns[0] };
	const struct kt_column typed[] = { columns[0], { .key = "bytes", .type = KT_CELL_COUNT } };
	struct kt_report report;

	make(&report, more, KT_LEN(more));
	CHECK_STR(said(&report), "");
	make(&report, wrong, KT_LEN(wrong));
	CHECK_SAID(&report, "a column 'node_bytes'");
	make(&report, swapped, KT_LEN(swapped));
	CHECK_SAID(&report, "not the column 'name'");
	make(&report, typed, KT_LEN(typed));
	CHECK_SAID(&report, "not the column 'bytes'");
	make(&report, columns, 1);
	CHECK_SAID(&report, "not the column 'bytes'");
}

TEST(a_part_that_is_missing_is_an_error)
{
	struct kt_report report;

	kt_report_begin(&report, &plain);
	put_bytes(&report, NULL);
	put_bytes(&report, "all");
	CHECK_SAID(&report, "'rows'");
	kt_report_begin(&report, &plain);
	put_bytes(&report, NULL);
	kt_report_list(&report, "rows", NULL, columns, KT_LEN(columns));
	CHECK_SAID(&report, "'all'");
}

TEST(a_report_has_one_of_its_forms)
{
	struct kt_report report;

	kt_report_begin(&report, &forms);
	kt_report_table(&report, "zones", NULL, columns, KT_LEN(columns));
	CHECK_STR(said(&report), "");
	kt_report_begin(&report, &forms);
	kt_report_table(&report, "nodes", NULL, columns, KT_LEN(columns));
	kt_report_table(&report, "more", NULL, columns, KT_LEN(columns));
	CHECK_STR(said(&report), "");
	kt_report_begin(&report, &forms);
	kt_report_table(&report, "zones", NULL, columns, KT_LEN(columns));
	kt_report_table(&report, "more", NULL, columns, KT_LEN(columns));
	CHECK_SAID(&report, "a form");
	kt_report_begin(&report, &forms);
	CHECK_SAID(&report, "a form");
}
