// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/slub_cache.h"

#include <stdlib.h>
#include <string.h>

#define CACHES_MAX	65536u
#define NAME_BYTES	256u
#define SIZE_MAX_OBJECT (64u << 20)
#define ORDER_SHIFT	16 /* mm/slab.h, OO_SHIFT: the low bits are objects, the rest the order */

static bool find_offsets(struct kt_slub *slub)
{
	slub->cpu_offsets = calloc(slub->target->nr_cpus + 1, sizeof(*slub->cpu_offsets));
	if (!slub->cpu_offsets)
		return false;
	for (uint32_t i = 0; i < slub->target->nr_cpus; i++) {
		if (!kt_target_cpu_offset(slub->target, i, &slub->cpu_offsets[i]))
			return true; /* the objects of CPUs stay unknown */
	}
	slub->nr_cpus = slub->target->nr_cpus;
	return true;
}

struct kt_err *kt_slub_new(
	struct kt_target *target, const struct kt_slub_opts *opts, struct kt_slub **ret_slub)
{
	struct kt_slub *slub = calloc(1, sizeof(*slub));
	struct kt_err *err;

	if (!slub)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	slub->target = target;
	slub->opts = opts;
	err = kt_slub_layout(&target->types, &slub->layout);
	if (!err && !find_offsets(slub))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (err) {
		kt_slub_free(slub);
		return err;
	}
	*ret_slub = slub;
	return NULL;
}

void kt_slub_free(struct kt_slub *slub)
{
	if (slub)
		free(slub->cpu_offsets);
	free(slub);
}

void kt_slub_cleanup(struct kt_slub **slub)
{
	kt_slub_free(*slub);
}

uint64_t kt_slub_get(const struct kt_slub *slub, const struct kt_field *field)
{
	return kt_field_get(field, slub->copy, sizeof(slub->copy));
}

bool kt_slub_copy(struct kt_slub *slub, uint64_t address, uint32_t bytes)
{
	memset(slub->copy, 0, sizeof(slub->copy));
	return address && bytes &&
	       kt_target_read(slub->target, address, slub->copy,
		       bytes < KT_SLUB_COPY_MAX ? bytes : KT_SLUB_COPY_MAX);
}

/* Copies the members of kmem_cache up to the nodes: the object ends with the last node there is. */
static uint32_t cache_bytes(const struct kt_slub *slub)
{
	const struct kt_field *nodes =
		slub->layout.per_node.exists ? &slub->layout.per_node : &slub->layout.node;

	return nodes->offset + nodes->size * slub->opts->nr_node_ids;
}

bool kt_slub_read_cache(struct kt_slub *slub, uint64_t address, struct kt_arena *arena,
	struct kt_slub_cache *ret_cache)
{
	const struct kt_slub_layout *layout = &slub->layout;
	uint32_t pointer = slub->target->types.pointer_bytes;
	struct kt_field prev = layout->list;
	char name[NAME_BYTES];
	uint64_t oo, name_at;

	if (!kt_slub_copy(slub, address, cache_bytes(slub)))
		return false;
	prev.offset += pointer;
	prev.size = pointer;
	oo = kt_slub_get(slub, &layout->oo);
	name_at = kt_slub_get(slub, &layout->name);
	*ret_cache = (struct kt_slub_cache){ .address = address,
		.cpu_slab = kt_slub_get(slub, &layout->cpu_slab),
		.cpu_sheaves = kt_slub_get(slub, &layout->cpu_sheaves),
		.random = kt_slub_get(slub, &layout->random),
		.size = (int64_t)kt_slub_get(slub, &layout->size),
		.objs_per_slab = (int64_t)(oo & ((1u << ORDER_SHIFT) - 1)),
		.offset = (uint32_t)kt_slub_get(slub, &layout->offset),
		.red_left_pad = (uint32_t)kt_slub_get(slub, &layout->red_left_pad),
		.prev = kt_slub_get(slub, &prev) };
	memcpy(&ret_cache->next, slub->copy + layout->list.offset, pointer);
	ret_cache->has_sheaves = ret_cache->cpu_sheaves && layout->sheaf_capacity.exists &&
				 kt_slub_get(slub, &layout->sheaf_capacity);
	ret_cache->memory = (struct kt_cache_memory){ .address = address,
		.slot_bytes = ret_cache->size,
		.object_bytes = (int64_t)kt_slub_get(slub, &layout->object_size),
		.objs_per_slab = ret_cache->objs_per_slab,
		.reclaimable =
			layout->flags.exists && layout->reclaim_flag
				? (kt_slub_get(slub, &layout->flags) & layout->reclaim_flag) != 0
				: KT_UNKNOWN };
	if (ret_cache->size <= 0 || ret_cache->size > SIZE_MAX_OBJECT ||
		!ret_cache->objs_per_slab || oo >> ORDER_SHIFT > 20 ||
		ret_cache->memory.object_bytes <= 0 ||
		ret_cache->memory.object_bytes > ret_cache->size ||
		ret_cache->offset >= ret_cache->size ||
		!kt_target_text(slub->target, name_at, name, sizeof(name)))
		return false;
	ret_cache->memory.pages_per_slab = 1ll << (oo >> ORDER_SHIFT);
	ret_cache->memory.name = kt_arena_name(arena, kt_span_str(name));
	return true;
}

uint32_t kt_slub_nr_nodes(const struct kt_slub *slub)
{
	return slub->opts->nr_node_ids;
}

