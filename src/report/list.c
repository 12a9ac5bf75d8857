// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/list.h"

#include "base/buf.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define REST_NAME "(others)"

static bool is_real(const struct kt_column *column)
{
	return column->type == KT_CELL_SHARE || column->type == KT_CELL_REAL;
}

/* ---- shares and sums ---- */

/* Nothing is a share of nothing, or of less than nothing as an unattributed rest may be. */
static void fill_shares(const struct kt_table *table, struct kt_report_row *row)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_column *column = &table->columns[i];
		const struct kt_cell *num = &row->cells[column->num],
				     *den = &row->cells[column->den];

		if (column->num == column->den || !is_real(column) || num->state != KT_OK ||
			den->state != KT_OK || den->number <= 0)
			continue;
		row->cells[i] = kt_cell_real((double)num->number / (double)den->number);
	}
}

/*
 * Computes the differences of a sum of rows from its sums: differences of rows leave out rows that
 * are known on only one side.
 */
static void fill_differences(const struct kt_table *table, struct kt_report_row *total)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_column *column = &table->columns[i];
		const struct kt_cell *num = &total->cells[column->num],
				     *den = &total->cells[column->den];
		int64_t difference;

		if (column->num != column->den && !is_real(column) && num->state == KT_OK &&
			den->state == KT_OK &&
			!__builtin_sub_overflow(num->number, den->number, &difference))
			total->cells[i] = kt_cell_number(difference);
	}
}

/*
 * Adds a row to a sum. Missing numbers are not zero: a sum of only missing numbers is missing too.
 */
static void add_row(
	const struct kt_table *table, struct kt_report_row *sum, const struct kt_report_row *row)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		struct kt_cell *to = &sum->cells[i];
		const struct kt_cell *from = &row->cells[i];

		if (!(table->columns[i].flags & KT_COL_SUM) || from->state != KT_OK ||
			to->state == KT_BAD)
			continue;
		to->state = KT_OK;
		if (is_real(&table->columns[i]))
			to->real += from->real;
		else if (__builtin_add_overflow(to->number, from->number, &to->number))
			*to = kt_cell_missing(KT_BAD, "the sum is impossibly large");
	}
}

static struct kt_report_row *sum_row(
	struct kt_report *report, const struct kt_table *table, const char *name)
{
	struct kt_report_row *row = kt_arena_alloc(&report->arena, sizeof(*row));
	size_t key = kt_table_column(table, KT_COL_KEY),
	       title = kt_table_column(table, KT_COL_TITLE);

	if (!row)
		return NULL;
	row->cells = kt_arena_alloc(&report->arena, table->nr_columns * sizeof(*row->cells));
	if (!row->cells)
		return NULL;
	for (size_t i = 0; i < table->nr_columns; i++)
		row->cells[i].state = KT_ABSENT;
	for (size_t i = 0; i < table->nr_columns && table->rows.count; i++) {
		if (table->columns[i].flags & KT_COL_SAME)
			row->cells[i] = table->rows.items[0].cells[i];
	}
	if (key != KT_NO_COLUMN && table->columns[key].type == KT_CELL_TEXT)
		row->cells[key] = kt_cell_text(name);
	if (title != KT_NO_COLUMN)
		row->cells[title] = kt_cell_text(name);
	return row;
}

/* ---- order ---- */

struct order {
	const struct kt_table *table;
	size_t column, rank;
};

static int compare_cells(
	const struct kt_column *column, const struct kt_cell *a, const struct kt_cell *b)
{
	if (a->state != KT_OK || b->state != KT_OK)
		return (a->state != KT_OK) - (b->state != KT_OK);
	if (column->type == KT_CELL_TEXT)
		return strcmp(a->text, b->text);
	if (column->flags & KT_COL_ASCENDING)
		return (a->number > b->number) - (a->number < b->number);
	if (is_real(column))
		return (a->real < b->real) - (a->real > b->real);
	return (a->number < b->number) - (a->number > b->number);
}

