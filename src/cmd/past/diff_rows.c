// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/diff_rows.h"

#include "base/buf.h"
#include "report/shape.h"

#include <stdlib.h>
#include <string.h>

#define NAMED_MAX	6u	    /* rows that a note names */
#define GAP_NOTED_BYTES (1ll << 20) /* in a row for what a list lacks */

enum {
	COL_NAME,
	COL_TITLE,
	COL_BEFORE,
	COL_AFTER,
	COL_CHANGE,
	COL_SHARE,
	COL_MOVED,
	COL_BEFORE_QUALITY,
	COL_AFTER_QUALITY,
	COL_CHANGE_QUALITY,
	COL_LIST
};

#define AMOUNT(id, name, head, of, more)                      \
	[id] = { .key = (name),                               \
		.title = (head),                              \
		.type = (of),                                 \
		.flags = KT_COL_SUM | KT_COL_SIGNED | (more), \
		.help = "Null where it is not known: missing is never zero." }
#define QUALITY(id, name, text)            \
	[id] = { .key = (name),            \
		.title = "",               \
		.flags = KT_COL_DATA_ONLY, \
		.words = KT_QUALITY_WORDS, \
		.help = (text) }
#define QUALITY_HELP "The quality of the amount; null: the list does not state it."

#define COLUMNS_OF(of, family)                                                                     \
	{                                                                                          \
		[COL_NAME] = { .key = "name",                                                      \
			.title = "NAME",                                                           \
			.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_DATA_ONLY },                   \
		[COL_TITLE] = { .key = "title",                                                    \
			.title = "WHAT",                                                           \
			.flags = KT_COL_TITLE,                                                     \
			.help = "What people call the row." },                                     \
		AMOUNT(COL_BEFORE, "before", "BEFORE", of, 0),                                     \
		AMOUNT(COL_AFTER, "after", "AFTER", of, 0),                                        \
		[COL_CHANGE] = { .key = "change",                                                  \
			.title = "CHANGE",                                                         \
			.type = (of),                                                              \
			.flags = KT_COL_SUM | KT_COL_SIGNED | KT_COL_CHANGE,                       \
			.num = COL_AFTER,                                                          \
			.den = COL_BEFORE,                                                         \
			.metric = (family),                                                        \
			.help = "Null where it is not known: missing is never zero." },            \
		[COL_SHARE] = { .key = "ratio",                                                    \
			.title = "BY",                                                             \
			.type = KT_CELL_SHARE,                                                     \
			.num = COL_CHANGE,                                                         \
			.den = COL_BEFORE,                                                         \
			.flags = KT_COL_SIGNED | KT_COL_CHANGE,                                    \
			.help = "Change divided by before." },                                     \
		[COL_MOVED] = { .key = "moved",                                                    \
			.title = "",                                                               \
			.type = (of),                                                              \
			.flags = KT_COL_DATA_ONLY | KT_COL_RANK,                                   \
			.help = "The change without its sign; null in sums." },                    \
		QUALITY(COL_BEFORE_QUALITY, "before_quality", QUALITY_HELP),                       \
		QUALITY(COL_AFTER_QUALITY, "after_quality", QUALITY_HELP),                         \
		QUALITY(COL_CHANGE_QUALITY, "change_quality",                                      \
			"The quality of the change; null: there is none, or no side states one."), \
		[COL_LIST] = { .key = "list",                                                      \
			.title = "LIST",                                                           \
			.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_SAME,                    \
			.help = "The list that has the row; null for a sum of no rows." },         \
	}

const struct kt_column kt_diff_byte_columns[KT_DIFF_COLUMNS] =
	COLUMNS_OF(KT_CELL_BYTES, KT_FAMILY(DIFF_BYTES));
const struct kt_column kt_diff_count_columns[KT_DIFF_COLUMNS] = COLUMNS_OF(KT_CELL_COUNT, NULL);

/* Copies the reason of a missing value, whose report is freed first. */
static struct kt_cell own(struct kt_report *report, const struct kt_cell *cell)
{
	return cell->state == KT_OK ? *cell : kt_report_missing(report, cell->state, cell->text);
}

