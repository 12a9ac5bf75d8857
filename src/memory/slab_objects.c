// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/slab_objects.h"

#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define SLAB_BYTES_MAX	(1u << 21)
#define OBJECTS_IN_SLAB 32768u /* 15 bits */
#define SHEAVES_MAX	65536u

/* A free object that a CPU or a node keeps. */
struct ready {
	uint64_t address;
	struct kt_object_place place;
};

struct reading {
	struct kt_slub *slub;
	struct kt_memmap *memmap;
	const struct kt_slub_cache *cache; /* the one of the slab that is read */
	KT_LIST(struct kt_slub_cache) all; /* empty: only one cache is read */
	struct kt_map indices;		   /* address of a cache -> index in `all`, plus 1 */
	struct kt_arena arena;
	KT_LIST(struct ready) ready;  /* free objects that CPUs and nodes keep, sorted */
	struct kt_object_place found; /* where the objects are that are being added to `ready` */
	kt_slab_object_fn fn;
	kt_any_object_fn any_fn;
	kt_slab_view_fn view_fn;
	void *arg;
	struct kt_slab_objects *sum;
	char *slab;					/* a copy of one */
	uint64_t slab_bytes;				/* of the copy, at most */
	struct kt_object_place places[OBJECTS_IN_SLAB]; /* of the slab in the copy */
};

/* ---- free objects outside of the slabs' own lists ---- */

static void add_ready(void *arg, uint64_t object)
{
	struct reading *reading = arg;
	struct ready *slot = kt_list_push(&reading->arena, &reading->ready);

	reading->found.rank++;
	if (slot)
		*slot = (struct ready){ object, reading->found };
}

/* Says where the objects are that are added next. */
static void begin_place(struct reading *reading, enum kt_object_where where, uint32_t of)
{
	reading->found = (struct kt_object_place){ .where = (uint8_t)where, .of = (uint16_t)of };
}

static void add_freelist(struct reading *reading, uint64_t object)
{
	for (int64_t i = 0; object && i < reading->cache->objs_per_slab; i++) {
		add_ready(reading, object);
		if (!kt_slub_next_free(reading->slub, reading->cache, object, &object))
			return;
	}
}

static void add_cpu(struct reading *reading, uint32_t cpu)
{
	static const enum kt_object_where wheres[] = { KT_WHERE_SHEAF, KT_WHERE_SHEAF,
		KT_WHERE_RCU };
	struct kt_slub *slub = reading->slub;
	const struct kt_slub_cache *cache = reading->cache;
	uint64_t offset = slub->cpu_offsets[cpu];
	uint64_t sheaves[3];

	begin_place(reading, KT_WHERE_CPU, cpu);
	if (cache->cpu_slab && kt_slub_copy(slub, cache->cpu_slab + offset, slub->layout.cpu_bytes))
		add_freelist(reading, kt_slub_get(slub, &slub->layout.freelist));
	if (!cache->has_sheaves ||
		!kt_slub_copy(slub, cache->cpu_sheaves + offset, slub->layout.sheaves_bytes))
		return;
	sheaves[0] = kt_slub_get(slub, &slub->layout.main);
	sheaves[1] = kt_slub_get(slub, &slub->layout.spare);
	sheaves[2] = kt_slub_get(slub, &slub->layout.rcu_free);
	for (size_t i = 0; i < KT_LEN(sheaves); i++) {
		begin_place(reading, wheres[i], cpu);
		kt_slub_sheaf_objects(slub, cache, sheaves[i], add_ready, reading);
	}
}

