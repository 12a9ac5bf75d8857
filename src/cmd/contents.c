// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/contents.h"

#include "base/buf.h"
#include "base/tool_files.h"

#include <string.h>

/*
 * Files that a command shows without the account; command: NULL: only 'diff' compares them. A
 * source with files of several kinds has a line for each: its path, and the name of what it is.
 */
static const struct shown {
	const struct kt_source *source;
	const char *command;
	const char *path, *name; /* NULL: all paths of the source, and its name */
} shown[] = {
	{ &kt_source_memreport, "memreports" },
	{ &kt_source_meminfo, "account" },
	{ &kt_source_zoneinfo, "account" },
	{ &kt_source_vmstat, NULL },
	{ &kt_source_slabinfo, "slab" },
	{ &kt_source_vmallocinfo, "vmalloc" },
	{ &kt_source_buddyinfo, "buddy" },
	{ &kt_source_pagetypeinfo, "buddy --expensive" },
	{ &kt_source_modules, "modules" },
	{ &kt_source_allocinfo, "users" },
	{ &kt_source_page_owner, "users" },
	{ &kt_source_page_stacks, "users" },
	{ &kt_source_slab_traces, "users" },
	{ &kt_source_kmemleak, "users" },
	{ &kt_source_tools, "slab", KT_TOOL_FILE("slabtop"), "slabtop" },
	{ &kt_source_tools, "slab", KT_SOS_SLABTOP, "slabtop" },
	{ &kt_source_tools, "slab", KT_TOOL_FILE("vmstat_m"), "vmstat -m" },
	{ &kt_source_tools, "slab", KT_TOOL_FILE("crash_s"), "crash kmem -s" },
	{ &kt_source_slub, "slab --exact" },
	{ &kt_source_superblocks, "dcache --by superblock" },
	{ &kt_source_slab_cgroups, "slab --by cgroup" },
	{ &kt_source_mempools, "mempools" },
	{ &kt_source_direct_pages, "pages" },
	{ &kt_source_stack_depth, "stacks --used" },
	{ &kt_source_percpu_stats, "percpu" },
	{ &kt_source_percpu_chunks, "percpu --chunks" },
	{ &kt_source_hash_chains, "hash --exact" },
	{ &kt_source_cgroups, "cgroups" },
	{ &kt_source_tasks, "stacks" },
	{ &kt_source_kmsg, "boot" },
};

/* Whether the root has a file of the source. Reads nothing. */
static bool has_source(struct kt_root *root, const struct kt_source *source, struct kt_arena *arena)
{
	bool has = false;

	for (size_t i = 0; i < KT_SOURCE_PATHS && source->paths[i] && !has; i++) {
		const char *path = source->paths[i], *star = strchr(path, '*');
		kt_names names = { 0 };
		struct kt_span folder = { path, star ? (size_t)(star - path) : 0 };

		while (folder.n && folder.p[folder.n - 1] == '/')
			folder.n--;
		if (!star) {
			has = kt_root_has(root, path);
			continue;
		}
		kt_arena_ignore(arena,
			kt_root_list(root, kt_arena_printf(arena, "%.*s", (int)folder.n, folder.p),
				arena, &names));
		/* "proc" has files of other sources: one that matches is needed */
		for (size_t k = 0; k < names.count && !has; k++)
			has = strncmp(star, "**", 2) == 0 ||
			      kt_root_has(root,
				      kt_arena_printf(arena, "%.*s/%s%s", (int)folder.n, folder.p,
					      names.items[k], star + strcspn(star, "/")));
	}
	return has;
}

static bool has(struct kt_root *root, const struct shown *file, struct kt_arena *arena)
{
	return file->path ? kt_root_has(root, file->path) : has_source(root, file->source, arena);
}

static const char *name_of(const struct shown *file)
{
	return file->name ? file->name : file->source->name;
}

const char *kt_contents_giver(
	struct kt_root *root, const struct kt_source *source, struct kt_arena *arena)
{
	const char *command = NULL;

	if (has_source(root, source, arena))
		return source->name;
	for (size_t i = 0; i < KT_LEN(shown); i++)
		command = shown[i].source == source ? shown[i].command : command;
	for (size_t i = 0; i < KT_LEN(shown) && command; i++) {
		if (shown[i].path && strcmp(shown[i].command, command) == 0 &&
			has(root, &shown[i], arena))
			return shown[i].name;
	}
	return NULL;
}

/* A file that another file of the same command stands for is named too: both are there. */
const char *kt_contents_names(struct kt_root *root, struct kt_arena *arena)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < KT_LEN(shown); i++) {
		if (has(root, &shown[i], arena))
			kt_buf_join(&text, ", ", "%s", name_of(&shown[i]));
	}
	return text.size ? kt_arena_text(arena, &text) : "";
}

/* `name`: the source as the user gave it, so that no command runs on this machine. */
static const char *advice_on(struct kt_root *root, const char *name, struct kt_arena *arena)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < KT_LEN(shown); i++) {
		const char *command = shown[i].command;

		if ((command && strcmp(command, "account") == 0) || !has(root, &shown[i], arena))
			continue;
		kt_buf_join(
			&text, "; ", "%s%s", text.size ? "" : "it contains ", name_of(&shown[i]));
		if (command)
			kt_buf_printf(&text, ": 'ktally %s -s %s' shows it", command, name);
		else
			kt_buf_puts(&text, ", of which 'ktally diff' compares two");
	}
	return text.size ? kt_arena_text(arena, &text) : "";
}

struct kt_err *kt_contents_blame(const struct kt_machine *machine, struct kt_err *err)
{
	const char *source = machine->opts.source, *advice;
	struct kt_arena arena = { 0 };
	struct kt_err *more;

	err = kt_machine_blame(&machine->opts, err);
	if (!err || kt_err_code(err) != KT_ERR_ABSENT || !source || !machine->root)
		return err;
	advice = advice_on(machine->root, source, &arena);
	if (advice && *advice) {
		more = kt_err_new(KT_ERR_ABSENT, "%s; %s", kt_err_text(err), advice);
		kt_err_free(err);
		err = more;
	}
	kt_arena_fini(&arena);
	return err;
}