/* An amount as a value. "At most 0" is 0: an amount with this bound is never negative. */
static struct kt_val amount_of(const struct kt_diff_pair *pair, int side)
{
	const struct kt_cell *cell = &pair->cells[side];
	enum kt_quality quality = pair->qualities[side];

	if (cell->state != KT_OK)
		return kt_val_lack(cell->state, cell->text ? cell->text : "");
	return kt_val_bytes(
		cell->number, quality == KT_UPPER_BOUND && !cell->number ? KT_EXACT : quality);
}

static const char *sign_of(enum kt_quality quality)
{
	switch (quality) {
	case KT_EXACT: return NULL;
	case KT_ESTIMATE: return "≈";
	case KT_UPPER_BOUND: return "≤";
	case KT_LOWER_BOUND: return "≥";
	}
	return NULL;
}

/* Marks a change that is not exact or, where there is no change, the only amount. */
static const char *mark_of(const struct kt_val amounts[2], struct kt_val change)
{
	if (!kt_ok(change))
		change = kt_ok(amounts[0]) ? amounts[0] : amounts[1];
	return kt_ok(change) ? sign_of(change.quality) : NULL;
}

static struct kt_cell quality_cell(bool stated, enum kt_quality quality)
{
	return kt_cell_text(stated ? kt_quality_name(quality) : NULL);
}

/*
 * Without both values there is no change: missing is not 0. An overflow can only come from a
 * hostile source and leaves the change missing as well.
 */
static void put_pair(
	struct kt_report *report, struct kt_table *table, const struct kt_diff_pair *pair)
{
	const struct kt_val amounts[2] = { amount_of(pair, 0), amount_of(pair, 1) };
	struct kt_val change = kt_val_sub(amounts[1], amounts[0]);
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->mark = mark_of(amounts, change);
	row->cells[COL_NAME] = kt_report_text(report, pair->name);
	row->cells[COL_TITLE] = kt_report_text(report, pair->title ? pair->title : pair->name);
	row->cells[COL_LIST] = kt_cell_text(table->key);
	row->cells[COL_BEFORE] = own(report, &pair->cells[0]);
	row->cells[COL_AFTER] = own(report, &pair->cells[1]);
	row->cells[COL_BEFORE_QUALITY] = quality_cell(pair->stated[0], pair->qualities[0]);
	row->cells[COL_AFTER_QUALITY] = quality_cell(pair->stated[1], pair->qualities[1]);
	if (!kt_ok(change) || change.value == INT64_MIN)
		return;
	row->cells[COL_CHANGE] = kt_cell_number(change.value);
	row->cells[COL_CHANGE_QUALITY] =
		quality_cell(pair->stated[0] || pair->stated[1], change.quality);
	row->cells[COL_MOVED] = kt_cell_number(llabs(change.value));
}

struct kt_table *kt_diff_table(
	struct kt_report *report, const char *key, const char *title, enum kt_diff_unit unit)
{
	struct kt_table *table = kt_report_list(report, key, title,
		unit == KT_DIFF_COUNT || unit == KT_DIFF_PAGES ? kt_diff_count_columns
							       : kt_diff_byte_columns,
		KT_DIFF_COLUMNS);

	if (table)
		table->plain = unit != KT_DIFF_BYTES;
	return table;
}

/* The only known amount of a row without its sign; KT_UNKNOWN: both or none are known, or it is 0.
 */
static int64_t lone_amount(const struct kt_diff_pair *pair)
{
	const struct kt_cell *before = &pair->cells[0], *after = &pair->cells[1];
	int64_t number = before->state == KT_OK ? before->number : after->number;

	if ((before->state == KT_OK) == (after->state == KT_OK) || !number)
		return KT_UNKNOWN;
	return number < 0 ? -(number + 1) : number;
}

