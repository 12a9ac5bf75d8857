// SPDX-License-Identifier: GPL-2.0-or-later
//
// Folded stacks: "outermost;...;innermost BYTES", one a line, as flamegraph.pl and others read
// them.

#include "output/stacks.h"

static void put_frame(struct kt_buf *buf, const char *frame)
{
	for (const char *p = frame; *p; p++)
		kt_buf_add(buf, *p == ';' ? ":" : p, 1);
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct kt_arena arena = { 0 };
	struct kt_stacks stacks;

	(void)opts;
	kt_stacks_read(report, &arena, &stacks);
	for (size_t i = 0; i < stacks.stacks.count && !arena.failed; i++) {
		const struct kt_stack *stack = &stacks.stacks.items[i];

		for (uint32_t k = 0; k < stack->nr_frames; k++) {
			kt_buf_puts(ret_text, k ? ";" : "");
			put_frame(ret_text, stack->frames[k]);
		}
		kt_buf_printf(ret_text, " %lld\n", (long long)stack->amount);
	}
	ret_text->failed |= arena.failed;
	kt_arena_fini(&arena);
}

const struct kt_output kt_output_folded = {
	.name = "folded",
	.summary = "stacks with bytes, one a line, for flame graph tools",
	.stacks = true,
	.render = render,
};
