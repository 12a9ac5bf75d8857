// SPDX-License-Identifier: GPL-2.0-or-later
//
// Text for reading: headlines, tables with a tree column and bars, notes. It fits 80 columns; wider
// terminals get longer bars.

#include "base/human.h"
#include "base/printable.h"
#include "base/when.h"
#include "output/output.h"
#include "output/text/chart.h"
#include "output/text/drawing.h"
#include "output/text/findings.h"
#include "output/text/style.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAR_MAX	    40
#define SHARE_ROUND 10 /* shares from here on are without decimals: "+2025 %" */
#define WIDTH_USUAL 80 /* tables are made for it */
#define COLUMNS_MAX 128

struct page {
	struct kt_buf *buf;
	const struct kt_output_opts *opts;
	const struct kt_report *report;
	const struct kt_table *table;
	size_t nr_columns; /* columns of the table that have room */
	int widths[COLUMNS_MAX];
	bool wide; /* there is room for all columns */
	bool shown[COLUMNS_MAX];
	int bar_room;
};

/*
 * Terminal columns of a text, counted as code points: ktally's own characters are one column wide.
 */
static int columns_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void color(const struct page *page, const char *code)
{
	if (page->opts->color)
		kt_buf_puts(page->buf, code);
}

static bool is_shown(const struct page *page, size_t index)
{
	const struct kt_column *column = &page->table->columns[index];
	bool asked = page->opts->all || (page->table->list && page->table->sorted_by == index);

	return !(column->flags & (KT_COL_DATA_ONLY | KT_COL_BAR)) &&
	       (asked || page->wide || !(column->flags & KT_COL_WIDE)) &&
	       kt_column_filled(page->report, column);
}

/* True for columns of changes, which show their sign; amounts do not. */
static bool is_change(const struct kt_column *column)
{
	return column->flags & (KT_COL_GROWTH | KT_COL_RATE | KT_COL_CHANGE);
}

static void real_text(double value, const char *unit, char *ret, size_t size)
{
	/* no "-0.00" */
	snprintf(ret, size, "%.2f%s", value < 0 && value > -0.005 ? 0.0 : value, unit);
}

/*
 * Writes a number. Only amounts get commas: a number that is not summed may be a name, such as the
 * number of a process.
 */
static void count_text(const struct kt_column *column, int64_t number, char *ret, size_t size)
{
	bool amount = column->flags & (KT_COL_SUM | KT_COL_GROWTH | KT_COL_RATE | KT_COL_CHANGE);
	const char *plus = is_change(column) && number > 0 ? "+" : "";
	char grouped[KT_HUMAN_COUNT];

	if (amount)
		kt_human_count(number, grouped);
	else
		grouped[kt_number_text(number, grouped)] = '\0';
	snprintf(ret, size, "%s%s", plus, grouped);
}

/* `size` is more than a number with its sign and commas: KT_NUMBER_MAX + 8. */
static void cell_text(const struct page *page, const struct kt_column *column,
	const struct kt_cell *cell, char *ret, size_t size)
{
	char human[24], local[KT_WHEN_ROOM];
	size_t plus;

	if (cell->state == KT_ABSENT) {
		memcpy(ret, "-", sizeof("-"));
		return;
	}
	if (cell->state != KT_OK) {
		snprintf(ret, size, "%s", kt_state_name(cell->state));
		return;
	}
	switch (column->type) {
	case KT_CELL_TEXT:
		snprintf(ret, size, "%s",
			column->flags & KT_COL_TIME ? kt_when_of_data(cell->text, local)
						    : cell->text);
		break;
	case KT_CELL_COUNT: count_text(column, cell->number, ret, size); break;
	case KT_CELL_BOOL: snprintf(ret, size, "%s", cell->number ? "yes" : "no"); break;
	case KT_CELL_SHARE:
		*ret = '+';
		plus = is_change(column) && cell->real >= 0.00005;
		if (fabs(cell->real) >= SHARE_ROUND)
			snprintf(ret + plus, size - plus, "%.0f %%", cell->real * 100);
		else
			real_text(cell->real * 100, " %", ret + plus, size - plus);
		break;
	case KT_CELL_REAL: real_text(cell->real, "", ret, size); break;
	case KT_CELL_BYTES:
		if (page->opts->exact_bytes)
			snprintf(human, sizeof(human), "%lld", (long long)cell->number);
		else
			kt_human_bytes(cell->number, human);
		snprintf(
			ret, size, "%s%s", is_change(column) && cell->number > 0 ? "+" : "", human);
		break;
	}
}

