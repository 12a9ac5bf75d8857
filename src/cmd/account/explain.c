// SPDX-License-Identifier: GPL-2.0-or-later
//
// Shows how a row of the account comes about, so that a user can repeat the computation by hand:
// each term with its sign, its value, and the file and field that it comes from. The sum of the
// terms is the row.
//
// There are three kinds of rows. A row with terms is a sum of metrics. A rest row is a total minus
// the other rows of its level. A sum row has only the rows below it. A row that exists only at run
// time, such as a hash table or a reservation of the boot, has no entry in kt_rows[]; the words of
// its parent describe it.

#include "account/account.h"
#include "base/human.h"
#include "cases/builtin.h"
#include "cli/cmd.h"
#include "cli/near.h"
#include "cmd/account/explain_case.h"
#include "cmd/account/explain_held.h"
#include "cmd/contents.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <string.h>

/*
 * Rows with + and - add up to the value of the row. Rows with an empty sign are inputs of the
 * computed term above them and must not be added. A value that is a number of things, not bytes, is
 * shown in "from" instead.
 */
static const struct kt_column term_columns[] = {
	{ .key = "sign",
		.title = "",
		.flags = KT_COL_SET,
		.words = "+|-|",
		.help = "Empty: not added itself, an input of the term above it." },
	{ .key = "metric", .title = "TERM", .flags = KT_COL_SET },
	{ .key = "value",
		.title = "VALUE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Bytes; null where it is missing or not a size." },
	{ .key = "state",
		.title = "STATE",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.words = KT_STATE_WORDS,
		.help = "ok, or why there is no value." },
	{ .key = "from",
		.title = "FROM",
		.flags = KT_COL_WRAP | KT_COL_SET,
		.help = "The file and field, how it was computed, or why it is missing." },
};

/*
 * The rows directly below, in bytes; they add up to the row. Without ROW this is the list of all
 * rows, where a row and its parent are both in it and nothing may be added.
 */
static const struct kt_column child_columns[] = {
	{ .key = "id", .title = "ROW", .flags = KT_COL_SET, .pattern = KT_ID_PATTERN },
	{ .key = "title", .title = "TITLE", .flags = KT_COL_SET },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Signed: what is counted twice shows below zero." },
	{ .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_DATA_ONLY | KT_COL_SIGNED,
		.help = "Fraction of installed_bytes." },
};

/* Says where a value comes from, for a user who wants to look into the same file. */
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

/* Counts go to the text of the origin: in a column of bytes, "5" processes would be 5 bytes. */
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

/*
 * Lists the inputs of a computed value; a value that a file states has none here. An input that
 * only decides whether the value exists is left out: it adds no bytes.
 */
static void put_inputs(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, enum kt_metric metric, struct kt_val val)
{
	if (kt_ok(val) && val.entry && val.entry->path)
		return;
	for (size_t i = 0; i < snap->inputs.count; i++) {
		const struct kt_input *one = &snap->inputs.items[i];

		if (one->of == metric && !one->presence)
			put_term(report, table, "", kt_metric_name(one->input),
				kt_snapshot_get(snap, one->input, KT_NO_NODE));
	}
}

static void put_terms(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_row *row)
{
	struct kt_table *table = kt_report_table(
		report, "terms", "What it is computed from", term_columns, KT_LEN(term_columns));

	for (size_t i = 0; table && i < KT_ROW_TERMS && row->terms[i].sign; i++) {
		const struct kt_term *term = &row->terms[i];
		struct kt_val val = kt_snapshot_get(snap, term->metric, KT_NO_NODE);

		put_term(report, table, term->sign > 0 ? "+" : "-", kt_metric_name(term->metric),
			val);
		put_inputs(report, table, snap, term->metric, val);
	}
}

