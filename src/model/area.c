// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/area.h"

/* Functions that allocate a task's stack; inlining decides which of them appears. */
static const char *const stack_callers[] = { "alloc_thread_stack_node", "dup_task_struct",
	"copy_process", "kernel_clone", "_do_fork", "fork_idle", "do_fork", "create_io_thread",
	"kernel_thread", "user_mode_thread" };

bool kt_area_is_stack(struct kt_span caller)
{
	struct kt_span name = caller;

	name.n = kt_span_find(caller, "+");
	if (kt_span_find(name, ".") < name.n)
		name.n = kt_span_find(name, ".");
	for (size_t i = 0; i < KT_LEN(stack_callers); i++) {
		if (kt_span_eq(name, stack_callers[i]))
			return true;
	}
	return false;
}
