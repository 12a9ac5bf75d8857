// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/frames.h"

#include "base/allocator.h"
#include "base/buf.h"

#define CALLERS_SHOWN 2u

struct kt_span kt_frame_function(const char *frame)
{
	struct kt_span name = kt_span_str(frame);
	size_t end = kt_span_find(name, "+0x"), dot;

	name.n = end;
	dot = kt_span_find(name, ".");
	if (dot)
		name.n = dot;
	return name;
}

const char *kt_frame_module(struct kt_arena *arena, const char *frame)
{
	struct kt_span rest = kt_span_str(frame), word;

	while (kt_span_word(&rest, &word)) {
		if (kt_span_skip(&word, "[") && kt_span_ends(word, "]"))
			return kt_arena_printf(arena, "%.*s", (int)word.n - 1, word.p);
	}
	return NULL;
}

uint32_t kt_frames_wanting(const char *const *frames, uint32_t nr_frames)
{
	for (uint32_t i = 0; i < nr_frames; i++) {
		if (!kt_is_allocator(kt_frame_function(frames[i])))
			return i;
	}
	return nr_frames ? nr_frames - 1 : 0;
}

const char *kt_frames_callers(
	struct kt_arena *arena, const char *const *frames, uint32_t nr_frames, uint32_t index)
{
	struct kt_buf text = { 0 };

	for (uint32_t i = index + 1; i < nr_frames && i <= index + CALLERS_SHOWN; i++) {
		struct kt_span name = kt_frame_function(frames[i]);

		kt_buf_join(&text, " < ", "%.*s", (int)name.n, name.p);
	}
	return text.size || text.failed ? kt_arena_text(arena, &text) : NULL;
}
