// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/object_holders.h"

#include "base/attr.h"
#include "memory/areas.h"
#include "memory/holders/holder_search.h"
#include "memory/image.h"
#include "memory/kernel/module_areas.h"
#include "memory/objects/object_links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MIN      20u /* of the objects: one of so many */
#define BYTES_MIN      (1u << 20)
#define AREA_BYTES_MAX (512ull << 20) /* of all areas that are searched */
#define STACKS_MAX     (1u << 20)
#define BLOCKS_MAX     (1u << 16) /* of large kmalloc */
#define TAG_BITS       7u /* of a pointer, that may say something else: objects are aligned */

/* A block of large kmalloc. */
struct block {
	uint64_t pfn, nr_pages;
};

struct kt_object_holders {
	const struct kt_slub_cache *cache;
	KT_LIST(uint64_t) objects;
	uint64_t nr_objects; /* also those beyond the list */
	struct kt_target *target;
	struct kt_holders holders;
	struct kt_holder_search search;
	struct kt_object_links links;
	struct kt_areas areas;
	struct kt_module_areas modules; /* where the kernel names no variables */
	struct kt_field stack;		/* struct task_struct */
	KT_LIST(uint64_t) stacks;	/* sorted when all objects have been seen */
	KT_LIST(struct block) blocks;
	KT_LIST(uint32_t) caches; /* of nodes that are no object of the cache: owner by its name */
	uint32_t nr_nodes;	  /* the objects are the first nodes */
	uint32_t first_node;	  /* to which pointers are looked for */
	bool has_areas, areas_cut;
	bool in_pages; /* struct pages are searched */
	struct kt_arena arena;
};

