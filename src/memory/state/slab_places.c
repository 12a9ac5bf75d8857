// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/state/slab_places.h"

#include "base/attr.h"
#include "base/map.h"
#include "model/unknown.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX    (1u << 24) /* slabs on one list */
#define CHAIN_MAX   65536u     /* slabs that wait for one CPU */
#define SHEAVES_MAX 65536u     /* in one barn */

struct reading {
	struct kt_slub *slub;
	struct kt_memmap *memmap;
	struct kt_slab_places *places;
	KT_LIST(struct kt_slub_cache) caches;
	struct kt_map indices; /* address of a cache -> index, plus 1 */
	uint32_t cache;	       /* index of the one that is read */
	struct kt_sheaf_at found;
};

void kt_slab_places_fini(struct kt_slab_places *places)
{
	kt_arena_fini(&places->arena);
	*places = (struct kt_slab_places){ 0 };
}

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* ---- caches ---- */

/* A number of struct kmem_cache that not every kernel has. */
static int64_t number_of(struct reading *reading, uint64_t cache, const char *member)
{
	const struct kt_target *target = reading->slub->target;
	struct kt_field field;
	uint64_t value;

	if (!kt_types_field(&target->types, "kmem_cache", member, &field) ||
		!kt_target_number(reading->slub->target, cache + field.offset, field.size, &value))
		return KT_UNKNOWN;
	return (int64_t)value;
}

static void add_cache(void *arg, struct kt_slub_cache *cache)
{
	struct reading *reading = arg;
	struct kt_arena *arena = &reading->places->arena;
	struct kt_span key = { (const char *)&cache->address, sizeof(cache->address) };
	struct kt_cache_at *state = kt_list_push(arena, &reading->places->caches);
	struct kt_slub_cache *slot = kt_list_push(arena, &reading->caches);
	uint32_t *index = kt_map_add(&reading->indices, key, arena, NULL);

	if (!state || !slot || !index)
		return;
	*slot = *cache;
	*index = (uint32_t)reading->caches.count;
	*state = (struct kt_cache_at){ .address = cache->address,
		.name = cache->memory.name,
		.object_bytes = cache->memory.object_bytes,
		.slot_bytes = cache->size,
		.objs_per_slab = cache->objs_per_slab,
		.pages_per_slab = cache->memory.pages_per_slab,
		.min_partial = number_of(reading, cache->address, "min_partial"),
		.cpu_partial_objs = number_of(reading, cache->address, "cpu_partial"),
		.cpu_partial_slabs = number_of(reading, cache->address, "cpu_partial_slabs"),
		.sheaf_capacity = number_of(reading, cache->address, "sheaf_capacity") };
}

static struct kt_err *list_caches(struct reading *reading)
{
	bool whole = false;
	size_t after_head;

	for (unsigned i = 0; i < KT_SLUB_TRIES && !whole; i++) {
		reading->places->caches.count = reading->caches.count = 0;
		kt_map_clear(&reading->indices);
		whole = kt_slub_each(
			reading->slub, &reading->places->arena, add_cache, reading, &after_head);
	}
	if (reading->places->arena.failed || reading->indices.failed)
		return no_memory();
	return whole ? NULL
		     : kt_err_new(KT_ERR_ABSENT,
			       "the list of slab caches cannot be read in kernel memory");
}

struct kt_err *kt_slab_places_caches(struct kt_slub *slub, struct kt_slab_places *ret_places)
{
	struct reading reading = { .slub = slub, .places = ret_places };
	struct kt_err *err;

	*ret_places = (struct kt_slab_places){ 0 };
	err = list_caches(&reading);
	kt_map_fini(&reading.indices);
	return err;
}

/* ---- slabs ---- */

static void add_slab(void *arg, uint64_t pfn, const char *page)
{
	struct reading *reading = arg;
	const struct kt_memmap *memmap = reading->memmap;
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t owner = kt_field_get(&memmap->slab_cache, page, bytes);
	uint64_t nr_objs = kt_field_get(&memmap->objects, page, bytes);
	uint64_t inuse = kt_field_get(&memmap->inuse, page, bytes);
	const uint32_t *index =
		kt_map_find(&reading->indices, (struct kt_span){ (char *)&owner, sizeof(owner) });
	struct kt_slab_at *slot;

	if (!index || !*index || !nr_objs || inuse > nr_objs) {
		reading->places->nr_unread++;
		return;
	}
	slot = kt_list_push(&reading->places->arena, &reading->places->slabs);
	if (slot)
		*slot = (struct kt_slab_at){ .pfn = pfn,
			.cache = *index - 1,
			.nr_objs = (uint32_t)nr_objs,
			.nr_free = (uint32_t)(nr_objs - inuse),
			.where = KT_AT_NO_LIST };
}

