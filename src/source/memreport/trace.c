// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/memreport/trace.h"

#include "base/allocator.h"
#include "base/attr.h"

#include <string.h>

/* "CPU: 3 PID: 12 Comm: x Not tainted": for requests whose own line names no process. */
static void take_process(struct kt_memreport *about, struct kt_arena *arena, struct kt_span message)
{
	size_t at = kt_span_find(message, "omm: ");
	struct kt_span name = kt_span_from(message, at + strlen("omm: ")), rest = name;
	static const char *const ends[] = { " Not tainted ", " Tainted: ", " Kdump: " };

	if (about->process || at == message.n)
		return;
	for (size_t i = 0; i < KT_LEN(ends); i++) {
		size_t end = kt_span_find(rest, ends[i]);

		name.n = end < name.n ? end : name.n;
	}
	if (name.n && name.n < rest.n)
		about->process = kt_arena_name(arena, name);
}

/* Takes the word before the build number. */
static bool take_host(
	struct kt_memreport_detail *detail, struct kt_arena *arena, struct kt_span message)
{
	size_t at = kt_span_find(message, " #"), from;

	if (kt_span_skip(&message, "Hardware name: ")) {
		detail->hardware = kt_arena_name(arena, message);
		return true;
	}
	if (!kt_span_starts(message, "CPU: ") && !kt_span_starts(message, "Pid: "))
		return false;
	take_process(&detail->about, arena, message);
	if (at == message.n)
		return false;
	for (from = at; from && message.p[from - 1] != ' '; from--)
		;
	detail->release = kt_arena_name(arena, (struct kt_span){ message.p + from, at - from });
	return true;
}

/* Functions of the allocator, of the report itself, and helpers that ask vmalloc for others. */
static bool is_no_caller(struct kt_span name)
{
	static const char *const others[] = { "dump_stack*", "__dump_stack*", "show_stack*",
		"unwind_*", "warn_alloc*", "vmap*", "__vmap*", "module_alloc*", "execmem_*" };

	name.n = kt_span_find(name, "."); /* "kvmalloc_node.isra.0" */
	if (kt_is_allocator(name))
		return true;
	for (size_t i = 0; i < KT_LEN(others); i++) {
		if (kt_function_is(name, others[i]))
			return true;
	}
	return false;
}

/*
 * "[<c10c2a5f>] my_init+0x15/0x1000 [mymod]". Lines with "?" are what was left on the stack, and
 * no callers.
 */
static bool take_caller(struct kt_memreport *about, struct kt_arena *arena, struct kt_span message)
{
	struct kt_span rest = kt_span_trim(message), address, name, module = { 0 };
	size_t end;

	if (kt_span_skip(&rest, "[<") && kt_span_until(&rest, ']', &address))
		rest = kt_span_trim(rest);
	end = kt_span_find(rest, "+0x");
	name = (struct kt_span){ rest.p, end };
	if (about->caller || !end || end == rest.n || kt_span_find(name, " ") < name.n ||
		is_no_caller(name))
		return false;
	rest = kt_span_from(rest, end);
	end = kt_span_find(rest, " [");
	if (end < rest.n) {
		rest = kt_span_from(rest, end + 2);
		if (!kt_span_until(&rest, ']', &module))
			module.n = 0;
	}
	about->caller = kt_arena_name(arena, name);
	if (module.n)
		about->caller = kt_arena_printf(
			arena, "%s [%s]", kt_arena_name(arena, name), kt_arena_name(arena, module));
	return true;
}

bool kt_memreport_trace(struct kt_memreport_detail *detail, struct kt_arena *arena,
	struct kt_span message, bool of_vmalloc)
{
	return take_host(detail, arena, message) ||
	       (of_vmalloc && take_caller(&detail->about, arena, message));
}
