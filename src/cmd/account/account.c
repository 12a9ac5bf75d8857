// SPDX-License-Identifier: GPL-2.0-or-later
//
// Shows where the memory of the machine is, as a tree in which every byte is in exactly one leaf.
// The numbers come from the sources of the account: the counters of the kernel, the zones, the log
// of the boot, and the firmware. This file computes none of them. kt_account_compute() makes the
// lines, and the rows with their terms are data in account/.
//
// The tree closes by construction. Each level has one rest row that takes the difference between
// the total of the level and its other rows, signed. The rest row of managed memory is
// "unattributed": no counter explains its bytes. So the sum proves nothing; the size of the rest
// rows and their error bound do. That is why this file prints the bound next to the number, and why
// a note appears when the number is below the bound.

#include "cmd/account/account.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/memory.h"
#include "cli/cmd.h"
#include "cmd/account/account_nodes.h"
#include "cmd/account/account_notes.h"
#include "cmd/account/account_pressure.h"
#include "cmd/account/explain_held.h"
#include "cmd/account/memreports.h"
#include "cmd/contents.h"
#include "cmd/recorded_findings.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <string.h>

#define DEFAULT_DEPTH 2

struct account_args {
	bool node, exact;
};

/*
 * Columns of a row. "bytes" of all leaves add up to the root, and "share" is a fraction of the
 * root. "error_bytes" is set in one row only, the row unattributed: the other rows are what a
 * counter says, and their quality is a word. A row without a value has a state, a reason, and the
 * rows that hold its bytes instead.
 */
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
	COL_REASON,
	COL_HOLDER
};

static const struct kt_column columns[] = {
	[COL_ID] = { .key = "id",
		.title = "ROW",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_KEY | KT_COL_SET,
		.label = "row",
		.pattern = KT_ID_PATTERN,
		.help = "Stable name of a row; rows that exist only at run time have a dot." },
	[COL_PARENT] = { .key = "parent",
		.title = "PARENT",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL,
		.pattern = KT_PARENT_PATTERN },
	[COL_TITLE] = { .key = "title",
		.title = "WHERE THE MEMORY IS",
		.flags = KT_COL_TREE | KT_COL_SET },
	[COL_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_TRACK | KT_COL_SIGNED | KT_COL_SET_IF_OK,
		.metric = KT_FAMILY(ACCOUNT_BYTES),
		.help = "Signed: what is counted twice shows below zero." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, 0),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, 0),
	[COL_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SIGNED | KT_COL_SET_IF_OK,
		.help = "Fraction of installed_bytes." },
	[COL_BAR] = { .key = "bar",
		.title = "",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_BAR | KT_COL_TEXT_ONLY },
	[COL_STATE] = { .key = "state",
		.title = "STATE",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.words = KT_STATE_WORDS,
		.help = "ok, or why there is no value." },
	[COL_QUALITY] = { .key = "quality",
		.title = "QUALITY",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_SET_IF_OK,
		.metric = KT_FAMILY(ACCOUNT_QUALITY),
		.words = KT_QUALITY_WORDS,
		.help = "The quality of an ok value; null where there is none." },
	[COL_LEAF] = { .key = "leaf",
		.title = "LEAF",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_SET,
		.help = "The bytes of all leaves add up to the root." },
	[COL_ERROR] = { .key = "error_bytes",
		.title = "ERROR",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY,
		.metric = KT_FAMILY(ACCOUNT_ERROR_BYTES),
		.help = "By how much unattributed may be off because of how it was read; error_how "
			"says what that covers. null: nothing bounds it, and in every other row." },
	[COL_REASON] = { .key = "reason",
		.title = "REASON",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET_UNLESS_OK,
		.help = "Why there is no value." },
	[COL_HOLDER] = { .key = "contained_in",
		.title = "CONTAINED IN",
		.flags = KT_COL_DATA_ONLY | KT_COL_NULL_IF_OK,
		.pattern = KT_HOLDERS_PATTERN,
		.help = "Of a row without a value: ids of the rows that may hold its bytes, with "
			"', ' between; null: no row holds them." },
};

