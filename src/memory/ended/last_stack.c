// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/ended/last_stack.h"

#include "memory/stacks.h"

/* Where the stack of the task ends, if the CPU was on it; 0: not known. */
static uint64_t top_of(struct kt_target *target, uint64_t task, uint64_t sp)
{
	uint64_t bytes = kt_stack_bytes(target, task), stack;
	struct kt_field field;

	if (!task || !bytes || !kt_types_field(&target->types, "task_struct", "stack", &field) ||
		!kt_target_pointer(target, task + field.offset, &stack) || sp < stack ||
		sp - stack >= bytes)
		return 0;
	return stack + bytes;
}

size_t kt_last_stack(struct kt_target *target, const struct kt_last_moment *moment,
	struct kt_frame ret_frames[KT_FRAMES_MAX])
{
	struct kt_register_form form;
	struct kt_registers start;

	if (moment->cpu < 0 || !kt_register_form(&target->types, &form) ||
		!kt_registers_saved(target, &form, (unsigned)moment->cpu, &start))
		return 0;
	return kt_unwind(target, &form, &start, top_of(target, moment->task, start.sp), ret_frames);
}
