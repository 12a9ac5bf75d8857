// SPDX-License-Identifier: GPL-2.0-or-later
//
// JSON: fields at the top level or in their group, tables and findings as arrays of objects, notes
// as an array of strings. A missing value is null; in a row with a column "state", that column
// gives the reason. A list is followed by the sum of its cut rows and by its total. Integers stay
// integers. Schemas: tools/gen_schema.c prints them from the shapes of the reports.

#include "output/json.h"

#include "base/printable.h"
#include "output/output.h"
#include "report/findings.h"

#include <string.h>

static void put_cell(struct kt_buf *buf, enum kt_cell_type type, const struct kt_cell *cell)
{
	if (cell->state != KT_OK) {
		kt_buf_puts(buf, "null");
		return;
	}
	switch (type) {
	case KT_CELL_TEXT: kt_buf_json(buf, cell->text ? cell->text : ""); break;
	case KT_CELL_BYTES:
	case KT_CELL_COUNT: kt_buf_number(buf, cell->number); break;
	case KT_CELL_SHARE:
	case KT_CELL_REAL: kt_buf_printf(buf, "%.6f", cell->real); break;
	case KT_CELL_BOOL: kt_buf_puts(buf, cell->number ? "true" : "false"); break;
	}
}

static void put_key(struct kt_buf *buf, const char *key)
{
	kt_buf_json(buf, key);
	kt_buf_puts(buf, ": ");
}

static bool same_group(const struct kt_field *a, const struct kt_field *b)
{
	return (!a->group && !b->group) ||
	       (a->group && b->group && strcmp(a->group, b->group) == 0);
}

/* Writes fields; the fields of a group are adjacent in a report. */
static void put_fields(struct kt_buf *buf, const struct kt_report *report)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];
		bool opens = field->group && (i == 0 || !same_group(field, field - 1));
		bool more = i + 1 < report->fields.count && same_group(field, field + 1);

		kt_buf_puts(buf, ",\n");
		if (opens) {
			kt_buf_puts(buf, "  ");
			put_key(buf, field->group);
			kt_buf_puts(buf, "{\n");
		}
		kt_buf_puts(buf, field->group ? "    " : "  ");
		put_key(buf, field->key);
		put_cell(buf, field->type, &field->cell);
		if (field->group && !more)
			kt_buf_puts(buf, "\n  }");
	}
}

static void put_row(
	struct kt_buf *buf, const struct kt_table *table, const struct kt_report_row *row)
{
	bool first = true;

	kt_buf_puts(buf, "{");
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (table->columns[i].flags & KT_COL_TEXT_ONLY)
			continue;
		kt_buf_puts(buf, first ? "" : ", ");
		first = false;
		put_key(buf, table->columns[i].key);
		put_cell(buf, table->columns[i].type, &row->cells[i]);
	}
	kt_buf_puts(buf, "}");
}

struct fed {
	const struct kt_table *table;
	const struct kt_output_opts *opts;
	struct kt_buf *text;
	bool any;
};

static struct kt_err *put_fed(void *arg, const struct kt_report_row *row)
{
	struct fed *fed = arg;

	kt_buf_puts(fed->text, fed->any ? ",\n    " : "\n    ");
	put_row(fed->text, fed->table, row);
	fed->any = true;
	return kt_output_drain(fed->opts, fed->text);
}

static void put_table(
	struct kt_buf *buf, const struct kt_table *table, const struct kt_output_opts *opts)
{
	struct fed fed = { table, opts, buf, false };

	kt_buf_puts(buf, ",\n  ");
	put_key(buf, table->key);
	kt_buf_puts(buf, "[");
	kt_output_fed(table, opts, put_fed, &fed, buf);
	for (size_t i = 0; i < table->rows.count; i++) {
		kt_buf_puts(buf, i || fed.any ? ",\n    " : "\n    ");
		put_row(buf, table, &table->rows.items[i]);
	}
	kt_buf_puts(buf, table->rows.count || fed.any ? "\n  ]" : "]");
	if (!table->list || table->plain)
		return;
	kt_buf_printf(buf, ",\n  \"%s_others\": ", table->key);
	if (table->rest)
		put_row(buf, table, table->rest);
	else
		kt_buf_puts(buf, "null");
	kt_buf_printf(buf, ",\n  \"%s_total\": ", table->key);
	put_row(buf, table, table->total);
}

