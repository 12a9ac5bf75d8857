// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_walk.h"

#include "base/attr.h"
#include "memory/pages/direct_pages.h"
#include "model/area.h"

#include <string.h>

/* ---- what the page table maps ---- */

static enum kt_page_owner_kind kind_of(const struct kt_kernel_area *area, const char *caller)
{
	if (!area->allocated)
		return KT_OWNER_MAPPED;
	if (caller && kt_area_is_stack(kt_span_str(caller)))
		return KT_OWNER_STACK;
	return caller && strcmp(caller, "pcpu_get_vm_areas") == 0 ? KT_OWNER_PERCPU
								  : KT_OWNER_VMALLOC;
}

static void map_area(struct kt_page_walk *walk, const struct kt_kernel_area *area, uint64_t address,
	uint64_t pfn, uint64_t nr_pages)
{
	const char *caller = kt_holders_caller(&walk->holders, area);
	enum kt_page_owner_kind kind = kind_of(area, caller);
	uint32_t owner = kt_holders_owner(&walk->holders, kind,
			 kind == KT_OWNER_MAPPED || kind == KT_OWNER_VMALLOC ? caller : NULL),
		 index;

	for (uint64_t i = 0; i < nr_pages; i++) {
		struct kt_mapped_page *slot = NULL;

		if (!kt_page_set_find(&walk->claims.set, pfn + i, &index))
			continue;
		index = kt_page_claims_first(&walk->claims, pfn + i, index);
		kt_page_claims_put(&walk->claims, index, owner, KT_CLAIM_MAPPED);
		/* pointers on stacks come and go; a page may be mapped more than once */
		if (kind != KT_OWNER_STACK && walk->mapped.count < walk->claims.set.count)
			slot = kt_list_push(&walk->arena, &walk->mapped);
		if (slot)
			*slot = (struct kt_mapped_page){ address + i * walk->target->page_bytes,
				pfn + i };
	}
}

static void take_mapped(void *arg, uint64_t address, uint64_t pfn, uint64_t nr_pages)
{
	struct kt_page_walk *walk = arg;
	const struct kt_memmap *memmap = walk->memmap;
	const struct kt_kernel_area *area;
	uint32_t index;

	if (pfn >= walk->claims.pfn_end || address == kt_memmap_virtual(memmap, pfn))
		return;
	/* an entry that is torn may map more than there is */
	if (nr_pages > walk->claims.pfn_end - pfn)
		nr_pages = walk->claims.pfn_end - pfn;
	if (!kt_page_walk_is_info(walk, address)) {
		area = walk->has_areas ? kt_areas_find(&walk->areas, address) : NULL;
		if (area)
			map_area(walk, area, address, pfn, nr_pages);
		return;
	}
	for (uint64_t i = 0; i < nr_pages; i++) {
		if (kt_page_set_find(&walk->claims.set, pfn + i, &index))
			kt_page_claims_put(&walk->claims, index,
				kt_holders_owner(&walk->holders, KT_OWNER_MEMMAP, NULL),
				KT_CLAIM_MAPPED);
	}
}

static void take_table(void *arg, uint64_t pfn)
{
	struct kt_page_walk *walk = arg;
	uint32_t index;

	if (kt_page_set_find(&walk->claims.set, pfn, &index))
		kt_page_claims_put(&walk->claims, kt_page_claims_first(&walk->claims, pfn, index),
			kt_holders_owner(&walk->holders, KT_OWNER_TABLE, NULL), KT_CLAIM_MAPPED);
}

void kt_page_walk_mapped(struct kt_page_walk *walk)
{
	const struct kt_page_table_visit visit = {
		.mapped = take_mapped, .table = take_table, .arg = walk
	};
	KT_CLEANUP(err) struct kt_err *err = kt_page_table_find(walk->memmap, &walk->table);

	if (err)
		walk->table.form = NULL;
	else
		err = kt_page_table_each(&walk->table, &visit);
	walk->sum->has_page_table = !err && walk->has_areas;
}

/* ---- page tables of processes ---- */

/*
 * The highest tables are marked on few kernels. A page is one if it has only entries that lead to
 * pages which are marked.
 */
static void take_higher_table(void *arg, uint64_t pfn, uint32_t index)
{
	struct kt_page_walk *walk = arg;
	unsigned nr_entries = 0;

	if (walk->claims.of[index].rank || walk->claims.of[index].tail ||
		!kt_target_read(walk->target, kt_memmap_virtual(walk->memmap, pfn), walk->buffer,
			walk->target->page_bytes))
		return;
	for (size_t at = 0; at < walk->target->page_bytes; at += sizeof(uint64_t)) {
		uint64_t entry, below;

		memcpy(&entry, walk->buffer + at, sizeof(entry));
		if (!entry)
			continue;
		if (!kt_page_table_below(&walk->table, entry, &below) ||
			kt_holder_search_class(&walk->search, below) != KT_PAGE_TABLE)
			return;
		nr_entries++;
	}
	if (nr_entries)
		kt_page_claims_put(&walk->claims, index,
			kt_holders_owner(&walk->holders, KT_OWNER_USER_TABLE, NULL),
			KT_CLAIM_MAPPED);
}

void kt_page_walk_tables(struct kt_page_walk *walk)
{
	if (walk->table.form)
		kt_page_set_each(&walk->claims.set, take_higher_table, walk);
}