/*
 * A rest row is computed from all other rows of its level. The total depends on the level. Firmware
 * takes the size of the memory modules minus what the kernel sees (present). Boot takes present
 * minus managed pages. The last level takes managed pages. From each total the known rows of that
 * level are subtracted; rows without a value are listed, since their bytes are in this row.
 */
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
	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		const struct kt_line *line = kt_account_line(account, i);
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

		if (child->parent == line->row)
			put_child(report, table, account, child);
	}
}

/*
 * Text gets a sentence, data gets fields. The error bound is part of the sentence only for
 * unattributed, which is the only row that has one.
 */
static void put_value(struct kt_report *report, const struct kt_account *account,
	const struct kt_line *line, const struct kt_call *call)
{
	char human[24], error[24];
	struct kt_cell cell = kt_report_missing(report, line->val.state, line->val.reason);
	bool has_error = line->row == KT_ROW_UNATTRIBUTED && kt_account_error_is_known(account);
	const char *holders = kt_line_contained_in(line, &report->arena);

	if (kt_ok(line->val)) {
		cell = kt_cell_number(line->val.value);
		kt_human_bytes(line->val.value, human);
		kt_human_bytes(account->error_bytes, error);
		kt_report_headline(report, "%s: %s, %.2f %% of memory%s%s", line->title,
			call->show.exact_bytes ? kt_arena_printf(&report->arena, "%lld bytes",
							 (long long)line->val.value)
					       : human,
			kt_account_share(account, line) * 100, has_error ? ", ± " : "",
			has_error ? error : "");
	} else
		kt_report_headline(report, "%s: %s (%s)%s%s", line->title,
			kt_state_name(line->val.state), line->val.reason,
			holders ? "; its bytes are in " : "", holders ? holders : "");
	kt_report_field(report, NULL, "id", KT_CELL_TEXT, kt_report_text(report, line->id));
	kt_report_field(report, NULL, "title", KT_CELL_TEXT, kt_report_text(report, line->title));
	kt_report_field(report, NULL, "bytes", KT_CELL_BYTES, cell);
	kt_report_field(
		report, NULL, "state", KT_CELL_TEXT, kt_cell_text(kt_state_name(line->val.state)));
	kt_report_field(report, NULL, "quality", KT_CELL_TEXT,
		kt_cell_text(kt_ok(line->val) ? kt_quality_name(line->val.quality) : NULL));
	kt_report_field(report, NULL, "contained_in", KT_CELL_TEXT, kt_cell_text(holders));
}

/* The rest of files that lack counters which every kernel has says nothing about the kernel. */
static const struct kt_row not_known = {
	.means = "Memory that the files here do not count. It may be free memory, processes, cache "
		 "or kernel: nothing says which.",
	.grows = "Nothing is known of it.",
	.next = "Add the missing files: a whole meminfo counts most memory.",
};

static void put_prose(
	struct kt_report *report, const struct kt_row *row, const struct kt_snapshot *snap)
{
	bool here = snap->host.live || row == &not_known;

	kt_report_field(report, NULL, "means", KT_CELL_TEXT, kt_cell_text(row->means));
	kt_report_field(report, NULL, "grows", KT_CELL_TEXT, kt_cell_text(row->grows));
	kt_report_field(report, NULL, "next", KT_CELL_TEXT, kt_cell_text(row->next));
	kt_report_headline(report, "What it is: %s", row->means);
	kt_report_headline(report, "What growth means: %s", row->grows);
	/* its commands run here, and a log may come from another machine */
	if (!kt_memreport_of(snap))
		kt_report_headline(report, "What to do next: %s%s",
			here ? "" : "on that machine: ", row->next);
}

static void put_index(struct kt_report *report, const struct kt_account *account)
{
	struct kt_table *table =
		kt_report_table(report, "children", NULL, child_columns, KT_LEN(child_columns));

	for (size_t i = 0; table && i < account->lines.count; i++)
		put_child(report, table, account, &account->lines.items[i]);
}

/*
 * Finds a row by its name, or by its title as the account shows it. The name wins over a title.
 * Upper and lower case of a title are equal, because titles are copied from the screen by hand.
 */
