// SPDX-License-Identifier: GPL-2.0-or-later
//
// Leaves out counters that cannot be right: a part of memory that is larger than all memory. A
// counter that the kernel has decremented too often wraps around, and drivers have added pages to a
// counter that they do not subtract.

#include "account/derive.h"

#include "base/buf.h"

#define EXAMPLES 3u /* counters that the note names */

/*
 * Counters of parts of memory. Counters of addresses, of totals and of memory outside the total may
 * exceed it.
 */
static bool is_part(enum kt_metric metric)
{
	static const enum kt_metric parts[] = { KT_MEM_FREE, KT_MEM_AVAILABLE, KT_NR_FREE, KT_ANON,
		KT_ANON_BASE, KT_FILE_PAGES, KT_CACHED, KT_BUFFERS, KT_SHMEM, KT_SHMEM_BASE,
		KT_SWAP_CACHED, KT_ACTIVE_ANON, KT_INACTIVE_ANON, KT_ACTIVE_FILE, KT_INACTIVE_FILE,
		KT_UNEVICTABLE, KT_ISOLATED_ANON, KT_ISOLATED_FILE, KT_MLOCKED, KT_MAPPED, KT_DIRTY,
		KT_WRITEBACK, KT_ANON_HUGE, KT_SHMEM_HUGE, KT_FILE_HUGE, KT_SLAB, KT_SLAB_R,
		KT_SLAB_U, KT_KRECLAIMABLE, KT_KERNEL_STACK, KT_PAGE_TABLES, KT_SEC_PAGE_TABLES,
		KT_PERCPU, KT_ZSPAGES, KT_GPU_ACTIVE, KT_GPU_RECLAIM, KT_BOUNCE, KT_WRITEBACK_TMP,
		KT_HW_CORRUPTED, KT_HUGETLB, KT_CMA_FREE, KT_CMA_TOTAL, KT_UNACCEPTED };

	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (parts[i] == metric)
			return true;
	}
	return false;
}

static bool exceeds(const struct kt_snapshot *snap, const struct kt_entry *entry, int64_t memory)
{
	int64_t page = snap->host.page_bytes;
	int64_t times = entry->unit == KT_KB ? 1024 : entry->unit == KT_PAGES ? page : 1;

	if (entry->unit == KT_COUNT || (entry->unit == KT_PAGES && !kt_known(page)))
		return false;
	return entry->raw > memory / times;
}

/* Names in a note, up to a limit. */
struct names {
	struct kt_buf text;
	size_t count;
};

static void add_name(struct names *names, const char *name, const char *path)
{
	if (names->count++ < EXAMPLES)
		kt_buf_join(&names->text, ", ", "%s of %s", name, path);
}

static const char *end_names(struct kt_snapshot *snap, struct names *names)
{
	if (names->count > EXAMPLES)
		kt_buf_printf(&names->text, " and %zu more", names->count - EXAMPLES);
	return kt_arena_text(&snap->arena, &names->text);
}

void kt_derive_broken(struct kt_snapshot *snap)
{
	int64_t memory = kt_snapshot_memory(snap);
	struct names large = { 0 }, bad = { 0 };

	for (size_t i = 0; i < snap->entries.count; i++) {
		struct kt_entry *entry = &snap->entries.items[i];

		if (entry->node != KT_NO_NODE || !entry->path || !is_part(entry->metric))
			continue;
		if (entry->state == KT_BAD)
			add_name(&bad, kt_metric_doc(entry->metric), entry->path);
		if (entry->state != KT_OK || !kt_known(memory) || !exceeds(snap, entry, memory))
			continue;
		add_name(&large, entry->field, entry->path);
		entry->state = KT_BAD;
		entry->field = "the counter is broken: it is more than all memory";
	}
	if (large.count)
		kt_snapshot_note(snap,
			"broken: %s: a part of memory cannot be more than all of it (%lld MiB), so "
			"it is left out",
			end_names(snap, &large), (long long)(memory >> 20));
	if (bad.count)
		kt_snapshot_note(snap,
			"broken: %s: no number, or a number that wrapped below zero; it is left "
			"out",
			end_names(snap, &bad));
	kt_buf_cleanup(&large.text);
	kt_buf_cleanup(&bad.text);
}