/* True if `index` is the last visible row of its depth below its parent. */
static bool is_last(const struct page *page, size_t index, int depth);

static bool row_shown(const struct page *page, const struct kt_report_row *row)
{
	int depth = page->opts->depth ? page->opts->depth : 100;

	return row->depth <= depth && (page->opts->all || !row->minor);
}

static bool is_last(const struct page *page, size_t index, int depth)
{
	for (size_t i = index + 1; i < page->table->rows.count; i++) {
		const struct kt_report_row *row = &page->table->rows.items[i];

		if (row->depth < depth)
			return true;
		if (row->depth == depth && row_shown(page, row))
			return false;
	}
	return true;
}

/* Writes "│  ├─ " for a row of depth 2; returns its width. */
static int branches(const struct page *page, size_t index, struct kt_buf *buf)
{
	int depth = page->table->rows.items[index].depth;
	bool unicode = page->opts->unicode;

	for (int level = 1; level <= depth; level++) {
		bool last = is_last(page, index, level);

		if (level == depth)
			kt_buf_puts(buf, unicode ? (last ? "└ " : "├ ") : (last ? "` " : "+ "));
		else
			kt_buf_puts(buf, last ? "  " : (unicode ? "│ " : "| "));
	}
	return depth * 2;
}

static int cell_width(const struct page *page, size_t index, const struct kt_report_row *row)
{
	const struct kt_column *column = &page->table->columns[index];
	char text[256];

	cell_text(page, column, &row->cells[index], text, sizeof(text));
	return columns_of(text) + (column->flags & KT_COL_TREE ? row->depth * 2 : 0);
}

static int wider(int a, int b)
{
	return a > b ? a : b;
}

/* True if a column has a sum; otherwise the list needs no line for the total. */
static bool adds_up(const struct kt_table *table)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (table->columns[i].flags & KT_COL_SUM)
			return true;
	}
	return false;
}

static struct kt_err *measure_row(void *arg, const struct kt_report_row *row)
{
	struct page *page = arg;

	if (!row || !row_shown(page, row))
		return NULL;
	for (size_t k = 0; k < page->nr_columns; k++) {
		if (page->shown[k])
			page->widths[k] = wider(page->widths[k], cell_width(page, k, row));
	}
	return NULL;
}

/* Row by row: the cells of a long list do not fit into the processor's cache. */
static void measure(struct page *page)
{
	const struct kt_table *table = page->table;

	for (size_t k = 0; k < page->nr_columns; k++) {
		page->widths[k] = columns_of(table->columns[k].title);
		page->shown[k] = is_shown(page, k);
	}
	kt_output_fed(table, page->opts, measure_row, page, page->buf);
	for (size_t i = 0; i < table->rows.count; i++)
		(void)measure_row(page, &table->rows.items[i]);
	(void)measure_row(page, table->rest);
	(void)measure_row(page, table->total);
}

/*
 * Writes text with control characters replaced: names in a report are untrusted. Only color()
 * writes escapes.
 */
static void put_text(const struct page *page, const char *text, size_t size)
{
	kt_buf_printable(page->buf, (struct kt_span){ text, size }, 0);
}

static void put_padded(const struct page *page, const char *text, int width, bool right)
{
	int pad = width - columns_of(text);

	if (right && pad > 0)
		kt_buf_repeat(page->buf, " ", (size_t)pad);
	put_text(page, text, strlen(text));
	if (!right && pad > 0)
		kt_buf_repeat(page->buf, " ", (size_t)pad);
}

static void put_bar(const struct page *page, double share, int room)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	int eighths = (int)(share * room * 8 + 0.5);

	if (share <= 0 || room <= 0)
		return;
	eighths = eighths > room * 8 ? room * 8 : eighths < 1 ? 1 : eighths;
	kt_buf_puts(page->buf, "  ");
	color(page, KT_TEXT_CYAN);
	if (page->opts->unicode) {
		kt_buf_repeat(page->buf, "█", (size_t)eighths / 8);
		kt_buf_puts(page->buf, parts[eighths % 8]);
	} else
		kt_buf_repeat(page->buf, "#", (size_t)(eighths + 4) / 8);
	color(page, KT_TEXT_PLAIN);
}

