// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stacks for speedscope (its file format 0.0.1, type "sampled", unit bytes).

#include "output/stacks.h"

#include "base/map.h"
#include "base/printable.h"

#include <string.h>

/* The frames once each, and the numbers of each stack's frames. */
static void put_frames(struct kt_arena *arena, const struct kt_stacks *stacks,
	struct kt_buf *frames, struct kt_buf *samples)
{
	struct kt_map numbers = { 0 };

	for (size_t i = 0; i < stacks->stacks.count; i++) {
		const struct kt_stack *stack = &stacks->stacks.items[i];

		kt_buf_puts(samples, i ? ",[" : "[");
		for (uint32_t k = 0; k < stack->nr_frames; k++) {
			bool added = false;
			uint32_t *number =
				kt_map_add(&numbers, kt_span_str(stack->frames[k]), arena, &added);

			if (!number)
				break;
			if (added) {
				*number = numbers.count - 1;
				kt_buf_puts(frames, *number ? ",{\"name\":" : "{\"name\":");
				kt_buf_json(frames, stack->frames[k]);
				kt_buf_puts(frames, "}");
			}
			kt_buf_printf(samples, k ? ",%u" : "%u", *number);
		}
		kt_buf_puts(samples, "]");
	}
	frames->failed |= numbers.failed;
	kt_map_fini(&numbers);
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf frames = { 0 };
	KT_CLEANUP(buf) struct kt_buf samples = { 0 };
	struct kt_arena arena = { 0 };
	struct kt_stacks stacks;

	(void)opts;
	kt_stacks_read(report, &arena, &stacks);
	put_frames(&arena, &stacks, &frames, &samples);
	kt_buf_puts(ret_text,
		"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":"
		"\"ktally\",\"name\":");
	kt_buf_json(ret_text, stacks.from);
	kt_buf_puts(ret_text, ",\"shared\":{\"frames\":[");
	kt_buf_add(ret_text, frames.data, frames.size);
	kt_buf_puts(ret_text, "]},\"profiles\":[{\"type\":\"sampled\",\"name\":");
	kt_buf_json(ret_text, stacks.what);
	kt_buf_printf(ret_text, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%lld,\"samples\":[",
		stacks.in_bytes ? "bytes" : "none", (long long)stacks.amount);
	kt_buf_add(ret_text, samples.data, samples.size);
	kt_buf_puts(ret_text, "],\"weights\":[");
	for (size_t i = 0; i < stacks.stacks.count; i++)
		kt_buf_printf(
			ret_text, i ? ",%lld" : "%lld", (long long)stacks.stacks.items[i].amount);
	kt_buf_puts(ret_text, "]}]}\n");
	ret_text->failed |= arena.failed || frames.failed || samples.failed;
	kt_arena_fini(&arena);
}

const struct kt_output kt_output_speedscope = {
	.name = "speedscope",
	.summary = "stacks as a file for speedscope",
	.stacks = true,
	.render = render,
};
