// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_ENDED_UNWIND_H
#define KT_MEMORY_ENDED_UNWIND_H

#include "memory/ended/registers.h"

/** A function that had not returned. */
struct kt_frame {
	uint64_t address; /* of its next instruction */
	bool is_return;	  /* the address is after a call */
	bool is_guess;	  /* found by a scan: it may be left over from an earlier call */
};

#define KT_FRAMES_MAX 64u

/**
 * Walks a stack from registers, innermost function first, by the kernel's ORC tables on x86-64, by
 * frame pointers elsewhere. Where the walk loses its way before the end of the stack, words of the
 * stack that return from a call follow as guesses, up to address `top`; 0: to the end of its page.
 * Returns the number of frames, at most KT_FRAMES_MAX; 0: the registers are not in code.
 */
size_t kt_unwind(struct kt_target *target, const struct kt_register_form *form,
	const struct kt_registers *start, uint64_t top, struct kt_frame ret_frames[KT_FRAMES_MAX]);

#endif
