// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts the descriptors of each process: who holds the open files and sockets of a machine. One
// list of descriptors and a link for each, so only commands that name the source read it.

#include "source/source.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PROCESSES_MAX 100000u	 /* processes that are read */
#define LINKS_MAX     (1u << 20) /* descriptors that are looked at, of all processes together */
#define PATH_BYTES    64

struct walk {
	struct kt_root *root;
	struct kt_snapshot *snap;
	uint32_t nr_processes, nr_links;
};

static bool is_socket(struct walk *walk, uint64_t pid, const char *fd)
{
	KT_CLEANUP(text) struct kt_text target = { 0 };
	char path[PATH_BYTES];
	struct kt_err *err;

	snprintf(path, sizeof(path), "proc/%llu/fd/%.20s", (unsigned long long)pid, fd);
	err = kt_root_peek_link(walk->root, path, &target);
	if (!err)
		return kt_span_starts(kt_text_span(&target), "socket:[");
	kt_arena_ignore(&walk->snap->arena, err); /* closed meanwhile, or hidden */
	return false;
}

static const char *name_of(struct walk *walk, uint64_t pid)
{
	KT_CLEANUP(text) struct kt_text comm = { 0 };
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "proc/%llu/comm", (unsigned long long)pid);
	kt_arena_ignore(
		&walk->snap->arena, kt_root_read_at(walk->root, path, 0, PATH_BYTES, &comm));
	return kt_arena_name(&walk->snap->arena, kt_span_trim(kt_text_span(&comm)));
}

static void read_process(struct walk *walk, const char *name)
{
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };
	char path[PATH_BYTES];
	struct kt_task_files *files;
	int64_t nr_sockets = 0;
	struct kt_err *err;
	uint64_t pid;

	if (!kt_span_u64(kt_span_str(name), &pid) || pid > INT_MAX ||
		++walk->nr_processes > PROCESSES_MAX)
		return;
	snprintf(path, sizeof(path), "proc/%llu/fd", (unsigned long long)pid);
	err = kt_root_list(walk->root, path, &arena, &names);
	for (size_t i = 0; !err && i < names.count && ++walk->nr_links <= LINKS_MAX; i++)
		nr_sockets += is_socket(walk, pid, names.items[i]);
	files = err || !names.count ? NULL
				    : kt_list_push(&walk->snap->arena, &walk->snap->task_files);
	if (files)
		*files = (struct kt_task_files){ .name = name_of(walk, pid),
			.pid = (int64_t)pid,
			.nr_files = (int64_t)names.count,
			.nr_sockets = walk->nr_links <= LINKS_MAX ? nr_sockets : KT_UNKNOWN };
	kt_arena_ignore(&walk->snap->arena, err);
	kt_arena_fini(&arena);
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	struct walk walk = { .root = root, .snap = snap };
	kt_names names = { 0 };
	struct kt_err *err;

	err = kt_root_list(root, "proc", &snap->arena, &names);
	for (size_t i = 0; !err && i < names.count; i++)
		read_process(&walk, names.items[i]);
	return err;
}

static bool is_wanted(const struct kt_snapshot *snap, unsigned want)
{
	return snap->host.live && !(want & KT_WANT_ALL);
}

const struct kt_source kt_source_descriptors = {
	.name = "descriptors",
	.summary = "open files and sockets of each process",
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "which process holds the sockets and open files is not known",
	.gives = "root, and a /proc that shows all processes",
	.unwanted = "only holders of growing memory are looked for in it, on the running machine",
	.wanted = is_wanted,
	.read = read_it,
};