struct kt_err *kt_object_holders_new(
	const struct kt_slub_cache *cache, struct kt_object_holders **ret_holders)
{
	struct kt_object_holders *walk = calloc(1, sizeof(*walk));

	*ret_holders = walk;
	if (!walk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	walk->cache = cache;
	return NULL;
}

void kt_object_holders_free(struct kt_object_holders *walk)
{
	if (!walk)
		return;
	kt_object_links_fini(&walk->links);
	kt_holders_fini(&walk->holders);
	kt_areas_fini(&walk->areas);
	kt_module_areas_fini(&walk->modules);
	kt_arena_fini(&walk->arena);
	free(walk->search.buffer);
	free(walk);
}

void kt_object_holders_cleanup(struct kt_object_holders **holders)
{
	kt_object_holders_free(*holders);
}

void kt_object_holders_add(struct kt_object_holders *walk, uint64_t address)
{
	uint64_t *slot = walk->objects.count < KT_HELD_OBJECTS_MAX
				 ? kt_list_push(&walk->arena, &walk->objects)
				 : NULL;

	if (slot)
		*slot = address;
	walk->nr_objects++;
}

/* ---- pointers ---- */

/* Numbers of nodes that were made for a holder: it may need a name that is not its own. */
static void note_cache(struct kt_object_holders *walk, const struct kt_holder *holder)
{
	char text[128];

	while (walk->caches.count < walk->holders.nodes.count - walk->nr_nodes) {
		uint32_t *slot = kt_list_push(&walk->arena, &walk->caches);

		if (!slot)
			return;
		snprintf(text, sizeof(text), "%s: objects without a name",
			holder->cache ? holder->cache->memory.name : "large kmalloc");
		*slot = kt_holders_owner(&walk->holders, KT_OWNER_OBJECT, text);
	}
}

/*
 * Without names of variables, the area of a module has a name; in the kernel's own data, the struct
 * around the pointer may have a function.
 */
static uint32_t owner_of(struct kt_object_holders *walk, struct kt_holder *holder, uint64_t at)
{
	struct kt_holders *holders = &walk->holders;
	const char *name = NULL;

	if (walk->in_pages)
		name = "struct page";
	else if (holder->kind == KT_HOLDER_AREA)
		name = kt_module_areas_name(&walk->modules, holder->area->start);
	else if (holder->kind == KT_HOLDER_DATA && !holders->has_data)
		name = kt_place_name(holders->names, at);
	return name ? kt_holders_owner(holders, KT_OWNER_DATA, name)
		    : kt_holders_of(holders, holder, at);
}

/*
 * In an object that has been allocated again, the pointer to the next free object is left: it leads
 * to another object of the slab.
 */
static bool is_left(const struct kt_object_holders *walk, const struct kt_object_link *link,
	uint64_t from, uint64_t to)
{
	uint64_t slab_bytes =
		(uint64_t)walk->cache->memory.pages_per_slab * walk->target->page_bytes;

	/* hardened kernels encode it */
	return !walk->cache->random && link->from_at == walk->cache->offset && !link->to_at &&
	       slab_bytes && from / slab_bytes == to / slab_bytes;
}

static void take_pointer(void *arg, struct kt_holder *holder, uint64_t at, uint64_t word)
{
	struct kt_object_holders *walk = arg;
	struct kt_object_link link = { .from_at = KT_LINK_ELSEWHERE };
	const struct kt_holder_node *node;

	if (!kt_holders_node(&walk->holders, word, &link.to))
		return;
	node = &walk->holders.nodes.items[link.to];
	if (holder->address == node->address)
		return;
	link.to_at = (uint16_t)((word - node->address) & ~(uint64_t)TAG_BITS);
	link.from = owner_of(walk, holder, at);
	if (!link.from)
		return;
	if (link.from & KT_HOLDER_NODE)
		note_cache(walk, holder);
	if ((link.from & KT_HOLDER_NODE) && (link.from & ~KT_HOLDER_NODE) < walk->nr_nodes &&
		link.to < walk->nr_nodes) {
		link.from_at = (uint16_t)(at - holder->address);
		link.weak = is_left(walk, &link, holder->address, node->address);
	}
	link.weak |= holder->kind == KT_HOLDER_CPU;
	kt_object_links_add(&walk->links, link);
}

static void take_object(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object)
{
	struct kt_object_holders *walk = arg;
	uint64_t *slot;

	if (!walk->first_node && walk->has_areas)
		kt_areas_take(&walk->areas, object, (uint64_t)cache->size);
	if (!walk->first_node && walk->stack.exists && walk->stacks.count < STACKS_MAX &&
		strcmp(cache->memory.name, "task_struct") == 0) {
		slot = kt_list_push(&walk->arena, &walk->stacks);
		if (slot)
			*slot = kt_field_get(&walk->stack, object, (size_t)cache->size);
	}
	kt_holder_search_object(&walk->search, cache, address, object);
}

/* ---- areas of vmalloc ---- */

static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_stack(const struct kt_object_holders *walk, const struct kt_kernel_area *area)
{
	return walk->stacks.count && bsearch(&area->start, walk->stacks.items, walk->stacks.count,
					     sizeof(uint64_t), by_address);
}

/* A guard page, and others that cannot be read, are left out. */
static void search_area(struct kt_object_holders *walk, const struct kt_kernel_area *area)
{
	struct kt_holder holder = {
		.kind = KT_HOLDER_AREA, .area = area, .bytes = walk->search.buffer
	};
	uint32_t page = walk->target->page_bytes;

	for (uint64_t at = area->start; at < area->end; at += holder.size) {
		holder.address = at;
		holder.size = area->end - page - at < KT_IMAGE_BLOCK ? area->end - page - at
								     : KT_IMAGE_BLOCK;
		if (holder.size &&
			kt_target_read(walk->target, at, walk->search.buffer, holder.size)) {
			kt_holder_search(&walk->search, &holder);
			continue;
		}
		holder.size = page;
		if (kt_target_read(walk->target, at, walk->search.buffer, page))
			kt_holder_search(&walk->search, &holder);
	}
}

static void search_areas(struct kt_object_holders *walk)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < walk->areas.all.count; i++) {
		const struct kt_kernel_area *area = &walk->areas.all.items[i];

		if (!area->allocated || is_stack(walk, area))
			continue;
		if (area->end - area->start > AREA_BYTES_MAX - bytes) {
			walk->areas_cut = true;
			continue;
		}
		bytes += area->end - area->start;
		search_area(walk, area);
	}
}

/* ---- pages ---- */

static void take_large(struct kt_object_holders *walk, uint64_t pfn, bool tail)
{
	struct block *last =
		walk->blocks.count ? &walk->blocks.items[walk->blocks.count - 1] : NULL;
	struct block *slot;

	if (tail && last && last->pfn + last->nr_pages == pfn) {
		last->nr_pages++;
		return;
	}
	slot = !tail && walk->blocks.count < BLOCKS_MAX ? kt_list_push(&walk->arena, &walk->blocks)
							: NULL;
	if (slot)
		*slot = (struct block){ pfn, 1 };
}

