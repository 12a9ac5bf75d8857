// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "model/account.h"
#include "model/inputs.h"
#include "output/output.h"

#include <string.h>

static const struct kt_column term_columns[] = {
	{ .key = "sign", .title = "" },
	{ .key = "metric", .title = "TERM" },
	{ .key = "value", .title = "VALUE", .type = KT_CELL_BYTES },
	{ .key = "state", .title = "STATE", .flags = KT_COL_DATA_ONLY },
	{ .key = "from", .title = "FROM", .flags = KT_COL_WRAP },
};

static const struct kt_column child_columns[] = {
	{ .key = "id", .title = "ROW" },
	{ .key = "title", .title = "TITLE" },
	{ .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE, .flags = KT_COL_DATA_ONLY },
};

static const char *origin(struct kt_arena *arena, struct kt_val val)
{
	if (!kt_ok(val))
		return val.reason;
	if (!val.entry)
		return "computed";
	if (!val.entry->path)
		return val.entry->field;
	if (val.entry->unit == KT_COUNT)
		return kt_arena_printf(arena, "%s: %s, %lld", val.entry->path, val.entry->field,
			(long long)val.value);
	return kt_arena_printf(arena, "%s: %s", val.entry->path, val.entry->field);
}

static void put_term(struct kt_report *report, struct kt_table *table, const char *sign,
	const char *name, struct kt_val val)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[0] = kt_cell_text(sign);
	row->cells[1] = kt_cell_text(name);
	if (!kt_ok(val) || !val.entry || val.entry->unit != KT_COUNT)
		row->cells[2] = kt_ok(val) ? kt_cell_number(val.value)
					   : kt_report_missing(report, val.state, val.reason);
	row->cells[3] = kt_cell_text(kt_state_name(val.state));
	row->cells[4] = kt_report_text(report, origin(&report->arena, val));
}

static void put_terms(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_row *row)
{
	struct kt_table *table = kt_report_table(
		report, "terms", "What it is computed from", term_columns, KT_LEN(term_columns));

	for (size_t i = 0; table && i < KT_ROW_TERMS && row->terms[i].sign; i++) {
		const struct kt_term *term = &row->terms[i];
		const enum kt_metric *input = kt_inputs_of(term->metric);

		put_term(report, table, term->sign > 0 ? "+" : "-", kt_metric_name(term->metric),
			kt_snapshot_get(snap, term->metric, KT_NO_NODE));
		for (; *input != KT_METRIC_NONE; input++)
			put_term(report, table, "", kt_metric_name(*input),
				kt_snapshot_get(snap, *input, KT_NO_NODE));
	}
}

/* A rest row is made of everything else on its level. */
static void put_rest(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_account *account, const struct kt_row *row)
{
	struct kt_table *table = kt_report_table(
		report, "terms", "What it is computed from", term_columns, KT_LEN(term_columns));

	if (!table)
		return;
	if (row->level == KT_LEVEL_FIRMWARE)
		put_term(report, table, "+", kt_metric_name(KT_DIMMS),
			kt_snapshot_get(snap, KT_DIMMS, KT_NO_NODE));
	if (row->level != KT_LEVEL_MANAGED)
		put_term(report, table, row->level == KT_LEVEL_FIRMWARE ? "-" : "+",
			kt_metric_name(KT_PRESENT), kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE));
	if (row->level != KT_LEVEL_FIRMWARE)
		put_term(report, table, row->level == KT_LEVEL_MANAGED ? "+" : "-",
			kt_metric_name(KT_MANAGED), kt_snapshot_get(snap, KT_MANAGED, KT_NO_NODE));
	for (size_t i = 0; i < kt_nr_rows; i++) {
		const struct kt_line *line = kt_account_line(account, kt_rows[i].id);
		struct kt_report_row *out;

		if (kt_rows[i].level != row->level || kt_rows[i].rest || !line)
			continue;
		out = kt_table_row(report, table);
		if (!out)
			return;
		out->minor = kt_ok(line->val) && line->val.value == 0;
		out->cells[0] = kt_cell_text("-");
		out->cells[1] = kt_cell_text(line->id);
		out->cells[2] = kt_ok(line->val) ? kt_cell_number(line->val.value)
						 : kt_report_missing(report, line->val.state,
							   line->val.reason);
		out->cells[3] = kt_cell_text(kt_state_name(line->val.state));
		out->cells[4] = kt_cell_text(
			kt_ok(line->val) ? kt_arena_printf(&report->arena, "row: %s", line->title)
					 : kt_arena_printf(&report->arena, "%s", line->val.reason));
	}
}

static void put_child(struct kt_report *report, struct kt_table *table,
	const struct kt_account *account, const struct kt_line *line)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[0] = kt_report_text(report, line->id);
	row->cells[1] = kt_report_text(report, line->title);
	row->cells[2] = kt_report_missing(report, line->val.state, line->val.reason);
	if (!kt_ok(line->val))
		return;
	row->cells[2] = kt_cell_number(line->val.value);
	row->cells[3] = kt_cell_real(kt_account_share(account, line));
}

