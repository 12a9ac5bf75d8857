// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory cgroups: of each what it is charged with, and its limit. In v2 memory.stat
// tells by kind, and reading it makes the kernel add up what the CPUs have counted since
// (rstat). In v1 there is one counter of all kernel memory, and before 5.9 slab caches of
// each group's own. The numbers of a group contain those of the groups below it.

#include "source/source.h"

#include <stdio.h>
#include <string.h>

#define GROUPS_MAX     20000u
#define DEPTH_MAX      64
#define PATH_BYTES_MAX 480u /* of a folder; a bundle takes no longer path */
#define CACHELESS_MAX  64u  /* groups without slab caches before the kernel is taken to have none */

struct hierarchy {
	const char *path, *proof; /* a file that only v1 has */
	bool v1;
};

/* Where the memory controller may be; the first that has groups is the one. */
static const struct hierarchy hierarchies[] = {
	{ "sys/fs/cgroup/memory", "memory.usage_in_bytes", true },
	{ "sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes", true },
	{ "sys/fs/cgroup", NULL, false },
	{ "sys/fs/cgroup/unified", NULL, false },
};

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

/* A number of bytes, of pages, of groups; -1 where it is none, or more than can be. */
static int64_t amount(struct kt_span text)
{
	int64_t value;

	if (!kt_span_i64(kt_span_trim(text), &value) || value < 0 || value > KT_AMOUNT_MAX)
		return -1;
	return value;
}

/* "name value" lines; a value that is no number leaves its key unknown. */
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
 * v1 has the largest number of bytes that fits, in whole pages, for "none": of 64 bits, or
 * of 31 bits of pages.
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

/* 0: before 5.11 a group of v1 could be without what is below it. */
static void parse_inclusive(struct kt_cgroup *group, struct kt_span rest)
{
	group->inclusive = amount(rest) != 0;
}

/*
 * The memory controller's own count, where the kernel has it: it alone says which of the
 * removed groups still hold memory.
 */
