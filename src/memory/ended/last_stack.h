// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_ENDED_LAST_STACK_H
#define KT_MEMORY_ENDED_LAST_STACK_H

#include "memory/ended/unwind.h"
#include "memory/kernel/last_moment.h"

/**
 * The stack of the CPU that panicked: the functions that had not returned, innermost first. Returns
 * their number; 0: it is not known.
 */
size_t kt_last_stack(struct kt_target *target, const struct kt_last_moment *moment,
	struct kt_frame ret_frames[KT_FRAMES_MAX]);

#endif