static void put_children(
	struct kt_report *report, const struct kt_account *account, const struct kt_line *line)
{
	struct kt_table *table = kt_report_table(
		report, "children", "What is in it", child_columns, KT_LEN(child_columns));

	for (size_t i = 0; table && i < account->lines.count; i++) {
		const struct kt_line *child = &account->lines.items[i];

		if (child->parent && strcmp(child->parent, line->id) == 0)
			put_child(report, table, account, child);
	}
}

static void put_value(struct kt_report *report, const struct kt_account *account,
	const struct kt_line *line, const struct kt_options *options)
{
	char human[24], error[24];
	struct kt_cell cell = kt_report_missing(report, line->val.state, line->val.reason);
	bool has_error = line->row && line->row->rest && line->row->level == KT_LEVEL_MANAGED &&
			 kt_account_error_is_known(account);

	if (kt_ok(line->val)) {
		cell = kt_cell_number(line->val.value);
		kt_human_bytes(line->val.value, human);
		kt_human_bytes(account->error_bytes, error);
		kt_report_headline(report, "%s: %s, %.2f %% of memory%s%s", line->title,
			options->exact_bytes ? kt_arena_printf(&report->arena, "%lld bytes",
						       (long long)line->val.value)
					     : human,
			kt_account_share(account, line) * 100, has_error ? ", ± " : "",
			has_error ? error : "");
	} else
		kt_report_headline(report, "%s: %s (%s)", line->title,
			kt_state_name(line->val.state), line->val.reason);
	kt_report_field(report, NULL, "id", KT_CELL_TEXT, kt_report_text(report, line->id));
	kt_report_field(report, NULL, "title", KT_CELL_TEXT, kt_report_text(report, line->title));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, cell);
	kt_report_field(
		report, NULL, "state", KT_CELL_TEXT, kt_cell_text(kt_state_name(line->val.state)));
}

static void put_prose(struct kt_report *report, const struct kt_row *row)
{
	kt_report_field(report, NULL, "means", KT_CELL_TEXT, kt_cell_text(row->means));
	kt_report_field(report, NULL, "grows", KT_CELL_TEXT, kt_cell_text(row->grows));
	kt_report_field(report, NULL, "next", KT_CELL_TEXT, kt_cell_text(row->next));
	kt_report_headline(report, "What it is: %s", row->means);
	kt_report_headline(report, "What growth means: %s", row->grows);
	kt_report_headline(report, "What to do next: %s", row->next);
}

static void put_index(struct kt_report *report, const struct kt_account *account)
{
	struct kt_table *table =
		kt_report_table(report, "children", NULL, child_columns, KT_LEN(child_columns));

	for (size_t i = 0; table && i < account->lines.count; i++)
		put_child(report, table, account, &account->lines.items[i]);
}

/* By name, or by title as the account shows it. */
static const struct kt_line *find_line(const struct kt_account *account, const char *name)
{
	const struct kt_line *line = kt_account_line(account, name);

	for (size_t i = 0; i < account->lines.count && !line; i++) {
		if (strcasecmp(account->lines.items[i].title, name) == 0)
			line = &account->lines.items[i];
	}
	return line;
}

static struct kt_err *explain(struct kt_session *session, const struct kt_options *options,
	const struct kt_account *account, struct kt_report *report)
{
	const struct kt_line *line;
	const struct kt_row *row;

	if (!options->nr_operands) {
		put_index(report, account);
		return NULL;
	}
	line = find_line(account, options->operands[0]);
	if (!line)
		return kt_err_new(KT_ERR_USAGE,
			"there is no row '%.64s' here; 'ktally explain' lists them",
			options->operands[0]);
	row = line->row ? line->row : kt_row_find(line->parent);
	put_value(report, account, line, options);
	if (!row)
		return NULL;
	put_prose(report, row);
	if (line->row && row->terms[0].sign)
		put_terms(report, session->snap, row);
	else if (line->row && row->rest)
		put_rest(report, session->snap, account, row);
	if (line->row)
		put_children(report, account, line);
	return NULL;
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/explain/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, NULL);
	if (!err)
		err = kt_session_blame(
			options, kt_account_compute(session.snap, KT_NO_NODE, &account));
	return err ? err : explain(&session, options, &account, report);
}

const struct kt_cmd kt_cmd_explain = {
	.name = "explain",
	.summary = "what a row is, where its numbers come from, what to do",
	.operands = "[ROW]",
	.nr_operands_max = 1,
	.help = "Prints what a row of the account is, today's values that it is computed from "
		"with the files they came from, what growth of it usually means and what to do "
		"next. ROW is a row's name or its title; without it, the rows are listed.",
	.run = run,
};
