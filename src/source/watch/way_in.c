// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/watch/way_in.h"

#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

static bool begins_with_any(const char *name, const char *const *begins, size_t count)
{
	for (size_t i = 0; name && i < count; i++) {
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}

/*
 * The program itself, and what the kernel calls it by. A return address after an allocator is where
 * the event's own site is.
 */
static bool is_way_in(const char *name)
{
	static const char *const begins[] = { "bpf_", "__bpf_", "__traceiter_", "trace_", "ftrace_",
		"arch_ftrace_", "kprobe_", "perf_trace_" };

	return begins_with_any(name, begins, KT_LEN(begins)) || (name && strstr(name, "[bpf]"));
}

/* Functions that only call programs: what they called is one, whatever name it has. */
static bool calls_programs(const char *name)
{
	static const char *const begins[] = { "bpf_trace_run", "__bpf_trace_", "bpf_trampoline_" };

	return begins_with_any(name, begins, KT_LEN(begins));
}

uint32_t kt_way_in(const char *const *frames, uint32_t count)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool is_program = i + 1 < count && calls_programs(frames[i + 1]);

		if (frames[i] && !is_way_in(frames[i]) && !is_program)
			break;
		if (frames[i])
			first = i + 1;
	}
	return first;
}
