// SPDX-License-Identifier: GPL-2.0-or-later
//
// Shows every source: whether it was read, why not, what is missing without it and what would
// provide it. All columns are from the descriptors of the sources and from the outcome of this
// reading, so a new source appears here without a change.
//
// It reads all sources, the expensive ones too, because cost and permission are known only by
// trying. It also lists fields that this ktally does not know: they are memory that the account may
// not explain.

#include "base/buf.h"
#include "cli/cmd.h"
#include "confine/confine.h"
#include "machine/machine.h"

/*
 * Columns of a source. FILES and BYTES count what was read, "cost_us" is the time of reading and
 * parsing in microseconds. "lack" is the consequence of its absence, "gives" the kernel option or
 * right that would help.
 */
enum {
	COL_NAME,
	COL_STATE,
	COL_FILES,
	COL_SIZE,
	COL_COST,
	COL_CLASS,
	COL_TEXT,
	COL_WHY,
	COL_LACK,
	COL_GIVES,
	COL_PATHS
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "SOURCE", .flags = KT_COL_LABEL | KT_COL_SET },
	[COL_STATE] = { .key = "state",
		.title = "STATE",
		.flags = KT_COL_SET,
		.words = KT_STATE_WORDS "|not read" },
	[COL_FILES] = { .key = "files",
		.title = "FILES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[COL_SIZE] = { .key = "bytes",
		.title = "BYTES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[COL_COST] = { .key = "cost_us",
		.title = "µs",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Microseconds that reading it took." },
	[COL_CLASS] = { .key = "cost_class",
		.title = "COST",
		.flags = KT_COL_SET,
		.words = "cheap|list|disturbs|scan",
		.help = "list: grows with the length of a list; disturbs: holds other work up; "
			"scan: looks at every page." },
	[COL_TEXT] = { .key = "summary",
		.title = "WHAT IT GIVES OR LACKS",
		.flags = KT_COL_WRAP | KT_COL_SET,
		.help = "What it gives, or what is missing without it." },
	[COL_WHY] = { .key = "why",
		.title = "WHY",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET_UNLESS_OK,
		.help = "Why it was not read." },
	[COL_LACK] = { .key = "lack", .title = "LACK", .flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[COL_GIVES] = { .key = "gives",
		.title = "GIVES",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.help = "What would provide it." },
	[COL_PATHS] = { .key = "paths",
		.title = "PATHS",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET | KT_COL_EMPTY,
		.help = "Its files, with * for a part of a name; empty: links are read, no "
			"files." },
};

/*
 * A line of a file that no parser knows, as it is in the file. Values have no unit here: a unit
 * would be a guess.
 */
static const struct kt_column unknown_columns[] = {
	{ .key = "path", .title = "FILE", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "field", .title = "UNKNOWN FIELD", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "value", .title = "VALUE", .flags = KT_COL_SET | KT_COL_EMPTY },
};

/*
 * A source that was left out on purpose is no problem of the machine, so its text gives the reason
 * and no advice.
 */
static const char *text_of(
	struct kt_arena *arena, const struct kt_source *source, const struct kt_source_state *state)
{
	if (!state->wanted)
		return kt_arena_printf(arena, "%s. Not read: %s", source->summary, state->why);
	if (state->state == KT_OK)
		return source->summary;
	return kt_arena_printf(
		arena, "%s. Without it: %s. Needs: %s", state->why, source->lack, source->gives);
}

static const char *paths_of(struct kt_arena *arena, const struct kt_source *source)
{
	struct kt_buf paths = { 0 };

	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i]; i++)
		kt_buf_join(&paths, " ", "%s", source->paths[i]);
	return kt_arena_text(arena, &paths);
}

