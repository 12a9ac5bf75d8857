// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"
#include "cmd/session.h"

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
	[COL_NAME] = { .key = "name", .title = "SOURCE", .flags = KT_COL_LABEL },
	[COL_STATE] = { .key = "state", .title = "STATE" },
	[COL_FILES] = { .key = "files",
		.title = "FILES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[COL_SIZE] = { .key = "bytes",
		.title = "BYTES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[COL_COST] = { .key = "cost_us",
		.title = "µs",
		.type = KT_CELL_COUNT,
		},
	[COL_CLASS] = { .key = "cost_class", .title = "COST" },
	[COL_TEXT] = { .key = "summary",
		.title = "WHAT IT GIVES, OR WHAT ITS LACK COSTS",
		.flags = KT_COL_WRAP },
	[COL_WHY] = { .key = "why", .title = "WHY", .flags = KT_COL_DATA_ONLY },
	[COL_LACK] = { .key = "lack", .title = "LACK", .flags = KT_COL_DATA_ONLY },
	[COL_GIVES] = { .key = "gives", .title = "GIVES", .flags = KT_COL_DATA_ONLY },
	[COL_PATHS] = { .key = "paths", .title = "PATHS", .flags = KT_COL_DATA_ONLY },
};

static const struct kt_column unknown_columns[] = {
	{ .key = "path", .title = "FILE", .flags = KT_COL_LABEL },
	{ .key = "field", .title = "UNKNOWN FIELD", .flags = KT_COL_LABEL },
	{ .key = "value", .title = "VALUE" },
};

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
	const char *paths = "";

	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i]; i++)
		paths = kt_arena_printf(arena, "%s%s%s", paths, i ? " " : "", source->paths[i]);
	return paths;
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

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_table *table;
	struct kt_err *err;

	kt_report_init(report, "ktally/doctor/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, KT_WANT_ALL, NULL);
	if (err)
		return err;
	kt_session_describe(&session, options, report);
	table = kt_report_table(report, "sources", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < session.snap->sources.count; i++)
		put_source(report, table, &session.snap->sources.items[i]);
	put_unknown(report, session.snap);
	kt_report_note(report,
		"COST: 'list' grows with the length of a list, 'disturbs' walks lists "
		"with interrupts off or wakes every CPU, 'scan' looks at every page. "
		"--cheap reads only what is cheap.");
	for (size_t i = 0; i < session.snap->notes.count; i++)
		kt_report_note(report, "%s", session.snap->notes.items[i]);
	return NULL;
}

const struct kt_cmd kt_cmd_doctor = {
	.name = "doctor",
	.summary = "each source: is it there, and what does reading it cost",
	.help = "Reads every source that any command could use and says of each whether it is "
		"there, why not, what its lack costs, what would provide it, and what reading "
		"it cost. Lists the fields of a newer kernel that ktally does not know.",
	.run = run,
};
