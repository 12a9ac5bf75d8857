// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel stacks by measured depth: pages that a thread never touched, and smaller stacks for all.

#include "whatif/whatif.h"

/* Bytes of whole pages that were touched. */
static int64_t touched(int64_t used_bytes, int64_t page_bytes)
{
	return (used_bytes + page_bytes - 1) / page_bytes * page_bytes;
}

/* Stacks of `bytes` for all threads: the count is threads that went deeper. */
static void put_size(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t bytes,
	struct kt_whatif_result *ret)
{
	const struct kt_stack_walk *walk = &snap->stack_walk;
	int64_t nr_all = (int64_t)snap->stack_uses.count, deeper = 0;

	for (size_t i = 0; i < snap->stack_uses.count; i++)
		deeper += snap->stack_uses.items[i].used_bytes > bytes;
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ .choice = kt_arena_printf(arena, "%lld KiB for all",
						  (long long)(bytes / 1024)),
			.count = deeper,
			.bytes = deeper ? KT_UNKNOWN : nr_all * bytes,
			.saves_bytes = deeper ? KT_UNKNOWN : nr_all * (walk->each_bytes - bytes) });
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	const struct kt_stack_walk *walk = &snap->stack_walk;
	int64_t page_bytes = snap->host.page_bytes, nr_all = (int64_t)snap->stack_uses.count;
	int64_t saves = 0, nr_unread = 0, deepest = 0;

	if (!nr_all || !kt_known(kt_known_times(nr_all, walk->each_bytes))) {
		kt_whatif_lacks(ret, &kt_source_stack_depth);
		return;
	}
	for (size_t i = 0; i < snap->stack_uses.count; i++) {
		int64_t used = snap->stack_uses.items[i].used_bytes;

		nr_unread += !kt_known(used);
		if (!kt_known(used) || used > walk->each_bytes)
			continue;
		saves += walk->each_bytes - touched(used, page_bytes);
		deepest = used > deepest ? used : deepest;
	}
	if (nr_unread || walk->nr_torn) {
		kt_whatif_unknown(ret, "not all stacks could be read: threads started or ended");
		return;
	}
	ret->now_bytes = nr_all * walk->each_bytes;
	kt_whatif_input_count(arena, ret, "stacks", nr_all, "kernel memory");
	kt_whatif_input_bytes(arena, ret, "one stack", walk->each_bytes, "kernel memory");
	kt_whatif_input_bytes(arena, ret, "deepest use", deepest, "kernel memory");
	kt_whatif_saves(ret, saves, KT_UPPER_BOUND, page_bytes);
	for (int64_t bytes = walk->each_bytes; bytes >= page_bytes; bytes /= 2)
		put_size(arena, snap, bytes, ret);
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ .choice = "touched pages only",
			.count = 0,
			.bytes = ret->now_bytes - saves,
			.saves_bytes = saves });
	kt_whatif_note(
		arena, ret, "another size of all stacks (THREAD_SIZE) needs a kernel built for it");
	kt_whatif_note(arena, ret,
		"the depth is the deepest use since a thread began: a rare path may go deeper");
}

const struct kt_whatif kt_whatif_stacks = {
	.name = "kernel-stacks",
	.title = "kernel stacks without the pages that were never touched",
	.needs = KT_WHATIF_KERNEL,
	.how = "no kernel gives stacks page by page yet",
	.algorithm = "For each stack: its size minus its deepest use, rounded up to whole pages. A "
		     "size for all threads saves nothing that can be named where one thread went "
		     "deeper.",
	.counted = "threads that went deeper",
	.sources = KT_SOURCES(NULL),
	.exact = KT_SOURCES(&kt_source_stack_depth),
	.compute = compute,
};
