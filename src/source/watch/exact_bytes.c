// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/watch/exact_bytes.h"

#include "base/kernel_files.h"
#include "memory/percpu.h"

#define KIB_MAX (INT64_MAX / 1024)

/* Pages of areas: 97105f0ab7b8. */
static int64_t vmalloc_used(struct kt_root *root)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, KT_FILE_MEMINFO, &text);
	struct kt_span rest = kt_text_span(&text), line, word;
	int64_t kib;

	while (!err && kt_span_line(&rest, &line)) {
		if (kt_span_skip(&line, "VmallocUsed:") && kt_span_word(&line, &word) &&
			kt_span_i64(word, &kib) && kib >= 0 && kib <= KIB_MAX)
			return kib * 1024;
	}
	return KT_UNKNOWN;
}

/* The parts of chunks that are not free, static variables among them, which stay. */
static int64_t percpu_used(struct kt_memory *memory, struct kt_memmap *memmap)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	KT_CLEANUP(err)
	struct kt_err *err = snap ? kt_percpu_walk(memory->target, memmap, snap) : NULL;
	int64_t sum = 0;

	if (!snap || err || snap->arena.failed || snap->percpu_walk.nr_torn ||
		!snap->percpu_chunks.count)
		return KT_UNKNOWN;
	for (size_t i = 0; i < snap->percpu_chunks.count; i++) {
		const struct kt_percpu_chunk *chunk = &snap->percpu_chunks.items[i];

		sum += chunk->size_bytes - chunk->free_bytes;
	}
	return sum * memory->target->nr_cpus;
}

int64_t kt_exact_bytes(struct kt_memory *memory, struct kt_memmap *memmap, enum kt_trace_pool pool)
{
	switch (pool) {
	case KT_TRACE_VMALLOC: return vmalloc_used(memory->root);
	case KT_TRACE_PERCPU: return percpu_used(memory, memmap);
	case KT_TRACE_PAGES:
	case KT_TRACE_SLAB: break;
	}
	return KT_UNKNOWN;
}