/* 80 columns have room for shares or for growth. */
static const struct kt_column *choose_columns(struct kt_report *report, const struct kt_call *call)
{
	struct kt_column *chosen = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!chosen || !call->interval_s)
		return columns;
	memcpy(chosen, columns, sizeof(columns));
	chosen[COL_SHARE].flags |= KT_COL_WIDE;
	chosen[COL_BAR].flags = KT_COL_TEXT_ONLY | KT_COL_DATA_ONLY;
	return chosen;
}

static bool is_unattributed(const struct kt_line *line)
{
	return line->row == KT_ROW_UNATTRIBUTED;
}

/* Other commands show the account too, without its options. */
static bool is_exact(const struct kt_call *call)
{
	const struct account_args *args = kt_call_own(call);

	return call->own_of == &kt_cmd_account && args->exact;
}

/* Rows that --exact adds, and those above them. */
static bool is_by_memory(const struct kt_line *line)
{
	return line->parent == KT_ROW_SLAB || line->parent == KT_ROW_SLAB_RECLAIMABLE ||
	       line->parent == KT_ROW_SLAB_UNRECLAIMABLE || line->parent == KT_ROW_UNATTRIBUTED;
}

/*
 * One screen: rows that hold memory, two levels deep, the row unattributed, and the rows next to
 * the largest row, wherever it is. Rows of 0 bytes and rows without a value are minor too: on a
 * usual machine they outnumber the rows with memory. Data has every row, because a missing row and
 * a row of 0 are different facts.
 */
static bool is_minor(
	const struct kt_account *account, const struct kt_line *line, const struct kt_call *call)
{
	enum kt_row_id largest = account->largest;

	if (is_unattributed(line))
		return false;
	if (!kt_ok(line->val) || line->val.value == 0)
		return true;
	if (call->show.depth || line->depth <= DEFAULT_DEPTH ||
		(is_exact(call) && is_by_memory(line)))
		return false;
	return largest == KT_ROW_NONE || line->row == KT_ROW_NONE ||
	       line->parent != kt_rows[largest].parent;
}

/*
 * Formats the bound of unattributed for text. Without a known drift between the files, the bound
 * covers only the other parts of the error, so it is "or more". Where nothing bounds the error the
 * mark says so: "± 0" would claim that the number is exact.
 */
static const char *error_mark(
	struct kt_report *report, const struct kt_account *account, const struct kt_call *call)
{
	char human[24];

	if (!kt_account_error_is_known(account))
		return "error not known";
	kt_human_bytes(account->error_bytes, human);
	return kt_arena_printf(&report->arena, "± %s%s",
		call->show.exact_bytes
			? kt_arena_printf(&report->arena, "%lld", (long long)account->error_bytes)
			: human,
		account->drift_known ? "" : " or more");
}

/* Gives the words for a value that is not exact. 0 needs none: "at most 0" reads like a mistake. */
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

/* Sets the advice for growth of a row; sums of rows and free memory have none. */
static const char *advice(const struct kt_line *line)
{
	if (line->row == KT_ROW_NONE || kt_rows[line->row].level == KT_LEVEL_NONE ||
		line->parent == KT_ROW_FREE)
		return NULL;
	return kt_rows[line->row].next;
}

/*
 * Fills one row. Only a leaf has a mark for quality, so that one inexact leaf is not marked again
 * in each row above it. Share and bar of a row without a value are missing, not 0.
 */
