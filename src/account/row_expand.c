// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/row_expand.h"

#include "account/page_lore.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

static void add(struct kt_arena *arena, kt_children *children, const char *id, const char *title,
	struct kt_val val)
{
	struct kt_child *child;

	/* ids of names that differ only in characters that an id cannot have get a number */
	for (size_t i = 0; i < children->count; i++) {
		if (strcmp(children->items[i].id, id) == 0) {
			add(arena, children, kt_arena_printf(arena, "%s_", id), title, val);
			return;
		}
	}
	child = kt_list_push(arena, children);
	if (child)
		*child = (struct kt_child){ id, title, val };
}

/* Turns "TCP established" into "tcp_established". */
static const char *id_of(struct kt_arena *arena, const char *name)
{
	char *id = (char *)kt_arena_printf(arena, "%s", name);

	for (char *p = id; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '_';
	}
	return id;
}

static int64_t whole_pages(const struct kt_snapshot *snap, int64_t size)
{
	int64_t page = kt_known_of(snap->host.page_bytes, 4096);

	return (size + page - 1) / page * page;
}

static void expand_hashes(struct kt_snapshot *snap, int node, enum kt_hash_place place,
	struct kt_arena *arena, kt_children *children)
{
	if (node != KT_NO_NODE)
		return;
	for (size_t i = 0; i < snap->hashes.count; i++) {
		const struct kt_hash *hash = &snap->hashes.items[i];

		if (hash->place == place)
			add(arena, children, id_of(arena, hash->name), hash->name,
				kt_val_bytes(whole_pages(snap, hash->size_bytes),
					snap->log_foreign ? KT_ESTIMATE : KT_EXACT));
	}
}

void kt_expand_hashes_early(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	expand_hashes(snap, node, KT_HASH_RESERVED, arena, ret_children);
}

void kt_expand_hashes_late(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	expand_hashes(snap, node, KT_HASH_DIRECT, arena, ret_children);
}

/* ---- slab caches, by kernel memory ---- */

struct slots {
	int64_t used, cached, rcu, free; /* bytes */
	bool moved;			 /* while they were counted */
};

static bool add_slots(const struct kt_cache_memory *memory, int64_t nr_objs, int64_t *bytes)
{
	int64_t product;

	return kt_known(nr_objs) &&
	       !__builtin_mul_overflow(nr_objs, memory->slot_bytes, &product) &&
	       !__builtin_add_overflow(*bytes, product, bytes);
}

/* False: not known of all caches. */
static bool sum_slots(const struct kt_snapshot *snap, bool reclaimable, struct slots *ret_slots)
{
	*ret_slots = (struct slots){ 0 };
	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];

		if (!kt_known(memory->reclaimable))
			return false;
		if (memory->reclaimable != reclaimable)
			continue;
		if (!add_slots(memory, memory->used_objs, &ret_slots->used) ||
			!add_slots(memory, memory->cached_objs, &ret_slots->cached) ||
			!add_slots(memory, memory->rcu_objs, &ret_slots->rcu) ||
			!add_slots(memory, memory->free_objs, &ret_slots->free))
			return false;
		ret_slots->moved |= memory->uncertain_objs != 0;
	}
	return snap->cache_memories.count > 0;
}

static void expand_slots(struct kt_snapshot *snap, int node, bool reclaimable,
	struct kt_arena *arena, kt_children *children)
{
	enum kt_quality quality;
	struct slots slots;

	if (node != KT_NO_NODE || !sum_slots(snap, reclaimable, &slots))
		return;
	quality = slots.moved || kt_snapshot_memory_age_s(snap) ? KT_ESTIMATE : KT_EXACT;
	add(arena, children, "used", "objects in use", kt_val_bytes(slots.used, quality));
	add(arena, children, "cached", "free objects that CPUs keep",
		kt_val_bytes(slots.cached, quality));
	add(arena, children, "rcu", "freed objects that wait for RCU",
		kt_val_bytes(slots.rcu, quality));
	add(arena, children, "free", "free objects in slabs", kt_val_bytes(slots.free, quality));
	children->rest_title = "ends of slabs, and what moved meanwhile";
}

void kt_expand_slab_reclaimable(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	expand_slots(snap, node, true, arena, ret_children);
}

void kt_expand_slab_unreclaimable(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	struct kt_val large = kt_snapshot_get(snap, KT_KMALLOC_LARGE, node);

	if (kt_ok(large))
		add(arena, ret_children, "kmalloc_large", "large kmalloc", large);
	expand_slots(snap, node, false, arena, ret_children);
}

/* ---- direct pages, by kernel memory ---- */

#define OWNERS_MAX 16u /* the largest ones are rows */

struct owner_group {
	const char *title;
	int64_t nr_pages;
};

static bool has_late_hashes(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->hashes.count; i++) {
		if (snap->hashes.items[i].place == KT_HASH_DIRECT)
			return true;
	}
	return false;
}

/* Whether another row has these pages, or no owner with a name is known. */
static bool is_elsewhere(
	const struct kt_snapshot *snap, const struct kt_page_owner *owner, bool late_hashes)
{
	enum kt_metric metric = kt_page_lore_metric(owner);

	if (!kt_page_owner_is_direct(owner->kind) || !kt_page_owner_has_name(owner))
		return true;
	if (kt_page_lore_is_hash(owner))
		return late_hashes;
	return metric != KT_METRIC_NONE && kt_ok(kt_snapshot_get(snap, metric, KT_NO_NODE));
}

static int by_pages(const void *a, const void *b)
{
	const struct owner_group *x = a, *y = b;

	if (x->nr_pages != y->nr_pages)
		return (x->nr_pages < y->nr_pages) - (x->nr_pages > y->nr_pages);
	return strcmp(x->title, y->title);
}

