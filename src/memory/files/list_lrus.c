// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/files/list_lrus.h"

#include "model/unknown.h"

#include <string.h>

#define SLOTS_MAX  64u /* of a node of the tree */
#define LEVELS_MAX 11u
#define NODES_MAX  65536u
#define INTERNAL   2u /* in the lowest two bits: a node of the tree */
#define NODE_MIN   4096u

/*
 * Older kernels have the lists of cgroups in arrays, whose length no struct has: the memory is then
 * not known.
 */
bool kt_list_lrus_init(struct kt_list_lrus *lrus, struct kt_target *target,
	int64_t (*slot)(void *arg, uint64_t object), void *arg)
{
	const struct kt_types *types = &target->types;
	struct kt_field array;

	*lrus = (struct kt_list_lrus){ .target = target, .slot = slot, .arg = arg };
	if (!kt_types_field(types, "super_block", "s_dentry_lru", &lrus->dentries) ||
		!kt_types_field(types, "super_block", "s_inode_lru", &lrus->inodes) ||
		!kt_types_field(types, "list_lru", "node", &lrus->node) ||
		kt_types_field(types, "list_lru_node", "memcg_lrus", &array) ||
		kt_types_field(types, "list_lru", "mlrus", &array))
		return false;
	return !kt_types_field(types, "list_lru", "xa.xa_head", &lrus->head) ||
	       (kt_types_field(types, "xa_node", "shift", &lrus->shift) &&
		       kt_types_field(types, "xa_node", "slots", &lrus->slots));
}

struct tree {
	struct kt_list_lrus *lrus;
	int64_t bytes;
	int64_t each; /* of a list's entry; all are alike; 0: not known yet */
	unsigned nr_nodes;
};

static bool add_entry(struct tree *tree, uint64_t entry)
{
	if (!tree->each)
		tree->each = tree->lrus->slot(tree->lrus->arg, entry);
	tree->bytes += tree->each;
	return tree->each > 0;
}

/* Adds a node of the tree and what is below it. The lists of the nodes on the way down wait. */
static bool add_tree(struct tree *tree, uint64_t head)
{
	struct kt_list_lrus *lrus = tree->lrus;
	struct {
		uint64_t slots[SLOTS_MAX];
		unsigned next;
	} levels[LEVELS_MAX];
	unsigned depth = 0;
	uint64_t entry = head;

	for (;;) {
		if ((entry & 3) == INTERNAL && entry > NODE_MIN) {
			uint64_t node = entry - INTERNAL;
			int64_t bytes = lrus->slot(lrus->arg, node);

			if (depth >= LEVELS_MAX || tree->nr_nodes++ >= NODES_MAX || !bytes ||
				lrus->slots.count > SLOTS_MAX ||
				!kt_target_read(lrus->target, node + lrus->slots.offset,
					levels[depth].slots, lrus->slots.count * sizeof(uint64_t)))
				return false;
			tree->bytes += bytes;
			levels[depth++].next = 0;
		} else if (entry && !(entry & 3) && !add_entry(tree, entry)) {
			return false;
		}
		while (depth && levels[depth - 1].next >= lrus->slots.count)
			depth--;
		if (!depth)
			return true;
		entry = levels[depth - 1].slots[levels[depth - 1].next++];
	}
}

static int64_t bytes_of(struct kt_list_lrus *lrus, uint64_t list)
{
	struct tree tree = { .lrus = lrus };
	uint64_t node, head = 0;

	if (!kt_target_pointer(lrus->target, list + lrus->node.offset, &node) ||
		(lrus->head.exists &&
			!kt_target_pointer(lrus->target, list + lrus->head.offset, &head)))
		return KT_UNKNOWN;
	/* a file system that is being mounted has none yet */
	tree.bytes = node ? lrus->slot(lrus->arg, node) : 0;
	return (node && !tree.bytes) || !add_tree(&tree, head) ? KT_UNKNOWN : tree.bytes;
}

int64_t kt_list_lrus_of(struct kt_list_lrus *lrus, uint64_t super)
{
	int64_t dentries = bytes_of(lrus, super + lrus->dentries.offset);
	int64_t inodes = bytes_of(lrus, super + lrus->inodes.offset);

	return kt_known(dentries) && kt_known(inodes) ? dentries + inodes : KT_UNKNOWN;
}
