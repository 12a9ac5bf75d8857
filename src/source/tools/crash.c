// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables of crash: kmem -i (pages and rounded sizes), kmem -s (slab caches), kmem -V (the counters
// of /proc/vmstat, by the names of their enumerators). "USED" and "SHARED" of kmem -i are computed.

#include "source/tools/tool.h"

#include "base/attr.h"

#include <stdlib.h>

#define PAGE_MIN 4096
#define PAGE_MAX (256 << 10)

/* ---- kmem -i ---- */

static const struct {
	const char *label;
	enum kt_metric metric;
} totals[] = {
	{ "TOTAL MEM", KT_MEM_TOTAL },
	{ "FREE", KT_MEM_FREE },
	{ "BUFFERS", KT_BUFFERS },
	{ "CACHED", KT_CACHED },
	{ "SLAB", KT_SLAB },
};

/* "1965332       7.5 GB": pages, and about how much that is. */
static bool take_pages(struct kt_span rest, int64_t *ret_pages, struct kt_amount *ret_size)
{
	struct kt_span number, size, unit;
	int64_t bytes;

	if (!kt_span_word(&rest, &number) || !kt_span_i64(number, ret_pages) || *ret_pages < 0 ||
		*ret_pages > KT_AMOUNT_MAX / PAGE_MAX || !kt_span_word(&rest, &size))
		return false;
	if (kt_span_eq(size, "0")) {
		*ret_size = (struct kt_amount){ 0 };
		return !*ret_pages;
	}
	if (!kt_span_word(&rest, &unit) || unit.n != 2 || !kt_span_ends(unit, "B"))
		return false;
	bytes = kt_amount_unit(unit.p[0]);
	if (!bytes || !kt_amount_of(size, bytes, ret_size))
		return false;
	if (ret_size->error < bytes / 20)
		ret_size->error = bytes / 20;
	return true;
}

/* The only page size with which the pages are about as much as is printed; KT_UNKNOWN: none. */
static int64_t page_bytes_of(int64_t pages, struct kt_amount size)
{
	for (int64_t bytes = PAGE_MIN; bytes <= PAGE_MAX; bytes *= 2) {
		if (llabs(pages * bytes - size.bytes) <= size.error + size.bytes / 100)
			return bytes;
	}
	return KT_UNKNOWN;
}

struct kt_err *kt_read_crash_i(struct kt_reading *reading)
{
	int64_t pages[KT_LEN(totals)], page_bytes = KT_UNKNOWN;
	struct kt_amount sizes[KT_LEN(totals)], amount;
	bool has[KT_LEN(totals)] = { 0 };
	struct kt_span rest = reading->text, line;
	struct kt_err *err;

	while (kt_span_line(&rest, &line)) {
		line = kt_span_trim(line);
		for (size_t i = 0; i < KT_LEN(totals); i++) {
			struct kt_span row = line;

			if (!has[i] && kt_span_skip(&row, totals[i].label) &&
				kt_span_starts(row, " "))
				has[i] = take_pages(row, &pages[i], &sizes[i]);
		}
	}
	if (has[0])
		page_bytes = page_bytes_of(pages[0], sizes[0]);
	if (!kt_known(page_bytes))
		return kt_tool_err(reading, "its total is cut or damaged");
	amount = (struct kt_amount){ pages[0] * page_bytes, 0 };
	err = kt_tool_total(reading, amount);
	if (err)
		return err;
	if (!kt_known(reading->snap->host.page_bytes))
		reading->snap->host.page_bytes = page_bytes;
	for (size_t i = 0; i < KT_LEN(totals); i++) {
		/* crash prints 0 for a page cache that it cannot find */
		if (!has[i] || (!pages[i] && totals[i].metric == KT_CACHED) ||
			pages[i] > pages[0] ||
			(pages[i] && page_bytes_of(pages[i], sizes[i]) != page_bytes))
			continue;
		amount.bytes = pages[i] * page_bytes;
		kt_tool_put(reading, totals[i].metric, KT_NO_NODE, amount, totals[i].label);
	}
	return NULL;
}

/* ---- kmem -V ---- */

#define PAGES(name, metric)                 \
	{                                   \
		name, KT_##metric, KT_PAGES \
	}

