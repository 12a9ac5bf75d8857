// SPDX-License-Identifier: GPL-2.0-or-later
//
// CSV (RFC 4180): the first table of the report, or its first chart: a header line, then one line
// per row. A missing value is an empty field. Sizes are bytes, shares are fractions of 1. A
// repeated report has the time in the first column, and the header only once.

#include "output/output.h"

#include "base/printable.h"
#include "base/when.h"

#include <string.h>

static void put_text(struct kt_buf *buf, const char *text)
{
	struct kt_span rest = kt_span_str(text), part;

	if (!strpbrk(text, ",\"\n\r")) {
		kt_buf_printable(buf, rest, 0);
		return;
	}
	kt_buf_puts(buf, "\"");
	while (kt_span_until(&rest, '"', &part)) {
		kt_buf_printable(buf, part, KT_PRINTABLE_LINES);
		kt_buf_puts(buf, "\"\"");
	}
	kt_buf_printable(buf, rest, KT_PRINTABLE_LINES);
	kt_buf_puts(buf, "\"");
}

static void put_cell(struct kt_buf *buf, enum kt_cell_type type, const struct kt_cell *cell)
{
	if (cell->state != KT_OK)
		return;
	switch (type) {
	case KT_CELL_TEXT: put_text(buf, cell->text ? cell->text : ""); break;
	case KT_CELL_BOOL:
	case KT_CELL_BYTES:
	case KT_CELL_COUNT: kt_buf_number(buf, cell->number); break;
	case KT_CELL_SHARE:
	case KT_CELL_REAL: kt_buf_printf(buf, "%.6f", cell->real); break;
	}
}

static void put_line(struct kt_buf *buf, const struct kt_table *table,
	const struct kt_report_row *row, const char *when)
{
	bool first = !when;

	if (when)
		put_text(buf, row ? when : "time");

	for (size_t i = 0; i < table->nr_columns; i++) {
		if (table->columns[i].flags & KT_COL_TEXT_ONLY)
			continue;
		kt_buf_puts(buf, first ? "" : ",");
		first = false;
		if (row)
			put_cell(buf, table->columns[i].type, &row->cells[i]);
		else
			put_text(buf, table->columns[i].key);
	}
	kt_buf_puts(buf, "\r\n");
}

/* Writes one line per sample, one column per band. */
static void put_chart(struct kt_buf *buf, const struct kt_chart *chart)
{
	char time[32];

	kt_buf_puts(buf, "time");
	for (size_t i = 0; i < chart->bands.count; i++) {
		kt_buf_puts(buf, ",");
		put_text(buf, chart->bands.items[i].name);
	}
	kt_buf_puts(buf, "\r\n");
	for (size_t i = 0; i < chart->times_ms.count; i++) {
		kt_buf_puts(buf, kt_when_text(chart->times_ms.items[i], time));
		for (size_t k = 0; k < chart->bands.count; k++) {
			int64_t value = chart->bands.items[k].values.items[i];

			kt_buf_puts(buf, ",");
			if (value != KT_CHART_MISSING)
				kt_buf_printf(buf, "%lld", (long long)value);
		}
		kt_buf_puts(buf, "\r\n");
	}
}

struct fed {
	const struct kt_table *table;
	const struct kt_output_opts *opts;
	struct kt_buf *text;
};

static struct kt_err *put_fed(void *arg, const struct kt_report_row *row)
{
	struct fed *fed = arg;

	put_line(fed->text, fed->table, row, fed->opts->when);
	return kt_output_drain(fed->opts, fed->text);
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	const struct kt_table *table = NULL;
	struct fed fed = { .opts = opts, .text = ret_text };

	for (size_t i = 0; i < report->tables.count && !table; i++)
		table = report->tables.items[i]->text_only ? NULL : report->tables.items[i];
	if (!table && report->charts.count)
		put_chart(ret_text, report->charts.items[0]);
	if (!table)
		return;
	if (!opts->turn)
		put_line(ret_text, table, NULL, opts->when);
	fed.table = table;
	kt_output_fed(table, opts, put_fed, &fed, ret_text);
	for (size_t i = 0; i < table->rows.count; i++)
		put_line(ret_text, table, &table->rows.items[i], opts->when);
	if (table->rest)
		put_line(ret_text, table, table->rest, opts->when);
}

const struct kt_output kt_output_csv = {
	.name = "csv",
	.summary = "the main table or chart as CSV",
	.render = render,
};