static void put_source(
	struct kt_report *report, struct kt_table *table, const struct kt_source_state *state)
{
	const struct kt_source *source = kt_source_find(state->name);
	struct kt_report_row *row = source ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_cell_text(state->name);
	row->cells[COL_STATE] =
		kt_cell_text(state->wanted ? kt_state_name(state->state) : "not read");
	row->cells[COL_FILES] = kt_cell_number(state->nr_files);
	row->cells[COL_SIZE] = kt_cell_number(state->nr_bytes);
	row->cells[COL_COST] = kt_cell_number(state->cost_ns / 1000);
	row->cells[COL_CLASS] = kt_cell_text(kt_cost_name(source->cost));
	row->cells[COL_TEXT] = kt_report_text(report, text_of(&report->arena, source, state));
	if (state->why)
		row->cells[COL_WHY] = kt_report_text(report, state->why);
	row->cells[COL_LACK] = kt_cell_text(source->lack);
	row->cells[COL_GIVES] = kt_cell_text(source->gives);
	row->cells[COL_PATHS] = kt_cell_text(paths_of(&report->arena, source));
}

static void put_unknown(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_table(report, "unknown_fields",
		"Fields that this ktally does not know", unknown_columns, KT_LEN(unknown_columns));

	for (size_t i = 0; table && i < snap->unknown.count; i++) {
		struct kt_report_row *row = kt_table_row(report, table);
		const struct kt_unknown *unknown = &snap->unknown.items[i];

		if (!row)
			return;
		row->cells[0] = kt_report_text(report, unknown->path);
		row->cells[1] = kt_report_text(report, unknown->field);
		row->cells[2] = kt_report_text(report, unknown->value);
	}
}

