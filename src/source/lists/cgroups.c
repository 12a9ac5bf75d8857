// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the memory cgroups: the memory charged to each, and its limit. In v2 memory.stat splits the
// memory by kind; a read makes the kernel fold the counts of the CPUs (rstat). In v1 there is one
// counter of all kernel memory, and before Linux 5.9 (commit 9855609bde03) each group has slab
// caches of its own. The numbers of a group include the groups below it.

#include "source/lists/cgroup_walk.h"

#include "base/human.h"

#include <stdio.h>
#include <string.h>

#define CACHELESS_MAX \
	64u /* groups without slab caches after which the kernel is assumed to have none */

/* kernel/cgroup/cgroup-v1.c: CFTYPE_ONLY_ON_ROOT, so no group below the machine's root has it */
#define ROOT_ONLY "sys/fs/cgroup/memory/release_agent"

static const struct {
	const char *name;
	enum kt_cgroup_key key;
} stat_keys[] = {
	{ "anon", KT_CGROUP_ANON },
	{ "file", KT_CGROUP_FILE },
	{ "kernel", KT_CGROUP_KERNEL },
	{ "kernel_stack", KT_CGROUP_STACKS },
	{ "pagetables", KT_CGROUP_TABLES },
	{ "sec_pagetables", KT_CGROUP_SEC_TABLES },
	{ "percpu", KT_CGROUP_PERCPU },
	{ "sock", KT_CGROUP_SOCK },
	{ "vmalloc", KT_CGROUP_VMALLOC },
	{ "shmem", KT_CGROUP_SHMEM },
	{ "slab_reclaimable", KT_CGROUP_SLAB_R },
	{ "slab_unreclaimable", KT_CGROUP_SLAB_U },
	{ "slab", KT_CGROUP_SLAB },
};

/* A number of bytes, pages or groups; KT_UNKNOWN: not a number, or larger than possible. */
static int64_t amount(struct kt_span text)
{
	int64_t value;

	if (!kt_span_i64(kt_span_trim(text), &value) || value < 0 || value > KT_AMOUNT_MAX)
		return KT_UNKNOWN;
	return value;
}

/* Reads "name value" lines; a value that is not a number leaves its key unknown. */
static void parse_stat(struct kt_cgroup *group, struct kt_span rest)
{
	struct kt_span line, name;
	size_t hint = 0;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name))
			continue;
		for (size_t i = 0; i < KT_LEN(stat_keys); i++) {
			size_t at = (hint + i) % KT_LEN(stat_keys);

			if (!kt_span_eq(name, stat_keys[at].name))
				continue;
			group->keys[stat_keys[at].key] = amount(line);
			hint = at + 1;
			break;
		}
	}
}

/*
 * Reads a limit. For "none" v1 has the largest number of bytes in whole pages that fits: in 64
 * bits, or in 31 bits of pages.
 */
static void parse_limit(struct kt_cgroup *group, struct kt_span rest)
{
	struct kt_span text = kt_span_trim(rest);
	uint64_t value;

	if (kt_span_eq(text, "max") ||
		(kt_span_u64(text, &value) &&
			(value > (uint64_t)KT_AMOUNT_MAX || value == INT32_MAX * 4096ull)))
		group->limit = KT_CGROUP_NO_LIMIT;
	else
		group->limit = amount(text);
}

static void parse_current(struct kt_cgroup *group, struct kt_span rest)
{
	group->current = amount(rest);
}

static void parse_kernel(struct kt_cgroup *group, struct kt_span rest)
{
	group->keys[KT_CGROUP_KERNEL] = amount(rest);
}

static void parse_sock(struct kt_cgroup *group, struct kt_span rest)
{
	group->keys[KT_CGROUP_SOCK] = amount(rest);
}

/*
 * Reads use_hierarchy. With 0, before Linux 5.11 (commit bef8620cd8e0), a group of v1 may exclude
 * the groups below it.
 */
static void parse_inclusive(struct kt_cgroup *group, struct kt_span rest)
{
	group->inclusive = amount(rest) != 0;
}