/* Sorts numbers largest first, text from A, missing values last; ties by size, then by name. */
static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct order *order = arg;
	const struct kt_report_row *a = left, *b = right;
	const struct kt_column *columns = order->table->columns;
	int result = compare_cells(
		&columns[order->column], &a->cells[order->column], &b->cells[order->column]);

	if (!result)
		result = compare_cells(
			&columns[order->rank], &a->cells[order->rank], &b->cells[order->rank]);
	/* rows of unknown size: by what else is summed */
	for (size_t i = 0; !result && i < order->table->nr_columns; i++) {
		if (columns[i].flags & KT_COL_SUM && a->cells[order->rank].state != KT_OK)
			result = compare_cells(&columns[i], &a->cells[i], &b->cells[i]);
	}
	for (size_t i = 0; !result && i < order->table->nr_columns; i++) {
		if (columns[i].flags & KT_COL_KEY)
			result = compare_cells(&columns[i], &a->cells[i], &b->cells[i]);
	}
	return result || !a->key || !b->key ? result : strcmp(a->key, b->key);
}

bool kt_list_matches(const char *filter, const char *name)
{
	return fnmatch(filter, name, 0) == 0 || (!strpbrk(filter, "*?[") && strstr(name, filter));
}

static bool matches(
	const struct kt_table *table, const struct kt_report_row *row, const char *filter)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &row->cells[i];

		if (!(table->columns[i].flags & KT_COL_KEY) || cell->state != KT_OK ||
			table->columns[i].type != KT_CELL_TEXT)
			continue;
		if (kt_list_matches(filter, cell->text))
			return true;
	}
	return false;
}

/*
 * True if every ranking number of the row is zero. Where they are missing, the other sums decide:
 * an unknown size is not zero.
 */
static bool is_empty(const struct kt_table *table, const struct kt_report_row *row)
{
	size_t rank = kt_table_column(table, KT_COL_RANK);
	unsigned flags = KT_COL_RANK | KT_COL_GROWTH;

	if (rank == KT_NO_COLUMN)
		return false;
	if (row->cells[rank].state != KT_OK)
		flags |= KT_COL_SUM;
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (table->columns[i].flags & flags && row->cells[i].state == KT_OK &&
			(row->cells[i].number != 0 ||
				(is_real(&table->columns[i]) && row->cells[i].real != 0)))
			return false;
	}
	return true;
}

/* True if a sum of rows has no number other than zero. */
static bool is_nothing(const struct kt_table *table, const struct kt_report_row *sum)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &sum->cells[i];

		if (table->columns[i].flags & KT_COL_SUM && cell->state != KT_ABSENT &&
			(cell->number != 0 || cell->real != 0 || cell->state == KT_BAD))
			return false;
	}
	return true;
}

bool kt_list_fold(struct kt_report *report, struct kt_table *table, const struct kt_report_row *row)
{
	if (!table->rest)
		table->rest = sum_row(report, table, REST_NAME);
	if (!table->total)
		table->total = sum_row(report, table, "total");
	if (!table->rest || !table->total)
		return false;
	add_row(table, table->rest, row);
	add_row(table, table->total, row);
	table->nr_rest++;
	return true;
}

/* Cuts the list; the cut rows stay in memory after the kept rows. */
static void cut(struct kt_report *report, struct kt_table *table, const struct kt_list_opts *opts)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->rows.count; i++) {
		struct kt_report_row row = table->rows.items[i];
		bool asked = (!opts->filter || matches(table, &row, opts->filter)) &&
			     (opts->empty || !is_empty(table, &row));

		if (asked && (row.pinned || !opts->top || (int64_t)kept < opts->top)) {
			table->rows.items[kept++] = row;
			continue;
		}
		/* without sums, the rest only counts further rows that match */
		table->nr_rest += asked || !table->plain;
		if (table->plain)
			continue;
		if (!table->rest)
			table->rest = sum_row(report, table, REST_NAME);
		if (!table->rest)
			return;
		add_row(table, table->rest, &row);
	}
	table->rows.count = kept;
	if (table->rest && !opts->empty && is_nothing(table, table->rest))
		table->rest = NULL;
}

