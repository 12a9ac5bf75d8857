// SPDX-License-Identifier: GPL-2.0-or-later
//
// include/linux/xarray.h: an entry whose last two bits are 10 is a node, unless it is a small
// number; entries with other low bits are values and marks. An array with one entry at index 0 has
// no node.

#include "memory/xarray.h"

#define LEVELS_MAX 11u /* 6 bits of an index each */
#define SLOTS_MAX  64u
#define NODES_MAX  65536u
#define INTERNAL   2u
#define NODE_MIN   4096u

static bool is_node(uint64_t entry)
{
	return (entry & 3) == INTERNAL && entry > NODE_MIN;
}

bool kt_xarray_each(struct kt_target *target, uint64_t head, kt_xarray_entry fn, void *arg)
{
	struct {
		uint64_t slots[SLOTS_MAX];
		unsigned next;
	} levels[LEVELS_MAX];
	unsigned depth = 0, nr_nodes = 0;
	struct kt_field slots;
	uint64_t entry = head;

	if (!kt_types_field(&target->types, "xa_node", "slots", &slots) ||
		slots.count > SLOTS_MAX || slots.size != sizeof(uint64_t))
		return false;
	for (;;) {
		if (is_node(entry)) {
			if (depth >= LEVELS_MAX || nr_nodes++ >= NODES_MAX ||
				!kt_target_read(target, entry - INTERNAL + slots.offset,
					levels[depth].slots, slots.count * sizeof(uint64_t)))
				return false;
			levels[depth++].next = 0;
		} else if (entry && !(entry & 3) && !fn(arg, entry))
			return false;
		while (depth && levels[depth - 1].next >= slots.count)
			depth--;
		if (!depth)
			return true;
		entry = levels[depth - 1].slots[levels[depth - 1].next++];
	}
}
