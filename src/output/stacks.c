// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/stacks.h"

#include "base/printable.h"

#include <string.h>

#define FRAMES_MAX 128u

/* The first table with stacks; `ret_stack`, `ret_bytes`: its columns. */
static const struct kt_table *find_table(
	const struct kt_report *report, size_t *ret_stack, size_t *ret_bytes, size_t *ret_count)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];
		bool has_stack = false, has_bytes = false;

		*ret_count = table->nr_columns;
		for (size_t k = 0; k < table->nr_columns; k++) {
			const struct kt_column *column = &table->columns[k];

			if (strcmp(column->key, "stack") == 0) {
				*ret_stack = k;
				has_stack = true;
			} else if ((!has_bytes && column->type == KT_CELL_BYTES) ||
				   (column->flags & KT_COL_RANK)) {
				*ret_bytes = k;
				has_bytes = true;
			} else if (*ret_count == table->nr_columns &&
				   column->type == KT_CELL_COUNT) {
				*ret_count = k;
			}
		}
		if (has_stack && has_bytes)
			return table;
	}
	return NULL;
}

bool kt_stacks_found(const struct kt_report *report)
{
	size_t stack, bytes, count;

	return find_table(report, &stack, &bytes, &count) != NULL;
}

/* "foo+0x1/0x20 [module]" is "foo [module]": places within a function are one frame. */
static const char *frame_of(struct kt_arena *arena, struct kt_span text)
{
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_span name = text;
	size_t module = kt_span_find(text, " [");

	name.n = kt_span_find(text, "+0x");
	if (name.n == text.n)
		name.n = module;
	kt_buf_printable(&clean, name, 0);
	kt_buf_printable(&clean, kt_span_from(text, module), 0);
	return kt_arena_text(arena, &clean);
}

static void take(struct kt_arena *arena, const char *text, struct kt_stack *stack)
{
	const char *innermost[FRAMES_MAX], **frames;
	struct kt_span rest = kt_span_str(text);
	uint32_t count = 0;

	while (rest.n && count < FRAMES_MAX) {
		size_t end = kt_span_find(rest, " < ");

		innermost[count++] = frame_of(arena, (struct kt_span){ rest.p, end });
		rest = end < rest.n ? kt_span_from(rest, end + 3) : kt_span_from(rest, rest.n);
	}
	frames = kt_arena_alloc(arena, count * sizeof(*frames) + 1);
	if (!frames || arena->failed)
		return;
	for (uint32_t i = 0; i < count; i++)
		frames[i] = innermost[count - 1 - i];
	stack->frames = frames;
	stack->nr_frames = count;
}

void kt_stacks_read(
	const struct kt_report *report, struct kt_arena *arena, struct kt_stacks *ret_stacks)
{
	size_t stack, bytes, count;
	const struct kt_table *table = find_table(report, &stack, &bytes, &count);

	*ret_stacks = (struct kt_stacks){ .what = "",
		.from = report->headlines.count
				? report->headlines.items[report->headlines.count - 1]
				: "" };
	if (table) {
		ret_stacks->what = table->columns[bytes].title ? table->columns[bytes].title
							       : table->columns[bytes].key;
		ret_stacks->in_bytes = table->columns[bytes].type == KT_CELL_BYTES;
	}
	for (size_t i = 0; table && i < table->rows.count; i++) {
		const struct kt_cell *cells = table->rows.items[i].cells;
		struct kt_stack *slot;
		int64_t sum;

		if (cells[stack].state != KT_OK || !cells[stack].text ||
			cells[bytes].state != KT_OK || cells[bytes].number <= 0 ||
			__builtin_add_overflow(ret_stacks->amount, cells[bytes].number, &sum))
			continue;
		ret_stacks->amount = sum;
		slot = kt_list_push(arena, &ret_stacks->stacks);
		if (!slot)
			return;
		*slot = (struct kt_stack){ .amount = cells[bytes].number,
			.count = count < table->nr_columns && cells[count].state == KT_OK
					 ? cells[count].number
					 : -1 };
		take(arena, cells[stack].text, slot);
	}
}