/* The slab that has a page; NULL: none of this cache. Slabs are sorted by their first page. */
static struct kt_slab_at *slab_of(struct reading *reading, uint64_t pfn)
{
	size_t low = 0, high = reading->places->slabs.count;
	struct kt_slab_at *slab;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reading->places->slabs.items[middle].pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	slab = &reading->places->slabs.items[low - 1];
	if (slab->cache != reading->cache ||
		pfn - slab->pfn >=
			(uint64_t)reading->places->caches.items[slab->cache].pages_per_slab)
		return NULL;
	return slab;
}

/* Reads a slab of the cache again; the copy of the walk then has it. NULL: it is no longer one. */
static struct kt_slab_at *look(struct reading *reading, uint64_t address)
{
	struct kt_slub *slub = reading->slub;
	const struct kt_slub_layout *layout = &slub->layout;
	uint32_t struct_bytes = reading->memmap->page_struct_bytes;
	uint64_t inuse, objects;
	struct kt_slab_at *slab;

	if (address < reading->memmap->base || (address - reading->memmap->base) % struct_bytes ||
		!kt_slub_copy(slub, address, layout->slab_bytes) ||
		kt_slub_get(slub, &layout->slab_cache) !=
			reading->caches.items[reading->cache].address)
		return NULL;
	slab = slab_of(reading, (address - reading->memmap->base) / struct_bytes);
	inuse = kt_slub_get(slub, &layout->inuse);
	objects = kt_slub_get(slub, &layout->objects);
	if (!slab || objects != slab->nr_objs || inuse > objects)
		return NULL;
	slab->nr_free = (uint32_t)(objects - inuse);
	return slab;
}

static void put_where(
	struct kt_slab_at *slab, enum kt_slab_at_where where, uint32_t of, uint32_t rank)
{
	slab->where = where;
	slab->of = of;
	slab->rank = rank;
}

/* ---- lists ---- */

static void read_node(struct reading *reading, uint64_t node, uint32_t *rank)
{
	const struct kt_slub_layout *layout = &reading->slub->layout;
	uint64_t head = node + layout->partial_list.offset, at;

	if (!kt_target_pointer(reading->slub->target, head, &at)) {
		reading->places->nr_unread++;
		return;
	}
	for (uint32_t i = 0; at != head; i++) {
		struct kt_slab_at *slab = look(reading, at - layout->slab_list.offset);

		if (!slab || i >= LIST_MAX) {
			reading->places->nr_unread++;
			return;
		}
		put_where(slab, KT_AT_NODE, 0, (*rank)++);
		at = 0;
		memcpy(&at, reading->slub->copy + layout->slab_list.offset,
			reading->slub->target->types.pointer_bytes);
	}
}

/* Free objects on the list that a CPU took from its slab. */
static uint32_t count_ready(
	struct reading *reading, const struct kt_slub_cache *cache, uint64_t object)
{
	uint32_t count = 0;

	while (object && count < (uint32_t)cache->objs_per_slab) {
		count++;
		if (!kt_slub_next_free(reading->slub, cache, object, &object))
			return count;
	}
	return count;
}

static void read_cpu(struct reading *reading, uint32_t cpu)
{
	struct kt_slub *slub = reading->slub;
	const struct kt_slub_layout *layout = &slub->layout;
	const struct kt_slub_cache *cache = &reading->caches.items[reading->cache];
	uint64_t freelist, at, chain;
	struct kt_slab_at *slab;

	if (!cache->cpu_slab)
		return;
	if (!kt_slub_copy(slub, cache->cpu_slab + slub->cpu_offsets[cpu], layout->cpu_bytes)) {
		reading->places->nr_unread++;
		return;
	}
	freelist = kt_slub_get(slub, &layout->freelist);
	at = kt_slub_get(slub, &layout->slab);
	chain = kt_slub_get(slub, &layout->partial);
	slab = at ? look(reading, at) : NULL;
	reading->places->nr_unread += at && !slab;
	if (slab) {
		put_where(slab, KT_AT_CPU, cpu, 0);
		slab->nr_ready = count_ready(reading, cache, freelist);
	}
	for (uint32_t i = 0; chain && i < CHAIN_MAX; i++) {
		slab = look(reading, chain);
		reading->places->nr_unread += !slab;
		if (!slab)
			return;
		put_where(slab, KT_AT_CPU_PARTIAL, cpu, i);
		chain = kt_slub_get(slub, &layout->next);
	}
}

/* ---- sheaves ---- */

static void add_object(void *arg, uint64_t object)
{
	struct reading *reading = arg;
	const struct kt_memmap *memmap = reading->memmap;
	struct kt_slab_places *places = reading->places;
	struct kt_slab_at *slab =
		slab_of(reading, (object - memmap->direct) / memmap->target->page_bytes);
	struct kt_sheaf_at *slot = slab ? kt_list_push(&places->arena, &places->sheaves) : NULL;

	places->nr_unread += !slab;
	if (!slot)
		return;
	*slot = reading->found;
	slot->cache = reading->cache;
	slot->slab = (uint32_t)(slab - places->slabs.items);
}