/*
 * Prefers the memory controller's own count, where the kernel has it: only that one counts removed
 * groups that still hold memory.
 */
static void parse_dying(struct kt_cgroup *group, struct kt_span rest)
{
	struct kt_span line, name;
	int64_t all = KT_UNKNOWN, memory = KT_UNKNOWN;

	while (kt_span_line(&rest, &line)) {
		if (!kt_span_word(&line, &name))
			continue;
		if (kt_span_eq(name, "nr_dying_descendants"))
			all = amount(line);
		else if (kt_span_eq(name, "nr_dying_subsys_memory"))
			memory = amount(line);
	}
	group->nr_dying = memory >= 0 ? memory : all;
}

/* "name 1 1 64 1 PAGES : tunables 0 0 0 : slabdata ACTIVE SLABS 0": SLABS x PAGES. */
static int64_t pages_of_cache(struct kt_span line)
{
	struct kt_span head = line, word = { 0 }, tail, active;
	int64_t per_slab, nr_slabs, pages;

	head.n = kt_span_find(line, " : tunables");
	tail = kt_span_from(line, kt_span_find(line, " : slabdata"));
	if (!kt_span_skip(&tail, " : slabdata") || head.n == line.n)
		return -1;
	while (head.n && head.p[head.n - 1] == ' ')
		head.n--;
	for (size_t i = head.n; i > 0 && head.p[i - 1] != ' '; i--)
		word = kt_span_from(head, i - 1);
	per_slab = amount(word);
	if (!kt_span_word(&tail, &active) || !kt_span_word(&tail, &word))
		return -1;
	nr_slabs = amount(word);
	if (per_slab < 0 || nr_slabs < 0 || __builtin_mul_overflow(per_slab, nr_slabs, &pages) ||
		pages > KT_AMOUNT_MAX / 4096)
		return -1;
	return pages;
}

static void parse_caches(struct kt_cgroup *group, struct kt_span rest)
{
	struct kt_span line;
	int64_t sum = 0;

	while (kt_span_line(&rest, &line)) {
		int64_t pages = pages_of_cache(line);

		if (pages > 0 && sum < KT_AMOUNT_MAX / 4096)
			sum += pages;
	}
	group->nr_slab_pages = sum;
}

enum { FILE_STAT, FILE_CURRENT, FILE_LIMIT, FILE_DYING };
enum { FILE_V1_KERNEL, FILE_V1_CURRENT, FILE_V1_LIMIT, FILE_V1_SOCK, FILE_V1_CACHES, FILE_V1_TREE };

struct file {
	const char *name;
	void (*parse)(struct kt_cgroup *group, struct kt_span text);
};

static const struct file files_v2[] = {
	[FILE_STAT] = { "memory.stat", parse_stat },
	[FILE_CURRENT] = { "memory.current", parse_current },
	[FILE_LIMIT] = { "memory.max", parse_limit },
	[FILE_DYING] = { "cgroup.stat", parse_dying },
};

static const struct file files_v1[] = {
	[FILE_V1_KERNEL] = { "memory.kmem.usage_in_bytes", parse_kernel },
	[FILE_V1_CURRENT] = { "memory.usage_in_bytes", parse_current },
	[FILE_V1_LIMIT] = { "memory.limit_in_bytes", parse_limit },
	[FILE_V1_SOCK] = { "memory.kmem.tcp.usage_in_bytes", parse_sock },
	[FILE_V1_CACHES] = { "memory.kmem.slabinfo", parse_caches },
	[FILE_V1_TREE] = { "memory.use_hierarchy", parse_inclusive },
};

struct kt_cgroup kt_cgroup_unknown(void)
{
	struct kt_cgroup group = { .path = "/",
		.parent = KT_CGROUP_NO_PARENT,
		.inclusive = true,
		.current = KT_UNKNOWN,
		.limit = KT_UNKNOWN,
		.nr_dying = KT_UNKNOWN,
		.nr_slab_pages = KT_UNKNOWN };

	for (size_t i = 0; i < KT_CGROUP_NR_KEYS; i++)
		group.keys[i] = KT_UNKNOWN;
	return group;
}

