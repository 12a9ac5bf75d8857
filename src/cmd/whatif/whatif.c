// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists the savings that other sizes, tables and settings would bring on this machine, the largest
// first, or explains one of them with its inputs, its parts and its curve.
//
// The rows overlap (smaller struct pages and fewer of them, say), so they have no sum.

#include "whatif/whatif.h"
#include "cli/cmd.h"
#include "history/peak.h"
#include "machine/machine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The names of kt_whatifs[], which a test compares with them. */
#define NAMES                                                                          \
	"cma crashkernel fragmentation hash hugetlb hvo kernel-stacks kmalloc "        \
	"kmalloc-families mempools page-tables percpu rounding shared-tables sheaves " \
	"slab-merging slab-orders slab-packing slab-reclaim struct-page swiotlb"

#define SOURCES_MAX 64u
#define CERTAINTY   "exact|estimate|at most|at least"
#define NEEDS	    "setting|reboot|kernel"

struct whatif_args {
	bool exact;
};

/* One what-if and its result, with the reason if it is not known. */
struct answer {
	const struct kt_whatif *whatif;
	struct kt_whatif_result result;
	const char *why;
};

/* ---- sources ---- */

static const struct kt_source *const always[] = { &kt_source_host, &kt_source_meta,
	&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo, NULL };

struct wanted {
	const struct kt_source *items[SOURCES_MAX + 1];
	size_t count;
};

static void add_sources(struct wanted *wanted, const struct kt_source *const *sources)
{
	for (; *sources; sources++) {
		bool has = false;

		for (size_t i = 0; i < wanted->count; i++)
			has |= wanted->items[i] == *sources;
		if (!has && wanted->count < SOURCES_MAX)
			wanted->items[wanted->count++] = *sources;
	}
}

static bool is_one_of(const struct kt_source *source, const struct kt_source *const *sources)
{
	while (*sources && *sources != source)
		sources++;
	return *sources != NULL;
}

/* ---- the answers ---- */

static const char *why_not(const struct kt_machine *machine, const struct kt_whatif *whatif,
	const struct kt_whatif_result *result, bool exact)
{
	if (result->state == KT_OK)
		return NULL;
	if (!result->lacks)
		return result->why;
	if (!exact && is_one_of(result->lacks, whatif->exact))
		return "it needs --exact, which reads kernel memory";
	return kt_machine_why(machine, result->lacks);
}

static bool answer(const struct kt_machine *machine, struct kt_report *report,
	const struct kt_whatif *whatif, bool exact, struct answer *ret)
{
	ret->whatif = whatif;
	if (!kt_whatif_compute(whatif, &report->arena, machine->snap, &ret->result))
		return false;
	ret->why = why_not(machine, whatif, &ret->result, exact);
	return true;
}

static const char *certainty(const struct kt_whatif_result *result)
{
	static const char *const words[] = { [KT_EXACT] = "exact",
		[KT_ESTIMATE] = "estimate",
		[KT_UPPER_BOUND] = "at most",
		[KT_LOWER_BOUND] = "at least" };

	return result->state == KT_OK ? words[result->quality] : NULL;
}

static const char *needs_word(const struct kt_whatif *whatif)
{
	switch (whatif->needs) {
	case KT_WHATIF_SETTING: return "setting";
	case KT_WHATIF_REBOOT: return "reboot";
	case KT_WHATIF_KERNEL: return "kernel";
	}
	return NULL;
}

/* ---- the list ---- */

enum {
	L_NAME,
	L_SAVES,
	L_PAGES,
	L_LOW,
	L_HIGH,
	L_NOW,
	L_CERTAINTY,
	L_NEEDS,
	L_TITLE,
	L_HOW,
	L_WHY,
	L_TEXT
};