/* True if the list shows the fastest growing rows first once growth is known. */
static bool ranked_by_size(const struct kt_table *table)
{
	size_t rank = kt_table_column(table, KT_COL_RANK);

	return rank != KT_NO_COLUMN && table->columns[rank].flags & KT_COL_TRACK &&
	       kt_table_column(table, KT_COL_GROWTH) != KT_NO_COLUMN;
}

static struct kt_err *finish(
	struct kt_report *report, struct kt_table *table, const struct kt_list_opts *opts)
{
	struct order order = { table, kt_table_column(table, KT_COL_RANK),
		kt_table_column(table, KT_COL_RANK) };

	if (order.rank == KT_NO_COLUMN)
		order.rank = order.column = 0;
	if (report->followed && ranked_by_size(table))
		order.column = kt_table_column(table, KT_COL_GROWTH);
	if (opts->sort && kt_table_column_named(table, opts->sort) != KT_NO_COLUMN)
		order.column = kt_table_column_named(table, opts->sort);
	table->sorted_by = order.column;
	if (!table->plain && !table->total)
		table->total = sum_row(report, table, "total");
	for (size_t i = 0; i < table->rows.count; i++) {
		fill_shares(table, &table->rows.items[i]);
		if (table->total)
			add_row(table, table->total, &table->rows.items[i]);
	}
	if (table->rows.count)
		qsort_r(table->rows.items, table->rows.count, sizeof(*table->rows.items),
			compare_rows, &order);
	cut(report, table, opts);
	if (report->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (table->total) {
		fill_differences(table, table->total);
		fill_shares(table, table->total);
	}
	if (table->rest) {
		fill_differences(table, table->rest);
		fill_shares(table, table->rest);
	}
	return NULL;
}

/* Checks that a list has the column; the error names the columns of this report's lists. */
static struct kt_err *check_sort(struct kt_report *report, const char *sort)
{
	KT_CLEANUP(buf) struct kt_buf known = { 0 };

	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];

		if (!table->list)
			continue;
		if (kt_table_column_named(table, sort) != KT_NO_COLUMN)
			return NULL;
		for (size_t k = 0; k < table->nr_columns; k++) {
			if (!(table->columns[k].flags & KT_COL_TEXT_ONLY))
				kt_buf_join(&known, ", ", "%s", table->columns[k].key);
		}
	}
	if (known.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!known.size)
		return kt_err_new(KT_ERR_USAGE, "cannot sort: the output has no list");
	return kt_err_new(KT_ERR_USAGE, "cannot sort by '%.64s': no such column; use one of %s",
		sort, kt_arena_text(&report->arena, &known));
}

/* Rows that the filter of the lists was asked for. */
struct asked {
	size_t rows, matching, shown;
};

static void count_asked(
	const struct kt_table *table, const struct kt_list_opts *opts, struct asked *asked)
{
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		bool matching = matches(table, row, opts->filter);

		asked->rows++;
		asked->matching += matching;
		asked->shown += matching && (opts->empty || !is_empty(table, row));
	}
}

static void note_asked(
	struct kt_report *report, const struct kt_list_opts *opts, const struct asked *asked)
{
	const char *filter;

	if (!asked->rows || asked->shown)
		return;
	filter = kt_arena_name(&report->arena, kt_span_str(opts->filter));
	kt_report_note(report,
		asked->matching ? "every row that matches '%s' is empty: -a shows them"
				: "no row matches '%s'",
		filter);
}

struct kt_err *kt_list_finish(struct kt_report *report, const struct kt_list_opts *opts)
{
	struct kt_err *err = NULL;
	struct asked asked = { 0 };

	if (report->arena.failed) /* rows may be without cells */
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (report->finished)
		return NULL;
	report->finished = true;
	if (opts->sort)
		err = check_sort(report, opts->sort);
	for (size_t i = 0; i < report->tables.count && !err; i++) {
		struct kt_table *table = report->tables.items[i];

		if (table->list && opts->filter)
			count_asked(table, opts, &asked);
		if (table->list)
			err = finish(report, table, opts);
	}
	if (!err && opts->filter)
		note_asked(report, opts, &asked);
	return err;
}