/* Whether the file exists. An absent or denied file leaves its numbers unknown. */
static bool read_file(struct kt_root *root, const char *directory, const struct file *file,
	struct kt_cgroup *group)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;
	char path[KT_CGROUP_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, file->name);
	err = kt_root_read(root, path, &text);
	if (err)
		return kt_err_code(err) == KT_ERR_DENIED;
	file->parse(group, kt_text_span(&text));
	return true;
}

static bool has_numbers(const struct kt_cgroup *group)
{
	for (size_t i = 0; i < KT_CGROUP_NR_KEYS; i++) {
		if (group->keys[i] >= 0)
			return true;
	}
	return group->current >= 0;
}

/* If no removed group is below a group, none is below its children. */
static bool read_v2(struct kt_root *root, const char *directory, const struct kt_cgroup *parent,
	struct kt_cgroup *group)
{
	if (!read_file(root, directory, &files_v2[FILE_STAT], group) && parent)
		return false;
	read_file(root, directory, &files_v2[FILE_CURRENT], group);
	read_file(root, directory, &files_v2[FILE_LIMIT], group);
	if (!parent || parent->nr_dying > 0)
		read_file(root, directory, &files_v2[FILE_DYING], group);
	else
		group->nr_dying = parent->nr_dying;
	return has_numbers(group);
}

/*
 * From Linux 5.9 on all groups share one set of slab caches (commit 9855609bde03), and a
 * group's file of slab caches is empty.
 */
static void read_caches(
	struct kt_cgroup_reader *reader, const char *directory, struct kt_cgroup *group)
{
	if (!reader->caches && reader->nr_without_caches >= CACHELESS_MAX)
		return;
	if (!read_file(reader->root, directory, &files_v1[FILE_V1_CACHES], group))
		return;
	if (group->nr_slab_pages > 0)
		reader->caches = true;
	else
		reader->nr_without_caches++;
}

static bool read_v1(struct kt_cgroup_reader *reader, const char *directory,
	const struct kt_cgroup *parent, struct kt_cgroup *group)
{
	struct kt_root *root = reader->root;
	bool kernel = read_file(root, directory, &files_v1[FILE_V1_KERNEL], group);
	bool found = read_file(root, directory, &files_v1[FILE_V1_CURRENT], group);

	if (!kernel && !found)
		return false;
	read_file(root, directory, &files_v1[FILE_V1_LIMIT], group);
	if (kernel) {
		read_file(root, directory, &files_v1[FILE_V1_SOCK], group);
		read_caches(reader, directory, group);
	}
	if (!parent || !parent->inclusive)
		read_file(root, directory, &files_v1[FILE_V1_TREE], group);
	return true;
}

bool kt_cgroup_read(struct kt_cgroup_reader *reader, const char *directory,
	const struct kt_cgroup *parent, struct kt_cgroup *group)
{
	return reader->v1 ? read_v1(reader, directory, parent, group)
			  : read_v2(reader->root, directory, parent, group);
}

/* Sum over the folded groups that no other folded group contains; -1: one of them is unknown. */
static int64_t bytes_folded(const struct kt_cgroups *cgroups)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < cgroups->groups.count; i++) {
		const struct kt_cgroup *group = &cgroups->groups.items[i];

		if (group->nr_folded && (group->current < 0 || __builtin_add_overflow(bytes,
								       group->current, &bytes)))
			return KT_UNKNOWN;
	}
	return bytes;
}

static void note_folded(struct kt_snapshot *snap)
{
	int64_t bytes = bytes_folded(&snap->cgroups);
	char human[24];

	kt_human_bytes(bytes, human);
	kt_snapshot_note(snap,
		"the row " KT_CGROUP_OTHERS " contains the smallest cgroups, %lld of them%s%s%s",
		(long long)snap->cgroups.nr_folded,
		bytes < 0 ? "" : ": the memory charged to them is ", bytes < 0 ? "" : human,
		bytes < 0 ? "" : " together, user memory included");
}

