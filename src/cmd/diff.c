// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two machines, or two moments of one: what grew and what shrank. Each side is read by the
// commands themselves, and their rows are joined by name, so that a difference means what
// the command's numbers mean.

#include "cmd/cmd.h"
#include "cmd/fail_if.h"

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
	size_t track, leaf;	      /* columns */
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
	if (side->table)
		side->leaf = column_of(side->table, "leaf", 0);
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
	struct kt_cell before, after;
};

typedef KT_LIST(struct pair) pairs;

/* Groups of the account are the sums of its leaves. */
static bool is_group(const struct side *side, const struct kt_report_row *row)
{
	return side->leaf < side->table->nr_columns && !row->cells[side->leaf].number;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static void add(struct kt_cell *to, const struct kt_cell *cell)
{
	if (cell->state != KT_OK || to->state != KT_OK)
		*to = *cell;
	else if (__builtin_add_overflow(to->number, cell->number, &to->number))
		*to = kt_cell_missing(KT_BAD, "the sum is too large");
}

/* Rows of both sides by name; equal names within a side are one. */
static void collect_pairs(
	struct kt_arena *arena, const struct side *side, bool groups, bool after, pairs *list)
{
	static const struct kt_cell nothing = { .state = KT_OK };

	for (size_t i = 0; side->table && i < side->table->rows.count; i++) {
		const struct kt_report_row *row = &side->table->rows.items[i];
		struct pair *pair =
			is_group(side, row) == groups ? kt_list_push(arena, list) : NULL;

		if (!pair)
			continue;
		/* a row that one side does not have holds nothing there */
		*pair = (struct pair){ name_of(arena, side->table, row), nothing, nothing };
		*(after ? &pair->after : &pair->before) = row->cells[side->track];
	}
}

static void join(pairs *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_name);
	for (size_t i = 0; i < list->count; i++) {
		struct pair *last = kept ? &list->items[kept - 1] : NULL;

		if (last && strcmp(last->name, list->items[i].name) == 0) {
			add(&last->before, &list->items[i].before);
			add(&last->after, &list->items[i].after);
			continue;
		}
		list->items[kept++] = list->items[i];
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
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t change;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_report_text(report, pair->name);
	row->cells[COL_BEFORE] = own(report, &pair->before);
	row->cells[COL_AFTER] = own(report, &pair->after);
	if (pair->before.state != KT_OK || pair->after.state != KT_OK ||
		__builtin_sub_overflow(pair->after.number, pair->before.number, &change))
		return;
	row->cells[COL_CHANGE] = kt_cell_number(change);
	row->cells[COL_MOVED] = kt_cell_number(change < 0 ? -change : change);
}

static struct kt_err *read_side(const struct kt_options *options, const struct kt_cmd *cmd,
	const char *source, struct side *side)
{
	struct kt_options own = *options;
	struct kt_err *err;

	own.source = strcmp(source, "live") == 0 ? NULL : source;
	own.nr_operands = 0;
	err = cmd->run(&own, &side->report);
	if (!err)
		find_table(side);
	return err; // cppcheck-suppress returnDanglingLifetime
}

static void compare(
	struct kt_report *report, const struct side sides[2], bool groups, struct kt_table *table)
{
	pairs list = { 0 };

	for (int i = 0; i < 2; i++)
		collect_pairs(&report->arena, &sides[i], groups, i == 1, &list);
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
		err = read_side(options, cmd, options->operands[i], &sides[i]);
	if (err && !is_account) {
		kt_report_note(report, "%s: not compared: %s", parts[index].cmd, kt_err_text(err));
		kt_err_free(err);
		err = NULL;
	} else if (cmd && !err) {
		compare(report, sides, false,
			kt_report_list(report, parts[index].key, parts[index].title, columns,
				KT_LEN(columns)));
	}
	if (cmd && !err && is_account) {
		groups = kt_report_table(report, "groups", NULL, columns, KT_LEN(columns));
		if (groups)
			groups->data_only = true;
		compare(report, sides, true, groups);
	}
	for (int i = 0; i < 2; i++)
		kt_report_cleanup(&sides[i].report);
	return err;
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