void kt_slub_node(struct kt_slub *slub, const struct kt_slub_cache *cache, uint32_t node,
	uint64_t *ret_node, uint64_t *ret_barn)
{
	const struct kt_slub_layout *layout = &slub->layout;
	struct kt_target *target = slub->target;
	uint64_t at;

	*ret_node = *ret_barn = 0;
	if (layout->per_node.exists) {
		at = cache->address + layout->per_node.offset +
		     (uint64_t)node * layout->per_node.size;
		if (!kt_target_pointer(target, at + layout->per_node_node.offset, ret_node))
			*ret_node = 0;
		if (!kt_target_pointer(target, at + layout->per_node_barn.offset, ret_barn))
			*ret_barn = 0;
		return;
	}
	at = cache->address + layout->node.offset + (uint64_t)node * layout->node.size;
	if (!kt_target_pointer(target, at, ret_node))
		*ret_node = 0;
	if (*ret_node && layout->barn.exists &&
		!kt_target_pointer(target, *ret_node + layout->barn.offset, ret_barn))
		*ret_barn = 0;
}

bool kt_slub_sheaf(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t sheaf,
	int64_t *ret_objs, uint64_t *ret_next)
{
	const struct kt_slub_layout *layout = &slub->layout;

	*ret_objs = 0;
	*ret_next = 0;
	if (!sheaf)
		return true;
	if (!kt_slub_copy(slub, sheaf, layout->sheaf_bytes))
		return false;
	/* caches of the very first objects share an empty sheaf that is of no cache */
	if (layout->sheaf_cache.exists && kt_slub_get(slub, &layout->sheaf_cache) != cache->address)
		return kt_slub_get(slub, &layout->sheaf_cache) == 0 &&
		       kt_slub_get(slub, &layout->sheaf_size) == 0;
	*ret_objs = (int64_t)kt_slub_get(slub, &layout->sheaf_size);
	memcpy(ret_next, slub->copy + layout->barn_list.offset, slub->target->types.pointer_bytes);
	return *ret_objs <= UINT16_MAX;
}

uint64_t kt_slub_sheaf_objects(struct kt_slub *slub, const struct kt_slub_cache *cache,
	uint64_t sheaf, kt_slub_object_fn fn, void *arg)
{
	uint64_t at = sheaf + slub->layout.sheaf_objects.offset, next, object;
	int64_t nr_objs;

	if (!kt_slub_sheaf(slub, cache, sheaf, &nr_objs, &next))
		return 0;
	for (int64_t i = 0; i < nr_objs && kt_target_pointer(slub->target, at, &object); i++) {
		fn(arg, object);
		at += slub->target->types.pointer_bytes;
	}
	return next;
}

/*
 * Follows the list of caches. One element is the list's head, which is in no cache: exactly one
 * element may be none.
 */
bool kt_slub_each(struct kt_slub *slub, struct kt_arena *arena, kt_slub_cache_fn fn, void *arg,
	size_t *ret_after_head)
{
	uint32_t link = slub->layout.list.offset;
	uint64_t first = slub->opts->any_cache + link, at, before = 0;
	unsigned nr_heads = 0;
	size_t count = 0;

	if (!slub->opts->any_cache &&
		!kt_symbols_find(&slub->target->symbols, "slab_caches", &first))
		return false;
	at = first;
	for (unsigned i = 0; i < CACHES_MAX; i++) {
		struct kt_slub_cache cache;

		if (kt_slub_read_cache(slub, at - link, arena, &cache)) {
			if (before && cache.prev != before)
				return false;
			before = at;
			at = cache.next;
			fn(arg, &cache);
			count++;
		} else {
			before = at;
			*ret_after_head = count;
			if (++nr_heads > 1 || !kt_target_pointer(slub->target, at, &at))
				return false;
		}
		if (at == first)
			return nr_heads == 1;
	}
	return false;
}

struct search {
	const char *const *names;
	struct kt_slub_cache *cache;
	bool found;
};

static void compare(void *arg, struct kt_slub_cache *cache)
{
	struct search *search = arg;

	for (size_t i = 0; search->names[i] && !search->found; i++) {
		if (strcmp(cache->memory.name, search->names[i]) != 0)
			continue;
		*search->cache = *cache;
		search->found = true;
	}
}

/* A walk that does not hold together may have passed the cache. */
bool kt_slub_find(struct kt_slub *slub, struct kt_arena *arena, const char *const *names,
	struct kt_slub_cache *ret_cache)
{
	struct search search = { .names = names, .cache = ret_cache };
	size_t after_head;

	for (unsigned i = 0; i < KT_SLUB_TRIES && !search.found; i++) {
		if (kt_slub_each(slub, arena, compare, &search, &after_head))
			break;
	}
	return search.found;
}

/*
 * The pointer is plain, or with CONFIG_SLAB_FREELIST_HARDENED mixed with a secret and its own
 * address, whose bytes are reversed since 1ad53d9fa3f6. A backport cannot be seen in the types, so
 * the form that leads into the same slab is right.
 */
bool kt_slub_decode(const struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t at,
	uint64_t stored, uint64_t *ret_next)
{
	bool hardened = slub->layout.random.exists;
	const uint64_t forms[] = {
		hardened ? stored ^ cache->random ^ __builtin_bswap64(at) : stored,
		stored ^ cache->random ^ at,
	};
	int64_t bytes = cache->objs_per_slab * cache->size;

	for (unsigned i = 0; i < (hardened ? 2u : 1u); i++) {
		int64_t distance = (int64_t)(forms[i] - (at - cache->offset));

		if (forms[i] && (distance == 0 || distance % cache->size || distance <= -bytes ||
					distance >= bytes))
			continue;
		*ret_next = forms[i];
		return true;
	}
	return false;
}

bool kt_slub_next_free(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t object,
	uint64_t *ret_next)
{
	uint64_t stored, at = object + cache->offset;

	return kt_target_pointer(slub->target, at, &stored) &&
	       kt_slub_decode(slub, cache, at, stored, ret_next);
}