static void put_found(
	struct kt_root *root, struct kt_snapshot *snap, const struct kt_cgroup_found *found)
{
	struct kt_cgroups *cgroups = &snap->cgroups;

	cgroups->v1 = found->v1;
	cgroups->whole = found->v1 && kt_root_has(root, ROOT_ONLY);
	cgroups->cut = found->cut;
	for (size_t i = 0; i < cgroups->groups.count && !found->caches; i++)
		cgroups->groups.items[i].nr_slab_pages = KT_UNKNOWN;
	if (found->too_deep)
		kt_snapshot_note(snap,
			"cgroups more than %d levels deep, or with paths longer than %u bytes, are "
			"counted in the groups above them",
			KT_CGROUP_DEPTH_MAX, KT_CGROUP_PATH_MAX);
	if (found->cut)
		kt_snapshot_note(snap,
			"there are more cgroups than the limit of %u, or more than %u in one "
			"directory; the rest is counted in the groups above",
			KT_CGROUP_FOUND_MAX, KT_ROOT_LIST_MAX);
	if (cgroups->nr_folded)
		note_folded(snap);
}

struct kt_err *kt_cgroups_read(struct kt_root *root, struct kt_snapshot *snap, size_t max)
{
	struct kt_cgroup_keep keep = { .max = max };
	KT_CLEANUP(cgroup_walk) struct kt_cgroup_walk *walk = kt_cgroup_walk_new(root, &keep);

	if (!walk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	while (kt_cgroup_walk_step(walk))
		;
	snap->arena.failed |= kt_cgroup_walk_failed(walk);
	if (kt_cgroup_walk_found(walk)->nr_groups) {
		kt_cgroup_keep_finish(&keep, snap);
		put_found(root, snap, kt_cgroup_walk_found(walk));
	}
	kt_cgroup_keep_fini(&keep);
	if (!snap->cgroups.groups.count)
		return kt_err_new(KT_ERR_ABSENT, "sys/fs/cgroup: no memory cgroups");
	return NULL;
}

static struct kt_err *read_groups(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_cgroups_read(root, snap, KT_CGROUP_LISTED_MAX);
}

/* Parses one file of a group, for callers without a tree of groups. */
static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_cgroups *cgroups = &snap->cgroups;
	struct kt_span path = kt_span_str(text->path), part;

	while (kt_span_until(&path, '/', &part))
		;
	if (!cgroups->groups.count) {
		struct kt_cgroup *group = kt_list_push(&snap->arena, &cgroups->groups);

		if (!group)
			return NULL;
		*group = kt_cgroup_unknown();
	}
	for (size_t i = 0; i < KT_LEN(files_v1) + KT_LEN(files_v2); i++) {
		const struct file *file =
			i < KT_LEN(files_v2) ? &files_v2[i] : &files_v1[i - KT_LEN(files_v2)];

		if (kt_span_eq(path, file->name))
			file->parse(&cgroups->groups.items[0], kt_text_span(text));
	}
	return NULL;
}

const struct kt_source kt_source_cgroups = {
	.name = "cgroups",
	.summary = "memory charged to each memory cgroup, and its limit",
	.paths = { "sys/fs/cgroup/**/memory.stat", "sys/fs/cgroup/**/memory.current",
		"sys/fs/cgroup/**/memory.max", "sys/fs/cgroup/**/cgroup.stat",
		"sys/fs/cgroup/memory/**/memory.kmem.usage_in_bytes",
		"sys/fs/cgroup/memory/**/memory.kmem.tcp.usage_in_bytes",
		"sys/fs/cgroup/memory/**/memory.kmem.slabinfo",
		"sys/fs/cgroup/memory/**/memory.usage_in_bytes",
		"sys/fs/cgroup/memory/**/memory.limit_in_bytes",
		"sys/fs/cgroup/memory/**/memory.use_hierarchy", ROOT_ONLY },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "kernel memory is not split by cgroup",
	.gives = "a mounted /sys/fs/cgroup with the memory controller, and CONFIG_MEMCG",
	.parse = parse,
	.read = read_groups,
};