static const struct kt_column list_columns[] = {
	[L_NAME] = { .key = "name", .title = "WHAT IF", .flags = KT_COL_SET },
	[L_SAVES] = { .key = "saves_bytes",
		.title = "SAVES",
		.type = KT_CELL_BYTES,
		.help = "In whole pages; null: not known." },
	[L_PAGES] = { .key = "saves_pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[L_LOW] = { .key = "low_bytes",
		.title = "FROM",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY,
		.help = "Of an estimate with an interval." },
	[L_HIGH] = { .key = "high_bytes",
		.title = "TO",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY },
	[L_NOW] = { .key = "now_bytes",
		.title = "NOW",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE,
		.help = "What it is about takes today." },
	[L_CERTAINTY] = { .key = "certainty", .title = "CERTAINTY", .words = CERTAINTY },
	[L_NEEDS] = { .key = "needs",
		.title = "NEEDS",
		.flags = KT_COL_SET,
		.words = NEEDS,
		.help = "A setting while the machine runs, another boot, or a kernel that is built "
			"differently." },
	[L_TITLE] = { .key = "title", .title = "TITLE", .flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[L_HOW] = { .key = "how", .title = "HOW", .flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[L_WHY] = { .key = "why",
		.title = "WHY",
		.flags = KT_COL_DATA_ONLY,
		.help = "Why it is not known; null: it is." },
	[L_TEXT] = { .key = "text",
		.title = "HOW, OR WHY NOT KNOWN",
		.flags = KT_COL_TEXT_ONLY | KT_COL_WRAP },
};

static void put_row(struct kt_report *report, struct kt_table *table, const struct answer *answer,
	int64_t page_bytes)
{
	const struct kt_whatif_result *result = &answer->result;
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[L_NAME] = kt_cell_text(answer->whatif->name);
	row->cells[L_SAVES] = kt_cell_known(result->saves_bytes);
	if (result->state == KT_OK)
		row->cells[L_PAGES] = kt_cell_number(result->saves_bytes / page_bytes);
	row->cells[L_LOW] = kt_cell_known(result->low_bytes);
	row->cells[L_HIGH] = kt_cell_known(result->high_bytes);
	row->cells[L_NOW] = kt_cell_known(result->now_bytes);
	row->cells[L_CERTAINTY] = kt_cell_text(certainty(result));
	row->cells[L_NEEDS] = kt_cell_text(needs_word(answer->whatif));
	row->cells[L_TITLE] = kt_cell_text(answer->whatif->title);
	row->cells[L_HOW] = kt_cell_text(answer->whatif->how);
	row->cells[L_WHY] = kt_report_text(report, answer->why);
	row->cells[L_TEXT] = answer->why ? kt_report_text(report, answer->why)
					 : kt_cell_text(answer->whatif->how);
}

/* Known what-ifs are first, the largest before smaller ones; equal ones are sorted by name. */
static int by_saves(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	if (x->result.saves_bytes != y->result.saves_bytes)
		return x->result.saves_bytes < y->result.saves_bytes ? 1 : -1;
	return strcmp(x->whatif->name, y->whatif->name);
}

static void put_largest(struct kt_report *report, const struct answer *answers, size_t nr_known)
{
	for (size_t i = 0; i < nr_known; i++) {
		const struct kt_whatif_result *result = &answers[i].result;

		if (answers[i].whatif->needs == KT_WHATIF_KERNEL || !result->saves_bytes)
			continue;
		kt_report_headline(report, "The largest that this kernel can do: %s, %s%s.",
			answers[i].whatif->title,
			result->quality == KT_UPPER_BOUND   ? "at most "
			: result->quality == KT_LOWER_BOUND ? "at least "
							    : "",
			kt_report_bytes(report, result->saves_bytes));
		return;
	}
}

static struct kt_err *put_list(
	const struct kt_machine *machine, struct kt_report *report, bool exact)
{
	struct answer *answers = kt_arena_alloc(&report->arena, kt_nr_whatifs * sizeof(*answers));
	struct kt_table *table =
		kt_report_table(report, "whatifs", NULL, list_columns, KT_LEN(list_columns));
	size_t nr_known = 0;

	for (size_t i = 0; answers && i < kt_nr_whatifs; i++) {
		if (!answer(machine, report, kt_whatifs[i], exact, &answers[i]))
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		nr_known += answers[i].result.state == KT_OK;
	}
	if (!answers || !table)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	qsort(answers, kt_nr_whatifs, sizeof(*answers), by_saves);
	for (size_t i = 0; i < kt_nr_whatifs; i++)
		put_row(report, table, &answers[i], machine->snap->host.page_bytes);
	kt_report_headline(report, "%zu of %zu what-ifs are known.", nr_known, kt_nr_whatifs);
	put_largest(report, answers, nr_known);
	kt_report_note(report, "the rows overlap and have no sum; 'ktally whatif NAME' shows how "
			       "one is computed");
	return NULL;
}

static const struct kt_part list_part = {
	.key = "whatifs",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(list_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/whatif/1",
	.parts = KT_PARTS(&kt_host_part, &list_part),
};

/* ---- one what-if ---- */

static const struct kt_column field_columns[] = {
	{ .key = "name", .flags = KT_COL_SET },
	{ .key = "title", .flags = KT_COL_SET },
	{ .key = "saves_bytes", .type = KT_CELL_BYTES },
	{ .key = "saves_pages", .type = KT_CELL_COUNT },
	{ .key = "low_bytes", .type = KT_CELL_BYTES },
	{ .key = "high_bytes", .type = KT_CELL_BYTES },
	{ .key = "now_bytes", .type = KT_CELL_BYTES },
	{ .key = "certainty", .words = CERTAINTY },
	{ .key = "needs", .flags = KT_COL_SET, .words = NEEDS },
	{ .key = "how", .flags = KT_COL_SET },
	{ .key = "algorithm", .flags = KT_COL_SET },
	{ .key = "why" },
};

enum { I_NAME, I_BYTES, I_COUNT, I_FROM };

static const struct kt_column input_columns[] = {
	[I_NAME] = { .key = "input", .title = "INPUT", .flags = KT_COL_SET },
	[I_BYTES] = { .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	[I_COUNT] = { .key = "count", .title = "COUNT", .type = KT_CELL_COUNT },
	[I_FROM] = { .key = "from", .title = "FROM", .flags = KT_COL_WRAP },
};

enum { P_CHOICE, P_COUNT, P_BYTES, P_SAVES };

static const struct kt_column point_columns[] = {
	[P_CHOICE] = { .key = "choice", .title = "CHOICE", .flags = KT_COL_SET },
	[P_COUNT] = { .key = "count", .title = "COUNT", .type = KT_CELL_COUNT },
	[P_BYTES] = { .key = "bytes", .title = "TAKES", .type = KT_CELL_BYTES },
	[P_SAVES] = { .key = "saves_bytes", .title = "SAVES", .type = KT_CELL_BYTES },
};

enum { R_NAME, R_COUNT, R_NOW, R_THEN, R_SAVES, R_HOW };

static const struct kt_column part_columns[] = {
	[R_NAME] = { .key = "part", .title = "PART", .flags = KT_COL_SET },
	[R_COUNT] = { .key = "count", .title = "COUNT", .type = KT_CELL_COUNT },
	[R_NOW] = { .key = "now_bytes", .title = "NOW", .type = KT_CELL_BYTES },
	[R_THEN] = { .key = "then_bytes", .title = "THEN", .type = KT_CELL_BYTES },
	[R_SAVES] = { .key = "saves_bytes", .title = "SAVES", .type = KT_CELL_BYTES },
	[R_HOW] = { .key = "how", .title = "HOW", .flags = KT_COL_WRAP },
};

static const struct kt_part fields_part = { KT_COLUMNS_OF(field_columns) };
static const struct kt_part inputs_part = {
	.key = "inputs",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(input_columns),
	.optional = KT_ANY_FORM,
};
static const struct kt_part points_part = {
	.key = "curve",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(point_columns),
	.optional = KT_ANY_FORM,
	.help = "The choices, with what each would take and save.",
};
static const struct kt_part parts_part = {
	.key = "parts",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(part_columns),
	.optional = KT_ANY_FORM,
	.help = "Tables, pools, caches, processes or call sites; at most 20.",
};

static const struct kt_shape shape_of_one = {
	.schema = "ktally/whatif-one/1",
	.title = "one what-if",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &inputs_part, &points_part, &parts_part),
};

static void put_fields(struct kt_report *report, const struct answer *answer, int64_t page_bytes)
{
	const struct kt_whatif_result *result = &answer->result;
	int64_t pages = result->state == KT_OK ? result->saves_bytes / page_bytes : KT_UNKNOWN;

	kt_report_field(report, NULL, "name", KT_CELL_TEXT, kt_cell_text(answer->whatif->name));
	kt_report_field(report, NULL, "title", KT_CELL_TEXT, kt_cell_text(answer->whatif->title));
	kt_report_field(
		report, NULL, "saves_bytes", KT_CELL_BYTES, kt_cell_known(result->saves_bytes));
	kt_report_field(report, NULL, "saves_pages", KT_CELL_COUNT, kt_cell_known(pages));
	kt_report_field(report, NULL, "low_bytes", KT_CELL_BYTES, kt_cell_known(result->low_bytes));
	kt_report_field(
		report, NULL, "high_bytes", KT_CELL_BYTES, kt_cell_known(result->high_bytes));
	kt_report_field(report, NULL, "now_bytes", KT_CELL_BYTES, kt_cell_known(result->now_bytes));
	kt_report_field(report, NULL, "certainty", KT_CELL_TEXT, kt_cell_text(certainty(result)));
	kt_report_field(
		report, NULL, "needs", KT_CELL_TEXT, kt_cell_text(needs_word(answer->whatif)));
	kt_report_field(report, NULL, "how", KT_CELL_TEXT, kt_cell_text(answer->whatif->how));
	kt_report_field(
		report, NULL, "algorithm", KT_CELL_TEXT, kt_cell_text(answer->whatif->algorithm));
	kt_report_field(report, NULL, "why", KT_CELL_TEXT, kt_report_text(report, answer->why));
}

static void put_inputs(struct kt_report *report, const struct kt_whatif_result *result)
{
	struct kt_table *table = NULL;

	if (result->inputs.count)
		table = kt_report_table(
			report, "inputs", "Inputs", input_columns, KT_LEN(input_columns));
	for (size_t i = 0; table && i < result->inputs.count; i++) {
		const struct kt_whatif_input *input = &result->inputs.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[I_NAME] = kt_report_text(report, input->name);
		row->cells[I_BYTES] = kt_cell_known(input->bytes);
		row->cells[I_COUNT] = kt_cell_known(input->count);
		row->cells[I_FROM] = kt_report_text(report, input->from);
	}
}

static const char *title_of(struct kt_report *report, const char *title, const char *counted)
{
	return counted ? kt_arena_printf(&report->arena, "%s (COUNT: %s)", title, counted) : title;
}

static void put_points(struct kt_report *report, const struct answer *answer)
{
	const struct kt_whatif_result *result = &answer->result;
	struct kt_table *table = NULL;

	if (result->points.count)
		table = kt_report_table(report, "curve",
			title_of(report, "Curve", answer->whatif->counted), point_columns,
			KT_LEN(point_columns));
	for (size_t i = 0; table && i < result->points.count; i++) {
		const struct kt_whatif_point *point = &result->points.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[P_CHOICE] = kt_report_text(report, point->choice);
		row->cells[P_COUNT] = kt_cell_known(point->count);
		row->cells[P_BYTES] = kt_cell_known(point->bytes);
		row->cells[P_SAVES] = kt_cell_known(point->saves_bytes);
	}
}

static void put_parts(struct kt_report *report, const struct answer *answer)
{
	const struct kt_whatif_result *result = &answer->result;
	struct kt_table *table = NULL;

	if (result->parts.count)
		table = kt_report_table(report, "parts",
			title_of(report, "Parts", answer->whatif->parts_counted), part_columns,
			KT_LEN(part_columns));
	for (size_t i = 0; table && i < result->parts.count; i++) {
		const struct kt_whatif_part *part = &result->parts.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[R_NAME] = kt_report_text(report, part->name);
		row->cells[R_COUNT] = kt_cell_known(part->count);
		row->cells[R_NOW] = kt_cell_known(part->now_bytes);
		row->cells[R_THEN] = kt_cell_known(part->then_bytes);
		row->cells[R_SAVES] = kt_cell_known(part->saves_bytes);
		row->cells[R_HOW] = kt_report_text(report, part->how);
	}
}

static void put_headline(struct kt_report *report, const struct answer *answer)
{
	const struct kt_whatif_result *result = &answer->result;
	const char *interval = "";

	if (answer->why) {
		kt_report_headline(report, "What if: %s. What it would save is not known: %s.",
			answer->whatif->title, answer->why);
		return;
	}
	if (kt_known(result->low_bytes))
		interval = kt_arena_printf(&report->arena, ", from %s to %s",
			kt_report_bytes(report, result->low_bytes),
			kt_report_bytes(report, result->high_bytes));
	kt_report_headline(report, "What if: %s. It would save %s (%s%s).", answer->whatif->title,
		kt_report_bytes(report, result->saves_bytes), certainty(result), interval);
}

static struct kt_err *put_one(const struct kt_machine *machine, struct kt_report *report,
	const struct kt_whatif *whatif, bool exact)
{
	struct answer one = { 0 };

	if (!answer(machine, report, whatif, exact, &one))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_headline(report, &one);
	put_fields(report, &one, machine->snap->host.page_bytes);
	put_inputs(report, &one.result);
	put_points(report, &one);
	put_parts(report, &one);
	kt_report_note(report, "how to get it: %s", whatif->how);
	kt_report_note(report, "how it is computed: %s", whatif->algorithm);
	for (size_t i = 0; i < one.result.notes.count; i++)
		kt_report_note(report, "%s", one.result.notes.items[i]);
	return NULL;
}

/* ---- the command ---- */

static struct kt_err *check_operands(const struct kt_call *call)
{
	const struct kt_whatif *one;

	if (!call->nr_operands)
		return NULL;
	one = kt_whatif_find(call->operands[0]);
	if (!one)
		return kt_err_new(KT_ERR_USAGE,
			"there is no what-if '%.64s'; 'ktally whatif' lists them",
			call->operands[0]);
	if (call->nr_operands > 1 && one != &kt_whatif_slab_reclaim)
		return kt_err_new(
			KT_ERR_USAGE, "'%s' takes no slab cache; slab-reclaim does", one->name);
	if (call->nr_operands == 1 && one == &kt_whatif_slab_reclaim)
		return kt_err_new(KT_ERR_USAGE,
			"slab-reclaim takes a slab cache: 'ktally whatif --exact slab-reclaim "
			"dentry'");
	return NULL;
}

static struct kt_err *collect(
	const struct kt_call *call, const struct kt_whatif *one, struct kt_machine *machine)
{
	const struct whatif_args *args = kt_call_own(call);
	struct wanted wanted = { 0 };
	unsigned want = 0;
	struct kt_err *err = kt_machine_open(&call->machine, machine);

	if (err)
		return err;
	if (call->nr_operands > 1)
		machine->snap->asked_cache =
			kt_arena_name(&machine->snap->arena, kt_span_str(call->operands[1]));
	machine->snap->asked_beyond = args->exact && (!one || one == &kt_whatif_rounding);
	add_sources(&wanted, always);
	for (size_t i = 0; i < kt_nr_whatifs; i++) {
		if (one && one != kt_whatifs[i])
			continue;
		add_sources(&wanted, kt_whatifs[i]->sources);
		if (args->exact)
			add_sources(&wanted, kt_whatifs[i]->exact);
	}
	if (args->exact && (!one || one == &kt_whatif_shared_tables))
		want = KT_WANT_EXPENSIVE;
	for (size_t i = 0; i < wanted.count; i++)
		want |= wanted.items[i] == &kt_source_slabs ? KT_WANT_SLABS : 0;
	return kt_machine_collect(machine, want, &(struct kt_needs){ .only = wanted.items });
}

/* A recording has all dentries and inodes, but the sockets of one namespace only. */
static const struct {
	const char *table, *path;
} counted[] = {
	{ "Dentry cache", KT_FILE_DENTRY_STATE },
	{ "Inode-cache", KT_FILE_INODE_NR },
	{ "Inode-cache", KT_FILE_INODE_STATE },
};

static struct kt_err *add_peaks(struct kt_history *history, struct kt_snapshot *snap)
{
	for (size_t i = 0; i < KT_LEN(counted); i++) {
		struct kt_hash_peak *peak;
		int64_t most;
		struct kt_err *err = kt_history_peak(history, counted[i].path, &most);

		if (err)
			return err;
		peak = kt_known(most) ? kt_list_push(&snap->arena, &snap->hash_peaks) : NULL;
		if (peak)
			*peak = (struct kt_hash_peak){ counted[i].table, most };
	}
	return NULL;
}

/* Reads the whole recording up to the sample that is shown: hash tables need room for the most. */
static struct kt_err *read_peaks(const struct kt_call *call, struct kt_snapshot *snap)
{
	const char *source = call->machine.source, *when;
	struct kt_history history = { 0 };
	char path[PATH_MAX];
	struct kt_err *err;

	if (!source)
		return NULL;
	if (kt_root_cut_time(source, path, &when))
		source = path;
	if (!kt_is_recording(source))
		return NULL;
	err = kt_history_open(source, &history);
	if (!err && kt_known(snap->host.taken_s))
		kt_history_limit(&history, INT64_MIN, snap->host.taken_s * 1000 + 999);
	if (!err)
		err = add_peaks(&history, snap);
	kt_history_cleanup(&history);
	return err;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct whatif_args *args = kt_call_own(call);
	const struct kt_whatif *one = call->nr_operands ? kt_whatif_find(call->operands[0]) : NULL;
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err;

	kt_report_begin(report, call->nr_operands ? &shape_of_one : &shape);
	err = check_operands(call);
	if (!err)
		err = collect(call, one, &machine);
	if (!err && (!one || one == &kt_whatif_hash))
		err = read_peaks(call, machine.snap);
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	return one ? put_one(&machine, report, one, args->exact)
		   : put_list(&machine, report, args->exact);
}

static const struct kt_operand operands[] = {
	{ "NAME", KT_ARG_CHOICE, .optional = true, .choices = NAMES },
	{ "CACHE", KT_ARG_CACHE, .optional = true },
};

static const struct kt_option options[] = {
	{ 0, "exact", NULL, "also read kernel memory and the mappings of processes",
		.kind = KT_ARG_FLAG, KT_AT(struct whatif_args, exact) },
};

static const struct kt_example examples[] = {
	{ "ktally whatif", "what could be won back, the largest first" },
	{ "ktally whatif hash", "what smaller hash tables would save, and their parameters" },
	{ "ktally whatif --exact slab-reclaim dentry",
		"what evicting dentries slab by slab would free" },
	{ "ktally whatif --exact kernel-stacks", "what smaller kernel stacks would save" },
};

const struct kt_cmd kt_cmd_whatif = {
	.name = "whatif",
	.summary = "what other sizes and settings would save",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Lists what other sizes, tables and settings would save on this machine, the "
		"largest "
		"first, each with its certainty and how to get it. With NAME: how it is computed, "
		"its inputs, its parts, and a curve where there is one.\n\n"
		"SAVES counts only whole free pages. 'at most' and 'at least' are bounds; an "
		"estimate has an interval. NEEDS: a setting while the machine runs, another boot, "
		"or a kernel that is built differently. What lacks an input is not known, with the "
		"reason. The "
		"rows overlap and have no sum.\n\n"
		"hash: hash tables with an entry for each object; of a recording, for the most "
		"dentries and inodes. hvo: one page of struct pages "
		"for each huge page. struct-page: smaller struct pages. percpu: no memory for "
		"absent CPUs. crashkernel, swiotlb, cma: reservations. hugetlb: idle huge pages. "
		"page-tables: huge pages for processes. shared-tables: page tables that processes "
		"share. kmalloc: size classes for the sizes that "
		"are requested. kmalloc-families: one cache for each size. slab-reclaim CACHE: "
		"objects of its emptiest slabs evicted first. "
		"kernel-stacks: without untouched pages. slab-packing: "
		"objects in as few slabs as possible. slab-orders: slabs of another order. "
		"slab-merging: similar caches in the same slabs. sheaves: smaller stocks of free "
		"objects. rounding: large kmalloc without rounding to 2^n pages. "
		"fragmentation: the few pages that keep huge "
		"pages from being free, and whose they are. mempools: no reserves of drivers.\n\n"
		"--exact reads kernel memory, through /proc/kcore or a BPF program that only "
		"reads, and the mappings of each process, which shared-tables needs. "
		"slab-orders, kmalloc-families, rounding and sheaves then have counts instead of "
		"bounds. "
		"kernel-stacks, slab-packing, slab-reclaim, fragmentation and mempools need it; "
		"hash "
		"then counts the "
		"objects of "
		"more tables, and kmalloc knows the requested sizes where the kernel was "
		"booted with slub_debug=U.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct whatif_args),
	.shape = &shape,
	.shape_of_one = &shape_of_one,
	.run = run,
};
