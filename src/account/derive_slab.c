// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks whether /proc/slabinfo is of the same machine and time as the counters of slab. The two
// are no copies of each other: slabinfo counts each slab at the size that its cache prefers. Large
// kmalloc is in no cache, and only of some caches it is known whether they are reclaimable. So
// slabinfo only bounds the counters. A cache takes at least the slots of its objects and a page for
// each slab, and at most the pages of its slabs. Reclaimable slab is in caches only.

#include "account/derive.h"

#include "base/kernel_files.h"

#include <string.h>

#define MIB (1ll << 20)
#define CPU_PAGES \
	125 /* pages; most that a CPU holds back from a counter: mm/vmstat.c, stat_threshold */

/* bytes; lower bounds: slabs of all caches, and of the caches whose kind is known */
struct least {
	int64_t all, reclaimable, unreclaimable;
};

/*
 * SLAB_RECLAIM_ACCOUNT is part of SLAB_MERGE_SAME, so merged caches have the same value of the
 * flag.
 */
static bool is_reclaimable(const char *name)
{
	static const char *const names[] = { "dentry", "inode_cache", "ext4_inode_cache",
		"xfs_inode", "btrfs_inode", "proc_inode_cache", "buffer_head", "radix_tree_node" };

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return strncmp(name, "kmalloc-rcl-", strlen("kmalloc-rcl-")) == 0;
}

static bool is_unreclaimable(const char *name)
{
	static const char *const names[] = { "task_struct", "vm_area_struct", "anon_vma",
		"mm_struct", "cred_jar", "filp", "pid", "sighand_cache", "signal_cache",
		"kmem_cache", "kmem_cache_node" };
	struct kt_span rest = kt_span_str(name);

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	if (!kt_span_skip(&rest, "kmalloc-"))
		return false;
	kt_span_skip(&rest, "cg-");
	return rest.n && rest.p[0] >= '0' && rest.p[0] <= '9';
}

static bool sum_least(const struct kt_snapshot *snap, struct least *ret_least)
{
	*ret_least = (struct least){ 0 };
	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];
		int64_t bytes;

		if (cache->nr_objs < 0 || cache->slot_bytes < 0 || cache->nr_slabs < 0 ||
			cache->pages_per_slab <= 0)
			continue;
		bytes = kt_cache_least_bytes(cache, snap->host.page_bytes);
		if (bytes < 0)
			return false;
		if (__builtin_add_overflow(ret_least->all, bytes, &ret_least->all))
			return false;
		ret_least->reclaimable += is_reclaimable(cache->name) ? bytes : 0;
		ret_least->unreclaimable += is_unreclaimable(cache->name) ? bytes : 0;
	}
	return true;
}

/* Bytes that may move between two readings, and that CPUs may hold back from a counter. */
static int64_t tolerance_of(const struct kt_snapshot *snap, int64_t slab)
{
	int64_t lag = CPU_PAGES * snap->host.page_bytes * kt_known_of(snap->host.nr_cpus, 0);

	/* the file of a running machine surely is its own, but its caches may shrink quickly */
	return (MIB + slab / 16) * (snap->host.live ? 4 : 1) + lag;
}

/* Whether a counter is outside the bounds that slabinfo sets. */
static bool is_outside(struct kt_val val, int64_t least, int64_t most, int64_t tolerance)
{
	return kt_ok(val) && (val.value < least - tolerance || val.value > most + tolerance);
}

void kt_derive_slab_trust(struct kt_snapshot *snap)
{
	struct kt_val caches = kt_snapshot_get(snap, KT_SLABINFO, KT_NO_NODE);
	struct kt_val r = kt_snapshot_get(snap, KT_SLAB_R, KT_NO_NODE);
	struct kt_val u = kt_snapshot_get(snap, KT_SLAB_U, KT_NO_NODE);
	struct kt_val all = kt_ok(r) && kt_ok(u) ? kt_val_add(r, u)
						 : kt_snapshot_get(snap, KT_SLAB, KT_NO_NODE);
	const char *path =
		caches.entry && caches.entry->path ? caches.entry->path : KT_FILE_SLABINFO;
	const char *why;
	struct least least;
	int64_t tolerance;

	if (!kt_ok(caches) || !kt_ok(all) || snap->caches_partial || !sum_least(snap, &least))
		return;
	tolerance = tolerance_of(snap, all.value);
	if (!is_outside(all, least.all, KT_AMOUNT_MAX, tolerance) &&
		!is_outside(r, least.reclaimable, caches.value - least.unreclaimable, tolerance) &&
		!is_outside(u, least.unreclaimable, KT_AMOUNT_MAX, tolerance))
		return;
	why = kt_arena_printf(&snap->arena, "%s contradicts the counters of slab", path);
	kt_snapshot_note(snap,
		"%s: its caches hold %lld to %lld MiB, Slab is %lld MiB; it is cut off, or of "
		"another machine or time, and is left out of the account",
		why, (long long)(least.all / MIB), (long long)(caches.value / MIB),
		(long long)(all.value / MIB));
	kt_derive_reject(snap, path, why);
}