/* Removes blanks at the end of the line. */
static void trim(const struct page *page)
{
	while (page->buf->size && page->buf->data[page->buf->size - 1] == ' ')
		page->buf->size--;
}

/* A bar takes the room that is left, and shows more than further columns would. */
static bool has_bar(const struct kt_table *table)
{
	for (size_t k = 0; k < table->nr_columns; k++) {
		if (table->columns[k].flags & KT_COL_BAR)
			return true;
	}
	return false;
}

static int table_width(const struct page *page)
{
	int sum = 0;

	for (size_t k = 0; k < page->nr_columns; k++) {
		if (page->shown[k])
			sum += page->widths[k] + (sum ? 2 : 0);
	}
	return sum;
}

/* True if a column has a title; tables of pictures or prose have no title line. */
static bool has_titles(const struct page *page)
{
	for (size_t k = 0; k < page->nr_columns; k++) {
		if (page->shown[k] && *page->table->columns[k].title)
			return true;
	}
	return false;
}

static void put_head(const struct page *page)
{
	int at = 0;

	if (!has_titles(page))
		return;
	color(page, KT_TEXT_DIM);
	for (size_t k = 0; k < page->nr_columns; k++) {
		const struct kt_column *column = &page->table->columns[k];

		if (!page->shown[k])
			continue;
		if (at)
			kt_buf_puts(page->buf, "  ");
		if (column->flags & KT_COL_WRAP)
			put_text(page, column->title, strlen(column->title));
		else
			put_padded(
				page, column->title, page->widths[k], column->type != KT_CELL_TEXT);
		at++;
	}
	trim(page);
	color(page, KT_TEXT_PLAIN);
	kt_buf_puts(page->buf, "\n");
}

/* Writes a row; `index` is its place in the tree, and rows below the table have none. */
static void put_row(
	const struct page *page, const struct kt_report_row *row, size_t index, int bar_room)
{
	int at = 0;

	for (size_t k = 0; k < page->nr_columns; k++) {
		const struct kt_column *column = &page->table->columns[k];
		int width = page->widths[k];
		char buffer[512];
		const char *text = buffer;

		if (column->flags & KT_COL_BAR && row->cells[k].state == KT_OK && !row->mark)
			put_bar(page, row->cells[k].real, bar_room);
		if (!page->shown[k])
			continue;
		if (at)
			kt_buf_puts(page->buf, "  ");
		at += at ? 2 : 0;
		if (column->type == KT_CELL_TEXT && row->cells[k].state == KT_OK)
			text = row->cells[k].text;
		else
			cell_text(page, column, &row->cells[k], buffer, sizeof(buffer));
		if (column->flags & KT_COL_WRAP) {
			kt_text_wrapped(page->buf, text, at, page->opts->width);
			continue;
		}
		if (column->flags & KT_COL_TREE && index < page->table->rows.count) {
			color(page, KT_TEXT_DIM);
			width -= branches(page, index, page->buf);
			color(page, KT_TEXT_PLAIN);
		}
		color(page, row->strong ? KT_TEXT_BOLD : "");
		put_padded(page, text, width, column->type != KT_CELL_TEXT);
		color(page, row->strong ? KT_TEXT_PLAIN : "");
		at += page->widths[k];
	}
	if (row->mark) {
		kt_buf_puts(page->buf, "  ");
		put_text(page, row->mark, strlen(row->mark));
	}
	trim(page);
	kt_buf_puts(page->buf, "\n");
}

static void to_ascii(struct kt_buf *buf);

static struct kt_err *put_fed(void *arg, const struct kt_report_row *row)
{
	struct page *page = arg;

	if (row_shown(page, row))
		put_row(page, row, SIZE_MAX, page->bar_room);
	if (page->opts->sink && page->buf->size >= KT_SINK_BYTES && !page->opts->unicode)
		to_ascii(page->buf);
	return kt_output_drain(page->opts, page->buf);
}

