// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two machines, or two moments of one: what grew and what shrank. Each side is read by the
// commands themselves, and their rows are joined by name, so that a difference means what
// the command's numbers mean.

#include "cmd/cmd.h"
#include "cmd/fail_if.h"
#include "root/root.h"

#include <stdlib.h>
#include <string.h>

enum { COL_NAME, COL_BEFORE, COL_AFTER, COL_CHANGE, COL_SHARE, COL_MOVED };

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "WHAT", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_BEFORE] = { .key = "before",
		.title = "BEFORE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_AFTER] = { .key = "after",
		.title = "AFTER",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_CHANGE] = { .key = "change",
		.title = "CHANGE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.num = COL_AFTER,
		.den = COL_BEFORE,
		.metric = "ktally_diff_bytes",
		.help = "By how much a row, a slab cache or a vmalloc caller grew." },
	[COL_SHARE] = { .key = "ratio",
		.title = "BY",
		.type = KT_CELL_SHARE,
		.num = COL_CHANGE,
		.den = COL_BEFORE },
	[COL_MOVED] = { .key = "moved",
		.title = "",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY | KT_COL_RANK },
};

/* The lists that are compared; the account's rows are its leaves, which add up. */
static const struct {
	const char *cmd, *key, *title;
} parts[] = {
	{ "account", "rows", "Where the memory is" },
	{ "slab", "caches", "Slab caches" },
	{ "vmalloc", "callers", "vmalloc callers" },
};

struct side {
	struct kt_report report;
	const struct kt_table *table; /* NULL: this side cannot show it */
	size_t track, leaf, parent;   /* columns */
};

static size_t column_of(const struct kt_table *table, const char *key, unsigned flag)
{
	size_t i = 0;

	while (i < table->nr_columns && !(key ? strcmp(table->columns[i].key, key) == 0
					      : (table->columns[i].flags & flag) != 0))
		i++;
	return i;
}

static void find_table(struct side *side)
{
	for (size_t i = 0; i < side->report.tables.count && !side->table; i++) {
		const struct kt_table *table = side->report.tables.items[i];

		side->track = column_of(table, NULL, KT_COL_TRACK);
		if (side->track < table->nr_columns)
			side->table = table;
	}
	if (!side->table)
		return;
	side->leaf = column_of(side->table, "leaf", 0);
	side->parent = column_of(side->table, "parent", 0);
}

/* Keys of a row in one text; of columns that a side does not have there is nothing. */
static const char *name_of(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row)
{
	const char *name = "";

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &row->cells[i];

		if (!(table->columns[i].flags & KT_COL_KEY) || cell->state != KT_OK)
			continue;
		if (table->columns[i].type == KT_CELL_TEXT)
			name = kt_arena_printf(arena, "%s%s%s", name, *name ? " " : "", cell->text);
		else
			name = kt_arena_printf(
				arena, "%s%s%lld", name, *name ? " " : "", (long long)cell->number);
	}
	return name;
}

struct pair {
	const char *name;
	struct kt_cell cells[2]; /* before, after */
	bool has[2];		 /* is there such a row? */
};

typedef KT_LIST(struct pair) pairs;

enum place { LEAF, GROUP, INSIDE };

static const struct kt_report_row *row_named(const struct side *side, const char *name)
{
	size_t key = kt_table_column(side->table, KT_COL_KEY);

	for (size_t i = 0; i < side->table->rows.count; i++) {
		const struct kt_cell *cell = &side->table->rows.items[i].cells[key];

		if (cell->state == KT_OK && strcmp(cell->text, name) == 0)
			return &side->table->rows.items[i];
	}
	return NULL;
}

static const char *text_of(const struct kt_report_row *row, size_t column)
{
	return row && row->cells[column].state == KT_OK ? row->cells[column].text : NULL;
}

static bool is_leaf(const struct side *side, const char *name)
{
	const struct kt_report_row *row = side->table ? row_named(side, name) : NULL;

	return row && row->cells[side->leaf].number;
}