static void put_numbers(struct kt_buf *buf, const int64_t *numbers, size_t count)
{
	kt_buf_puts(buf, "[");
	for (size_t i = 0; i < count; i++) {
		kt_buf_puts(buf, i ? ", " : "");
		if (numbers[i] == KT_CHART_MISSING)
			kt_buf_puts(buf, "null");
		else
			kt_buf_printf(buf, "%lld", (long long)numbers[i]);
	}
	kt_buf_puts(buf, "]");
}

static void put_chart(struct kt_buf *buf, const struct kt_chart *chart)
{
	kt_buf_puts(buf, "{\"key\": ");
	kt_buf_json(buf, chart->key);
	kt_buf_puts(buf, ", \"title\": ");
	kt_buf_json(buf, chart->title);
	kt_buf_printf(
		buf, ", \"stacked\": %s,\n     \"times_ms\": ", chart->stacked ? "true" : "false");
	put_numbers(buf, chart->times_ms.items, chart->times_ms.count);
	kt_buf_puts(buf, ",\n     \"bands\": [");
	for (size_t i = 0; i < chart->bands.count; i++) {
		kt_buf_puts(buf, i ? ",\n      {\"name\": " : "\n      {\"name\": ");
		kt_buf_json(buf, chart->bands.items[i].name);
		kt_buf_puts(buf, ", \"bytes\": ");
		put_numbers(buf, chart->bands.items[i].values.items,
			chart->bands.items[i].values.count);
		kt_buf_puts(buf, "}");
	}
	kt_buf_puts(buf, "],\n     \"events\": [");
	for (size_t i = 0; i < chart->events.count; i++) {
		kt_buf_printf(buf, "%s{\"time_ms\": %lld, \"text\": ", i ? ", " : "",
			(long long)chart->events.items[i].time_ms);
		kt_buf_json(buf, chart->events.items[i].text);
		kt_buf_puts(buf, "}");
	}
	kt_buf_puts(buf, "]}");
}

static void put_charts(struct kt_buf *buf, const struct kt_report *report)
{
	if (!report->charts.count)
		return;
	kt_buf_puts(buf, ",\n  \"charts\": [");
	for (size_t i = 0; i < report->charts.count; i++) {
		kt_buf_puts(buf, i ? ",\n    " : "\n    ");
		put_chart(buf, report->charts.items[i]);
	}
	kt_buf_puts(buf, "\n  ]");
}

void kt_json_finding(struct kt_buf *buf, const struct kt_finding *finding)
{
	struct kt_cell cells[KT_FINDING_COLUMNS];

	kt_finding_cells(finding, cells);
	for (size_t i = 0; i < KT_FINDING_COLUMNS; i++) {
		kt_buf_puts(buf, i ? ", " : "{");
		put_key(buf, kt_findings_part.columns[i].key);
		put_cell(buf, kt_findings_part.columns[i].type, &cells[i]);
	}
	kt_buf_puts(buf, ",\n     \"evidence\": [");
	for (size_t i = 0; i < finding->evidence.count; i++) {
		kt_buf_puts(buf, i ? ", " : "");
		kt_buf_json(buf, finding->evidence.items[i]);
	}
	kt_buf_puts(buf, "], \"floors_bytes\": ");
	put_numbers(buf, finding->chart.bytes.items, finding->chart.bytes.count);
	kt_buf_puts(buf, "}");
}

static void put_findings(struct kt_buf *buf, const struct kt_report *report)
{
	kt_buf_puts(buf, ",\n  \"findings\": [");
	for (size_t i = 0; i < report->findings.count; i++) {
		kt_buf_puts(buf, i ? ",\n    " : "\n    ");
		kt_json_finding(buf, &report->findings.items[i]);
	}
	kt_buf_puts(buf, report->findings.count ? "\n  ]" : "]");
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, "{\n  ");
	put_key(ret_text, "schema");
	kt_buf_json(ret_text, report->schema);
	put_fields(ret_text, report);
	for (size_t i = 0; i < report->tables.count; i++) {
		if (!report->tables.items[i]->text_only)
			put_table(ret_text, report->tables.items[i], opts);
	}
	put_charts(ret_text, report);
	if (report->judged)
		put_findings(ret_text, report);
	kt_buf_puts(ret_text, ",\n  \"notes\": [");
	for (size_t i = 0; i < report->notes.count; i++) {
		kt_buf_puts(ret_text, i ? ",\n    " : "\n    ");
		kt_buf_json(ret_text, report->notes.items[i]);
	}
	kt_buf_puts(ret_text, report->notes.count ? "\n  ]\n}\n" : "]\n}\n");
}

const struct kt_output kt_output_json = {
	.name = "json",
	.summary = "JSON; the schemas are installed in share/ktally/schema",
	.notes = true,
	.render = render,
};
