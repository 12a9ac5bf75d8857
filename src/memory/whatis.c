// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/whatis.h"

#include "base/attr.h"
#include "memory/areas.h"
#include "memory/page_table.h"
#include "memory/page_words.h"
#include "memory/slab_objects.h"

#include <string.h>

#define SYMBOL_MAX  (4ull << 20) /* bytes; nothing with a name is larger */
#define KERNEL_HALF (1ull << 63)

struct asking {
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	const struct kt_symbol_table *symbols;
	struct kt_page_words *words;
	struct kt_page_table table;
	bool has_table;
	struct kt_areas areas; /* read for the first address that needs them */
	bool has_areas;
	struct kt_snapshot *snap;
	uint64_t pfn_end;
};

/* ---- objects ---- */

struct search {
	uint64_t object;
	bool found;
};

static void match(void *arg, uint64_t address, const char *object)
{
	struct search *search = arg;

	(void)object;
	search->found |= address == search->object;
}

/* Finds the object at a place of a slab: `at` bytes from its first object. */
static void find_object(const struct kt_slub_cache *cache, int64_t at, int64_t nr_objs,
	struct kt_kernel_address *ret)
{
	int64_t index = at / cache->size;

	if (at < 0 || index >= nr_objs) {
		ret->state = KT_OBJECT_OUTSIDE;
		return;
	}
	ret->object_offset = at - index * cache->size;
	ret->object = ret->object - (uint64_t)ret->object_offset;
	ret->object_bytes = cache->size;
}

/* An object is allocated if a walk over the objects of its cache meets it. */
static struct kt_err *find_state(
	struct asking *asking, const struct kt_slub_cache *cache, struct kt_kernel_address *ret)
{
	struct search search = { .object = ret->object };
	struct kt_slab_objects sum;
	struct kt_err *err =
		kt_slab_objects(asking->slub, asking->memmap, cache, match, &search, &sum);

	if (!err && (search.found || (!sum.nr_torn && !sum.nr_unread)))
		ret->state = search.found ? KT_OBJECT_ALLOCATED : KT_OBJECT_FREE;
	return err;
}

static struct kt_err *explain_slab(struct asking *asking, const char *head, uint64_t head_pfn,
	uint64_t address, struct kt_kernel_address *ret)
{
	struct kt_memmap *memmap = asking->memmap;
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t at = kt_field_get(&memmap->slab_cache, head, bytes);
	int64_t nr_objs = (int64_t)kt_field_get(&memmap->objects, head, bytes);
	struct kt_slub_cache cache;

	if (!kt_slub_read_cache(asking->slub, at, &asking->snap->arena, &cache) || cache.size <= 0)
		return NULL;
	ret->cache = cache.memory.name;
	ret->object = address;
	find_object(&cache,
		(int64_t)(address - kt_memmap_virtual(memmap, head_pfn) - cache.red_left_pad),
		nr_objs, ret);
	return ret->state == KT_OBJECT_OUTSIDE ? NULL : find_state(asking, &cache, ret);
}

/* ---- pages ---- */

/* `address`: in the kernel's map of all memory; 0: only the page was asked for. */
static struct kt_err *explain_page(
	struct asking *asking, uint64_t pfn, uint64_t address, struct kt_kernel_address *ret)
{
	struct kt_memmap *memmap = asking->memmap;
	uint32_t bytes = memmap->page_struct_bytes;
	struct kt_page_reader reader = { 0 };
	uint64_t at = memmap->base + pfn * bytes, head;
	const uint64_t *word;
	char page[KT_PAGE_STRUCT_MAX];

	ret->pfn = ret->head_pfn = (int64_t)pfn;
	kt_page_words_begin(asking->words);
	if (!kt_page_words_read(asking->words, pfn, 1, &word))
		return NULL;
	kt_page_read(&reader, *word);
	ret->class = reader.class;
	if (!kt_target_read(memmap->target, at, page, bytes))
		return NULL;
	head = kt_memmap_head(at, kt_field_get(&memmap->head, page, bytes));
	if (head != at &&
		(head < memmap->base || !kt_target_read(memmap->target, head, page, bytes)))
		return NULL;
	ret->head_pfn = (int64_t)((head - memmap->base) / bytes);
	ret->nr_refs = (int32_t)kt_field_get(&memmap->refcount, page, bytes);
	if (ret->class != KT_PAGE_SLAB || !address)
		return NULL;
	return explain_slab(asking, page, (uint64_t)ret->head_pfn, address, ret);
}

static bool is_in(const struct asking *asking, uint64_t address, uint64_t base, uint64_t each,
	uint64_t *ret_pfn)
{
	if (address < base || (address - base) / each >= asking->pfn_end)
		return false;
	*ret_pfn = (address - base) / each;
	return true;
}

/* ---- symbols ---- */

