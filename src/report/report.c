// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/report.h"

#include "base/human.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 1024

void kt_report_init(struct kt_report *report, const char *schema)
{
	*report = (struct kt_report){ .schema = schema };
}

void kt_report_cleanup(struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		struct kt_feed *feed = &report->tables.items[i]->feed;

		if (feed->free)
			feed->free(feed->arg);
		*feed = (struct kt_feed){ 0 };
	}
	kt_arena_fini(&report->arena);
}

struct kt_field *kt_report_field(struct kt_report *report, const char *group, const char *key,
	enum kt_cell_type type, struct kt_cell cell)
{
	struct kt_field *field = kt_list_push(&report->arena, &report->fields);

	if (field)
		*field =
			(struct kt_field){ .group = group, .key = key, .type = type, .cell = cell };
	return field;
}

const struct kt_cell *kt_report_value(
	const struct kt_report *report, const char *group, const char *key)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		const struct kt_field *field = &report->fields.items[i];

		if (field->group && strcmp(field->group, group) == 0 &&
			strcmp(field->key, key) == 0 && field->cell.state == KT_OK)
			return &field->cell;
	}
	return NULL;
}

struct kt_table *kt_report_table(struct kt_report *report, const char *key, const char *title,
	const struct kt_column *columns, size_t nr_columns)
{
	struct kt_table *table = kt_arena_alloc(&report->arena, sizeof(*table));
	struct kt_table **slot = table ? kt_list_push(&report->arena, &report->tables) : NULL;

	if (!slot)
		return NULL;
	table->key = key;
	table->title = title;
	table->columns = columns;
	table->nr_columns = nr_columns;
	*slot = table;
	return table;
}

struct kt_table *kt_report_list(struct kt_report *report, const char *key, const char *title,
	const struct kt_column *columns, size_t nr_columns)
{
	struct kt_table *table = kt_report_table(report, key, title, columns, nr_columns);

	if (table)
		table->list = true;
	return table;
}

size_t kt_table_column(const struct kt_table *table, unsigned flags)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (table->columns[i].flags & flags)
			return i;
	}
	return KT_NO_COLUMN;
}

size_t kt_table_column_named(const struct kt_table *table, const char *key)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (strcmp(table->columns[i].key, key) == 0 &&
			!(table->columns[i].flags & KT_COL_TEXT_ONLY))
			return i;
	}
	return KT_NO_COLUMN;
}

void kt_column_rank(struct kt_column *columns, size_t from, size_t to)
{
	columns[from].flags &= ~(unsigned)KT_COL_RANK;
	columns[to].flags &= ~(unsigned)KT_COL_WIDE;
	columns[to].flags |= KT_COL_RANK;
}

struct kt_report_row *kt_table_row(struct kt_report *report, struct kt_table *table)
{
	struct kt_cell *cells = kt_arena_alloc(&report->arena, table->nr_columns * sizeof(*cells));
	/* cells first: a row in the table always has cells */
	struct kt_report_row *row = cells ? kt_list_push(&report->arena, &table->rows) : NULL;

	if (!row)
		return NULL;
	for (size_t i = 0; i < table->nr_columns; i++)
		cells[i].state = KT_ABSENT;
	*row = (struct kt_report_row){ .cells = cells };
	return row;
}

struct kt_chart *kt_report_chart(struct kt_report *report, const char *key, const char *title)
{
	struct kt_chart *chart = kt_arena_alloc(&report->arena, sizeof(*chart));
	struct kt_chart **slot = chart ? kt_list_push(&report->arena, &report->charts) : NULL;

	if (!slot)
		return NULL;
	*chart = (struct kt_chart){ .key = key, .title = title };
	*slot = chart;
	return chart;
}

struct kt_drawing *kt_report_drawing(struct kt_report *report, const char *key, const char *title)
{
	struct kt_drawing *drawing = kt_arena_alloc(&report->arena, sizeof(*drawing));
	struct kt_drawing **slot = drawing ? kt_list_push(&report->arena, &report->drawings) : NULL;

	if (!slot)
		return NULL;
	*drawing = (struct kt_drawing){ .key = key, .title = title };
	*slot = drawing;
	return drawing;
}

void kt_report_headline(struct kt_report *report, const char *fmt, ...)
{
	const char **slot = kt_list_push(&report->arena, &report->headlines);
	char text[LINE_MAX_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (slot)
		*slot = kt_arena_printf(&report->arena, "%s", text);
}

void kt_report_note(struct kt_report *report, const char *fmt, ...)
{
	const char **slot = kt_list_push(&report->arena, &report->notes);
	char text[LINE_MAX_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (slot)
		*slot = kt_arena_printf(&report->arena, "%s", text);
}

void kt_report_warn(struct kt_report *report, const char *text)
{
	const char **slot;

	kt_report_note(report, "%s", text);
	slot = kt_list_push(&report->arena, &report->warnings);
	if (slot)
		*slot = report->notes.count ? report->notes.items[report->notes.count - 1] : NULL;
}

struct kt_cell kt_report_text(struct kt_report *report, const char *text)
{
	return kt_cell_text(text ? kt_arena_printf(&report->arena, "%s", text) : NULL);
}

/* One unit: nothing in a report is known to the minute after a day. */
const char *kt_report_span(struct kt_report *report, int64_t seconds)
{
	const long long minute_s = 60, hour_s = 60 * minute_s, day_s = 24 * hour_s;

	if (seconds < 2 * hour_s)
		return kt_arena_printf(
			&report->arena, "%lld min", (seconds + minute_s - 1) / minute_s);
	if (seconds < 2 * day_s)
		return kt_arena_printf(&report->arena, "%lld h", seconds / hour_s);
	return kt_arena_printf(&report->arena, "%lld days", seconds / day_s);
}

const char *kt_report_bytes(struct kt_report *report, int64_t bytes)
{
	char human[24];

	kt_human_bytes(bytes, human);
	return kt_arena_printf(&report->arena, "%s", human);
}

struct kt_cell kt_report_missing(struct kt_report *report, enum kt_state state, const char *why)
{
	struct kt_cell cell = kt_report_text(report, why);

	cell.state = state;
	return cell;
}