/*
 * Groups of the account are the sums of its leaves. What only one side can divide is compared
 * whole: its parts would seem to have come from nothing, and it to have vanished.
 */
static enum place place_of(
	const struct side *side, const struct side *other, const struct kt_report_row *row)
{
	size_t key = kt_table_column(side->table, KT_COL_KEY);
	const struct kt_report_row *at = row;
	const char *parent;

	if (side->leaf >= side->table->nr_columns)
		return LEAF;
	for (size_t i = 0; i < side->table->rows.count; i++) {
		parent = text_of(at, side->parent);
		if (!parent)
			break;
		if (is_leaf(other, parent))
			return INSIDE;
		at = row_named(side, parent);
	}
	return row->cells[side->leaf].number || is_leaf(other, row->cells[key].text) ? LEAF : GROUP;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

/* Rows of one name within a side are one; what is missing of one is missing of both. */
static void add(struct pair *to, const struct pair *from, int side)
{
	struct kt_cell *sum = &to->cells[side];
	const struct kt_cell *cell = &from->cells[side];

	if (!from->has[side])
		return;
	if (!to->has[side] || (sum->state == KT_OK && cell->state != KT_OK))
		*sum = *cell;
	else if (sum->state == KT_OK &&
		 __builtin_add_overflow(sum->number, cell->number, &sum->number))
		*sum = kt_cell_missing(KT_BAD, "the sum is too large");
	to->has[side] = true;
}

static void collect_pairs(
	struct kt_arena *arena, const struct side sides[2], int side, enum place place, pairs *list)
{
	static const struct kt_cell nothing = { .state = KT_OK };
	const struct kt_table *table = sides[side].table;

	for (size_t i = 0; table && i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		struct pair *pair = place_of(&sides[side], &sides[!side], row) == place
					    ? kt_list_push(arena, list)
					    : NULL;

		if (!pair)
			continue;
		/* a row that one side does not have holds nothing there */
		*pair = (struct pair){ .name = name_of(arena, table, row),
			.cells = { nothing, nothing } };
		pair->cells[side] = row->cells[sides[side].track];
		pair->has[side] = true;
	}
}

static void join(pairs *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_name);
	for (size_t i = 0; i < list->count; i++) {
		struct pair *last = kept ? &list->items[kept - 1] : NULL;

		if (!last || strcmp(last->name, list->items[i].name) != 0) {
			list->items[kept++] = list->items[i];
			continue;
		}
		add(last, &list->items[i], 0);
		add(last, &list->items[i], 1);
	}
	list->count = kept;
}

/* The reason of a missing value belongs to a report that dies first. */
static struct kt_cell own(struct kt_report *report, const struct kt_cell *cell)
{
	return cell->state == KT_OK ? *cell : kt_report_missing(report, cell->state, cell->text);
}

static void put_pair(struct kt_report *report, struct kt_table *table, const struct pair *pair)
{
	const struct kt_cell *before = &pair->cells[0], *after = &pair->cells[1];
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t change;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_report_text(report, pair->name);
	row->cells[COL_BEFORE] = own(report, before);
	row->cells[COL_AFTER] = own(report, after);
	if (before->state != KT_OK || after->state != KT_OK ||
		__builtin_sub_overflow(after->number, before->number, &change))
		return;
	row->cells[COL_CHANGE] = kt_cell_number(change);
	row->cells[COL_MOVED] = kt_cell_number(change < 0 ? -change : change);
}

/* Which moment it is, for one may not be the one that was asked for; and what is damaged. */
static void tell_side(struct kt_report *report, const char *source, const struct kt_report *side)
{
	for (size_t i = 0; i < side->fields.count; i++) {
		const struct kt_field *field = &side->fields.items[i];

		if (field->group && strcmp(field->group, "host") == 0 &&
			strcmp(field->key, "time") == 0 && field->cell.state == KT_OK)
			kt_report_headline(report, "%s: %s", source, field->cell.text);
	}
	for (size_t i = 0; i < side->notes.count; i++) {
		if (strncmp(side->notes.items[i], KT_NOTE_DAMAGED, strlen(KT_NOTE_DAMAGED)) == 0)
			kt_report_note(report, "%s: %s", source, side->notes.items[i]);
	}
}

