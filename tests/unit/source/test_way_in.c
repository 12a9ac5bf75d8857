// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/watch/way_in.h"

#include "base/arena.h"
#include "test.h"

TEST(a_program_is_the_way_in_by_any_name)
{
	static const char *const frames[] = { "max_part+0x4e8 [loop]", "bpf_trace_run5+0x5c",
		"__bpf_trace_percpu_alloc_percpu+0x1d", "pcpu_alloc+0x3f5", "hold+0x8 [leaky]" };

	CHECK_INT(kt_way_in(frames, KT_LEN(frames)), 3);
}

TEST(a_program_may_have_its_name_or_none)
{
	static const char *const named[] = { "bpf_prog_6deef7357e7b4530+0x3 [bpf]",
		"bpf_trace_run5+0x5c", "pcpu_alloc+0x3f5" };
	static const char *const unnamed[] = { NULL, "bpf_trace_run5+0x5c", NULL, "pcpu_alloc" };

	CHECK_INT(kt_way_in(named, KT_LEN(named)), 2);
	/* a frame without a name is of the way in only if more of it follows */
	CHECK_INT(kt_way_in(unnamed, KT_LEN(unnamed)), 2);
}

TEST(functions_that_allocate_maps_are_callers)
{
	static const char *const frames[] = { "pcpu_alloc+0x3f5", "bpf_map_alloc_percpu+0x20" };

	CHECK_INT(kt_way_in(frames, KT_LEN(frames)), 0);
	CHECK_INT(kt_way_in(frames, 0), 0);
}