static void explain_symbol(
	const struct asking *asking, uint64_t address, struct kt_kernel_address *ret)
{
	const struct kt_symbol *symbol = kt_symbol_table_find(asking->symbols, address);

	if (!symbol || !symbol->address || address - symbol->address >= SYMBOL_MAX)
		return;
	ret->kind = KT_PLACE_SYMBOL;
	ret->symbol = kt_arena_name(
		&asking->snap->arena, kt_span_str(kt_symbol_name(asking->symbols, symbol)));
	ret->symbol_offset = (int64_t)(address - symbol->address);
}

/* ---- areas of vmalloc ---- */

static void take_area(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object)
{
	struct asking *asking = arg;

	(void)address;
	kt_areas_take(&asking->areas, object, (uint64_t)cache->size);
}

/* Without them only the page is known. */
static struct kt_err *read_areas(struct asking *asking)
{
	struct kt_slab_objects sum;
	struct kt_err *err = kt_areas_init(&asking->areas, asking->memmap->target);

	asking->has_areas = true;
	if (!err)
		err = kt_slab_objects_all(asking->slub, asking->memmap, take_area, asking, &sum);
	if (!err)
		err = kt_areas_end(&asking->areas);
	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	return NULL;
}

static struct kt_err *explain_area(
	struct asking *asking, uint64_t address, struct kt_kernel_address *ret)
{
	struct kt_err *err = asking->has_areas ? NULL : read_areas(asking);
	const struct kt_kernel_area *area = err ? NULL : kt_areas_find(&asking->areas, address);
	const struct kt_symbol *caller;

	if (!area)
		return err;
	caller = kt_symbol_table_find(asking->symbols, area->caller);
	ret->area_offset = (int64_t)(address - area->start);
	ret->area_bytes = (int64_t)(area->end - area->start);
	if (caller && area->caller - caller->address < SYMBOL_MAX)
		ret->area_caller = kt_arena_name(
			&asking->snap->arena, kt_span_str(kt_symbol_name(asking->symbols, caller)));
	return NULL;
}

/* An address that the page table maps to a page of RAM. */
static struct kt_err *explain_mapped(
	struct asking *asking, uint64_t address, struct kt_kernel_address *ret)
{
	uint64_t pfn, nr_pages;

	if (!asking->has_table || !kt_page_table_look(&asking->table, address, &pfn, &nr_pages) ||
		pfn >= asking->pfn_end)
		return NULL;
	if (ret->kind == KT_PLACE_UNKNOWN) {
		struct kt_err *err = explain_area(asking, address, ret);

		ret->kind = KT_PLACE_MAPPED;
		if (err)
			return err;
	}
	return explain_page(asking, pfn, 0, ret);
}

static struct kt_err *explain(
	struct asking *asking, uint64_t address, struct kt_kernel_address *ret)
{
	const struct kt_memmap *memmap = asking->memmap;
	uint64_t pfn;

	if (address < asking->pfn_end) {
		ret->kind = KT_PLACE_PAGE;
		return explain_page(asking, address, 0, ret);
	}
	if (!(address & KERNEL_HALF))
		return NULL;
	if (is_in(asking, address, memmap->base, memmap->page_struct_bytes, &pfn)) {
		ret->kind = KT_PLACE_PAGE_INFO;
		return explain_page(asking, pfn, 0, ret);
	}
	if (memmap->has_direct &&
		is_in(asking, address, memmap->direct, memmap->target->page_bytes, &pfn)) {
		ret->kind = KT_PLACE_MEMORY;
		return explain_page(asking, pfn, address, ret);
	}
	explain_symbol(asking, address, ret);
	return explain_mapped(asking, address, ret);
}

/* ---- all ---- */

struct kt_err *kt_whatis(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const struct kt_symbol_table *symbols, const uint64_t *addresses, size_t count,
	struct kt_snapshot *snap)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	struct asking asking = {
		.memmap = memmap, .symbols = symbols, .snap = snap, .pfn_end = kt_memmap_end(memmap)
	};
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);

	if (!err)
		err = kt_page_words_new(memmap, 1, &words);
	if (!err)
		err = kt_memmap_find_direct(memmap);
	if (!err) {
		KT_CLEANUP(err) struct kt_err *unknown = kt_page_table_find(memmap, &asking.table);

		asking.has_table = !unknown;
	}
	asking.slub = slub;
	asking.words = words;
	for (size_t i = 0; i < count && !err; i++) {
		struct kt_kernel_address *slot = kt_list_push(&snap->arena, &snap->addresses);

		if (!slot) {
			err = kt_err_new(KT_ERR_NOMEM, "out of memory");
			break;
		}
		*slot = (struct kt_kernel_address){ .asked = addresses[i],
			.symbol_offset = KT_UNKNOWN,
			.area_offset = KT_UNKNOWN,
			.area_bytes = KT_UNKNOWN,
			.pfn = KT_UNKNOWN,
			.head_pfn = KT_UNKNOWN,
			.nr_refs = KT_UNKNOWN,
			.class = KT_PAGE_UNREAD,
			.object_bytes = KT_UNKNOWN,
			.object_offset = KT_UNKNOWN };
		err = explain(&asking, addresses[i], slot);
	}
	kt_areas_fini(&asking.areas);
	return err;
}
