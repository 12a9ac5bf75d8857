// SPDX-License-Identifier: GPL-2.0-or-later
//
// SLUB, mm/slub.c. A free object is in one of these places, and nowhere else:
//
//  - the slabs of a node's partial list: objects - inuse of each;
//  - the slab of a CPU: its list of free objects (the CPU's own), and objects - inuse (objects that
//    other CPUs freed since). The CPU's own list is no part of the difference: the slab counts it
//    as in use;
//  - the slabs that wait for a CPU (CONFIG_SLUB_CPU_PARTIAL): objects - inuse;
//  - sheaves: arrays of objects for each CPU, and full ones for each node.
//
// Objects in sheaves on their way through a grace period, and in batches of kfree_rcu(), can only
// be found from the CPU's RCU callbacks: they count as in use.

#include "memory/slub.h"

#include "base/attr.h"
#include "memory/slub_cache.h"

#include <string.h>

#define SLABS_MAX	(1u << 26) /* on one partial list */
#define CPU_PARTIAL_MAX 65536u
#define SHEAVES_MAX	65536u	     /* in one barn */
#define OBJECTS_MAX	(1ull << 40) /* in one node */

/* ---- slabs ---- */

struct slab {
	int64_t objects, inuse;
	uint64_t next, prev; /* neighbours on a partial list; `next`: also of a CPU's chain */
};

/* Reads a slab of this cache; false: it is none, or no longer. */
static bool read_slab(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t address,
	struct slab *ret_slab)
{
	const struct kt_slub_layout *layout = &slub->layout;
	uint32_t pointer = slub->target->types.pointer_bytes;
	struct kt_field prev = layout->slab_list;

	if (!kt_slub_copy(slub, address, layout->slab_bytes) ||
		kt_slub_get(slub, &layout->slab_cache) != cache->address)
		return false;
	prev.offset += pointer;
	prev.size = pointer;
	*ret_slab = (struct slab){ .objects = (int64_t)kt_slub_get(slub, &layout->objects),
		.inuse = (int64_t)kt_slub_get(slub, &layout->inuse) };
	memcpy(&ret_slab->next, slub->copy + layout->slab_list.offset, pointer);
	ret_slab->prev = kt_slub_get(slub, &prev);
	return ret_slab->objects > 0 && ret_slab->inuse <= ret_slab->objects &&
	       (!cache->objs_per_slab || ret_slab->objects <= 0x7fff);
}

/*
 * Adds up the free objects of a node's partial list. A slab that leaves the list while it is read
 * leads elsewhere: the back pointer and the cache of each slab show that.
 */
static bool sum_partial(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t head,
	uint64_t nr_partial, int64_t *ret_free, uint64_t *ret_left)
{
	uint32_t link = slub->layout.slab_list.offset;
	uint64_t at, before = head, limit = nr_partial * 2 + 1024;
	int64_t free_objs = 0;

	*ret_left = nr_partial;
	if (limit > SLABS_MAX)
		limit = SLABS_MAX;
	if (!kt_target_pointer(slub->target, head, &at))
		return false;
	for (uint64_t i = 0; at != head; i++) {
		struct slab slab;

		*ret_free = free_objs;
		if (i >= limit || !read_slab(slub, cache, at - link, &slab) || slab.prev != before)
			return false;
		slub->sum->nr_partial++;
		*ret_left -= *ret_left > 0;
		free_objs += slab.objects - slab.inuse;
		before = at;
		at = slab.next;
	}
	*ret_free = free_objs;
	*ret_left = 0;
	return true;
}