static struct kt_err *read_side(const struct kt_options *options, const struct kt_cmd *cmd,
	const char *source, struct side *side, struct kt_report *report, bool tell)
{
	struct kt_options own = *options;
	struct kt_err *err;

	own.source = strcmp(source, "live") == 0 ? NULL : source;
	own.nr_operands = 0;
	err = cmd->run(&own, &side->report);
	if (!err)
		find_table(side);
	if (!err && tell)
		tell_side(report, source, &side->report);
	return err; // cppcheck-suppress returnDanglingLifetime
}

static void compare(struct kt_report *report, const struct side sides[2], enum place place,
	struct kt_table *table)
{
	pairs list = { 0 };

	for (int i = 0; i < 2; i++)
		collect_pairs(&report->arena, sides, i, place, &list);
	join(&list);
	for (size_t i = 0; table && i < list.count; i++)
		put_pair(report, table, &list.items[i]);
}

/* What cannot be read of a part is a note, unless it is the account. */
static struct kt_err *put_part(
	const struct kt_options *options, size_t index, struct kt_report *report)
{
	const struct kt_cmd *cmd = kt_cmd_find(parts[index].cmd);
	struct side sides[2] = { 0 };
	bool is_account = index == 0;
	struct kt_table *groups;
	struct kt_err *err = NULL;

	for (int i = 0; i < 2 && cmd && !err; i++)
		err = read_side(options, cmd, options->operands[i], &sides[i], report, is_account);
	if (err && !is_account) {
		kt_report_note(report, "%s: not compared: %s", parts[index].cmd, kt_err_text(err));
		kt_err_free(err);
		err = NULL;
	} else if (cmd && !err) {
		compare(report, sides, LEAF,
			kt_report_list(report, parts[index].key, parts[index].title, columns,
				KT_LEN(columns)));
	}
	if (cmd && !err && is_account) {
		groups = kt_report_table(report, "groups", NULL, columns, KT_LEN(columns));
		if (groups)
			groups->data_only = true;
		compare(report, sides, GROUP, groups);
	}
	for (int i = 0; i < 2; i++)
		kt_report_cleanup(&sides[i].report);
	return err;
}

static bool anything_moved(const struct kt_report *report)
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

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	struct kt_err *err = NULL;

	kt_report_init(report, "ktally/diff/1");
	kt_report_field(
		report, NULL, "before", KT_CELL_TEXT, kt_report_text(report, options->operands[0]));
	kt_report_field(
		report, NULL, "after", KT_CELL_TEXT, kt_report_text(report, options->operands[1]));
	kt_report_headline(report, "%s against %s", options->operands[0], options->operands[1]);
	for (size_t i = 0; i < KT_LEN(parts) && !err; i++)
		err = put_part(options, i, report);
	if (!err && !anything_moved(report))
		kt_report_headline(report, "Nothing moved: each row, slab cache and vmalloc caller "
					   "is as large on both sides.");
	return !err && options->fail_if ? kt_fail_if(options->fail_if, report) : err;
}

const struct kt_cmd kt_cmd_diff = {
	.name = "diff",
	.summary = "two machines, captures or moments: what grew",
	.operands = "BEFORE AFTER",
	.nr_operands_min = 2,
	.nr_operands_max = 2,
	.help = "Compares two sources of any kind, each a folder, a bundle, a recording or "
		"RECORDING@TIME, or the word live: the rows of the account, the slab caches and "
		"the "
		"vmalloc callers, those that moved most first. The totals close on both sides. "
		"--fail-if 'slab>+5%' makes it a check: it ends with status 1 where the row, cache "
		"or "
		"caller of that name grew by more; '-', a plain number of bytes, KiB, MiB, GiB and "
		"a "
		"list with commas work as well: --fail-if 'unattributed>+10MiB,dentry>+100%'.",
	.run = run,
};
