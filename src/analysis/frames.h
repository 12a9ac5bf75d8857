// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_FRAMES_H
#define KT_ANALYSIS_FRAMES_H

#include "base/arena.h"
#include "base/span.h"

/** Frames of stacks as texts, "foo.isra.0+0x1/0x20 [module]", innermost first. */

/** Function of a frame, without offset and additions of the compiler: "foo". */
struct kt_span kt_frame_function(const char *frame);
/** Module of a frame; NULL: the kernel itself. */
const char *kt_frame_module(struct kt_arena *arena, const char *frame);

/**
 * Index of the innermost frame that is no allocator. Where all frames are, the outermost one: it is
 * the closest to the function that wanted the memory. 0 without frames.
 */
uint32_t kt_frames_wanting(const char *const *frames, uint32_t nr_frames);
/** "caller < its caller" of the frame at an index; NULL: it has none. */
const char *kt_frames_callers(
	struct kt_arena *arena, const char *const *frames, uint32_t nr_frames, uint32_t index);

#endif