static void add_barns(struct reading *reading)
{
	struct kt_slub *slub = reading->slub;
	uint32_t nr_nodes = kt_slub_nr_nodes(slub);

	for (uint32_t i = 0; reading->cache->has_sheaves && i < nr_nodes; i++) {
		uint64_t node, head, at;

		kt_slub_node(slub, reading->cache, i, &node, &head);
		if (!head)
			continue;
		head += slub->layout.sheaves_full.offset;
		if (!kt_target_pointer(slub->target, head, &at))
			continue;
		begin_place(reading, KT_WHERE_BARN, i);
		for (unsigned k = 0; at && at != head && k < SHEAVES_MAX; k++)
			at = kt_slub_sheaf_objects(reading->slub, reading->cache,
				at - slub->layout.barn_list.offset, add_ready, reading);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct ready *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void find_ready(struct reading *reading, const struct kt_slub_cache *cache)
{
	reading->cache = cache;
	for (uint32_t i = 0; i < reading->slub->nr_cpus; i++)
		add_cpu(reading, i);
	add_barns(reading);
}

static void sort_ready(struct reading *reading)
{
	if (reading->ready.count)
		qsort(reading->ready.items, reading->ready.count, sizeof(struct ready), by_address);
}

/* ---- a slab ---- */

/* The index of an object in the slab; false: the address is of no object. */
static bool index_of(const struct reading *reading, uint64_t objects_at, uint64_t object,
	uint64_t nr_objects, uint64_t *ret_index)
{
	uint64_t at = object - objects_at;

	if (object < objects_at || at % (uint64_t)reading->cache->size)
		return false;
	*ret_index = at / (uint64_t)reading->cache->size;
	return *ret_index < nr_objects;
}

/* Marks the slab's own list; false: it leads elsewhere. */
static bool mark_own(struct reading *reading, uint64_t base, uint64_t objects_at, uint64_t object,
	uint64_t nr_objects)
{
	const struct kt_slub_cache *cache = reading->cache;

	for (uint64_t i = 0; object; i++) {
		uint64_t index, stored, at = object + cache->offset;

		if (i >= nr_objects || !index_of(reading, objects_at, object, nr_objects, &index) ||
			reading->places[index].where != KT_WHERE_USED)
			return false;
		reading->places[index] = (struct kt_object_place){ .where = KT_WHERE_FREE,
			.rank = (uint16_t)(i + 1) };
		if (at - base + sizeof(stored) > reading->slab_bytes)
			return false;
		memcpy(&stored, reading->slab + (at - base), sizeof(stored));
		if (!kt_slub_decode(reading->slub, cache, at, stored, &object))
			return false;
	}
	return true;
}

/* Marks the objects of the slab that are kept ready. */
static void mark_ready(
	struct reading *reading, uint64_t objects_at, uint64_t nr_objects, uint64_t end)
{
	size_t low = 0, high = reading->ready.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reading->ready.items[middle].address < objects_at)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < reading->ready.count && reading->ready.items[low].address < end; low++) {
		const struct ready *ready = &reading->ready.items[low];
		uint64_t index;

		if (index_of(reading, objects_at, ready->address, nr_objects, &index) &&
			reading->places[index].where == KT_WHERE_USED)
			reading->places[index] = ready->place;
	}
}

/*
 * Pages of a slab. When memory is short, the kernel makes slabs of a lower order, which have fewer
 * objects.
 */
static int64_t pages_of(const struct reading *reading, uint64_t slab_bytes, uint64_t nr_objects)
{
	const struct kt_slub_cache *cache = reading->cache;
	int64_t pages = 1;

	if ((int64_t)nr_objects >= cache->objs_per_slab)
		return cache->memory.pages_per_slab;
	while ((uint64_t)pages * reading->memmap->target->page_bytes < slab_bytes)
		pages *= 2;
	return pages;
}

static void add_slab(
	struct reading *reading, uint64_t slab_bytes, uint64_t nr_objects, uint64_t nr_used)
{
	struct kt_slab_occupancy *occupancy = &reading->sum->occupancy;
	uint64_t tenth = nr_used * 10 / nr_objects;
	struct kt_occupancy_class *class =
		&occupancy->classes[!nr_used	  ? 0
				    : tenth == 10 ? KT_OCCUPANCY_CLASSES - 1
						  : tenth + 1];

	class->nr_slabs++;
	class->nr_pages += pages_of(reading, slab_bytes, nr_objects);
	class->nr_slots += (int64_t)nr_objects;
	class->used_objs += (int64_t)nr_used;
	occupancy->nr_single += nr_used == 1;
	reading->sum->nr_slabs++;
	reading->sum->nr_objects += nr_used;
}

static void sum_up(const struct kt_slub_cache *cache, struct kt_slab_objects *objects)
{
	struct kt_slab_occupancy *occupancy = &objects->occupancy;
	int64_t used = (int64_t)objects->nr_objects, slabs = used / cache->objs_per_slab;

	occupancy->packed_pages =
		(slabs + (used % cache->objs_per_slab > 0)) * cache->memory.pages_per_slab;
	occupancy->nr_unread = (int64_t)objects->nr_unread;
	occupancy->nr_torn = (int64_t)objects->nr_torn;
}

static void pass_on(const struct reading *reading, uint64_t address, const char *object)
{
	if (reading->fn)
		reading->fn(reading->arg, address, object);
	if (reading->any_fn)
		reading->any_fn(reading->arg, reading->cache, address, object);
}