static const struct kt_line *find_line(const struct kt_account *account, const char *name)
{
	const struct kt_line *line = kt_account_find(account, name);

	for (size_t i = 0; i < account->lines.count && !line; i++) {
		if (strcasecmp(account->lines.items[i].title, name) == 0)
			line = &account->lines.items[i];
	}
	return line;
}

static struct kt_err *no_line(const struct kt_account *account, const char *name)
{
	struct kt_near near = { .word = name };

	for (size_t i = 0; i < account->lines.count; i++) {
		kt_near_offer(&near, account->lines.items[i].id);
		kt_near_offer(&near, account->lines.items[i].title);
	}
	for (size_t i = 0; i < kt_nr_case_texts; i++)
		kt_near_offer(&near, kt_case_texts[i].id);
	if (near.name)
		return kt_err_new(KT_ERR_USAGE,
			"there is no row or case '%.64s' here: did you mean '%s'? 'ktally explain' "
			"lists them",
			name, near.name);
	return kt_err_new(KT_ERR_USAGE,
		"there is no row or case '%.64s' here; 'ktally explain' lists them", name);
}

/*
 * Run-time lines end after the prose: their value comes from one line of the kernel log, so there
 * are no terms to list.
 */
static struct kt_err *explain(struct kt_machine *machine, const struct kt_call *call,
	const struct kt_account *account, struct kt_report *report)
{
	const struct kt_line *line;
	const struct kt_row *row;
	bool known;

	if (!call->nr_operands) {
		put_index(report, account);
		return NULL;
	}
	line = find_line(account, call->operands[0]);
	if (!line)
		return no_line(account, call->operands[0]);
	row = &kt_rows[line->row == KT_ROW_NONE ? line->parent : line->row];
	put_value(report, account, line, call);
	known = line->row != KT_ROW_UNATTRIBUTED || account->rest_has_meaning;
	put_prose(report, known ? row : &not_known, machine->snap);
	if (line->row == KT_ROW_NONE)
		return NULL;
	if (row->terms[0].sign)
		put_terms(report, machine->snap, row);
	else if (row->rest)
		put_rest(report, machine->snap, account, row);
	put_children(report, account, line);
	if (kt_is_held_row(line->row) && known)
		kt_explain_held(report, machine->snap, call->show.all);
	return NULL;
}

/*
 * Recognises, before there is an account, the rows that need more than the account reads. The
 * sources must be chosen before anything is read, so the name is compared with the table of rows
 * here, and with the lines of the account later.
 */
static bool asks_held(const struct kt_call *call)
{
	/* not for requests of a page: it reads all processes */
	for (enum kt_row_id i = 0; call->once && call->nr_operands && i < KT_ROW_COUNT; i++) {
		if (kt_row_is(i, call->operands[0]) ||
			strcasecmp(kt_rows[i].title, call->operands[0]) == 0)
			return kt_is_held_row(i);
	}
	return false;
}

enum { OF_A_ROW = 1, OF_ALL_ROWS = 2, OF_A_CASE = 4 }; /* forms of the report */

static const struct kt_column field_columns[] = {
	{ .key = "id", .flags = KT_COL_SET, .pattern = KT_ID_PATTERN },
	{ .key = "title", .flags = KT_COL_SET },
	{ .key = "bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED | KT_COL_SET_IF_OK,
		.help = "Signed: what is counted twice shows below zero." },
	{ .key = "state",
		.flags = KT_COL_SET,
		.words = KT_STATE_WORDS,
		.help = "ok, or why there is no value." },
	{ .key = "quality",
		.flags = KT_COL_SET_IF_OK,
		.words = KT_QUALITY_WORDS,
		.help = "The quality of an ok value; null where there is none." },
	{ .key = "contained_in", .flags = KT_COL_NULL_IF_OK, .pattern = KT_HOLDERS_PATTERN },
	{ .key = "means", .flags = KT_COL_SET },
	{ .key = "grows", .flags = KT_COL_SET },
	{ .key = "next", .flags = KT_COL_SET },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
	.forms = OF_A_ROW,
};
static const struct kt_part terms_part = {
	.key = "terms",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(term_columns),
	.forms = OF_A_ROW,
	.optional = OF_A_ROW,
};
static const struct kt_part children_part = {
	.key = "children",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(child_columns),
	.forms = OF_A_ROW | OF_ALL_ROWS,
	.optional = OF_A_ROW,
	.help = "The rows below it; all rows without ROW.",
};