static void put_line(struct kt_report *report, struct kt_table *table,
	const struct kt_account *account, const struct kt_line *line, const struct kt_call *call)
{
	struct kt_report_row *row = kt_table_row(report, table);
	struct kt_cell *cells = row ? row->cells : NULL;
	double share = kt_account_share(account, line);

	if (!row)
		return;
	row->depth = line->depth;
	row->strong = line->depth < 2;
	row->minor = is_minor(account, line, call);
	cells[COL_ID] = kt_report_text(report, line->id);
	cells[COL_PARENT] = kt_cell_text(kt_row_id_name(line->parent));
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
	cells[COL_HOLDER] = kt_cell_text(kt_line_contained_in(line, &report->arena));
	cells[COL_LEAF] = kt_cell_number(line->leaf);
	row->next = advice(line);
	row->mark = line->leaf ? quality_mark(line) : NULL;
	if (is_unattributed(line)) {
		cells[COL_ERROR] = kt_account_error_is_known(account)
					   ? kt_cell_number(account->error_bytes)
					   : kt_cell_missing(KT_ABSENT, account->error_how);
		row->error_bytes = account->error_bytes;
		row->mark = error_mark(report, account, call);
	}
}

/*
 * Annotations are amounts that are part of a row and counted there already, such as a counter that
 * overlaps with several rows. They are a table of their own, so that no program adds them to the
 * rows.
 */
static const struct kt_column annotation_columns[] = {
	{ .key = "id",
		.title = "ID",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_SET,
		.pattern = KT_ID_PATTERN },
	{ .key = "row",
		.title = "ROW",
		.flags = KT_COL_LABEL | KT_COL_SET,
		.pattern = KT_ID_PATTERN },
	{ .key = "title", .title = "COUNTED THERE ALREADY", .flags = KT_COL_SET },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(ANNOTATION_BYTES),
		.flags = KT_COL_SET | KT_COL_SIGNED },
};

/*
 * An amount that this kernel does not have makes no row: a row with 0 would say that there is no
 * such memory.
 */
void kt_account_put_annotations(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_call *call)
{
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
		row->cells[1] = kt_cell_text(kt_row_id_name(annotation->row));
		row->cells[2] = kt_cell_text(annotation->title);
		row->cells[3] = kt_cell_number(val.value);
	}
	if (table && !call->show.all)
		table->data_only = true;
}

/*
 * The field exists in every report, so that an alert can test it. It is null while all core files
 * are good.
 */
void kt_account_put_degraded(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_buf list = { 0 };
	const char *text;

	for (size_t i = 0; i < snap->degraded.count; i++)
		kt_buf_join(&list, "; ", "%s", snap->degraded.items[i]);
	text = kt_arena_text(&report->arena, &list);
	kt_report_field(report, NULL, "degraded", KT_CELL_TEXT,
		kt_report_text(report, snap->degraded.count ? text : NULL));
}

/*
 * Every line becomes a row, in the order of the tree with parents first: renderers indent by depth
 * and need no second pass. "installed_bytes" is a field as well, because it is the divisor of all
 * shares.
 */
struct kt_table *kt_account_put(
	struct kt_report *report, const struct kt_account *account, const struct kt_call *call)
{
	struct kt_table *table = kt_report_table(
		report, "rows", NULL, choose_columns(report, call), KT_LEN(columns));
	struct kt_field *field = kt_report_field(report, NULL, "installed_bytes", KT_CELL_BYTES,
		kt_cell_number(account->installed_bytes));

	if (field)
		field->metric = KT_FAMILY(INSTALLED_BYTES);
	kt_report_field(report, NULL, "error_how", KT_CELL_TEXT, kt_cell_text(account->error_how));
	for (size_t i = 0; table && i < account->lines.count; i++)
		put_line(report, table, account, &account->lines.items[i], call);
	return table;
}

static const struct kt_column field_columns[] = {
	{ .key = "installed_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET,
		.help = "Physical memory that is known to exist." },
	{ .key = "degraded", .help = "Core files that could not be read or believed; null: none." },
	{ .key = "error_how",
		.flags = KT_COL_SET,
		.help = "The parts of the error bound of unattributed." },
};

const struct kt_part kt_account_fields_part = {
	KT_COLUMNS_OF(field_columns),
};
const struct kt_part kt_account_rows_part = {
	.key = "rows",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.help = "The account: the rows below a row add up to it, null counts as nothing.",
	.json = "\"contains\":{\"properties\":{\"parent\":{\"const\":null},"
		"\"id\":{\"const\":\"ram\"}},\"required\":[\"id\",\"parent\"]},"
		"\"minContains\":1,\"maxContains\":1",
};
const struct kt_part kt_account_annotations_part = {
	.key = "annotations",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(annotation_columns),
	.help = "Parts of rows, counted there already; never to be added.",
};

