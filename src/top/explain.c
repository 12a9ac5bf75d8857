// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages about a row or about the keys, made from the reports of other commands.

#include "cmd/account/explain.h"
#include "cmd/slab/slab.h"
#include "top/keys.h"
#include "top/state.h"

#include <stdio.h>
#include <string.h>

static const struct kt_column pair_columns[] = {
	{ .key = "what", .title = "" },
	{ .key = "text", .title = "", .flags = KT_COL_WRAP },
};

static void put_pair(
	struct kt_report *report, struct kt_table *table, const char *what, const char *text)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_report_text(report, what);
	row->cells[1] = kt_report_text(report, text);
}

int kt_top_page_width(const struct kt_top *top)
{
	int width = top->screen.width;

	return width < 40 ? 40 : width > 100 ? 100 : width;
}

static void add(struct kt_top *top, const struct kt_report *report)
{
	kt_page_add(&top->page, report, top->screen.unicode, kt_top_page_width(top));
	top->watching.page = false;
}

/*
 * Runs a command about one object; false if it has no result. Runs on the same source as the view.
 * An error means that the object has no page, and the caller shows the row itself.
 */
static bool add_command(struct kt_top *top, const struct kt_cmd *cmd, const char *operand)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_call call = top->call;
	struct kt_err *err;

	call.interval_s = 0;
	call.operands[0] = operand;
	call.nr_operands = 1;
	err = kt_cmd_run(cmd, &call, &report);
	if (!err)
		add(top, &report);
	kt_err_free(err);
	return !err;
}

/* Adds all columns of the row, also the columns that have no room in the list. */
static void add_row(struct kt_top *top, const struct kt_view *view)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table;
	char text[512];

	kt_report_init(&report, "ktally/top/1");
	table = kt_report_table(&report, "row", NULL, pair_columns, KT_LEN(pair_columns));
	for (size_t k = 0; k < view->table->nr_columns; k++) {
		const struct kt_column *column = &view->table->columns[k];
		const struct kt_cell *cell = &view->table->rows.items[view->at].cells[k];

		if (cell->state == KT_ABSENT || column->flags & (KT_COL_BAR | KT_COL_TEXT_ONLY) ||
			!*column->title)
			continue;
		kt_view_cell(column, cell, top->exact, text, sizeof(text));
		put_pair(&report, table, column->title, text);
	}
	add(top, &report);
}

/*
 * A slab cache has a page of its own. Any other row shows all of its columns, and then what the
 * list as a whole is.
 */
void kt_top_explain(struct kt_top *top)
{
	const struct kt_view *view = kt_top_view(top);
	const char *key = kt_view_key(view, view->at);
	char title[128];

	if (!key)
		return;
	snprintf(title, sizeof(title), "%.100s", kt_view_name(view, view->at));
	snprintf(top->page_key, sizeof(top->page_key), "%s", key);
	/* a truncated key could name another row */
	if (strlen(key) >= sizeof(top->page_key))
		top->page_key[0] = '\0';
	kt_page_begin(&top->page, title);
	if (top->open == KT_TAB_ACCOUNT)
		add_command(top, &kt_cmd_explain, key);
	else if (top->open != KT_TAB_SLAB || !add_command(top, &kt_cmd_slab, key)) {
		add_row(top, view);
		add_command(top, &kt_cmd_explain, kt_row_id_name(view->tab->row));
	}
	kt_page_end(&top->page);
	top->mode = KT_MODE_PAGE;
}

static void put_lore(struct kt_report *report)
{
	kt_report_note(report,
		"The upper part is the account of all memory in a few rows: the bar is the "
		"installed memory, from firmware to free, and the rows below show which pattern is "
		"theirs. The lower part is a list; the list of tab 1 is the whole account.");
	kt_report_note(report,
		"GROWTH counts from the start, or from the mark that m sets; a list that was "
		"opened later counts from its opening. PER S counts from the previous sample.");
	kt_report_note(report, "The picture at the right shows the last minutes, each row from its "
			       "minimum to its maximum. A change of less than 1 %% or 256 KiB is "
			       "drawn flat; times without a sample are empty.");
	kt_report_note(report,
		"Colours mark growth of 256 KiB or more, an equal decrease, and 1 MiB or more "
		"wasted in a cache.");
	kt_report_note(report, "Only the files for the screen are read, so the open tab decides "
			       "the cost: stacks, page "
			       "tables and cgroups walk long lists on large machines.");
	kt_report_note(report,
		"The mouse selects a row, and explains the selected one; it opens a tab, sorts by "
		"the column whose head is clicked, inverts the order at a second click, and its "
		"wheel scrolls.");
	kt_report_note(report,
		"The list, its sort order, the interval, folded and pinned rows are kept at the "
		"end, in ktally/top in the directory for configuration ($XDG_CONFIG_HOME, else "
		"~/.config); without that file all is as usual. Root does not use the directory "
		"of another user.");
	kt_report_note(report, "Letters that sort in slabtop sort here too; other keys are from "
			       "htop if they do not "
			       "clash. Space freezes, as there is nothing to tag.");
}

void kt_top_help(struct kt_top *top)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const char *name, *help;
	struct kt_table *table;

	kt_report_init(&report, "ktally/top/1");
	table = kt_report_table(&report, "keys", NULL, pair_columns, KT_LEN(pair_columns));
	for (size_t i = 0; (help = kt_key_help(i, &name)); i++)
		put_pair(&report, table, name, help);
	put_lore(&report);
	top->page_key[0] = '\0';
	kt_page_begin(&top->page, "ktally top: keys");
	add(top, &report);
	kt_page_end(&top->page);
	top->mode = KT_MODE_PAGE;
}
