// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/page_size.h"

#include <stdlib.h>

#define SURE_PAGES 4096 /* a number of pages that matches to the kB, and hardly by chance */
#define SHIFT_MIN  12u
#define SHIFTS	   7u /* 4 KiB to 256 KiB */

/* A quantity that one file has in kB and another file in pages gives the page size. */
static void vote(
	struct kt_val kb, const struct kt_entry *pages, unsigned votes[], size_t *nr_compared)
{
	if (!kt_ok(kb) || !pages || pages->unit != KT_PAGES || pages->state != KT_OK ||
		pages->raw < 64)
		return;
	++*nr_compared;
	for (unsigned i = 0; i < SHIFTS; i++) {
		int64_t expect;

		if (__builtin_mul_overflow(pages->raw, 1ll << (SHIFT_MIN + i), &expect))
			return;
		if (llabs(kb.value - expect) <= expect / 20)
			votes[i] += kb.value == expect && pages->raw >= SURE_PAGES ? 2 : 1;
	}
}

/* Counts the caches whose slabs are more than half full of objects with that page size. */
static size_t count_filled(const struct kt_snapshot *snap, unsigned shift, size_t *ret_count)
{
	size_t nr_filled = 0;

	*ret_count = 0;
	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];
		int64_t used, slab;

		if (cache->objs_per_slab <= 0 || cache->slot_bytes <= 0 ||
			cache->pages_per_slab <= 0 || cache->pages_per_slab > 1 << 20 ||
			__builtin_mul_overflow(cache->objs_per_slab, cache->slot_bytes, &used))
			continue;
		slab = cache->pages_per_slab << shift;
		if (used > slab)
			return 0;
		++*ret_count;
		nr_filled += used > slab / 2;
	}
	return nr_filled;
}

/*
 * Objects fill a slab but for a small rest: with half the page size they do not fit, and with twice
 * the page size most slabs would be half empty. Decided over all caches together.
 */
static void vote_slabs(const struct kt_snapshot *snap, unsigned votes[])
{
	for (unsigned i = 0; i < SHIFTS; i++) {
		size_t count, nr_filled = count_filled(snap, SHIFT_MIN + i, &count);

		if (nr_filled >= 2 && nr_filled * 10 >= count * 9)
			votes[i] += 2;
	}
}

/*
 * Each area of vmalloc has a guard page after its pages (mm/vmalloc.c, __get_vm_area_node()), so
 * its size is one page more than it holds. Areas without the guard page fit no page size.
 */
static void vote_areas(const struct kt_snapshot *snap, unsigned votes[])
{
	for (size_t i = 0; i < snap->areas.count; i++) {
		const struct kt_area *area = &snap->areas.items[i];
		int64_t nr_pages;

		if (area->kind != KT_AREA_VMALLOC || area->nr_pages <= 0 || area->size_bytes <= 0 ||
			__builtin_add_overflow(area->nr_pages, area->nr_areas, &nr_pages))
			continue;
		for (unsigned k = 0; k < SHIFTS; k++) {
			if (area->size_bytes % nr_pages == 0 &&
				area->size_bytes / nr_pages == 1ll << (SHIFT_MIN + k))
				votes[k] += 2;
		}
	}
}

/*
 * Requires two votes: one quantity may match by chance, and files of different machines must not
 * give a page size. A large number that matches to the kB has two.
 */
void kt_page_size_infer(struct kt_snapshot *snap)
{
	static const struct {
		enum kt_metric kb, pages;
	} both[] = {
		{ KT_ANON, KT_ANON_BASE },
		{ KT_SHMEM, KT_SHMEM_BASE },
		{ KT_SLAB_R, KT_SLAB_R },
		{ KT_SLAB_U, KT_SLAB_U },
		{ KT_PAGE_TABLES, KT_PAGE_TABLES },
		{ KT_MAPPED, KT_MAPPED },
		{ KT_ACTIVE_ANON, KT_ACTIVE_ANON },
		{ KT_INACTIVE_ANON, KT_INACTIVE_ANON },
		{ KT_ACTIVE_FILE, KT_ACTIVE_FILE },
		{ KT_INACTIVE_FILE, KT_INACTIVE_FILE },
	};
	unsigned votes[SHIFTS] = { 0 }, best = 0;
	size_t nr_compared = 0;

	if (kt_known(snap->host.page_bytes))
		return;
	for (size_t i = 0; i < KT_LEN(both); i++) {
		struct kt_val kb =
			kt_snapshot_get_rank(snap, both[i].kb, KT_NO_NODE, KT_RANK_MEMINFO);

		vote(kb,
			kt_snapshot_get_rank(snap, both[i].pages, KT_NO_NODE, KT_RANK_VMSTAT).entry,
			votes, &nr_compared);
		vote(kb, kt_snapshot_get_rank(snap, both[i].pages, 0, KT_RANK_ZONEINFO).entry,
			votes, &nr_compared);
	}
	vote(kt_snapshot_get(snap, KT_MEM_FREE, KT_NO_NODE),
		kt_snapshot_get(snap, KT_NR_FREE, KT_NO_NODE).entry, votes, &nr_compared);
	vote(kt_snapshot_get(snap, KT_MEM_TOTAL, KT_NO_NODE),
		kt_snapshot_get(snap, KT_ZONE_MANAGED, KT_NO_NODE).entry, votes, &nr_compared);
	if (!nr_compared) { /* where counters disagree, the lists may be of another machine too */
		vote_slabs(snap, votes);
		vote_areas(snap, votes);
	}
	for (unsigned i = 1; i < KT_LEN(votes); i++)
		best = votes[i] > votes[best] ? i : best;
	if (votes[best] >= 2)
		snap->host.page_bytes = 1ll << (SHIFT_MIN + best);
}