static const struct kt_column judged_columns[] = {
	{ .key = "series", .type = KT_CELL_COUNT, .help = "Caches and rows that are judged." },
	{ .key = "from_ms",
		.type = KT_CELL_COUNT,
		.help = "First sample, milliseconds since 1970." },
	{ .key = "written_ms", .type = KT_CELL_COUNT, .help = "When the recorder judged last." },
};

static const struct kt_part judged_part = {
	.key = "judged",
	KT_COLUMNS_OF(judged_columns),
	.optional = KT_ANY_FORM,
	.help = "Missing where no recorder judges: then the findings are of one reading.",
};

static const struct kt_shape shape = {
	.schema = "ktally/account/1",
	.parts = KT_PARTS(&kt_host_part, &kt_pressure_part, &kt_account_fields_part,
		&kt_account_rows_part, &kt_node_rows_part, &kt_account_annotations_part,
		&judged_part, &kt_findings_part),
};

/* A memory cgroup is not a machine: shows what the report says of it instead of an account. */
static bool is_cgroup_report(const struct kt_snapshot *snap)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);

	return memreport && !memreport->machine;
}

/* A log whose reports are all cut, or the cut report that was picked: its counters are shown. */
static bool is_cut_log(const struct kt_err *err, const struct kt_snapshot *snap)
{
	return err && kt_err_code(err) == KT_ERR_PARSE && snap && kt_reports_counted(snap);
}

/*
 * Reading the descriptors and mappings of every process costs more than the account itself. It is
 * done on request, or if unattributed is unusually large.
 */
static bool wants_held(const struct kt_account *account, const struct kt_call *call)
{
	const struct kt_line *line = kt_account_line(account, KT_ROW_UNATTRIBUTED);

	return call->once && !is_exact(call) && !call->shown && !call->machine.expensive &&
	       !call->machine.cheap && !call->interval_s && line && kt_ok(line->val) &&
	       kt_account_share(account, line) * 1000 >= kt_rows[line->row].unusual_permille;
}

/*
 * All files are read again and not only the missing ones: rows from two times would put the change
 * between them into unattributed.
 */
static struct kt_err *read_again(const struct kt_call *call, unsigned want,
	struct kt_machine *machine, struct kt_account *account)
{
	struct kt_err *err;

	kt_machine_cleanup(machine);
	kt_account_fini(account);
	/* memory of the first reading would be in the numbers of the second */
	kt_memory_give_back();
	err = kt_machine_read(&call->machine, machine, want, &kt_held_needs);
	if (!err)
		err = kt_contents_blame(
			machine, kt_account_compute(machine->snap, KT_NO_NODE, account));
	return err;
}

static const struct kt_needs *needs_of(const struct kt_call *call)
{
	if (is_exact(call))
		return &kt_exact_needs;
	return call->machine.expensive ? &kt_held_needs : NULL;
}

/* --exact must not show what the account shows without it. */
static struct kt_err *check_exact(const struct kt_call *call, const struct kt_machine *machine)
{
	struct kt_err *err;

	if (!is_exact(call))
		return NULL;
	err = kt_machine_lacks(&call->machine, machine, &kt_source_slub, "--exact");
	return err ? err
		   : kt_machine_lacks(&call->machine, machine, &kt_source_direct_pages, "--exact");
}

/* The gravest finding comes before everything else; `recorded`: of the recorder, or NULL. */
static void put_judgement(struct kt_report *report, const struct kt_recorded *recorded)
{
	const char *text = kt_recorded_headline(report, recorded);
	size_t count = report->headlines.count;

	if (text)
		kt_report_headline(report, "%s", text);
	if (report->headlines.count > count) {
		text = report->headlines.items[count];
		memmove(&report->headlines.items[1], &report->headlines.items[0],
			count * sizeof(*report->headlines.items));
		report->headlines.items[0] = text;
	}
	if (!recorded)
		return;
	kt_report_field(
		report, "judged", "series", KT_CELL_COUNT, kt_cell_number(recorded->nr_series));
	kt_report_field(
		report, "judged", "from_ms", KT_CELL_COUNT, kt_cell_number(recorded->from_ms));
	kt_report_field(report, "judged", "written_ms", KT_CELL_COUNT,
		kt_cell_number(recorded->written_ms));
}