static void group_owner(struct kt_map *numbers, struct owner_group *groups, size_t *nr_groups,
	const struct kt_page_owner *owner)
{
	const char *title = kt_page_lore(owner);
	uint32_t *number;
	bool added = false;

	if (!title)
		title = owner->name;
	number = kt_map_add(numbers, kt_span_str(title), NULL, &added);
	if (number && added) {
		*number = (uint32_t)(*nr_groups)++;
		groups[*number] = (struct owner_group){ title, 0 };
	}
	/* no owner has more pages than memory can have: they add up */
	if (number)
		groups[*number].nr_pages += owner->nr_pages;
}

/* Kernels without a mark for large kmalloc have it among direct pages; slab has it too. */
static void add_large(struct kt_snapshot *snap, struct kt_arena *arena, kt_children *children)
{
	struct kt_val large = kt_snapshot_get(snap, KT_KMALLOC_LARGE, KT_NO_NODE);

	for (size_t i = 0; i < snap->page_owners.count; i++) {
		if (snap->page_owners.items[i].kind == KT_OWNER_KMALLOC)
			return;
	}
	if (kt_ok(large))
		add(arena, children, "kmalloc_large", "large kmalloc among them, which slab has",
			kt_val_bytes(-large.value, KT_ESTIMATE));
}

/*
 * Who has the pages that no counter names. They were looked at after the counters were read, and a
 * pointer that is left over may name a wrong owner: estimates.
 */
void kt_expand_page_owners(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	struct kt_map numbers = { 0 };
	bool late_hashes = has_late_hashes(snap);
	struct owner_group *groups;
	size_t nr_groups = 0;

	if (node != KT_NO_NODE || !snap->page_owners.count || !kt_known(snap->host.page_bytes))
		return;
	groups = kt_arena_alloc(arena, snap->page_owners.count * sizeof(*groups));
	for (size_t i = 0; groups && i < snap->page_owners.count; i++) {
		if (!is_elsewhere(snap, &snap->page_owners.items[i], late_hashes))
			group_owner(&numbers, groups, &nr_groups, &snap->page_owners.items[i]);
	}
	arena->failed |= numbers.failed;
	kt_map_fini(&numbers);
	if (nr_groups)
		qsort(groups, nr_groups, sizeof(*groups), by_pages);
	for (size_t i = 0; i < nr_groups && i < OWNERS_MAX; i++)
		add(arena, ret_children, id_of(arena, groups[i].title), groups[i].title,
			kt_val_bytes(groups[i].nr_pages * snap->host.page_bytes, KT_ESTIMATE));
	add_large(snap, arena, ret_children);
	ret_children->rest_title = "smaller owners, or none is known";
}

void kt_expand_hugepools(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	for (size_t i = 0; i < snap->hugepools.count; i++) {
		const struct kt_hugepool *pool = &snap->hugepools.items[i];
		long long kib = pool->page_bytes / 1024;
		const char *size = kib >= 1048576
					   ? kt_arena_printf(arena, "%lld GiB", kib / 1048576)
				   : kib >= 1024 ? kt_arena_printf(arena, "%lld MiB", kib / 1024)
						 : kt_arena_printf(arena, "%lld KiB", kib);
		int64_t used, free;

		if (pool->node != node || pool->total < 0 || pool->free < 0 ||
			pool->free > pool->total ||
			__builtin_mul_overflow(pool->free, pool->page_bytes, &free) ||
			__builtin_mul_overflow(pool->total - pool->free, pool->page_bytes, &used))
			continue;
		add(arena, ret_children, kt_arena_printf(arena, "%lldkB_used", kib),
			kt_arena_printf(arena, "%s pages, used", size),
			kt_val_bytes(used, KT_EXACT));
		add(arena, ret_children, kt_arena_printf(arena, "%lldkB_free", kib),
			kt_arena_printf(arena, "%s pages, free", size),
			kt_val_bytes(free, KT_EXACT));
	}
}

/* Subtracts a part of a zone's free pages that another row counts; false where it is unknown. */
static bool take_part(
	const struct kt_snapshot *snap, enum kt_metric metric, int64_t part, int64_t *pages)
{
	struct kt_val all = kt_snapshot_get(snap, metric, KT_NO_NODE);

	if (kt_known(part))
		*pages -= part;
	/* where the machine has none of it, no zone has any */
	return kt_known(part) || !kt_ok(all) || !all.value;
}

/* Some kernels do not give free CMA by zone; their zones then add up to more than the row. */
void kt_expand_zones(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	if (!kt_known(snap->host.page_bytes))
		return;
	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];
		int64_t pages = zone->free;
		bool whole;

		/* HighMem has a row of its own */
		if ((node != KT_NO_NODE && zone->node != node) || !kt_known(pages) ||
			strcmp(zone->name, "HighMem") == 0)
			continue;
		whole = take_part(snap, KT_CMA_FREE, zone->cma_free, &pages);
		whole &= take_part(snap, KT_UNACCEPTED, zone->unaccepted, &pages);
		if (zone->present == 0 && !pages)
			continue;
		add(arena, ret_children,
			kt_arena_printf(arena, "node%d_%s", zone->node, id_of(arena, zone->name)),
			kt_arena_printf(arena, "node %d, zone %s", zone->node, zone->name),
			kt_val_bytes(pages * snap->host.page_bytes, snap->zones_doubted
									    ? KT_ESTIMATE
								    : whole ? KT_EXACT
									    : KT_UPPER_BOUND));
	}
}
