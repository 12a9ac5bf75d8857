// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stacks of a watch as data, for flame graphs and other viewers.

#include "cmd/users/users_profile.h"

#include "analysis/users/watched_rows.h"
#include "cmd/users/users_stacks.h"

#include <math.h>

static const struct kt_column profile_columns[] = {
	{ .key = "held_bytes",
		.title = "Memory allocated and not freed",
		.type = KT_CELL_BYTES,
		.help = "An estimate; stacks without any are here too." },
	{ .key = "held_low_bytes",
		.type = KT_CELL_BYTES,
		.help = "The amount is between both bounds in 99 of 100 cases." },
	{ .key = "held_high_bytes", .type = KT_CELL_BYTES },
	{ .key = "held_objects", .type = KT_CELL_COUNT },
	{ .key = "allocated_bytes", .type = KT_CELL_BYTES },
	{ .key = "who",
		.help = "Process, or function of the kernel's own work; '(interrupt)': the process "
			"that ran has nothing to do with it." },
	{ .key = "stack",
		.flags = KT_COL_SET,
		.help = "Frames, innermost first, with ' < ' between." },
	{ .key = "context", .words = KT_USERS_CONTEXTS },
	{ .key = "held_samples", .type = KT_CELL_COUNT },
	{ .key = "held_seen_bytes",
		.type = KT_CELL_BYTES,
		.help = "Of the samples themselves, which are certain." },
	{ .key = "held_variance",
		.type = KT_CELL_REAL,
		.help = "Of held_bytes, in bytes^2. Variances of stacks add up, as their amounts "
			"do: the bounds of any part of a flame graph follow." },
};

const struct kt_part kt_users_part_profile = {
	.key = "profile",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(profile_columns),
	.optional = KT_ANY_FORM,
	.help = "With --watch: every stack.",
};

const char *kt_users_context(enum kt_watched_by by)
{
	static const char *const contexts[] = { "task", "interrupt", "work" };

	return contexts[by];
}

void kt_users_put_profile(struct kt_report *report, const struct kt_snapshot *snap, uint32_t number,
	const struct kt_watched_rows *rows)
{
	struct kt_table *table =
		kt_report_table(report, "profile", NULL, profile_columns, KT_LEN(profile_columns));

	if (!table)
		return;
	table->data_only = true;
	for (size_t i = 0; i < snap->watched.count; i++) {
		struct kt_watched watched = snap->watched.items[i];
		struct kt_report_row *row = watched.watch == number && watched.nr_frames
						    ? kt_table_row(report, table)
						    : NULL;
		struct kt_estimate held = kt_watched_held(&watched.held, rows);

		if (!row)
			continue;
		kt_watched_context(&report->arena, &watched);
		row->cells[0] = kt_cell_number(llround(held.value));
		row->cells[1] = kt_cell_number(llround(held.low));
		row->cells[2] = kt_cell_number(llround(held.high));
		row->cells[3] = kt_cell_number(llround(watched.held.objects));
		row->cells[4] = kt_cell_number(llround(watched.all.bytes));
		row->cells[5] =
			kt_report_text(report, kt_watched_who(&report->arena, &watched, false));
		row->cells[6] = kt_report_text(
			report, kt_users_stack_text(report, watched.frames, watched.nr_frames));
		row->cells[7] = kt_cell_text(kt_users_context(watched.by));
		row->cells[8] = kt_cell_number(watched.held.nr);
		row->cells[9] = kt_cell_number(llround(watched.held.seen_bytes));
		row->cells[10] = kt_cell_real(watched.held.bytes_variance);
	}
}
