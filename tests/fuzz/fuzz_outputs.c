// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any report in any output: the data makes tables, cells, notes and charts, with any text in
// them. Whatever a report holds, an output writes lines that may be printed.

#include "fuzz_record.h"

#include "base/printable.h"
#include "output/output.h"
#include "report/list.h"

#include <string.h>

#define COLUMNS_MAX 6
#define ROWS_MAX    24

struct dice {
	const uint8_t *p;
	size_t n;
};

static unsigned take(struct dice *dice)
{
	if (!dice->n)
		return 0;
	dice->n--;
	return *dice->p++;
}

static const char *text_of(struct dice *dice, struct kt_report *report)
{
	size_t n = take(dice) & 31;

	n = n < dice->n ? n : dice->n;
	dice->p += n;
	dice->n -= n;
	return kt_arena_printf(&report->arena, "%.*s", (int)n, (const char *)dice->p - n);
}

/* A cell of its column's type; one that is missing has a reason in its place. */
static struct kt_cell cell_of(struct dice *dice, struct kt_report *report, enum kt_cell_type type)
{
	unsigned kind = take(dice);
	const char *text = text_of(dice, report);
	enum kt_state state = kind & 1 ? KT_OK : (enum kt_state)(kind >> 1 & 3);

	if (state != KT_OK)
		return kt_cell_missing(state, kind & 8 ? text : NULL);
	if (type == KT_CELL_TEXT)
		return kt_cell_text(text);
	if (type == KT_CELL_SHARE || type == KT_CELL_REAL)
		return kt_cell_real((double)kind / 7 - 3);
	return kt_cell_number(kind & 8	  ? INT64_MIN
			      : kind & 16 ? INT64_MAX
					  : (int64_t)kind << (kind & 31));
}

static void add_table(struct dice *dice, struct kt_report *report)
{
	static const char *const keys[COLUMNS_MAX] = { "id", "a", "b", "c", "d", "e" };
	struct kt_column *columns = kt_arena_alloc(&report->arena, sizeof(*columns) * COLUMNS_MAX);
	size_t nr_columns = take(dice) % COLUMNS_MAX + 1, nr_rows = take(dice) % ROWS_MAX;
	bool stacks = take(dice) & 1;
	struct kt_table *table;

	for (size_t i = 0; i < nr_columns; i++) {
		columns[i] = (struct kt_column){ .key = !i && stacks ? "stack" : keys[i],
			.title = text_of(dice, report),
			.type = i ? (enum kt_cell_type)(take(dice) % (KT_CELL_BOOL + 1))
				  : KT_CELL_TEXT,
			.flags = i ? take(dice) & (KT_COL_TREE | KT_COL_BAR | KT_COL_WIDE |
							  KT_COL_TEXT_ONLY | KT_COL_DATA_ONLY)
				   : KT_COL_KEY | KT_COL_LABEL };
		if (columns[i].type == KT_CELL_BYTES)
			columns[i].metric = KT_FAMILY(SLAB_CACHE_BYTES);
		if (columns[i].type != KT_CELL_SHARE)
			columns[i].flags &= ~(unsigned)KT_COL_BAR;
	}
	if (take(dice) & 1)
		table = kt_report_list(report, "t", text_of(dice, report), columns, nr_columns);
	else
		table = kt_report_table(report, "t", text_of(dice, report), columns, nr_columns);
	for (size_t i = 0; i < nr_rows; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		row->depth = (int)(take(dice) & 3);
		row->mark = take(dice) & 1 ? text_of(dice, report) : NULL;
		for (size_t k = 0; k < nr_columns; k++)
			row->cells[k] = cell_of(dice, report, columns[k].type);
	}
}

static void render(
	const struct kt_report *report, const struct kt_output *output, struct dice *dice)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_output_opts opts = { .all = take(dice) & 1,
		.unicode = take(dice) & 1,
		.color = take(dice) & 1,
		.width = 40 + (int)(take(dice) & 127) };
	unsigned flags = KT_PRINTABLE_LINES | (opts.color ? KT_PRINTABLE_COLORS : 0u);

	output->render(report, &opts, &text);
	fuzz_must(output->binary || kt_printable_front((struct kt_span){ text.data, text.size },
					    flags) == text.size,
		"an output wrote what may not be printed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct dice dice = { data, size };
	struct kt_list_opts list = { .empty = true };

	kt_report_init(&report, "ktally/test/1");
	kt_report_headline(&report, "%s", text_of(&dice, &report));
	kt_report_note(&report, "%s", text_of(&dice, &report));
	kt_report_field(
		&report, "host", "name", KT_CELL_TEXT, cell_of(&dice, &report, KT_CELL_TEXT));
	for (unsigned i = take(&dice) & 3; i > 0; i--)
		add_table(&dice, &report);
	kt_err_free(kt_list_finish(&report, &list));
	for (size_t i = 0; i < kt_nr_outputs; i++) {
		if (!kt_outputs[i]->charts)
			render(&report, kt_outputs[i], &dice);
	}
	return 0;
}
