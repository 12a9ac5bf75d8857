// SPDX-License-Identifier: GPL-2.0-or-later
//
// Nodes of kernfs: the files of sysfs and of cgroups, by the first directories of their paths.

#include "memory/objects/object_rules.h"

#include "base/attr.h"

#include <stddef.h>

#define AT(member)  offsetof(struct kt_object_layout, member)
#define DEPTH_MAX   64u /* of directories */
#define SHOWN_DEPTH 2u	/* directories that a line has */
#define DIRS_MAX    (1u << 20)

/* The file system of a tree, by the first super block that shows it. */
static const char *tree_of(struct kt_describing *describing, uint64_t root)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint64_t head = root + layout->root_supers.offset, at, super;

	if (!kt_target_pointer(describing->target, head, &at) || at == head ||
		!kt_object_read(
			describing, at - layout->info_node.offset, &layout->info_sb, &super))
		return NULL;
	return kt_object_super(describing, super);
}

/* A top is known to its tree. False: the node is none. */
static bool begin_top(struct kt_describing *describing, uint64_t node, struct kt_kernfs_dir *ret)
{
	const struct kt_object_layout *layout = &describing->layout;
	const char *tree;
	uint64_t root, top;

	if (!kt_object_read(describing, node, &layout->kn_root, &root) ||
		!kt_object_read(describing, root, &layout->root_kn, &top) || top != node)
		return false;
	tree = tree_of(describing, root);
	*ret = (struct kt_kernfs_dir){
		tree ? kt_arena_printf(&describing->arena, "%s: ", tree) : "not mounted: ", 0
	};
	return true;
}

static bool known_dir(
	const struct kt_describing *describing, uint64_t node, struct kt_kernfs_dir *ret_dir)
{
	const uint32_t *number = kt_map_find(
		&describing->dirs, (struct kt_span){ (const char *)&node, sizeof(node) });

	if (!number || !*number)
		return false;
	*ret_dir = describing->all_dirs.items[*number - 1];
	return true;
}

/* Directories beyond the limit are read again for each node. */
static void keep_dir(
	struct kt_describing *describing, uint64_t node, const struct kt_kernfs_dir *dir)
{
	struct kt_span key = { (const char *)&node, sizeof(node) };
	struct kt_kernfs_dir *slot =
		describing->all_dirs.count < DIRS_MAX
			? kt_list_push(&describing->arena, &describing->all_dirs)
			: NULL;
	uint32_t *number =
		slot ? kt_map_add(&describing->dirs, key, &describing->arena, NULL) : NULL;

	if (!number)
		return;
	*slot = *dir;
	*number = (uint32_t)describing->all_dirs.count;
}

/* "parent" in older kernels */
static const struct kt_field *parent_of(const struct kt_describing *describing)
{
	return describing->layout.kn_parent.exists ? &describing->layout.kn_parent
						   : &describing->layout.kn_old_parent;
}

static bool read_parent(struct kt_describing *describing, uint64_t node, uint64_t *ret_parent)
{
	const struct kt_field *field = parent_of(describing);

	return field->exists && kt_object_read(describing, node, field, ret_parent);
}

static bool read_name(
	struct kt_describing *describing, uint64_t node, char name[KT_DENTRY_NAME_MAX])
{
	uint64_t at;

	return kt_object_read(describing, node, &describing->layout.kn_name, &at) &&
	       kt_target_name(describing->target, at, name, KT_DENTRY_NAME_MAX);
}

/* Describes a directory, and those above it that are new. False: there is none at the address. */
static bool find_dir(struct kt_describing *describing, uint64_t node, struct kt_kernfs_dir *ret_dir)
{
	struct kt_kernfs_dir dir;
	uint64_t above[DEPTH_MAX];
	char name[KT_DENTRY_NAME_MAX];
	unsigned count = 0;

	while (!known_dir(describing, node, &dir)) {
		uint64_t parent;

		if (count >= DEPTH_MAX || !read_parent(describing, node, &parent))
			return false;
		if (!parent) {
			if (!begin_top(describing, node, &dir))
				return false;
			keep_dir(describing, node, &dir);
			break;
		}
		above[count++] = node;
		node = parent;
	}
	while (count) {
		node = above[--count];
		if (dir.depth++ < SHOWN_DEPTH) {
			if (!read_name(describing, node, name))
				return false;
			dir.line = kt_arena_printf(&describing->arena, "%s/%s", dir.line, name);
		}
		keep_dir(describing, node, &dir);
	}
	*ret_dir = dir;
	return dir.line != NULL;
}

static bool describe_kernfs(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	uint64_t parent = kt_object_get(describing, parent_of(describing), object, 0);
	struct kt_kernfs_dir dir;

	if (!parent ? !begin_top(describing, address, &dir) : !find_dir(describing, parent, &dir))
		return false;
	kt_buf_printf(line, "%s%s", dir.line, dir.depth ? "" : "/");
	return true;
}

/* The whole path. */
static bool name_kernfs(struct kt_describing *describing, uint64_t address, struct kt_buf *name)
{
	char names[DEPTH_MAX][KT_DENTRY_NAME_MAX];
	unsigned count = 0;
	uint64_t parent;

	while (read_parent(describing, address, &parent) && parent) {
		if (count >= DEPTH_MAX || !read_name(describing, address, names[count++]))
			return false;
		address = parent;
	}
	if (!count)
		return false;
	while (count)
		kt_buf_printf(name, "/%s", names[--count]);
	return true;
}

static const struct kt_field_want kernfs_wants[] = {
	{ "kernfs_node", "__parent", AT(kn_parent), false },
	{ "kernfs_node", "parent", AT(kn_old_parent), false },
	{ "kernfs_node", "name", AT(kn_name), true },
	{ "kernfs_node", "dir.root", AT(kn_root), true },
	{ "kernfs_root", "kn", AT(root_kn), true },
	{ "kernfs_root", "supers", AT(root_supers), true },
	{ "kernfs_super_info", "sb", AT(info_sb), true },
	{ "kernfs_super_info", "node", AT(info_node), true },
};

const struct kt_object_rule kt_rule_kernfs = {
	.caches = (const char *const[]){ "kernfs_node_cache", NULL },
	.wants = kernfs_wants,
	.nr_wants = KT_LEN(kernfs_wants),
	.describe = describe_kernfs,
	.name = name_kernfs,
};
