// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists of any columns and cells: what is shown and what was cut add up to the total, nothing is
// shown twice, and the order is that of the column.

#include "fuzz.h"

#include "report/list.h"

#define COLUMNS_MAX 6u
#define ROWS_MAX    64u

struct input {
	const uint8_t *data;
	size_t size;
};

static unsigned take(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/* Small numbers mostly, and the largest that there are, so that sums overflow. */
static int64_t number(struct input *in)
{
	static const int64_t extremes[] = { INT64_MAX, INT64_MIN, INT64_MAX / 2, -1, 0, 1 };
	unsigned kind = take(in);

	if (kind < KT_LEN(extremes))
		return extremes[kind];
	return (int64_t)(kind | take(in) << 8) - 32768;
}

static void make_columns(struct input *in, struct kt_column *columns, size_t nr)
{
	static const char *const keys[COLUMNS_MAX] = { "a", "b", "c", "d", "e", "f" };
	static const unsigned flags[] = { KT_COL_KEY, KT_COL_SUM, KT_COL_RANK, KT_COL_GROWTH,
		KT_COL_TRACK, KT_COL_ASCENDING };

	for (size_t i = 0; i < nr; i++) {
		unsigned bits = take(in);

		columns[i] = (struct kt_column){ .key = keys[i], .title = keys[i] };
		columns[i].type = bits % 3 == 0	  ? KT_CELL_TEXT
				  : bits % 3 == 1 ? KT_CELL_BYTES
						  : KT_CELL_COUNT;
		for (size_t k = 0; k < KT_LEN(flags); k++)
			columns[i].flags |= bits & 4u << k ? flags[k] : 0;
		if (columns[i].type == KT_CELL_TEXT)
			columns[i].flags &= KT_COL_KEY;
	}
}

static void make_rows(struct input *in, struct kt_report *report, struct kt_table *table)
{
	static const char *const names[] = { "", "x", "xy", "other", "(others)", "total" };

	while (in->size && table->rows.count < ROWS_MAX) {
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			abort();
		row->pinned = take(in) % 16 == 0;
		for (size_t i = 0; i < table->nr_columns; i++) {
			if (table->columns[i].type == KT_CELL_TEXT)
				row->cells[i] = kt_cell_text(names[take(in) % KT_LEN(names)]);
			else if (take(in) % 8)
				row->cells[i] = kt_cell_number(number(in));
		}
	}
}

/* The sum of a column over the shown rows and the cut ones; false where it is not known. */
static bool sum_of(const struct kt_table *table, size_t column, __int128 *ret_sum)
{
	*ret_sum = 0;
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_cell *cell = &table->rows.items[i].cells[column];

		*ret_sum += cell->state == KT_OK ? cell->number : 0;
	}
	if (!table->rest)
		return true;
	*ret_sum += table->rest->cells[column].number;
	return table->rest->cells[column].state != KT_BAD;
}

static void check(const struct kt_table *table)
{
	for (size_t i = 0; i < table->nr_columns && table->total; i++) {
		const struct kt_cell *total = &table->total->cells[i];
		__int128 sum;

		if (!(table->columns[i].flags & KT_COL_SUM) || total->state != KT_OK)
			continue;
		if (sum_of(table, i, &sum) && sum != total->number)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct input in = { data, size };
	struct kt_column columns[COLUMNS_MAX];
	size_t nr = 1 + take(&in) % COLUMNS_MAX;
	unsigned bits = take(&in);
	struct kt_list_opts opts = {
		.sort = bits & 1 ? "b" : NULL,
		.filter = bits & 2 ? "x*" : NULL,
		.top = bits & 4 ? 1 + bits / 32 : 0,
		.empty = bits & 8,
	};
	struct kt_table *table;
	struct kt_err *err;

	kt_report_init(&report, "fuzz/1");
	make_columns(&in, columns, nr);
	table = kt_report_list(&report, "rows", NULL, columns, nr);
	if (!table)
		abort();
	table->plain = bits & 16;
	report.followed = bits & 32;
	make_rows(&in, &report, table);
	err = kt_list_finish(&report, &opts);
	if (!err)
		check(table);
	kt_err_free(err);
	return 0;
}
