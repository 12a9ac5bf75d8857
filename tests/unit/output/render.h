// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_RENDER_H
#define KT_TEST_RENDER_H

/** A small report that has every kind of cell, and ways to look at what became of it. */

#include "output/output.h"

#include <stdlib.h>
#include <string.h>

static const struct kt_family bytes_family = { .name = "t_bytes",
	.unit = KT_FAMILY_BYTES,
	.labels = "row count rest",
	.help = "a \"size\"\nin bytes" };
static const struct kt_family ratio_family = {
	.name = "t_ratio", .unit = KT_FAMILY_RATIO, .labels = "row count rest", .help = "share"
};

static const struct kt_column report_columns[] = {
	{ .key = "id",
		.title = "ID",
		.type = KT_CELL_TEXT,
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL,
		.label = "row" },
	{ .key = "title",
		.title = "MEMORY",
		.type = KT_CELL_TEXT,
		.flags = KT_COL_TREE | KT_COL_TEXT_ONLY },
	{ .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES, .metric = &bytes_family },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE, .metric = &ratio_family },
	{ .key = "count", .title = "N", .type = KT_CELL_COUNT, .flags = KT_COL_LABEL },
	{ .key = "rest", .title = "REST", .type = KT_CELL_BOOL, .flags = KT_COL_LABEL },
};

enum { COL_ID, COL_TITLE, COL_BYTES, COL_SHARE, COL_COUNT, COL_REST };

static inline struct kt_report_row *add_row(
	struct kt_report *report, struct kt_table *table, const char *id, int depth, int64_t bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);

	row->depth = depth;
	row->cells[COL_ID] = kt_cell_text(id);
	row->cells[COL_TITLE] = kt_cell_text(id);
	row->cells[COL_BYTES] = kt_cell_number(bytes);
	return row;
}

static inline struct kt_table *start_report(struct kt_report *report)
{
	kt_report_init(report, "ktally/test/1");
	return kt_report_table(report, "rows", NULL, report_columns, KT_LEN(report_columns));
}

/** The output's text, ended by a zero. The next call frees it. */
static inline const char *rendered(
	const struct kt_output *output, const struct kt_report *report, struct kt_output_opts opts)
{
	static struct kt_buf text;

	kt_buf_cleanup(&text);
	if (!opts.width)
		opts.width = 80;
	output->render(report, &opts, &text);
	kt_buf_add(&text, "", 1);
	return text.data;
}

#endif
