// SPDX-License-Identifier: GPL-2.0-or-later
//
// OpenMetrics 1.0: every column with a family gives a gauge or counter for each row, with the label
// columns that the family names as labels; a text column is a state, a label of a sample of 1.
// Fields with a family give one sample. Missing values have no sample. Families are not
// interleaved; the last line is the end marker. The older text format of Prometheus has no units
// and no end marker, and uses a counter's full name.

#include "base/printable.h"
#include "output/output.h"

#include <string.h>

static void put_escaped(struct kt_buf *buf, const char *text)
{
	struct kt_span rest = kt_span_str(text);

	while (rest.n) {
		struct kt_span part = { rest.p, strcspn(rest.p, "\n\"\\") };

		kt_buf_printable(buf, part, 0);
		rest = kt_span_from(rest, part.n);
		if (!rest.n)
			break;
		kt_buf_printf(buf, "\\%c", *rest.p == '\n' ? 'n' : *rest.p);
		rest = kt_span_from(rest, 1);
	}
}

static bool is_counter(const struct kt_family *family)
{
	return family->kind == KT_FAMILY_COUNTER;
}

static void put_head(struct kt_buf *buf, const struct kt_family *family, bool old)
{
	const char *unit = old ? NULL : kt_family_unit_name(family);
	const char *full = old && is_counter(family) ? "_total" : "";

	kt_buf_printf(buf, "# TYPE %s%s %s\n", family->name, full,
		is_counter(family) ? "counter" : "gauge");
	if (unit)
		kt_buf_printf(buf, "# UNIT %s %s\n", family->name, unit);
	kt_buf_printf(buf, "# HELP %s%s ", family->name, full);
	put_escaped(buf, family->help);
	kt_buf_puts(buf, "\n");
}

static void put_number(struct kt_buf *buf, enum kt_cell_type type, const struct kt_cell *cell)
{
	if (type == KT_CELL_TEXT)
		kt_buf_puts(buf, " 1\n");
	else if (type == KT_CELL_SHARE || type == KT_CELL_REAL)
		kt_buf_printf(buf, " %.6f\n", cell->real);
	else
		kt_buf_printf(buf, " %lld\n", (long long)cell->number);
}

static const char *label_of(const struct kt_column *column, const struct kt_family *family)
{
	const char *label = column->label ? column->label : column->key;

	if (!(column->flags & KT_COL_LABEL))
		return NULL;
	return kt_span_has_word(kt_span_str(family->labels), label) ? label : NULL;
}

static void put_labels(struct kt_buf *buf, const struct kt_table *table,
	const struct kt_report_row *row, const struct kt_family *family)
{
	const char *before = "{";

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_column *column = &table->columns[i];
		const char *label = label_of(column, family);

		if (!label)
			continue;
		kt_buf_printf(buf, "%s%s=\"", before, label);
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
	kt_buf_puts(buf, table->columns[index].metric->name);
	if (is_counter(table->columns[index].metric))
		kt_buf_puts(buf, "_total");
	put_labels(buf, table, row, table->columns[index].metric);
	put_number(buf, table->columns[index].type, &row->cells[index]);
}

static void put_column(struct kt_buf *buf, const struct kt_table *table, size_t index)
{
	for (size_t i = 0; i < table->rows.count; i++)
		put_sample(buf, table, &table->rows.items[i], index);
	if (table->rest)
		put_sample(buf, table, table->rest, index);
}

/* Column of a family in a table; KT_NO_COLUMN: none. */
static size_t column_of(const struct kt_table *table, const struct kt_family *family)
{
	for (size_t k = 0; k < table->nr_columns && !table->text_only; k++) {
		if (table->columns[k].metric == family)
			return k;
	}
	return KT_NO_COLUMN;
}

/*
 * Writes a family once with the rows of all tables that have it, because families are not
 * interleaved: the tables of 'diff' share one.
 */
static void put_family(struct kt_buf *buf, const struct kt_report *report, size_t first,
	const struct kt_family *family, bool old)
{
	for (size_t i = 0; i < first; i++) {
		if (column_of(report->tables.items[i], family) != KT_NO_COLUMN)
			return;
	}
	put_head(buf, family, old);
	for (size_t i = first; i < report->tables.count; i++) {
		size_t column = column_of(report->tables.items[i], family);

		if (column != KT_NO_COLUMN)
			put_column(buf, report->tables.items[i], column);
	}
}

static void put_all(const struct kt_report *report, struct kt_buf *ret_text, bool old)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];

		if (!field->metric || field->cell.state != KT_OK)
			continue;
		put_head(ret_text, field->metric, old);
		kt_buf_puts(ret_text, field->metric->name);
		if (is_counter(field->metric))
			kt_buf_puts(ret_text, "_total");
		put_number(ret_text, field->type, &field->cell);
	}
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];

		for (size_t k = 0; k < table->nr_columns && !table->text_only; k++) {
			if (table->columns[k].metric)
				put_family(ret_text, report, i, table->columns[k].metric, old);
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
	.summary = "OpenMetrics, for Prometheus and compatible systems",
	.scraped = true,
	.render = render,
};

const struct kt_output kt_output_prometheus = {
	.name = "prometheus",
	.summary = "the older text format of Prometheus, for node_exporter's textfile collector",
	.scraped = true,
	.render = render_old,
};
