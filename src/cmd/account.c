// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/account.h"
#include "cmd/account_nodes.h"
#include "cmd/cmd.h"
#include "cmd/memreport.h"
#include "cmd/session.h"
#include "output/output.h"

#include <string.h>

#define DEFAULT_DEPTH 2

enum {
	COL_ID,
	COL_PARENT,
	COL_TITLE,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_SHARE,
	COL_BAR,
	COL_STATE,
	COL_QUALITY,
	COL_LEAF,
	COL_ERROR,
	COL_REASON
};

static const struct kt_column columns[] = {
	[COL_ID] = { .key = "id",
		.title = "ROW",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_KEY,
		.label = "row" },
	[COL_PARENT] = { .key = "parent",
		.title = "PARENT",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL },
	[COL_TITLE] = { .key = "title", .title = "WHERE THE MEMORY IS", .flags = KT_COL_TREE },
	[COL_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_TRACK,
		.metric = "ktally_account_bytes",
		.help = "Physical memory by row of the account; the rows whose leaf label "
			"is true add up to all of it." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, 0),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, 0),
	[COL_SHARE] = { .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	[COL_BAR] = { .key = "bar",
		.title = "",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_BAR | KT_COL_TEXT_ONLY },
	[COL_STATE] = { .key = "state", .title = "STATE", .flags = KT_COL_DATA_ONLY },
	[COL_QUALITY] = { .key = "quality", .title = "QUALITY", .flags = KT_COL_DATA_ONLY },
	[COL_LEAF] = { .key = "leaf",
		.title = "LEAF",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL },
	[COL_ERROR] = { .key = "error_bytes",
		.title = "ERROR",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY,
		.metric = "ktally_account_error_bytes",
		.help = "Bound of the error of a row." },
	[COL_REASON] = { .key = "reason", .title = "REASON", .flags = KT_COL_DATA_ONLY },
};

/* In 80 columns there is room for shares or for growth. */
static const struct kt_column *choose_columns(
	struct kt_report *report, const struct kt_options *options)
{
	struct kt_column *chosen = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!chosen || !options->interval_s)
		return columns;
	memcpy(chosen, columns, sizeof(columns));
	chosen[COL_SHARE].flags |= KT_COL_WIDE;
	chosen[COL_BAR].flags = KT_COL_TEXT_ONLY | KT_COL_DATA_ONLY;
	return chosen;
}

static bool is_unattributed(const struct kt_line *line)
{
	return strcmp(line->id, "unattributed") == 0;
}

/* In one screen: what holds memory, two levels deep, and always the unattributed row. */
static bool is_minor(const struct kt_line *line, const struct kt_options *options)
{
	if (is_unattributed(line))
		return false;
	if (!kt_ok(line->val) || line->val.value == 0)
		return true;
	return !options->depth && line->depth > DEFAULT_DEPTH;
}

static const char *error_mark(struct kt_report *report, const struct kt_account *account,
	const struct kt_options *options)
{
	char human[24];

	if (!kt_account_error_is_known(account))
		return "error not known";
	kt_human_bytes(account->error_bytes, human);
	return kt_arena_printf(&report->arena, "± %s%s",
		options->exact_bytes
			? kt_arena_printf(&report->arena, "%lld", (long long)account->error_bytes)
			: human,
		account->drift_known ? "" : " or more");
}

static const char *quality_mark(const struct kt_line *line)
{
	if (!kt_ok(line->val) || !line->val.value)
		return NULL;
	switch (line->val.quality) {
	case KT_EXACT: return NULL;
	case KT_ESTIMATE: return "estimate";
	case KT_UPPER_BOUND: return "at most";
	case KT_LOWER_BOUND: return "at least";
	}
	return NULL;
}

static void put_value(struct kt_report *report, struct kt_cell *cell, const struct kt_line *line)
{
	*cell = kt_ok(line->val) ? kt_cell_number(line->val.value)
				 : kt_report_missing(report, line->val.state, line->val.reason);
}

/* What to do where a row grows: not of sums of rows, nor of free memory. */
static const char *advice(const struct kt_line *line)
{
	if (!line->row || line->row->level == KT_LEVEL_NONE || strcmp(line->parent, "free") == 0)
		return NULL;
	return line->row->next;
}