static const struct kt_part case_part = {
	.key = "case",
	.columns = kt_case_columns,
	.nr_columns = KT_CASE_COLUMNS,
	.forms = OF_A_CASE,
};
static const struct kt_part cases_part = {
	.key = "cases",
	.kind = KT_PART_TABLE,
	.columns = kt_case_list_columns,
	.nr_columns = KT_CASE_LIST_COLUMNS,
	.forms = OF_ALL_ROWS,
	.help = "The known causes that 'ktally diagnose' recognises.",
};

static const struct kt_shape shape = {
	.schema = "ktally/explain/1",
	.parts = KT_PARTS(
		&fields_part, &terms_part, &children_part, &kt_held_part, &case_part, &cases_part),
};

static struct kt_err *explain_row(
	const struct kt_call *call, const struct kt_cases *cases, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err;

	err = kt_machine_read(
		&call->machine, &machine, KT_WANT_AREAS, asks_held(call) ? &kt_held_needs : NULL);
	if (!err)
		err = kt_contents_blame(
			&machine, kt_account_compute(machine.snap, KT_NO_NODE, &account));
	if (!err)
		err = explain(&machine, call, &account, report);
	if (!err && !call->nr_operands)
		kt_explain_cases(report, cases);
	return err;
}

struct explain_args {
	const char *cases;
};

/* A case needs no machine. */
static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct explain_args *args = kt_call_own(call);
	const char *directories[] = { KT_CASES_DIRECTORY, args->cases };
	const struct kt_case *one = NULL;
	struct kt_cases cases = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_cases_open(directories, args->cases ? 2 : 1, &cases);
	if (!err && call->nr_operands)
		one = kt_cases_find(&cases, call->operands[0]);
	if (one)
		kt_explain_case(report, one);
	else if (!err)
		err = explain_row(call, &cases, report);
	kt_cases_cleanup(&cases);
	return err;
}

static const struct kt_option options[] = {
	{ 0, "cases", "DIRECTORY", "cases of your own, in addition to " KT_CASES_DIRECTORY,
		.kind = KT_ARG_DIRECTORY, KT_AT(struct explain_args, cases) },
};

static const struct kt_operand operands[] = { { "ROW", KT_ARG_ROW, .optional = true,
	.web = "row" } };

static const struct kt_example examples[] = {
	{ "ktally explain unattributed", "what no counter explains, and who holds some of it" },
	{ "ktally explain slab_unreclaimable", "the row of that name" },
	{ "ktally explain negative-dentries", "how that case is recognised, and what helps" },
	{ "ktally explain", "the rows and cases with their names" },
};

const struct kt_cmd kt_cmd_explain = {
	.name = "explain",
	.summary = "what a row or a known case is, what to do",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Describes a row of the account: what it is, the current values that it is "
		"computed from with their files, what growth of it usually means, and what to "
		"do next. ROW is a row's name or its title; without ROW, the rows are listed.\n\n"
		"'ktally explain unattributed' also looks for pages that no counter has but "
		"another file names, such as the rings and pipes of every process. It shows "
		"who holds them. The account itself reads what processes hold only where "
		"unattributed is unusually large, or with --expensive.\n\n"
		"ROW may also be a case that 'ktally diagnose' names: its mechanism, how it is "
		"recognised, what decides between it and other causes, what helps, and its public "
		"source.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.web = KT_WEB_PLAIN,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct explain_args),
	.reads = KT_CASES_DIRECTORY,
	.shape = &shape,
	.run = run,
};