/* include/linux/mmzone.h; counters that some kernels count in other units are left out */
static const struct {
	const char *name;
	enum kt_metric metric;
	enum kt_unit unit;
} counters[] = {
	PAGES("NR_FREE_PAGES", NR_FREE),
	PAGES("NR_FREE_CMA_PAGES", CMA_FREE),
	PAGES("NR_ZSPAGES", ZSPAGES),
	PAGES("NR_BOUNCE", BOUNCE),
	PAGES("NR_PAGETABLE", PAGE_TABLES),
	PAGES("NR_SECONDARY_PAGETABLE", SEC_PAGE_TABLES),
	PAGES("NR_SLAB", SLAB),
	PAGES("NR_SLAB_RECLAIMABLE", SLAB_R),
	PAGES("NR_SLAB_UNRECLAIMABLE", SLAB_U),
	/* the global counter is in pages in spite of its name: mm/vmstat.c, vmstat_item_in_bytes()
	 */
	PAGES("NR_SLAB_RECLAIMABLE_B", SLAB_R),
	PAGES("NR_SLAB_UNRECLAIMABLE_B", SLAB_U),
	PAGES("NR_ANON_PAGES", ANON_BASE),
	PAGES("NR_ANON_MAPPED", ANON_BASE),
	PAGES("NR_FILE_MAPPED", MAPPED),
	PAGES("NR_FILE_PAGES", FILE_PAGES),
	PAGES("NR_FILE_DIRTY", DIRTY),
	PAGES("NR_WRITEBACK", WRITEBACK),
	PAGES("NR_SHMEM", SHMEM_BASE),
	PAGES("NR_SWAPCACHE", SWAP_CACHED),
	PAGES("NR_INACTIVE_ANON", INACTIVE_ANON),
	PAGES("NR_ACTIVE_ANON", ACTIVE_ANON),
	PAGES("NR_INACTIVE_FILE", INACTIVE_FILE),
	PAGES("NR_ACTIVE_FILE", ACTIVE_FILE),
	PAGES("NR_UNEVICTABLE", UNEVICTABLE),
	PAGES("NR_MLOCK", MLOCKED),
	PAGES("NR_ISOLATED_ANON", ISOLATED_ANON),
	PAGES("NR_ISOLATED_FILE", ISOLATED_FILE),
	{ "NR_KERNEL_STACK_KB", KT_KERNEL_STACK, KT_KB },
};

struct kt_err *kt_read_crash_v(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line, name, word;
	bool any = false, has[KT_LEN(counters)] = { 0 };

	while (kt_span_line(&rest, &line)) {
		int64_t number;

		line = kt_span_trim(line);
		if ((reading->cut && !rest.n) || !kt_span_until(&line, ':', &name) ||
			!kt_span_word(&line, &word) || !kt_span_i64(word, &number) || number < 0)
			continue;
		for (size_t i = 0; i < KT_LEN(counters); i++) {
			if (has[i] || !kt_span_eq(name, counters[i].name))
				continue;
			has[i] = any = true;
			kt_snapshot_put(
				reading->snap, (struct kt_entry){ .metric = counters[i].metric,
						       .node = KT_NO_NODE,
						       .unit = counters[i].unit,
						       .rank = KT_RANK_TOOL,
						       .raw = number,
						       .path = reading->tool,
						       .field = counters[i].name });
		}
	}
	return any ? NULL : kt_tool_err(reading, "no counter is whole");
}

/* ---- kmem -s ---- */

static int64_t number_of(struct kt_span word)
{
	int64_t number;

	return kt_span_i64(word, &number) && number <= KT_AMOUNT_MAX ? number : -1;
}

/*
 * "ADDRESS OBJSIZE ALLOCATED TOTAL SLABS SSIZE NAME", in old versions "ADDRESS NAME OBJSIZE ...
 * SSIZE". OBJSIZE of SLUB is the object without its metadata, so that it is no slot.
 */
static bool take_cache(
	struct kt_span rest, bool name_first, struct kt_span *ret_name, struct kt_cache *ret_cache)
{
	struct kt_span word, words[5];
	int64_t kib;

	if (!kt_span_word(&rest, &word) || (name_first && !kt_span_word(&rest, ret_name)))
		return false;
	for (size_t i = 0; i < KT_LEN(words); i++) {
		if (!kt_span_word(&rest, &words[i]))
			return false;
	}
	if (!name_first)
		*ret_name = kt_span_trim(rest);
	if (!kt_span_ends(words[4], "k") || !ret_name->n)
		return false;
	words[4].n--;
	kib = number_of(words[4]);
	ret_cache->active_objs = number_of(words[1]);
	ret_cache->nr_objs = number_of(words[2]);
	ret_cache->nr_slabs = number_of(words[3]);
	ret_cache->slab_bytes = kib > 0 && kib <= 1 << 22 ? kib << 10 : KT_UNKNOWN;
	return true;
}

static bool is_consistent(const struct kt_cache *cache)
{
	return cache->active_objs >= 0 && cache->nr_objs >= cache->active_objs &&
	       cache->nr_slabs >= 0 && cache->nr_objs >= cache->nr_slabs &&
	       cache->slab_bytes >= PAGE_MIN && !(cache->slab_bytes & (cache->slab_bytes - 1));
}

struct kt_err *kt_read_crash_s(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, line, name = { 0 };
	struct kt_tool_caches caches = { 0 };
	bool name_first = false;

	if (reading->snap->caches.count)
		return NULL;
	while (kt_span_line(&rest, &line)) {
		struct kt_cache cache = kt_cache_unknown(NULL);

		line = kt_span_trim(line);
		if (kt_span_starts(line, "CACHE "))
			name_first = kt_span_ends(line, "SSIZE");
		else if (take_cache(line, name_first, &name, &cache))
			kt_tool_cache(reading, &caches, name, cache, is_consistent(&cache));
	}
	return kt_tool_caches_end(reading, &caches, false);
}