static const struct kt_column part_columns[] = {
	{ .key = "name", .title = "FOUND IN THE TEXT", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "text",
		.title = "TEXT",
		.help = "The text of a directory or bundle of texts; null: there is one text." },
	{ .key = "first_line",
		.title = "LINE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.min = 1 },
	{ .key = "last_line", .title = "TO", .type = KT_CELL_COUNT, .min = 1 },
	{ .key = "used", .title = "USED", .type = KT_CELL_BOOL, .flags = KT_COL_SET },
	{ .key = "undone",
		.title = "UNDONE",
		.help = "Quoting, encoding and wrapping that was undone; null: nothing." },
};

/* Lists the files that were found in a text. */
static void put_parts(struct kt_report *report, const struct kt_root *root)
{
	size_t count;
	const struct kt_root_part *parts = kt_root_parts(root, &count);
	struct kt_table *table =
		count ? kt_report_table(report, "found", NULL, part_columns, KT_LEN(part_columns))
		      : NULL;

	for (size_t i = 0; table && i < count; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[0] = kt_report_text(report, parts[i].name);
		row->cells[1] = parts[i].text ? kt_report_text(report, parts[i].text)
					      : kt_cell_missing(KT_ABSENT, NULL);
		row->cells[2] = kt_cell_number((int64_t)parts[i].first);
		row->cells[3] = parts[i].last ? kt_cell_number((int64_t)parts[i].last)
					      : kt_cell_missing(KT_ABSENT, NULL);
		row->cells[4] = kt_cell_number(parts[i].used);
		row->cells[5] = *parts[i].mended ? kt_report_text(report, parts[i].mended)
						 : kt_cell_missing(KT_ABSENT, NULL);
	}
}

static const struct kt_column stack_columns[] = {
	{ .key = "function",
		.title = "STACK OF THE PANIC",
		.flags = KT_COL_LABEL | KT_COL_SET,
		.help = "With the place in it, its length and its module, innermost first." },
	{ .key = "guessed",
		.title = "GUESSED",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_SET,
		.help = "It is a word of the stack that follows a call, and may be left over from "
			"an earlier one: the walk had lost its way." },
};

static void put_stack(struct kt_report *report, const struct kt_snapshot *snap)
{
	size_t count = snap->crash_frames.count;
	struct kt_table *table = count ? kt_report_table(report, "panic_frames", NULL,
						 stack_columns, KT_LEN(stack_columns))
				       : NULL;

	for (size_t i = 0; table && i < count; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[0] = kt_report_text(report, snap->crash_frames.items[i].text);
		row->cells[1] = kt_cell_number(snap->crash_frames.items[i].is_guess);
	}
}

/*
 * Says how this run is confined (see confine/confine.h), and what the kernel supports. An operator
 * who opens an untrusted bundle can see here what a hostile file could still reach.
 */
static void put_confinement(struct kt_report *report)
{
	const struct kt_confined *confined = kt_confined();
	char text[KT_CONFINE_TEXT];

	kt_confined_text(text);
	kt_report_field(report, "confinement", "active", KT_CELL_BOOL,
		kt_cell_number(confined->seccomp == KT_CONFINE_ON));
	kt_report_field(
		report, "confinement", "given_up", KT_CELL_TEXT, kt_report_text(report, text));
	kt_report_field(report, "confinement", "landlock_abi", KT_CELL_COUNT,
		kt_cell_number(confined->landlock_abi));
	if (confined->no_new_privs != KT_CONFINE_OFF)
		kt_report_note(report, "confined: %s", text);
	else
		kt_report_note(report,
			"not confined: this run reads only the machine. Untrusted files "
			"and requests are read without capabilities, with a seccomp "
			"filter%s",
			confined->landlock_abi ? " and Landlock" : "; this kernel has no Landlock");
}

static const struct kt_column confinement_columns[] = {
	{ .key = "active", .type = KT_CELL_BOOL, .flags = KT_COL_SET },
	{ .key = "given_up", .flags = KT_COL_SET },
	{ .key = "landlock_abi",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "The version of Landlock that the kernel has; 0: none." },
};

static const struct kt_part confinement_part = {
	.key = "confinement",
	KT_COLUMNS_OF(confinement_columns),
	.help = "Rights that this run gave up before it read files of others.",
};
static const struct kt_part found_part = {
	.key = "found",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(part_columns),
	.optional = KT_ANY_FORM,
	.help = "The files that were found in texts; missing: the source is no such text.",
};
static const struct kt_part sources_part = {
	.key = "sources",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.min_rows = 1,
};
static const struct kt_part stack_part = {
	.key = "panic_frames",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(stack_columns),
	.optional = KT_ANY_FORM,
	.help = "The stack of the CPU that panicked, in a dump; missing: it is not known.",
};
static const struct kt_part unknown_part = {
	.key = "unknown_fields",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(unknown_columns),
	.help = "Fields of a newer kernel that this ktally does not know.",
};

static const struct kt_shape shape = {
	.schema = "ktally/doctor/1",
	.parts = KT_PARTS(&kt_host_part, &confinement_part, &stack_part, &found_part, &sources_part,
		&unknown_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_table *table;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, KT_WANT_ALL, NULL);
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	put_stack(report, machine.snap);
	table = kt_report_table(report, "sources", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < machine.snap->sources.count; i++)
		put_source(report, table, &machine.snap->sources.items[i]);
	put_parts(report, machine.root);
	put_unknown(report, machine.snap);
	put_confinement(report);
	kt_report_note(report,
		"COST: 'list' grows with the length of a list, 'disturbs' walks lists "
		"with interrupts off or wakes every CPU, 'scan' looks at every page. "
		"--cheap reads only what is cheap.");
	kt_machine_put_notes(report, machine.snap);
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally doctor", "what this kernel and this user provide" },
	{ "ktally doctor -s bad.tar.zst", "what a bundle contains" },
};

const struct kt_cmd kt_cmd_doctor = {
	.name = "doctor",
	.summary = "which sources exist, and what reading costs",
	.help = "Reads every source that any command could use. It shows whether each source "
		"exists, or why not, what is missing without it, what would provide it, and "
		"what reading it cost. It lists the fields of a newer kernel that ktally does "
		"not know. Of a dump it shows the stack of the CPU that panicked.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.web = KT_WEB_PLAIN,
	.shape = &shape,
	.run = run,
};