static void add_partial(struct kt_slub *slub, struct kt_slub_cache *cache, uint64_t node)
{
	uint64_t nr_partial = 0, left = 0;
	int64_t free_objs = 0;
	const struct kt_field *number = &slub->layout.nr_partial;

	for (unsigned i = 0; i < KT_SLUB_TRIES; i++) {
		if (!kt_target_number(
			    slub->target, node + number->offset, number->size, &nr_partial) ||
			nr_partial > SLABS_MAX)
			continue;
		if (sum_partial(slub, cache, node + slub->layout.partial_list.offset, nr_partial,
			    &free_objs, &left)) {
			cache->memory.free_objs += free_objs;
			return;
		}
	}
	/* a slab on the list has one free object at least */
	slub->sum->nr_torn++;
	cache->memory.free_objs += free_objs + (int64_t)left;
	cache->memory.uncertain_objs +=
		(int64_t)(left ? left : 1) * (cache->objs_per_slab > 1 ? cache->objs_per_slab : 1);
}

/* ---- CPUs ---- */

/* Counts the free objects that a CPU has for itself; false: the list changed. */
static bool count_freelist(struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t object,
	int64_t *ret_count)
{
	int64_t count = 0;

	while (object) {
		if (++count > cache->objs_per_slab ||
			!kt_slub_next_free(slub, cache, object, &object))
			return false;
	}
	*ret_count = count;
	return true;
}

/* The chain of slabs that wait for a CPU. */
static bool sum_cpu_partial(
	struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t at, int64_t *ret_free)
{
	int64_t free_objs = 0;

	for (unsigned i = 0; at; i++) {
		struct slab slab;

		if (i >= CPU_PARTIAL_MAX || !read_slab(slub, cache, at, &slab))
			return false;
		free_objs += slab.objects - slab.inuse;
		at = kt_slub_get(slub, &slub->layout.next);
	}
	*ret_free = free_objs;
	return true;
}

static bool try_cpu_slab(
	struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t at, int64_t *ret)
{
	const struct kt_slub_layout *layout = &slub->layout;
	uint64_t freelist, slab, partial, tid, now;
	int64_t own = 0, waiting = 0, remote = 0;
	struct slab read;

	if (!kt_slub_copy(slub, at, layout->cpu_bytes))
		return false;
	freelist = kt_slub_get(slub, &layout->freelist);
	slab = kt_slub_get(slub, &layout->slab);
	partial = kt_slub_get(slub, &layout->partial);
	tid = kt_slub_get(slub, &layout->tid);
	if (freelist && !count_freelist(slub, cache, freelist, &own))
		return false;
	if (slab) {
		if (!read_slab(slub, cache, slab, &read))
			return false;
		remote = read.objects - read.inuse;
	}
	if (partial && !sum_cpu_partial(slub, cache, partial, &waiting))
		return false;
	/* every operation of the CPU changes its number */
	if (layout->tid.exists &&
		(!kt_target_number(slub->target, at + layout->tid.offset, layout->tid.size, &now) ||
			now != tid))
		return false;
	*ret = own + remote + waiting;
	return true;
}

static void add_cpu_slab(struct kt_slub *slub, struct kt_slub_cache *cache, uint64_t at)
{
	int64_t free_objs;

	for (unsigned i = 0; i < KT_SLUB_TRIES; i++) {
		if (try_cpu_slab(slub, cache, at, &free_objs)) {
			cache->memory.cached_objs += free_objs;
			return;
		}
	}
	slub->sum->nr_torn++;
	cache->memory.uncertain_objs += cache->objs_per_slab;
	cache->cpus_unread |= slub->target->at_rest;
}

/* ---- sheaves ---- */

static void add_cpu_sheaves(struct kt_slub *slub, struct kt_slub_cache *cache, uint64_t at)
{
	const struct kt_slub_layout *layout = &slub->layout;

	for (unsigned i = 0; i < KT_SLUB_TRIES; i++) {
		uint64_t main, spare, rcu_free;
		int64_t in_main, in_spare, in_rcu;
		uint64_t next; /* a CPU's sheaves are on no list */

		if (!kt_slub_copy(slub, at, layout->sheaves_bytes))
			continue;
		main = kt_slub_get(slub, &layout->main);
		spare = kt_slub_get(slub, &layout->spare);
		rcu_free = kt_slub_get(slub, &layout->rcu_free);
		if (!kt_slub_sheaf(slub, cache, main, &in_main, &next) ||
			!kt_slub_sheaf(slub, cache, spare, &in_spare, &next) ||
			!kt_slub_sheaf(slub, cache, rcu_free, &in_rcu, &next))
			continue;
		cache->memory.cached_objs += in_main + in_spare;
		cache->memory.rcu_objs += in_rcu;
		return;
	}
	slub->sum->nr_torn++;
	cache->memory.uncertain_objs += 3ll * UINT8_MAX;
	cache->cpus_unread |= slub->target->at_rest;
}