static void read_sheaves(struct reading *reading, uint32_t cpu)
{
	struct kt_slub *slub = reading->slub;
	const struct kt_slub_layout *layout = &slub->layout;
	const struct kt_slub_cache *cache = &reading->caches.items[reading->cache];
	uint64_t at[3];

	if (!cache->has_sheaves)
		return;
	if (!kt_slub_copy(
		    slub, cache->cpu_sheaves + slub->cpu_offsets[cpu], layout->sheaves_bytes)) {
		reading->places->nr_unread++;
		return;
	}
	at[KT_SHEAF_MAIN] = kt_slub_get(slub, &layout->main);
	at[KT_SHEAF_SPARE] = kt_slub_get(slub, &layout->spare);
	at[KT_SHEAF_RCU] = kt_slub_get(slub, &layout->rcu_free);
	for (uint32_t i = 0; i < KT_LEN(at); i++) {
		reading->found = (struct kt_sheaf_at){ .where = i, .of = cpu };
		kt_slub_sheaf_objects(slub, cache, at[i], add_object, reading);
	}
}

static void read_barn(struct reading *reading, uint64_t barn, uint32_t *number)
{
	struct kt_slub *slub = reading->slub;
	const struct kt_slub_cache *cache = &reading->caches.items[reading->cache];
	uint64_t head = barn + slub->layout.sheaves_full.offset, at;

	if (!barn || !kt_target_pointer(slub->target, head, &at))
		return;
	for (uint32_t i = 0; at && at != head && i < SHEAVES_MAX; i++) {
		reading->found = (struct kt_sheaf_at){ .where = KT_SHEAF_BARN, .of = (*number)++ };
		at = kt_slub_sheaf_objects(
			slub, cache, at - slub->layout.barn_list.offset, add_object, reading);
	}
}

/* ---- all ---- */

static void read_lists(struct reading *reading)
{
	const struct kt_slub_cache *cache = &reading->caches.items[reading->cache];
	uint32_t rank = 0, number = 0;

	for (uint32_t i = 0; i < reading->slub->nr_cpus; i++) {
		read_cpu(reading, i);
		read_sheaves(reading, i);
	}
	for (uint32_t i = 0; i < kt_slub_nr_nodes(reading->slub); i++) {
		uint64_t node, barn;

		kt_slub_node(reading->slub, cache, i, &node, &barn);
		if (node)
			read_node(reading, node, &rank);
		if (cache->has_sheaves)
			read_barn(reading, barn, &number);
	}
}

/* A slab with free objects on no list was on its way: it goes to the end of the list. */
static void settle(struct reading *reading)
{
	struct kt_slab_places *places = reading->places;

	for (size_t i = 0; i < places->slabs.count; i++) {
		struct kt_slab_at *slab = &places->slabs.items[i];

		if (slab->where != KT_AT_NO_LIST || !slab->nr_free)
			continue;
		put_where(slab, KT_AT_NODE, 0, UINT32_MAX);
		places->nr_unread++;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct kt_slab_at *x = a, *y = b;

	if (x->cache != y->cache)
		return x->cache < y->cache ? -1 : 1;
	if (x->where != y->where)
		return x->where < y->where ? -1 : 1;
	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

struct renumber {
	uint64_t pfn;
	uint32_t index;
};

static int by_pfn(const void *a, const void *b)
{
	const struct renumber *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/* Sorts the slabs by their places; sheaves then name them by their new indexes. */
static struct kt_err *sort(struct kt_slab_places *places)
{
	struct renumber *numbers =
		kt_arena_alloc(&places->arena, (places->slabs.count + 1) * sizeof(*numbers));

	if (!numbers)
		return no_memory();
	if (places->slabs.count)
		qsort(places->slabs.items, places->slabs.count, sizeof(*places->slabs.items),
			by_place);
	for (size_t i = 0; i < places->slabs.count; i++)
		numbers[i] = (struct renumber){ places->slabs.items[i].pfn, (uint32_t)i };
	qsort(numbers, places->slabs.count, sizeof(*numbers), by_pfn);
	/* slabs were sorted by their pages before: the n-th of them by page is the n-th here */
	for (size_t i = 0; i < places->sheaves.count; i++)
		places->sheaves.items[i].slab = numbers[places->sheaves.items[i].slab].index;
	return NULL;
}

struct kt_err *kt_slab_places(
	struct kt_slub *slub, struct kt_memmap *memmap, struct kt_slab_places *ret_places)
{
	struct reading reading = { .slub = slub, .memmap = memmap, .places = ret_places };
	uint64_t nr_torn;
	struct kt_err *err;

	*ret_places = (struct kt_slab_places){ 0 };
	err = list_caches(&reading);
	if (!err) {
		ret_places->nr_nodes = kt_slub_nr_nodes(slub);
		/* add_slab() counts as well */
		nr_torn = kt_memmap_slabs(memmap, 0, add_slab, &reading);
		ret_places->nr_unread += nr_torn;
		for (; reading.cache < reading.caches.count; reading.cache++)
			read_lists(&reading);
		settle(&reading);
		err = sort(ret_places);
	}
	if (!err && ret_places->arena.failed)
		err = no_memory();
	kt_map_fini(&reading.indices);
	return err;
}