static void put_line(struct kt_report *report, struct kt_table *table,
	const struct kt_account *account, const struct kt_line *line,
	const struct kt_options *options)
{
	struct kt_report_row *row = kt_table_row(report, table);
	struct kt_cell *cells = row ? row->cells : NULL;
	double share = kt_account_share(account, line);

	if (!row)
		return;
	row->depth = line->depth;
	row->strong = line->depth < 2;
	row->minor = is_minor(line, options);
	cells[COL_ID] = kt_report_text(report, line->id);
	cells[COL_PARENT] = kt_cell_text(line->parent);
	cells[COL_TITLE] = kt_report_text(report, line->title);
	put_value(report, &cells[COL_BYTES], line);
	cells[COL_SHARE] =
		kt_ok(line->val) ? kt_cell_real(share) : kt_cell_missing(KT_ABSENT, NULL);
	cells[COL_BAR] = cells[COL_SHARE];
	cells[COL_STATE] = kt_cell_text(kt_state_name(line->val.state));
	if (kt_ok(line->val))
		cells[COL_QUALITY] = kt_cell_text(kt_quality_name(line->val.quality));
	else
		cells[COL_REASON] = kt_report_text(report, line->val.reason);
	cells[COL_LEAF] = kt_cell_number(line->leaf);
	row->next = advice(line);
	row->mark = line->leaf ? quality_mark(line) : NULL;
	if (is_unattributed(line)) {
		cells[COL_ERROR] = kt_account_error_is_known(account)
					   ? kt_cell_number(account->error_bytes)
					   : kt_cell_missing(KT_ABSENT, account->error_how);
		row->error_bytes = account->error_bytes;
		row->mark = error_mark(report, account, options);
	}
}

void kt_account_put_annotations(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_options *options)
{
	static const struct kt_column annotation_columns[] = {
		{ .key = "id", .title = "ID", .flags = KT_COL_DATA_ONLY | KT_COL_LABEL },
		{ .key = "row", .title = "ROW", .flags = KT_COL_LABEL },
		{ .key = "title", .title = "COUNTED THERE ALREADY" },
		{ .key = "bytes",
			.title = "SIZE",
			.type = KT_CELL_BYTES,
			.metric = "ktally_annotation_bytes",
			.help = "Parts of rows that are counted in them already." },
	};
	struct kt_table *table = kt_report_table(
		report, "annotations", NULL, annotation_columns, KT_LEN(annotation_columns));

	for (size_t i = 0; table && i < kt_nr_annotations; i++) {
		const struct kt_annotation *annotation = &kt_annotations[i];
		struct kt_val val = kt_snapshot_get(snap, annotation->metric, KT_NO_NODE);
		struct kt_report_row *row = kt_ok(val) ? kt_table_row(report, table) : NULL;

		if (!row)
			continue;
		row->minor = val.value == 0;
		row->cells[0] = kt_cell_text(annotation->id);
		row->cells[1] = kt_cell_text(annotation->row);
		row->cells[2] = kt_cell_text(annotation->title);
		row->cells[3] = kt_cell_number(val.value);
	}
	if (table && !options->all)
		table->data_only = true;
}

/* Unevictable and locked memory in one line: it decides what reclaim can do. */
static void note_locked(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_val val = kt_snapshot_get(snap, KT_UNEVICTABLE, KT_NO_NODE);
	struct kt_val total = kt_snapshot_get(snap, KT_MANAGED, KT_NO_NODE);
	char human[24];

	if (!kt_ok(val) || !kt_ok(total) || val.value < total.value / 50)
		return;
	kt_human_bytes(val.value, human);
	kt_report_note(report,
		"%s of processes and cache cannot be reclaimed (locked, or in ramfs)", human);
}

static void note_unusual(struct kt_report *report, const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		double share = kt_account_share(account, line);
		char human[24];

		if (!line->row || !line->row->unusual_permille ||
			share * 1000 < line->row->unusual_permille)
			continue;
		kt_human_bytes(line->val.value, human);
		kt_report_note(report,
			"%s: %s, %.1f %% of installed memory. Usual cause: %s Next: %s",
			line->title, human, share * 100, line->row->grows, line->row->next);
	}
}

static void note_unknown(struct kt_report *report, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->unknown.count && i < 8; i++)
		kt_report_note(report, "%s has a field that this ktally does not know: %s %s",
			snap->unknown.items[i].path, snap->unknown.items[i].field,
			snap->unknown.items[i].value);
	if (snap->unknown.count > 8)
		kt_report_note(report, "and %zu more such fields; 'ktally doctor' lists them",
			snap->unknown.count - 8);
}

/* What this user may not read, and what that costs. */
static void note_missing(struct kt_report *report, const struct kt_snapshot *snap)
{
	const char *denied = "";

	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *state = &snap->sources.items[i];
		const struct kt_source *source = kt_source_find(state->name);

		if (state->state == KT_DENIED && source)
			denied = kt_arena_printf(&report->arena, "%s%s%s (%s)", denied,
				*denied ? "; " : "", state->name, source->lack);
	}
	if (*denied)
		kt_report_note(report, "root would add: %s", denied);
}

