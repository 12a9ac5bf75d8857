// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages: what a row is, and what keys do. Made of the reports of other commands.

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

static int page_width(const struct kt_top *top)
{
	int width = top->screen.width;

	return width < 40 ? 40 : width > 100 ? 100 : width;
}

static void add(struct kt_top *top, const struct kt_report *report)
{
	kt_page_add(&top->page, report, top->screen.unicode, page_width(top));
}

/* Runs a command about one thing; false where it has nothing to say. */
static bool add_command(struct kt_top *top, const char *command, const char *operand)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_options options = top->options;
	struct kt_err *err;

	options.interval_s = 0;
	options.operands[0] = operand;
	options.nr_operands = 1;
	err = kt_cmd_find(command)->run(&options, &report);
	if (!err)
		add(top, &report);
	kt_err_free(err);
	return !err;
}

/* All that the list knows of the row, what there was no room for too. */
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

void kt_top_explain(struct kt_top *top)
{
	const struct kt_view *view = kt_top_view(top);
	const char *key = kt_view_key(view, view->at);
	char title[128];

	if (!key)
		return;
	snprintf(title, sizeof(title), "%.100s", kt_view_name(view, view->at));
	snprintf(top->page_key, sizeof(top->page_key), "%s", key);
	/* one that was cut would be another row's */
	if (strlen(key) >= sizeof(top->page_key))
		top->page_key[0] = '\0';
	kt_page_begin(&top->page, title);
	if (top->open == KT_TAB_ACCOUNT)
		add_command(top, "explain", key);
	else if (top->open != KT_TAB_SLAB || !add_command(top, "slab", key)) {
		add_row(top, view);
		add_command(top, "explain", view->tab->row);
	}
	kt_page_end(&top->page);
	top->mode = KT_MODE_PAGE;
}

static void put_lore(struct kt_report *report)
{
	kt_report_note(report,
		"The upper part is the account of all memory in a few rows: the bar is all that is "
		"installed, from firmware to free, and its signs stand before the rows that it is "
		"made of. The lower part is a list; the list of tab 1 is the whole account.");
	kt_report_note(report,
		"GROWTH is since the start, or since the mark that m sets; a list that was opened "
		"later counts from then. PER S is since the sample before.");
	kt_report_note(report,
		"The picture at the right is the last minutes, each row from its least to its "
		"most; "
		"what moves less than a hundredth, or 256 KiB, is flat. Where nobody looked it is "
		"empty.");
	kt_report_note(report,
		"Colours have a meaning: growth of 256 KiB and more, as much given back, and 1 MiB "
		"and more wasted in a cache.");
	kt_report_note(report, "Only what is on the screen is read, so the open tab is what it "
			       "costs: stacks, page "
			       "tables and cgroups walk long lists on large machines.");
	kt_report_note(report,
		"Letters that slabtop sorts by sort here; other keys are htop's where they do not "
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