static void find_range(
	struct kt_object_holders *walk, struct kt_page_words *words, uint64_t first, uint64_t end)
{
	struct kt_page_reader reader = { 0 };
	const uint64_t *word;
	size_t count;

	kt_page_words_begin(words);
	for (; first < end; first += count) {
		count = kt_page_words_read(words, first, (size_t)(end - first), &word);
		if (!count)
			return;
		for (size_t i = 0; i < count; i++) {
			kt_page_read(&reader, word[i]);
			if (reader.class == KT_PAGE_KMALLOC)
				take_large(walk, first + i, word[i] & KT_PAGE_WORD_TAIL);
		}
	}
}

/* Kernels that do not mark blocks of large kmalloc have none here. */
static void find_large(struct kt_object_holders *walk)
{
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	struct kt_memmap *memmap = walk->search.memmap;
	KT_CLEANUP(err) struct kt_err *err = kt_page_words_new(memmap, KT_PAGE_WORDS_MAX, &words);

	for (size_t i = 0; !err && i < memmap->nr_ranges; i++)
		find_range(walk, words, memmap->ranges[i].first, memmap->ranges[i].end);
}

/* The page of a file leads to its buffers (struct buffer_head), others to what their owner keeps.
 */
static bool take_struct_page(void *arg, uint64_t pfn, const char *page)
{
	struct kt_object_holders *walk = arg;
	const struct kt_memmap *memmap = walk->search.memmap;
	struct kt_holder holder = { .kind = KT_HOLDER_DATA,
		.address = memmap->base + pfn * memmap->page_struct_bytes,
		.bytes = page,
		.size = memmap->page_struct_bytes };

	kt_holder_search(&walk->search, &holder);
	return true;
}

static void search_pages(struct kt_object_holders *walk)
{
	walk->in_pages = true;
	kt_memmap_pages(walk->search.memmap, take_struct_page, walk);
	walk->in_pages = false;
	for (size_t i = 0; i < walk->blocks.count; i++)
		kt_holder_search_large(
			&walk->search, walk->blocks.items[i].pfn, walk->blocks.items[i].nr_pages);
}

/* ---- passes ---- */

static struct kt_err *search(struct kt_object_holders *walk)
{
	struct kt_slab_objects objects;
	struct kt_err *err = kt_slab_objects_all(
		walk->search.slub, walk->search.memmap, take_object, walk, &objects);

	if (!err && !walk->first_node)
		err = kt_areas_end(&walk->areas);
	if (err)
		return err;
	if (!walk->first_node && walk->has_areas && !walk->holders.has_data) {
		err = kt_module_areas_find(
			&walk->modules, walk->target, &walk->areas, walk->search.buffer);
		kt_arena_ignore(&walk->arena, err);
	}
	if (walk->stacks.count)
		qsort(walk->stacks.items, walk->stacks.count, sizeof(uint64_t), by_address);
	search_areas(walk);
	search_pages(walk);
	kt_holder_search_image(&walk->search);
	kt_holder_search_cpus(&walk->search);
	kt_object_links_put(&walk->links, &walk->holders, walk->nr_nodes);
	kt_holders_follow(&walk->holders);
	return NULL;
}

static bool are_all_named(const struct kt_object_holders *walk)
{
	for (uint32_t i = 0; i < walk->nr_nodes; i++) {
		if (!walk->holders.nodes.items[i].owner)
			return false;
	}
	return true;
}

/* Objects of other caches that have no name themselves, but whose cache has. */
static void name_rest(struct kt_object_holders *walk)
{
	for (size_t i = 0; i < walk->caches.count; i++) {
		struct kt_holder_node *node = &walk->holders.nodes.items[walk->nr_nodes + i];

		if (!node->owner)
			node->owner = walk->caches.items[i];
	}
	kt_holders_follow(&walk->holders);
}

static struct kt_err *run(struct kt_object_holders *walk)
{
	struct kt_err *err;