static bool sum_barn(
	struct kt_slub *slub, const struct kt_slub_cache *cache, uint64_t head, int64_t *ret_objs)
{
	int64_t objs = 0, in_sheaf;
	uint64_t at;

	if (!kt_target_pointer(slub->target, head, &at))
		return false;
	for (unsigned i = 0; at != head; i++) {
		if (i >= SHEAVES_MAX || !kt_slub_sheaf(slub, cache,
						at - slub->layout.barn_list.offset, &in_sheaf, &at))
			return false;
		objs += in_sheaf;
	}
	*ret_objs = objs;
	return true;
}

static void add_barn(struct kt_slub *slub, struct kt_slub_cache *cache, uint64_t barn)
{
	int64_t objs;

	for (unsigned i = 0; barn && i < KT_SLUB_TRIES; i++) {
		if (sum_barn(slub, cache, barn + slub->layout.sheaves_full.offset, &objs)) {
			cache->memory.cached_objs += objs;
			return;
		}
	}
	if (!barn)
		return;
	slub->sum->nr_torn++;
	cache->memory.uncertain_objs += UINT8_MAX;
	cache->cpus_unread |= slub->target->at_rest;
}

/* ---- a cache ---- */

/* Adds a number of the copy that no machine exceeds; a larger one is damaged. */
static void add_number(struct kt_slub *slub, const struct kt_field *field,
	struct kt_slub_cache *cache, int64_t *sum)
{
	uint64_t number = kt_slub_get(slub, field);

	if (number <= OBJECTS_MAX) {
		*sum += (int64_t)number;
		return;
	}
	slub->sum->nr_torn++;
	cache->memory.uncertain_objs++;
}

static void add_nodes(struct kt_slub *slub, struct kt_slub_cache *cache)
{
	const struct kt_slub_layout *layout = &slub->layout;

	for (uint32_t i = 0; i < kt_slub_nr_nodes(slub); i++) {
		uint64_t node, barn;

		kt_slub_node(slub, cache, i, &node, &barn);
		if (node && !kt_slub_copy(slub, node, layout->node_bytes)) {
			cache->nodes_unread = true;
		} else if (node) {
			if (layout->nr_slabs.exists) {
				add_number(slub, &layout->nr_slabs, cache, &cache->memory.nr_slabs);
				add_number(slub, &layout->total_objects, cache,
					&cache->memory.nr_objs);
			}
			add_partial(slub, cache, node);
		}
		if (cache->has_sheaves)
			add_barn(slub, cache, barn);
	}
}

static void add_cpus(struct kt_slub *slub, struct kt_slub_cache *cache)
{
	for (uint32_t i = 0; i < slub->nr_cpus; i++) {
		if (cache->cpu_slab)
			add_cpu_slab(slub, cache, cache->cpu_slab + slub->cpu_offsets[i]);
		if (cache->has_sheaves)
			add_cpu_sheaves(slub, cache, cache->cpu_sheaves + slub->cpu_offsets[i]);
	}
}

