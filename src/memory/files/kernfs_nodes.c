// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/files/kernfs_nodes.h"

#include "base/attr.h"
#include "base/map.h"
#include "memory/slab_objects.h"

#include <stddef.h>

struct layout {
	struct kt_field parent, old_parent, dir_root, top, supers, info_sb, info_node;
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "kernfs_node", "__parent", AT(parent), false },
	{ "kernfs_node", "parent", AT(old_parent), false }, /* in older kernels */
	{ "kernfs_node", "dir.root", AT(dir_root), true },
	{ "kernfs_root", "kn", AT(top), true },
	{ "kernfs_root", "supers", AT(supers), true },
	{ "kernfs_super_info", "sb", AT(info_sb), true },
	{ "kernfs_super_info", "node", AT(info_node), true },
};

struct count {
	const struct kt_kernfs_nodes *nodes;
	struct kt_target *target;
	struct layout layout;
	struct kt_arena arena;
	struct kt_map roots; /* address of a kernfs_root -> number of its super block; 0: none */
	struct kt_map dirs;  /* address of a directory's node -> the same */
	int64_t bytes;
	uint64_t nr_unread; /* directories, trees */
};

static struct kt_err *find(
	const struct kt_kernfs_nodes *nodes, struct layout *ret_layout, struct kt_slub_cache *ret)
{
	static const char *const names[] = { "kernfs_node_cache", NULL };
	struct kt_arena arena = { 0 };
	struct kt_err *err =
		kt_types_fields(&nodes->memmap->target->types, wants, KT_LEN(wants), ret_layout);

	if (!err && !ret_layout->parent.exists && !ret_layout->old_parent.exists)
		err = kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has no parent in struct kernfs_node");
	if (!ret_layout->parent.exists)
		ret_layout->parent = ret_layout->old_parent;
	if (!err && !kt_slub_find(nodes->slub, &arena, names, ret))
		err = kt_err_new(KT_ERR_ABSENT, "no slab cache is named kernfs_node_cache");
	kt_arena_fini(&arena);
	return err;
}

struct kt_err *kt_kernfs_nodes_find(const struct kt_kernfs_nodes *nodes)
{
	struct layout layout;
	struct kt_slub_cache cache;

	return find(nodes, &layout, &cache);
}

/* A tree is believed if its top knows it. */
static uint32_t read_root(struct count *count, uint64_t root)
{
	const struct layout *layout = &count->layout;
	uint64_t head = root + layout->supers.offset, top, back, at, super;

	if (!kt_target_pointer(count->target, root + layout->top.offset, &top) ||
		!kt_target_pointer(count->target, top + layout->dir_root.offset, &back) ||
		(back == root && !kt_target_pointer(count->target, head, &at))) {
		count->nr_unread++;
		return 0;
	}
	if (back != root || at == head)
		return 0;
	if (!kt_target_pointer(count->target,
		    at - layout->info_node.offset + layout->info_sb.offset, &super)) {
		count->nr_unread++;
		return 0;
	}
	return count->nodes->super(count->nodes->arg, super);
}

static uint32_t super_of_root(struct count *count, uint64_t root)
{
	struct kt_span key = { (const char *)&root, sizeof(root) };
	bool added = false;
	uint32_t *number = kt_map_add(&count->roots, key, &count->arena, &added), super;

	if (!number || !added)
		return number ? *number : 0;
	super = read_root(count, root);
	*number = super;
	return super;
}

/* The number of the super block that shows a directory; directories know their tree. */
static uint32_t super_of_dir(struct count *count, uint64_t dir)
{
	struct kt_span key = { (const char *)&dir, sizeof(dir) };
	bool added = false;
	uint32_t *number = kt_map_add(&count->dirs, key, &count->arena, &added);
	uint64_t root;

	if (!number || !added)
		return number ? *number : 0;
	if (kt_target_pointer(count->target, dir + count->layout.dir_root.offset, &root))
		*number = super_of_root(count, root);
	else
		count->nr_unread++;
	return *number;
}

static void take_node(void *arg, uint64_t address, const char *node)
{
	struct count *count = arg;
	uint64_t parent = kt_field_get(&count->layout.parent, node, (size_t)count->bytes);
	uint32_t super = super_of_dir(count, parent ? parent : address);

	if (super)
		count->nodes->take(count->nodes->arg, super, count->bytes);
}

struct kt_err *kt_kernfs_nodes_count(const struct kt_kernfs_nodes *nodes, uint64_t *ret_unread)
{
	struct count count = { .nodes = nodes, .target = nodes->memmap->target };
	struct kt_slub_cache cache;
	struct kt_slab_objects objects = { 0 };
	struct kt_err *err = find(nodes, &count.layout, &cache);

	if (!err) {
		count.bytes = cache.size;
		err = kt_slab_objects(
			nodes->slub, nodes->memmap, &cache, take_node, &count, &objects);
	}
	if (!err && (count.arena.failed || count.roots.failed || count.dirs.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		*ret_unread = count.nr_unread + objects.nr_unread;
	kt_map_fini(&count.roots);
	kt_map_fini(&count.dirs);
	kt_arena_fini(&count.arena);
	return err;
}
