// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/users/users_stacks.h"

#include "base/buf.h"

enum { FRAME_STACK, FRAME_BYTES };

static const struct kt_column stack_columns[] = {
	[FRAME_STACK] = { .key = "frame", .title = "STACK", .flags = KT_COL_TREE },
	[FRAME_BYTES] = { .key = "bytes", .title = "MEMORY", .type = KT_CELL_BYTES },
};

const struct kt_part kt_users_part_details = {
	.key = "stacks",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(stack_columns),
	.optional = KT_ANY_FORM,
	.help = "With --details: the largest stack of each of the largest rows.",
};

const char *kt_users_stack_text(
	struct kt_report *report, const char *const *frames, uint32_t nr_frames)
{
	struct kt_buf text = { 0 };

	for (uint32_t i = 0; i < nr_frames; i++)
		kt_buf_join(&text, " < ", "%s", frames[i]);
	return text.size || text.failed ? kt_arena_text(&report->arena, &text) : NULL;
}

void kt_users_put_frames(struct kt_report *report, struct kt_table **table, const char *title,
	struct kt_cell bytes, const char *const *frames, uint32_t nr_frames)
{
	struct kt_report_row *to;

	if (!*table)
		*table = kt_report_table(report, "stacks", "Stacks, innermost first", stack_columns,
			KT_LEN(stack_columns));
	to = *table ? kt_table_row(report, *table) : NULL;
	if (!to)
		return;
	to->cells[FRAME_STACK] = kt_report_text(report, title);
	to->cells[FRAME_BYTES] = bytes;
	for (uint32_t i = 0; i < nr_frames; i++) {
		to = kt_table_row(report, *table);
		if (!to)
			return;
		to->depth = 1;
		to->cells[FRAME_STACK] = kt_report_text(report, frames[i]);
	}
}