static void show_view(const struct reading *reading, uint64_t pfn, uint64_t nr_objects,
	uint64_t nr_used, bool torn)
{
	const struct kt_slab_view view = { .pfn = pfn,
		.address = kt_memmap_virtual(reading->memmap, pfn),
		.nr_objects = (uint32_t)nr_objects,
		.nr_used = (uint32_t)nr_used,
		.torn = torn,
		.places = reading->places };

	if (reading->view_fn)
		reading->view_fn(reading->arg, &view);
}

static void take_slab(void *arg, uint64_t pfn, const char *page)
{
	struct reading *reading = arg;
	const struct kt_memmap *memmap = reading->memmap;
	const struct kt_slub_cache *cache = reading->cache;
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t nr_objects = kt_field_get(&memmap->objects, page, bytes);
	uint64_t base = kt_memmap_virtual(memmap, pfn), objects_at = base + cache->red_left_pad;
	uint64_t size = (uint64_t)cache->size, slab_bytes = nr_objects * size + cache->red_left_pad;
	uint64_t nr_used = 0;
	bool whole;

	if (!nr_objects || nr_objects > OBJECTS_IN_SLAB || slab_bytes > reading->slab_bytes ||
		!kt_target_read(memmap->target, base, reading->slab, slab_bytes)) {
		reading->sum->nr_unread++;
		return;
	}
	memset(reading->places, 0, nr_objects * sizeof(*reading->places));
	whole = mark_own(reading, base, objects_at, kt_field_get(&memmap->freelist, page, bytes),
		nr_objects);
	reading->sum->nr_torn += !whole;
	mark_ready(reading, objects_at, nr_objects, objects_at + nr_objects * size);
	for (uint64_t i = 0; i < nr_objects; i++) {
		if (reading->places[i].where != KT_WHERE_USED)
			continue;
		nr_used++;
		pass_on(reading, objects_at + i * size,
			reading->slab + (objects_at - base) + i * size);
	}
	add_slab(reading, slab_bytes, nr_objects, nr_used);
	show_view(reading, pfn, nr_objects, nr_used, !whole);
}

static void reading_free(struct reading *reading)
{
	kt_map_fini(&reading->indices);
	kt_arena_fini(&reading->arena);
	free(reading->slab);
	free(reading);
}

static struct kt_err *reading_new(struct kt_slub *slub, struct kt_memmap *memmap,
	uint64_t slab_bytes, struct kt_slab_objects *sum, struct reading **ret_reading)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	*sum = (struct kt_slab_objects){ 0 };
	*ret_reading = reading;
	if (!reading)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	reading->slub = slub;
	reading->memmap = memmap;
	reading->sum = sum;
	reading->slab_bytes = slab_bytes;
	reading->slab = malloc(slab_bytes);
	return reading->slab ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* Starts to read one cache: no slab has more objects than planned. */
static struct kt_err *reading_of_one(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, struct kt_slab_objects *sum,
	struct reading **ret_reading)
{
	uint64_t slab_bytes =
		(uint64_t)cache->objs_per_slab * (uint64_t)cache->size + cache->red_left_pad;
	struct kt_err *err;

	*ret_reading = NULL;
	if (slab_bytes > SLAB_BYTES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "slabs of %s have more than %u MiB",
			cache->memory.name, SLAB_BYTES_MAX >> 20);
	err = reading_new(slub, memmap, slab_bytes, sum, ret_reading);
	if (!err && *ret_reading) {
		find_ready(*ret_reading, cache);
		sort_ready(*ret_reading);
	}
	return err;
}

static struct kt_err *reading_end(struct reading *reading, struct kt_err *err)
{
	if (!err && reading && reading->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (reading)
		reading_free(reading);
	return err;
}

struct kt_err *kt_slab_objects(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, kt_slab_object_fn fn, void *arg,
	struct kt_slab_objects *ret_objects)
{
	struct reading *reading;
	struct kt_err *err = reading_of_one(slub, memmap, cache, ret_objects, &reading);

	if (!err && reading) {
		reading->fn = fn;
		reading->arg = arg;
		ret_objects->nr_unread +=
			kt_memmap_slabs(memmap, cache->address, take_slab, reading);
		sum_up(cache, ret_objects);
	}
	return reading_end(reading, err);
}

struct kt_err *kt_slab_views(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, kt_slab_view_fn fn, void *arg,
	struct kt_slab_objects *ret_objects)
{
	struct reading *reading;
	struct kt_err *err = reading_of_one(slub, memmap, cache, ret_objects, &reading);