/*
 * The first reading takes the cheap sources. Its size of unattributed decides whether the expensive
 * search for holders is worth its price. A kernel log needs no second reading: it has no processes
 * to look into.
 */
static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct account_args *args = kt_call_own(call);
	unsigned want = args->node ? KT_WANT_NODES : 0;
	struct kt_table *rows;
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_recorded recorded;
	struct kt_err *err;
	bool judged;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, want, needs_of(call));
	if ((!err && is_cgroup_report(machine.snap)) || is_cut_log(err, machine.snap)) {
		kt_err_free(err);
		kt_report_begin(report, &kt_reports_shape);
		kt_machine_describe(&machine, report);
		kt_reports_show(report, machine.snap);
		return NULL;
	}
	if (!err)
		err = check_exact(call, &machine);
	if (!err)
		err = kt_contents_blame(
			&machine, kt_account_compute(machine.snap, KT_NO_NODE, &account));
	if (err)
		return err;
	if (wants_held(&account, call) && !kt_memreport_of(machine.snap))
		err = read_again(call, want, &machine, &account);
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	kt_pressure_put_head(report, machine.snap);
	if (kt_memreport_of(machine.snap))
		kt_memreport_most(report, &account);
	rows = kt_account_put(report, &account, call);
	kt_account_put_degraded(report, machine.snap);
	/* text shows the matrix of nodes instead */
	if (rows && args->node)
		rows->data_only = true;
	if (args->node)
		err = kt_account_nodes(machine.snap, &account, call, report);
	kt_account_put_annotations(report, machine.snap, call);
	report->judged = report->brief = true;
	judged = kt_recorded_now(machine.snap, &account, report, &recorded);
	put_judgement(report, judged ? &recorded : NULL);
	kt_account_put_notes(report, machine.snap, &account, call);
	return err;
}

static const struct kt_option options[] = {
	{ 'N', "node", NULL, "show one column for each NUMA node", .kind = KT_ARG_FLAG,
		KT_AT(struct account_args, node), .web = true },
	{ 0, "exact", NULL, "split slab and unattributed by kernel memory", .kind = KT_ARG_FLAG,
		KT_AT(struct account_args, exact) },
};

static const struct kt_example examples[] = {
	{ "ktally account", "where the memory of this machine is; 'ktally' alone does the same" },
	{ "ktally account -i 10", "what grows, every 10 seconds" },
	{ "ktally account --node", "one column for each NUMA node" },
	{ "ktally account --exact", "who has what no counter names, too" },
	{ "ktally account -s bad.tar.zst --all", "every row of a captured machine" },
};

const struct kt_cmd kt_cmd_account = {
	.name = "account",
	.summary = "where every byte of memory is (the default)",
	.help = "Shows the machine's physical memory as a tree that adds up: every byte is in "
		"exactly one row. The rows below a row add up to it. What no counter explains "
		"is the row 'unattributed'. The ± of that row is the error of its "
		"computation, because the files are read one after the other. It does not say "
		"how much memory is unexplained: the row itself does.\n\n"
		"Two levels are shown; --depth and --all show more, --node splits by NUMA "
		"node. 'ktally explain ROW' describes a row. -i 10 shows what grows: notes "
		"below the tree name the rows that grew most, and the command that looks into "
		"them.\n\n"
		"--exact reads kernel memory too, through /proc/kcore or a BPF program that only "
		"reads: slab is split into objects in use and free ones, unattributed by who has "
		"the pages. It takes seconds.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct account_args),
	.web = KT_WEB_PLAIN,
	.shape = &shape,
	.run = run,
};
