// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel has a list of unused objects for each file system, node and cgroup (struct list_lru).
// It evicts from the head of each list, in proportion to its length (do_shrink_slab() in
// mm/shrinker.c), and moves what was referenced meanwhile to the tail (dentry_lru_isolate() in
// fs/dcache.c, inode_lru_isolate() in fs/inode.c).

#include "memory/objects/unused.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096u

struct kt_unused_object *kt_unused_add(struct kt_unused *unused)
{
	struct kt_unused_object *object;

	if (unused->count >= KT_UNUSED_OBJECTS_MAX) {
		unused->too_many = true;
		return NULL;
	}
	if (unused->count == unused->room) {
		size_t room = unused->room ? unused->room * 2 : ROOM_MIN;
		struct kt_unused_object *items = realloc(unused->items, room * sizeof(*items));

		if (!items) {
			unused->failed = true;
			return NULL;
		}
		unused->items = items;
		unused->room = room;
	}
	object = &unused->items[unused->count++];
	memset(object, 0, sizeof(*object));
	return object;
}

static int by_address(const void *a, const void *b)
{
	const struct kt_unused_object *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

void kt_unused_sort(struct kt_unused *unused)
{
	if (unused->count)
		qsort(unused->items, unused->count, sizeof(*unused->items), by_address);
}

struct kt_unused_object *kt_unused_find(const struct kt_unused *unused, uint64_t address)
{
	const struct kt_unused_object key = { .address = address };

	return unused->count && address
		       ? bsearch(&key, unused->items, unused->count, sizeof(key), by_address)
		       : NULL;
}

/* Gives the objects of one list their turns: 0 to 1, or 1 to 2 for objects that are passed over
 * once. */
static void order_list(struct kt_unused *unused, struct kt_unused_object *first)
{
	struct kt_unused_object *object;
	size_t length = 0, place = 0;

	for (object = first; object && !object->visited;
		object = kt_unused_find(unused, object->next)) {
		object->visited = true;
		length++;
	}
	for (object = first; object && place < length;
		object = kt_unused_find(unused, object->next))
		object->turn = (double)place++ / (double)length + object->referenced;
}

void kt_unused_order(struct kt_unused *unused)
{
	for (size_t i = 0; i < unused->count; i++) {
		struct kt_unused_object *next = kt_unused_find(unused, unused->items[i].next);

		if (next)
			next->has_previous = true;
	}
	for (size_t i = 0; i < unused->count; i++) {
		if (unused->items[i].next && !unused->items[i].has_previous)
			order_list(unused, &unused->items[i]);
	}
	for (size_t i = 0; i < unused->count; i++)
		unused->nr_loose += unused->items[i].next && !unused->items[i].visited;
}

/* ---- dentries ---- */

/*
 * When the last name below a directory is evicted, the directory goes at once, and so on upwards
 * (shrink_dentry_list() in fs/dcache.c).
 */
static void evict_upwards(struct kt_unused *unused, struct kt_unused_object *object)
{
	while (object && !object->unused && object->left <= 0) {
		struct kt_unused_object *parent = object->parent == object->address
							  ? NULL
							  : kt_unused_find(unused, object->parent);

		object->unused = true;
		if (!parent)
			return;
		parent->left--;
		if (parent->turn < object->turn)
			parent->turn = object->turn;
		object = parent;
	}
}

void kt_unused_dentries(struct kt_unused *unused)
{
	for (size_t i = 0; i < unused->count; i++)
		evict_upwards(unused, &unused->items[i]);
}

void kt_unused_fini(struct kt_unused *unused)
{
	free(unused->items);
	*unused = (struct kt_unused){ 0 };
}