/* Rows that no file here counts are part of unattributed; a reader has to know which. */
static void note_uncounted(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account)
{
	static const char *const always[] = { "slab_unreclaimable", "vmalloc", "kernel_stacks",
		"page_tables", "percpu", "hugetlb", "free_pcp", "anonymous", "page_cache" };
	const struct kt_line *zsmalloc = kt_account_line(account, "zsmalloc");
	const char *list = "";

	for (size_t i = 0; i < KT_LEN(always); i++) {
		const struct kt_line *line = kt_account_line(account, always[i]);

		if (line && !kt_ok(line->val))
			list = kt_arena_printf(
				&report->arena, "%s%s%s", list, *list ? ", " : "", line->title);
	}
	/* the kernel counts it since 4.8, but not in its memory reports */
	if (kt_memreport_of(snap) && zsmalloc && !kt_ok(zsmalloc->val))
		list = kt_arena_printf(
			&report->arena, "%s%s%s", list, *list ? ", " : "", zsmalloc->title);
	if (*list)
		kt_report_note(report,
			"unattributed contains what no file here counts: %s. 'ktally explain' of "
			"such a row says why",
			list);
}

static void note_unattributed(struct kt_report *report, const struct kt_account *account)
{
	const struct kt_line *line = kt_account_line(account, "unattributed");
	char human[24], bound[24];

	if (!line || !kt_ok(line->val) || line->val.value >= -account->error_bytes)
		return;
	kt_human_bytes(line->val.value, human);
	kt_human_bytes(account->error_bytes, bound);
	kt_report_note(report,
		"unattributed is below zero by more than its error bound (%s, bound %s): the files "
		"are "
		"of different moments or machines, or this kernel counts something twice",
		human, bound);
}

/* Where the account is repeated the notes are about what grows, see model/growth.h. */
static void put_notes(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_account *account, const struct kt_options *options)
{
	if (!options->interval_s) {
		note_unusual(report, account);
		note_locked(report, snap);
	}
	note_unattributed(report, account);
	note_uncounted(report, snap, account);
	if (kt_memreport_of(snap))
		kt_report_note(report,
			"swap cache is in the anonymous row, buffers are in the page cache: a "
			"memory report does not tell them apart");
	for (size_t i = 0; i < snap->notes.count; i++)
		kt_report_note(report, "%s", snap->notes.items[i]);
	note_missing(report, snap);
	note_unknown(report, snap);
}

void kt_account_put(struct kt_report *report, const struct kt_account *account,
	const struct kt_options *options)
{
	struct kt_table *table = kt_report_table(
		report, "rows", NULL, choose_columns(report, options), KT_LEN(columns));
	struct kt_field *field = kt_report_field(report, NULL, "installed_bytes", KT_CELL_BYTES,
		kt_cell_number(account->installed_bytes));

	if (field) {
		field->metric = "ktally_installed_bytes";
		field->help = "All physical memory that ktally can find.";
	}
	kt_report_field(report, NULL, "error_how", KT_CELL_TEXT, kt_cell_text(account->error_how));
	for (size_t i = 0; table && i < account->lines.count; i++)
		put_line(report, table, account, &account->lines.items[i], options);
	if (table)
		table->data_only = options->node;
}

/* A memory cgroup is no machine: there is no account, but what the report says of it. */
static bool is_cgroup_report(const struct kt_snapshot *snap)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);

	return memreport && !memreport->machine;
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/account/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, NULL);
	if (!err && is_cgroup_report(session.snap)) {
		report->schema = KT_REPORTS_SCHEMA;
		kt_session_describe(&session, options, report);
		kt_reports_show(report, session.snap, options);
		return NULL;
	}
	if (!err)
		err = kt_session_blame(
			options, kt_account_compute(session.snap, KT_NO_NODE, &account));
	if (err)
		return err;
	kt_session_describe(&session, options, report);
	if (kt_memreport_of(session.snap))
		kt_memreport_most(report, &account);
	kt_account_put(report, &account, options);
	if (options->node)
		err = kt_account_nodes(session.snap, &account, options, report);
	kt_account_put_annotations(report, session.snap, options);
	put_notes(report, session.snap, &account, options);
	return err;
}

const struct kt_cmd kt_cmd_account = {
	.name = "account",
	.summary = "where every byte of memory is (the default)",
	.help = "Shows the machine's physical memory as a tree that adds up: every byte stands "
		"in one row, the rows below a row add up to it, and what no counter explains "
		"is the row 'unattributed', with its error bound. Two levels are shown; "
		"--depth and --all show more, --node splits by NUMA node. 'ktally explain ROW' "
		"says what a row is.\n\n"
		"-i 10 shows what grows: notes below the tree name the rows that grew most, "
		"and the command that looks into them.",
	.repeats = true,
	.run = run,
};
