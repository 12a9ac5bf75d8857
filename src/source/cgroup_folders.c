// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/cgroup_folders.h"

#define DEPTH_MAX 64u

struct walk {
	struct kt_root *root;
	struct kt_arena *arena;
	const char *top;
	kt_cgroup_folder_fn fn;
	void *arg;
	bool ended;
};

/* NOLINTNEXTLINE(misc-no-recursion): bounded by depth */
static void enter(struct walk *walk, const char *below, unsigned depth)
{
	const char *folder = kt_arena_printf(walk->arena, "%s%s", walk->top, below);
	kt_names names = { 0 };
	struct kt_err *err;
	uint64_t inode;

	if (walk->arena->failed || !kt_root_folder_inode(walk->root, folder, &inode))
		return;
	walk->ended = !walk->fn(
		walk->arg, inode, *below ? kt_arena_name(walk->arena, kt_span_str(below)) : "/");
	if (walk->ended || depth == DEPTH_MAX)
		return;
	err = kt_root_list_folders(walk->root, folder, walk->arena, &names);
	kt_err_free(err);
	for (size_t i = 0; !err && !walk->ended && i < names.count; i++)
		enter(walk, kt_arena_printf(walk->arena, "%s/%s", below, names.items[i]),
			depth + 1);
}

void kt_cgroup_folders(struct kt_root *root, struct kt_arena *arena, const char *top,
	kt_cgroup_folder_fn fn, void *arg)
{
	struct walk walk = { root, arena, top, fn, arg, false };

	enter(&walk, "", 0);
}