/* Reads all parts of a cache, one after the other. */
static void read_parts(struct kt_slub *slub, struct kt_slub_cache *cache)
{
	struct kt_cache_memory *memory = &cache->memory;
	int64_t unused;

	memory->nr_slabs = memory->nr_objs = memory->free_objs = 0;
	memory->cached_objs = memory->rcu_objs = memory->uncertain_objs = 0;
	cache->nodes_unread = cache->cpus_unread = false;
	add_nodes(slub, cache);
	add_cpus(slub, cache);
	unused = memory->free_objs + memory->cached_objs + memory->rcu_objs;
	/* the number of all objects was read first: the cache has grown since, or memory is damaged
	 */
	if (memory->nr_objs < unused) {
		memory->uncertain_objs += unused - memory->nr_objs;
		memory->nr_objs = unused;
	}
	memory->used_objs = memory->nr_objs - unused;
}

/* ---- movement ---- */

/* All caches, while they are counted. */
struct counting {
	struct kt_slub *slub;
	struct kt_snapshot *snap;
	uint64_t *marks; /* of each CPU, then of all nodes: it changes when objects move there */
};

static uint64_t mix(uint64_t mark, uint64_t value)
{
	return ((mark << 29 | mark >> 35) ^ value) * 0x9e3779b97f4a7c15ull;
}

/*
 * Every operation of a CPU on its own slab changes `tid`, operations on slabs that wait change the
 * chain. Sheaves have no such number: a sheaf that comes back with as many objects is not noticed.
 */
static uint64_t mark_of_cpu(struct kt_slub *slub, const struct kt_slub_cache *cache, uint32_t cpu)
{
	const struct kt_slub_layout *layout = &slub->layout;
	uint64_t mark = 0, main;

	if (cache->cpu_slab &&
		kt_slub_copy(slub, cache->cpu_slab + slub->cpu_offsets[cpu], layout->cpu_bytes)) {
		mark = mix(mark, kt_slub_get(slub, &layout->tid));
		mark = mix(mark, kt_slub_get(slub, &layout->slab));
		mark = mix(mark, kt_slub_get(slub, &layout->partial));
	}
	if (!cache->has_sheaves || !kt_slub_copy(slub, cache->cpu_sheaves + slub->cpu_offsets[cpu],
					   layout->sheaves_bytes))
		return mark;
	main = kt_slub_get(slub, &layout->main);
	mark = mix(mark, main);
	mark = mix(mark, kt_slub_get(slub, &layout->spare));
	mark = mix(mark, kt_slub_get(slub, &layout->rcu_free));
	if (kt_slub_copy(slub, main, layout->sheaf_bytes))
		mark = mix(mark, kt_slub_get(slub, &layout->sheaf_size));
	return mark;
}

static uint64_t mark_of_nodes(struct kt_slub *slub, const struct kt_slub_cache *cache)
{
	const struct kt_slub_layout *layout = &slub->layout;
	uint64_t mark = 0, first;

	for (uint32_t i = 0; i < kt_slub_nr_nodes(slub); i++) {
		uint64_t node, barn;

		kt_slub_node(slub, cache, i, &node, &barn);
		if (node && kt_slub_copy(slub, node, layout->node_bytes)) {
			mark = mix(mark, kt_slub_get(slub, &layout->nr_partial));
			mark = mix(mark, kt_slub_get(slub, &layout->nr_slabs));
			mark = mix(mark, kt_slub_get(slub, &layout->total_objects));
		}
		if (cache->has_sheaves && barn &&
			kt_target_pointer(slub->target, barn + layout->sheaves_full.offset, &first))
			mark = mix(mark, first);
	}
	return mark;
}

/* Returns how many marks have changed since the last call. */
static uint32_t take_marks(const struct counting *counting, const struct kt_slub_cache *cache)
{
	struct kt_slub *slub = counting->slub;
	uint32_t nr_changed = 0;

	for (uint32_t i = 0; i <= slub->nr_cpus; i++) {
		uint64_t mark = i < slub->nr_cpus ? mark_of_cpu(slub, cache, i)
						  : mark_of_nodes(slub, cache);

		nr_changed += mark != counting->marks[i];
		counting->marks[i] = mark;
	}
	return nr_changed;
}