	if (!err && reading) {
		reading->view_fn = fn;
		reading->arg = arg;
		ret_objects->nr_unread +=
			kt_memmap_slabs(memmap, cache->address, take_slab, reading);
		sum_up(cache, ret_objects);
	}
	return reading_end(reading, err);
}

struct kt_err *kt_slab_views_of(struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_slub_cache *cache, const uint64_t *pfns, size_t nr_pfns, kt_slab_view_fn fn,
	void *arg)
{
	struct kt_slab_objects sum;
	struct reading *reading;
	struct kt_err *err = reading_of_one(slub, memmap, cache, &sum, &reading);
	char page[KT_PAGE_STRUCT_MAX];

	if (!err && reading) {
		reading->view_fn = fn;
		reading->arg = arg;
		for (size_t i = 0; i < nr_pfns; i++) {
			if (kt_memmap_read_slab(memmap, pfns[i], page) &&
				kt_field_get(&memmap->slab_cache, page,
					memmap->page_struct_bytes) == cache->address)
				take_slab(reading, pfns[i], page);
		}
	}
	return reading_end(reading, err);
}

/* ---- all caches ---- */

static void add_cache(void *arg, struct kt_slub_cache *cache)
{
	struct reading *reading = arg;
	struct kt_span key = { (const char *)&cache->address, sizeof(cache->address) };
	struct kt_slub_cache *slot = kt_list_push(&reading->arena, &reading->all);
	uint32_t *index = slot ? kt_map_add(&reading->indices, key, &reading->arena, NULL) : NULL;

	if (!index)
		return;
	*slot = *cache;
	*index = (uint32_t)reading->all.count;
}

static void take_any_slab(void *arg, uint64_t pfn, const char *page)
{
	struct reading *reading = arg;
	const struct kt_memmap *memmap = reading->memmap;
	uint64_t owner = kt_field_get(&memmap->slab_cache, page, memmap->page_struct_bytes);
	const uint32_t *index =
		kt_map_find(&reading->indices, (struct kt_span){ (char *)&owner, sizeof(owner) });

	if (!index || !*index || reading->all.items[*index - 1].size <= 0)
		return;
	reading->cache = &reading->all.items[*index - 1];
	take_slab(reading, pfn, page);
}

/* The list of caches changes while it is read. */
static bool list_caches(struct reading *reading)
{
	bool whole = false;
	size_t after_head;

	for (unsigned i = 0; i < KT_SLUB_TRIES && !whole; i++) {
		reading->all.count = 0;
		kt_map_clear(&reading->indices);
		whole = kt_slub_each(
			reading->slub, &reading->arena, add_cache, reading, &after_head);
	}
	return whole;
}

struct kt_err *kt_slab_objects_all(struct kt_slub *slub, struct kt_memmap *memmap,
	kt_any_object_fn fn, void *arg, struct kt_slab_objects *ret_objects)
{
	struct reading *reading;
	struct kt_err *err = reading_new(slub, memmap, SLAB_BYTES_MAX, ret_objects, &reading);

	if (!err && !list_caches(reading))
		err = kt_err_new(
			KT_ERR_ABSENT, "the list of slab caches cannot be read in kernel memory");
	if (!err) {
		reading->any_fn = fn;
		reading->arg = arg;
		for (size_t i = 0; i < reading->all.count; i++)
			find_ready(reading, &reading->all.items[i]);
		sort_ready(reading);
		ret_objects->nr_unread += kt_memmap_slabs(memmap, 0, take_any_slab, reading);
		if (reading->arena.failed || reading->indices.failed)
			err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	if (reading)
		reading_free(reading);
	return err;
}

struct kt_err *kt_slab_occupancy(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, struct kt_slab_occupancy *ret_occupancy)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct kt_arena arena = { 0 };
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);
	struct kt_slab_objects objects = { 0 };
	struct kt_slub_cache cache;

	if (!err && !kt_slub_find(slub, &arena, names, &cache))
		err = kt_err_new(KT_ERR_ABSENT, "no slab cache of this name is in kernel memory");
	if (!err)
		err = kt_memmap_find_direct(memmap);
	if (!err)
		err = kt_slab_objects(slub, memmap, &cache, NULL, NULL, &objects);
	if (!err)
		*ret_occupancy = objects.occupancy;
	kt_arena_fini(&arena);
	return err;
}