/* Returns the largest of the rows that one side does not know, below rank `last`; NULL: none. */
static const struct kt_diff_pair *next_lone(
	const kt_diff_pairs *pairs, const struct kt_diff_pair *last)
{
	const struct kt_diff_pair *best = NULL;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct kt_diff_pair *pair = &pairs->items[i];
		int64_t amount = lone_amount(pair);
		bool is_below = !last || amount < lone_amount(last) ||
				(amount == lone_amount(last) && pair > last);

		if (kt_known(amount) && is_below && (!best || amount > lone_amount(best)))
			best = pair;
	}
	return best;
}

/*
 * Names the rows that one side does not know. They have no change, so they would be last in the
 * list.
 */
static void note_unknown(
	struct kt_report *report, const struct kt_table *table, const kt_diff_pairs *pairs)
{
	KT_CLEANUP(buf) struct kt_buf names = { 0 };
	const struct kt_diff_pair *pair = NULL;
	size_t count = 0;

	for (size_t i = 0; i < pairs->count; i++)
		count += kt_known(lone_amount(&pairs->items[i]));
	for (size_t i = 0; i < NAMED_MAX && (pair = next_lone(pairs, pair)); i++) {
		int side = pair->cells[0].state == KT_OK ? 0 : 1;

		kt_buf_join(&names, ", ", "%s (%s ", pair->title ? pair->title : pair->name,
			side ? "after" : "before");
		if (table->columns == kt_diff_count_columns)
			kt_buf_printf(&names, "%lld)", (long long)pair->cells[side].number);
		else
			kt_buf_printf(
				&names, "%s)", kt_report_bytes(report, pair->cells[side].number));
	}
	if (count > NAMED_MAX)
		kt_buf_printf(&names, " and %zu more", count - NAMED_MAX);
	if (count)
		kt_report_note(report, "%s: known on one side only, so without a change: %s",
			table->title, kt_arena_text(&report->arena, &names));
}

/*
 * Rows for what a counter has and its list has not: the list was read at another time. A recording
 * reads lists less often than counters.
 */
static void note_gaps(
	struct kt_report *report, const struct kt_table *table, const kt_diff_pairs *pairs)
{
	static const char *const names[] = { "(came or went)", "(VmallocUsed - areas)" };

	for (size_t i = 0; i < pairs->count; i++) {
		const struct kt_diff_pair *pair = &pairs->items[i];
		int64_t most = 0;

		for (int side = 0; side < 2; side++) {
			const struct kt_cell *cell = &pair->cells[side];

			if (cell->state == KT_OK && llabs(cell->number) > most)
				most = llabs(cell->number);
		}
		for (size_t k = 0; k < KT_LEN(names) && most >= GAP_NOTED_BYTES; k++) {
			if (strcmp(pair->name, names[k]) == 0)
				kt_report_note(report,
					"%s: '%s' is what the counter has and the list has not: "
					"the list was read at another time, so who it was is not "
					"known; a time nearer to the reading may show it",
					table->title, names[k]);
		}
	}
}

void kt_diff_put(struct kt_report *report, struct kt_table *table, const kt_diff_pairs *pairs)
{
	for (size_t i = 0; table && i < pairs->count; i++) {
		const struct kt_diff_pair *pair = &pairs->items[i];
		bool any = pair->cells[0].state == KT_OK || pair->cells[1].state == KT_OK;

		/* the account names what no side knows; a count of nothing says nothing */
		if (any || !table->plain)
			put_pair(report, table, pair);
	}
	if (table && !table->data_only)
		note_unknown(report, table, pairs);
	if (table && !table->data_only && !table->plain)
		note_gaps(report, table, pairs);
}

/* A value that became missing has moved too: "nothing moved" must not hide it. */
bool kt_diff_moved(const struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];

		for (size_t k = 0; k < table->rows.count; k++) {
			const struct kt_cell *cells = table->rows.items[k].cells;

			if (cells[COL_CHANGE].state == KT_OK
					? cells[COL_CHANGE].number != 0
					: cells[COL_BEFORE].state != cells[COL_AFTER].state)
				return true;
		}
	}
	return false;
}
