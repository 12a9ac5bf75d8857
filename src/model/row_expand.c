// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/row_expand.h"

#include <string.h>

static void add(struct kt_arena *arena, kt_children *children, const char *id, const char *title,
	struct kt_val val)
{
	struct kt_child *child;

	/* names that differ only in what an id cannot have */
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

static struct kt_val bytes(int64_t value, enum kt_quality quality)
{
	return (struct kt_val){ .value = value, .quality = quality };
}

/* "TCP established" gives "tcp_established". */
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
	int64_t page = snap->host.page_bytes ? snap->host.page_bytes : 4096;

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
				bytes(whole_pages(snap, hash->size_bytes), KT_EXACT));
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

void kt_expand_slab_unreclaimable(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	struct kt_val large = kt_snapshot_get(snap, KT_KMALLOC_LARGE, node);

	if (kt_ok(large))
		add(arena, ret_children, "kmalloc_large", "large kmalloc", large);
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
			kt_arena_printf(arena, "%s pages, used", size), bytes(used, KT_EXACT));
		add(arena, ret_children, kt_arena_printf(arena, "%lldkB_free", kib),
			kt_arena_printf(arena, "%s pages, free", size), bytes(free, KT_EXACT));
	}
}

/* Old kernels have no free CMA per zone; then their zones add up to more than the row. */
void kt_expand_zones(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children)
{
	if (!snap->host.page_bytes)
		return;
	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];
		int64_t pages = zone->free - zone->cma_free - zone->unaccepted;

		if ((node != KT_NO_NODE && zone->node != node) || (!zone->present && !pages))
			continue;
		add(arena, ret_children,
			kt_arena_printf(arena, "node%d_%s", zone->node, id_of(arena, zone->name)),
			kt_arena_printf(arena, "node %d, zone %s", zone->node, zone->name),
			bytes(pages * snap->host.page_bytes, KT_EXACT));
	}
}