static void parse_dying(struct kt_cgroup *group, struct kt_span rest)
{
	struct kt_span line, name;
	int64_t all = -1, memory = -1;

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

/* Any byte but '/' and newline may be in a name; "\\x01" keeps what would be '?' apart. */
static const char *path_text(struct kt_arena *arena, struct kt_span path)
{
	char text[4 * PATH_BYTES_MAX + 8];
	size_t n = 0;

	for (size_t i = 0; i < path.n && n + 5 < sizeof(text); i++) {
		unsigned char c = (unsigned char)path.p[i];

		n += (size_t)snprintf(
			text + n, 5, c < 0x20 || c >= 0x7f ? "\\x%02x" : "%c", (unsigned)c);
	}
	return kt_arena_name(arena, (struct kt_span){ text, n });
}

static struct kt_cgroup *add_group(struct kt_snapshot *snap, size_t parent, struct kt_span path)
{
	struct kt_cgroup *group = kt_list_push(&snap->arena, &snap->cgroups.groups);

	if (!group)
		return NULL;
	*group = (struct kt_cgroup){ .path = path_text(&snap->arena, path),
		.parent = parent,
		.inclusive = true,
		.current = -1,
		.limit = -1,
		.nr_dying = -1,
		.nr_slab_pages = -1 };
	for (size_t i = 0; i < KT_CGROUP_NR_KEYS; i++)
		group->keys[i] = -1;
	return group;
}

/* ---- the walk ---- */

struct walk {
	struct kt_root *root;
	struct kt_snapshot *snap;
	const struct hierarchy *hierarchy;
	struct kt_arena arena;	       /* of what only the walk needs */
	KT_LIST(const char *) folders; /* of each group, as the file system has it */
	size_t nr_found;	       /* groups that have a file of the memory controller */
	size_t nr_without_caches;      /* whose file of slab caches is empty */
	bool caches;		       /* one had slab caches */
	bool too_deep;
};

/* Is it there? What is absent or refused leaves what it tells unknown. */
static bool read_file(struct walk *walk, size_t index, const struct file *file)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;
	char path[PATH_BYTES_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", walk->folders.items[index], file->name);
	err = kt_root_read(walk->root, path, &text);
	if (err)
		return kt_err_code(err) == KT_ERR_DENIED;
	file->parse(&walk->snap->cgroups.groups.items[index], kt_text_span(&text));
	return true;
}

static const struct kt_cgroup *parent_of(const struct walk *walk, const struct kt_cgroup *group)
{
	return group->parent == KT_CGROUP_NO_PARENT
		       ? NULL
		       : &walk->snap->cgroups.groups.items[group->parent];
}

static bool has_numbers(const struct kt_cgroup *group)
{
	for (size_t i = 0; i < KT_CGROUP_NR_KEYS; i++) {
		if (group->keys[i] >= 0)
			return true;
	}
	return group->current >= 0;
}

/* Where nothing is dying below a group, nothing is below its children. */
static bool read_v2(struct walk *walk, size_t index)
{
	struct kt_cgroup *group = &walk->snap->cgroups.groups.items[index];
	const struct kt_cgroup *parent = parent_of(walk, group);

	if (!read_file(walk, index, &files_v2[FILE_STAT]) && parent)
		return false;
	read_file(walk, index, &files_v2[FILE_CURRENT]);
	read_file(walk, index, &files_v2[FILE_LIMIT]);
	if (!parent || parent->nr_dying > 0)
		read_file(walk, index, &files_v2[FILE_DYING]);
	else
		group->nr_dying = parent->nr_dying;
	return has_numbers(group);
}

/* Kernels from 5.9 on have the file of slab caches and nothing in it. */
static void read_caches(struct walk *walk, size_t index)
{
	struct kt_cgroup *group = &walk->snap->cgroups.groups.items[index];

	if (!walk->caches && walk->nr_without_caches >= CACHELESS_MAX)
		return;
	if (!read_file(walk, index, &files_v1[FILE_V1_CACHES]))
		return;
	if (group->nr_slab_pages > 0)
		walk->caches = true;
	else
		walk->nr_without_caches++;
}

static bool read_v1(struct walk *walk, size_t index)
{
	struct kt_cgroup *group = &walk->snap->cgroups.groups.items[index];
	const struct kt_cgroup *parent = parent_of(walk, group);
	bool kernel = read_file(walk, index, &files_v1[FILE_V1_KERNEL]);
	bool found = read_file(walk, index, &files_v1[FILE_V1_CURRENT]);

	if (!kernel && !found)
		return false;
	read_file(walk, index, &files_v1[FILE_V1_LIMIT]);
	if (kernel) {
		read_file(walk, index, &files_v1[FILE_V1_SOCK]);
		read_caches(walk, index);
	}
	if (!parent || !parent->inclusive)
		read_file(walk, index, &files_v1[FILE_V1_TREE]);
	return true;
}

/* Adds a folder's group and what its files say; takes a folder back that is none. */
static bool add_folder(struct walk *walk, size_t parent, const char *folder)
{
	struct kt_cgroups *cgroups = &walk->snap->cgroups;
	size_t index = cgroups->groups.count;
	struct kt_span path = kt_span_from(kt_span_str(folder), strlen(walk->hierarchy->path));
	const char **slot = kt_list_push(&walk->arena, &walk->folders);
	struct kt_cgroup *group =
		slot ? add_group(walk->snap, parent, path.n ? path : KT_SPAN("/")) : NULL;
	bool found;

	if (!group)
		return false;
	*slot = folder;
	if (parent != KT_CGROUP_NO_PARENT)
		group->depth = cgroups->groups.items[parent].depth + 1;
	found = walk->hierarchy->v1 ? read_v1(walk, index) : read_v2(walk, index);
	walk->nr_found += found;
	if (!found && parent != KT_CGROUP_NO_PARENT) {
		cgroups->groups.count--;
		walk->folders.count--;
	}
	return true;
}

static void add_children(struct walk *walk, size_t index)
{
	struct kt_cgroups *cgroups = &walk->snap->cgroups;
	const char *folder = walk->folders.items[index];
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_arena arena = { 0 };
	kt_names names = { 0 };

	err = kt_root_list_folders(walk->root, folder, &arena, &names);
	if (err && kt_err_code(err) == KT_ERR_LIMIT)
		cgroups->cut = true;
	for (size_t i = 0; i < names.count; i++) {
		if (strlen(folder) + strlen(names.items[i]) >= PATH_BYTES_MAX ||
			cgroups->groups.items[index].depth >= DEPTH_MAX) {
			walk->too_deep = true;
			break;
		}
		if (cgroups->groups.count >= GROUPS_MAX) {
			cgroups->cut = true;
			break;
		}
		if (!add_folder(walk, index,
			    kt_arena_printf(&walk->arena, "%s/%s", folder, names.items[i])))
			break;
	}
	kt_arena_fini(&arena);
}

/* A row of its own for every group; level by level, so that what is cut off is deep. */
static void walk_hierarchy(struct walk *walk)
{
	struct kt_cgroups *cgroups = &walk->snap->cgroups;

	if (!add_folder(walk, KT_CGROUP_NO_PARENT, walk->hierarchy->path))
		return;
	for (size_t i = 0; i < cgroups->groups.count && !cgroups->cut; i++)
		add_children(walk, i);
	for (size_t i = 0; i < cgroups->groups.count && !walk->caches; i++)
		cgroups->groups.items[i].nr_slab_pages = -1;
	if (walk->nr_found)
		return;
	cgroups->groups.count = 0;
}

static bool is_there(struct kt_root *root, const struct hierarchy *hierarchy)
{
	char path[PATH_BYTES_MAX];

	if (!hierarchy->proof)
		return kt_root_has(root, hierarchy->path);
	snprintf(path, sizeof(path), "%s/%s", hierarchy->path, hierarchy->proof);
	return kt_root_has(root, path);
}

static struct kt_err *read_groups(struct kt_root *root, struct kt_snapshot *snap)
{
	struct kt_cgroups *cgroups = &snap->cgroups;

	for (size_t i = 0; i < KT_LEN(hierarchies) && !cgroups->groups.count; i++) {
		struct walk walk = { .root = root, .snap = snap, .hierarchy = &hierarchies[i] };

		if (!is_there(root, &hierarchies[i]))
			continue;
		cgroups->v1 = hierarchies[i].v1;
		walk_hierarchy(&walk);
		if (walk.too_deep)
			kt_snapshot_note(snap,
				"cgroups more than %d deep, or with longer paths than %u bytes, "
				"are counted in those above them",
				DEPTH_MAX, PATH_BYTES_MAX);
		snap->arena.failed |= walk.arena.failed;
		kt_arena_fini(&walk.arena);
	}
	if (!cgroups->groups.count)
		return kt_err_new(KT_ERR_ABSENT, "sys/fs/cgroup: no memory cgroups");
	if (cgroups->cut)
		kt_snapshot_note(snap,
			"there are more than %u cgroups; the deepest are counted in those above "
			"them",
			GROUPS_MAX);
	return NULL;
}

/* One file of a group, for those who have no tree of them. */
static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_cgroups *cgroups = &snap->cgroups;
	struct kt_span path = kt_span_str(text->path), part;

	while (kt_span_until(&path, '/', &part))
		;
	if (!cgroups->groups.count && !add_group(snap, KT_CGROUP_NO_PARENT, KT_SPAN("/")))
		return NULL;
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
	.summary = "what each memory cgroup is charged with, and its limit",
	.paths = { "sys/fs/cgroup/**/memory.stat", "sys/fs/cgroup/**/memory.current",
		"sys/fs/cgroup/**/memory.max", "sys/fs/cgroup/**/cgroup.stat",
		"sys/fs/cgroup/memory/**/memory.kmem.usage_in_bytes",
		"sys/fs/cgroup/memory/**/memory.kmem.tcp.usage_in_bytes",
		"sys/fs/cgroup/memory/**/memory.kmem.slabinfo",
		"sys/fs/cgroup/memory/**/memory.usage_in_bytes",
		"sys/fs/cgroup/memory/**/memory.limit_in_bytes",
		"sys/fs/cgroup/memory/**/memory.use_hierarchy" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "kernel memory is not told apart by cgroup",
	.gives = "a mounted /sys/fs/cgroup with the memory controller, and CONFIG_MEMCG",
	.parse = parse,
	.read = read_groups,
};
