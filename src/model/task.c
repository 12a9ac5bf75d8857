// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/task.h"

#include "base/arena.h"

#include <string.h>

/*
 * Kernel threads are named FAMILY/CPU, FAMILY/CPU:ID, FAMILY/DEVICE, FAMILY-PID, FAMILY_N, FAMILY.N
 * or FAMILYN. Rescuers of workqueues ("kworker/R-xfsalloc", one for each queue, constant) form
 * their own family: they are not workers that come with load.
 */
const char *kt_thread_family(struct kt_arena *arena, const char *name)
{
	size_t n = strcspn(name, "/"), last;

	if (strncmp(name, "kworker/R-", 10) == 0)
		return "kworker/R";
	if (n && name[n] == '/')
		return kt_arena_printf(arena, "%.*s", (int)n, name);
	n = strcspn(name, ":");
	for (last = n; last && name[last - 1] >= '0' && name[last - 1] <= '9';)
		last--;
	if (last < n && last && strchr("-_.", name[last - 1]))
		last--;
	return last > 1 ? kt_arena_printf(arena, "%.*s", (int)last, name) : name;
}
