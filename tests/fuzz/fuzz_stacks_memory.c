// SPDX-License-Identifier: GPL-2.0-or-later
//
// Threads and their stacks in damaged memory. The first byte chooses where stacks are, then the
// input is a list of changes to memory that was made by hand: a place and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/threads_bytes.h"

#define READS_MAX 20000u /* more is no bounded walk */

static void fill(struct threads_bytes *threads)
{
	uint64_t task;

	for (uint32_t i = 0; i < 4; i++) {
		task = threads_process(threads, "process", 1 + 10 * i, i % 2, 1000 * i);
		for (uint32_t k = 0; k < 3; k++)
			threads_add(threads, task, 2 + 10 * i + k, 100 * k);
	}
	threads_idle(threads, 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_snapshot *snap;
	struct threads_bytes threads;

	if (!size)
		return 0;
	snap = kt_snapshot_new();
	if (!snap)
		abort();
	threads_init(&threads, data[0] & 1);
	fill(&threads);
	fuzz_damage(threads.memory, threads.used, THREADS_BASE, data + 1, size - 1);
	kt_err_free(kt_stacks_walk(threads.target, snap));
	for (size_t i = 0; i < snap->stack_uses.count; i++) {
		if (snap->stack_uses.items[i].used_bytes > snap->stack_walk.each_bytes)
			abort();
	}
	if (threads.target->nr_reads > READS_MAX)
		abort();
	threads_fini(&threads);
	kt_snapshot_free(snap);
	return 0;
}