/*
 * A slab that moves between two parts while these are read is counted twice, or not at all. The
 * count is right if nothing moved from before the first part until after the last one. If each
 * reading was disturbed, the readings differ by what moved, and each place may have given or taken
 * a slab.
 */
static void count(const struct counting *counting, struct kt_slub_cache *cache)
{
	struct kt_slub *slub = counting->slub;
	struct kt_cache_memory *memory = &cache->memory;
	const struct kt_slub_sum before = *slub->sum;
	int64_t least = INT64_MAX, most = 0;
	uint32_t nr_changed = 1;

	take_marks(counting, cache);
	for (unsigned i = 0; nr_changed && i < KT_SLUB_TRIES; i++) {
		*slub->sum = before;
		read_parts(slub, cache);
		least = memory->used_objs < least ? memory->used_objs : least;
		most = memory->used_objs > most ? memory->used_objs : most;
		nr_changed = take_marks(counting, cache);
	}
	if (nr_changed)
		memory->uncertain_objs += most - least + (int64_t)nr_changed * cache->objs_per_slab;
	if (!slub->layout.nr_slabs.exists)
		memory->nr_slabs = memory->nr_objs = memory->used_objs = KT_UNKNOWN;
	if (cache->nodes_unread)
		memory->nr_slabs = memory->nr_objs = memory->used_objs = memory->free_objs =
			KT_UNKNOWN;
	if (!slub->nr_cpus || cache->cpus_unread)
		memory->cached_objs = memory->rcu_objs = memory->used_objs = KT_UNKNOWN;
}

/* ---- all caches ---- */

static void add_cache(void *arg, struct kt_slub_cache *cache)
{
	struct counting *counting = arg;
	struct kt_cache_memory *slot;

	count(counting, cache);
	slot = kt_list_push(&counting->snap->arena, &counting->snap->cache_memories);
	if (slot)
		*slot = cache->memory;
	counting->slub->sum->nr_caches++;
}

static void reverse(struct kt_cache_memory *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct kt_cache_memory swapped = items[i];

		items[i] = items[count - 1 - i];
		items[count - 1 - i] = swapped;
	}
}

/* Puts the caches after the list's head first, as /proc/slabinfo has them. */
static void rotate(struct kt_cache_memory *items, size_t count, size_t first)
{
	reverse(items, first);
	reverse(items + first, count - first);
	reverse(items, count);
}

static bool count_all(struct counting *counting, size_t mark)
{
	struct kt_slub *slub = counting->slub;
	struct kt_snapshot *snap = counting->snap;
	size_t after_head = 0;

	*slub->sum = (struct kt_slub_sum){ 0 };
	snap->cache_memories.count = mark;
	if (!kt_slub_each(slub, &snap->arena, add_cache, counting, &after_head))
		return false;
	if (snap->cache_memories.count > mark)
		rotate(snap->cache_memories.items + mark, snap->cache_memories.count - mark,
			after_head);
	return true;
}

struct kt_err *kt_slub_walk(struct kt_target *target, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_slub_sum *ret_sum)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct kt_err *err = kt_slub_new(target, opts, &slub);
	size_t mark = snap->cache_memories.count;
	uint64_t head, *marks;

	if (err)
		return err;
	if (!opts->any_cache && !kt_symbols_find(&target->symbols, "slab_caches", &head))
		return kt_err_new(KT_ERR_ABSENT,
			"the list of slab caches cannot be found (CONFIG_KALLSYMS_ALL)");
	slub->sum = ret_sum;
	marks = kt_arena_alloc(&snap->arena, ((size_t)slub->nr_cpus + 1) * sizeof(*marks));
	if (!marks)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (unsigned i = 0; i < KT_SLUB_TRIES; i++) {
		if (count_all(&(struct counting){ slub, snap, marks }, mark))
			return NULL;
	}
	snap->cache_memories.count = mark;
	return kt_err_new(
		KT_ERR_PARSE, "the list of slab caches does not hold together in kernel memory");
}
