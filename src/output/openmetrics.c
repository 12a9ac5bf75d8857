// SPDX-License-Identifier: GPL-2.0-or-later
//
// OpenMetrics 1.0: every column that names a family gives a gauge or counter for each row, with
// the label columns as labels; fields that name a family give one sample. Missing values have
// no sample. Families are not interleaved; the last line is the end marker. The text format of
// Prometheus, which is older, has no units and no end, and calls a counter by its full name.

#include "output/output.h"

#include <string.h>

static const char *unit_of(enum kt_cell_type type, const char *metric)
{
	size_t length = strlen(metric);

	switch (type) {
	case KT_CELL_BYTES: return "bytes";
	case KT_CELL_SHARE: return "ratio";
	case KT_CELL_REAL:
		return length > 8 && strcmp(metric + length - 8, "_seconds") == 0 ? "seconds"
										  : NULL;
	default: return NULL;
	}
}

static void put_escaped(struct kt_buf *buf, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			kt_buf_puts(buf, "\\n");
		else if (*p == '"' || *p == '\\')
			kt_buf_printf(buf, "\\%c", *p);
		else
			kt_buf_add(buf, p, 1);
	}
}

struct family {
	const char *metric, *help;
	enum kt_cell_type type;
	bool counter;
};

static void put_head(struct kt_buf *buf, struct family family, bool old)
{
	const char *unit = old ? NULL : unit_of(family.type, family.metric);
	const char *full = old && family.counter ? "_total" : "";

	kt_buf_printf(
		buf, "# TYPE %s%s %s\n", family.metric, full, family.counter ? "counter" : "gauge");
	if (unit)
		kt_buf_printf(buf, "# UNIT %s %s\n", family.metric, unit);
	kt_buf_printf(buf, "# HELP %s%s ", family.metric, full);
	put_escaped(buf, family.help ? family.help : "");
	kt_buf_puts(buf, "\n");
}

static void put_number(struct kt_buf *buf, enum kt_cell_type type, const struct kt_cell *cell)
{
	if (type == KT_CELL_SHARE || type == KT_CELL_REAL)
		kt_buf_printf(buf, " %.6f\n", cell->real);
	else
		kt_buf_printf(buf, " %lld\n", (long long)cell->number);
}

static void put_labels(
	struct kt_buf *buf, const struct kt_table *table, const struct kt_report_row *row)
{
	const char *before = "{";

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_column *column = &table->columns[i];

		if (!(column->flags & KT_COL_LABEL))
			continue;
		kt_buf_printf(buf, "%s%s=\"", before, column->label ? column->label : column->key);
		if (row->cells[i].state == KT_OK && column->type == KT_CELL_TEXT)
			put_escaped(buf, row->cells[i].text);
		else if (row->cells[i].state == KT_OK && column->type == KT_CELL_BOOL)
			kt_buf_puts(buf, row->cells[i].number ? "true" : "false");
		else if (row->cells[i].state == KT_OK)
			kt_buf_printf(buf, "%lld", (long long)row->cells[i].number);
		kt_buf_puts(buf, "\"");
		before = ",";
	}
	if (*before == ',')
		kt_buf_puts(buf, "}");
}

static void put_sample(struct kt_buf *buf, const struct kt_table *table,
	const struct kt_report_row *row, size_t index)
{
	if (row->cells[index].state != KT_OK)
		return;
	kt_buf_puts(buf, table->columns[index].metric);
	if (table->columns[index].flags & KT_COL_COUNTER)
		kt_buf_puts(buf, "_total");
	put_labels(buf, table, row);
	put_number(buf, table->columns[index].type, &row->cells[index]);
}

static void put_column(struct kt_buf *buf, const struct kt_table *table, size_t index, bool old)
{
	const struct kt_column *column = &table->columns[index];

	put_head(buf,
		(struct family){ column->metric, column->help, column->type,
			column->flags & KT_COL_COUNTER },
		old);
	for (size_t i = 0; i < table->rows.count; i++)
		put_sample(buf, table, &table->rows.items[i], index);
	if (table->rest)
		put_sample(buf, table, table->rest, index);
}

static void put_all(const struct kt_report *report, struct kt_buf *ret_text, bool old)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];

		if (!field->metric || field->cell.state != KT_OK)
			continue;
		put_head(ret_text,
			(struct family){ field->metric, field->help, field->type, false }, old);
		kt_buf_puts(ret_text, field->metric);
		put_number(ret_text, field->type, &field->cell);
	}
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];

		for (size_t k = 0; k < table->nr_columns && !table->text_only; k++) {
			if (table->columns[k].metric)
				put_column(ret_text, table, k, old);
		}
	}
	if (!old)
		kt_buf_puts(ret_text, "# EOF\n");
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	(void)opts;
	put_all(report, ret_text, false);
}

static void render_old(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	(void)opts;
	put_all(report, ret_text, true);
}

const struct kt_output kt_output_openmetrics = {
	.name = "openmetrics",
	.summary = "OpenMetrics, for Prometheus and its kind",
	.render = render,
};

const struct kt_output kt_output_prometheus = {
	.name = "prometheus",
	.summary = "the older text format of Prometheus, for node_exporter's textfile collector",
	.render = render_old,
};