static void put_table(struct page *page, const struct kt_table *table)
{
	int bar_room;

	page->table = table;
	page->nr_columns = table->nr_columns < COLUMNS_MAX ? table->nr_columns : COLUMNS_MAX;
	page->wide = page->opts->width > WIDTH_USUAL && !has_bar(table);
	measure(page);
	if (page->wide && table_width(page) > page->opts->width) {
		page->wide = false;
		measure(page);
	}
	bar_room = page->opts->width - table_width(page) - 2;
	bar_room = bar_room > BAR_MAX ? BAR_MAX : bar_room;
	kt_buf_puts(page->buf, "\n");
	if (table->title) {
		color(page, KT_TEXT_BOLD);
		put_text(page, table->title, strlen(table->title));
		color(page, KT_TEXT_PLAIN);
		kt_buf_puts(page->buf, "\n");
	}
	page->bar_room = bar_room < 5 ? 0 : bar_room;
	put_head(page);
	kt_output_fed(table, page->opts, put_fed, page, page->buf);
	for (size_t i = 0; i < table->rows.count; i++) {
		if (row_shown(page, &table->rows.items[i]))
			put_row(page, &table->rows.items[i], i, page->bar_room);
	}
	if (table->plain && table->nr_rest) {
		color(page, KT_TEXT_DIM);
		kt_buf_printf(page->buf, "and %zu more\n", table->nr_rest);
		color(page, KT_TEXT_PLAIN);
	}
	if (table->rest) {
		color(page, KT_TEXT_DIM);
		put_row(page, table->rest, SIZE_MAX, 0);
		color(page, KT_TEXT_PLAIN);
	}
	if (table->total && adds_up(table)) {
		table->total->strong = true;
		put_row(page, table->total, SIZE_MAX, 0);
	}
}

/*
 * Converts text for terminals without UTF-8: ktally's own characters are replaced by similar ones,
 * other characters by '?'.
 */
static void to_ascii(struct kt_buf *buf)
{
	static const struct {
		const char *from, *to;
	} signs[] = { { "±", "+-" }, { "µ", "u" }, { "…", "..." }, { "≤", "<=" }, { "≥", ">=" },
		{ "≈", "~" }, { "×", "x" }, { "█", "#" }, { "▒", "=" }, { "░", "-" },
		{ "·", "." } };
	struct kt_buf plain = { 0 };

	for (size_t i = 0; i < buf->size; i++) {
		const char *to = NULL;

		size_t end = i;

		while (end < buf->size && !(buf->data[end] & 0x80))
			end++;
		kt_buf_add(&plain, buf->data + i, end - i);
		i = end;
		if (i == buf->size)
			break;
		for (size_t k = 0; k < KT_LEN(signs) && !to; k++) {
			size_t n = strlen(signs[k].from);

			if (buf->size - i >= n && memcmp(buf->data + i, signs[k].from, n) == 0)
				to = signs[k].to;
		}
		if (to || (buf->data[i] & 0xc0) != 0x80)
			kt_buf_puts(&plain, to ? to : "?");
	}
	plain.failed |= buf->failed;
	kt_buf_cleanup(buf);
	*buf = plain;
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct page page = { .buf = ret_text, .opts = opts, .report = report };

	if (opts->turn)
		kt_buf_puts(ret_text, "\n");

	for (size_t i = 0; i < report->headlines.count; i++) {
		color(&page, i ? "" : KT_TEXT_BOLD);
		kt_text_wrapped(ret_text, report->headlines.items[i], 0, opts->width);
		color(&page, i ? "" : KT_TEXT_PLAIN);
		kt_buf_puts(ret_text, "\n");
	}
	for (size_t i = 0; i < report->charts.count; i++)
		kt_text_chart(report->charts.items[i], opts, ret_text);
	for (size_t i = 0; i < report->drawings.count; i++)
		kt_text_drawing(report->drawings.items[i], opts, ret_text);
	if (!report->brief)
		kt_text_findings(report, opts, ret_text);
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];

		if (!table->data_only && (table->rows.count || table->rest || table->feed.each))
			put_table(&page, table);
	}
	if (report->notes.count || (report->brief && report->findings.count))
		kt_buf_puts(ret_text, "\n");
	if (report->brief)
		kt_text_findings_brief(report, opts, ret_text);
	for (size_t i = 0; i < report->notes.count; i++) {
		kt_buf_puts(ret_text, opts->unicode ? "• " : "* ");
		kt_text_wrapped(ret_text, report->notes.items[i], 2, opts->width);
		kt_buf_puts(ret_text, "\n");
	}
	if (!opts->unicode)
		to_ascii(ret_text);
}

const struct kt_output kt_output_text = {
	.name = "text",
	.summary = "tables for reading",
	.for_people = true,
	.notes = true,
	.render = render,
};