	for (size_t i = 0; i < walk->objects.count; i++) {
		if (!kt_holders_add(
			    &walk->holders, walk->objects.items[i], (uint64_t)walk->cache->size))
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	walk->nr_nodes = (uint32_t)walk->holders.nodes.count;
	kt_holders_sort(&walk->holders, 0);
	find_large(walk);
	err = search(walk);
	if (!err && !are_all_named(walk) && walk->holders.nodes.count > walk->nr_nodes) {
		walk->first_node = walk->nr_nodes;
		kt_holders_sort(&walk->holders, walk->first_node);
		err = search(walk);
	}
	if (err)
		return err;
	kt_object_links_put_weak(&walk->links, &walk->holders);
	kt_holders_follow(&walk->holders);
	name_rest(walk);
	return NULL;
}

/* ---- the result ---- */

struct count {
	uint32_t owner;
	int64_t nr_objs;
};

static int by_objects(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	if (x->nr_objs != y->nr_objs)
		return (x->nr_objs < y->nr_objs) - (x->nr_objs > y->nr_objs);
	return (x->owner > y->owner) - (x->owner < y->owner);
}

static void put(struct kt_object_holders *walk, struct kt_snapshot *snap)
{
	size_t nr_owners = walk->holders.owners.count + 1;
	struct count *counts = kt_arena_alloc(&walk->arena, nr_owners * sizeof(*counts));

	if (!counts)
		return;
	for (size_t i = 0; i < nr_owners; i++)
		counts[i].owner = (uint32_t)i;
	for (uint32_t i = 0; i < walk->nr_nodes; i++)
		counts[walk->holders.nodes.items[i].owner].nr_objs++;
	qsort(counts, nr_owners, sizeof(*counts), by_objects);
	for (size_t i = 0; i < nr_owners && counts[i].nr_objs; i++) {
		const struct kt_page_owner *owner =
			counts[i].owner ? &walk->holders.owners.items[counts[i].owner - 1] : NULL;
		struct kt_object_holder *slot = kt_list_push(&snap->arena, &snap->object_holders);

		if (!slot)
			return;
		*slot = (struct kt_object_holder){ .is_known = owner,
			.nr_objs = counts[i].nr_objs };
		if (owner && owner->name)
			slot->name = kt_arena_name(&snap->arena, kt_span_str(owner->name));
	}
}

static void put_notes(const struct kt_object_holders *walk, struct kt_snapshot *snap)
{
	if (walk->nr_objects > walk->objects.count)
		kt_snapshot_note(snap,
			"what points to objects is looked for of the first %zu without a name, of "
			"%llu",
			walk->objects.count, (unsigned long long)walk->nr_objects);
	if (walk->links.truncated || walk->holders.truncated)
		kt_snapshot_note(snap, "there are more pointers to objects than are kept: some of "
				       "what holds them is not found");
	if (walk->areas_cut)
		kt_snapshot_note(snap, "the largest areas of vmalloc were not searched for "
				       "pointers to objects");
}

static void find_members(struct kt_object_holders *walk)
{
	KT_CLEANUP(err) struct kt_err *err = kt_areas_init(&walk->areas, walk->target);

	walk->has_areas = !err;
	kt_types_field(&walk->target->types, "task_struct", "stack", &walk->stack);
}

struct kt_err *kt_object_holders_find(struct kt_object_holders *walk, struct kt_memmap *memmap,
	struct kt_slub *slub, const struct kt_symbol_table *symbols, struct kt_place_names *names,
	uint64_t nr_objects, struct kt_snapshot *snap)
{
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	KT_CLEANUP(err) struct kt_err *table_err = NULL;
	struct kt_page_table table = { 0 };
	struct kt_err *err;

	if (walk->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!walk->nr_objects ||
		(walk->nr_objects < nr_objects / SHARE_MIN &&
			walk->nr_objects * (uint64_t)walk->cache->size < BYTES_MIN))
		return NULL;
	walk->target = memmap->target;
	err = kt_holders_init(&walk->holders, walk->target, symbols, names);
	if (err)
		return err;
	find_members(walk);
	/* without them, parts of the image that are free today are searched too */
	table_err = kt_page_words_new(memmap, 1, &words);
	if (!table_err)
		table_err = kt_page_table_find(memmap, &table);
	if (table_err)
		table.form = NULL;
	walk->search = (struct kt_holder_search){ .target = walk->target,
		.memmap = memmap,
		.slub = slub,
		.holders = &walk->holders,
		.table = &table,
		.words = words,
		.buffer = malloc(KT_IMAGE_BLOCK),
		.take = take_pointer,
		.arg = walk };
	err = walk->search.buffer ? run(walk) : kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		put(walk, snap);
	if (!err && (walk->arena.failed || walk->links.failed || kt_holders_failed(&walk->holders)))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		put_notes(walk, snap);
	return err;
}
