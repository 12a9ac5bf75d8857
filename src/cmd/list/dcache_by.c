// SPDX-License-Identifier: GPL-2.0-or-later
//
// Dentries and inodes of each file system, mount or directory, counted in kernel memory.
//
// SIZE is the slots of dentries, inodes and long names, of nodes of sysfs and cgroups, and of lists
// of unused objects. Slots are a part of what slab caches hold: free slots and unused ends of slabs
// belong to no file system. PAGE CACHE is the pages of inodes, and no part of SIZE.

#include "cmd/list/dcache_by.h"

#include "analysis/dcache.h"

enum {
	S_TYPE,
	S_DEVICE,
	S_MOUNT,
	S_BYTES,
	S_GROWTH,
	S_RATE,
	S_DENTRIES,
	S_UNUSED,
	S_NEGATIVE,
	S_INODES,
	S_CACHE,
	S_NAME,
	S_LONG_NAMES,
	S_DENTRY_BYTES,
	S_INODE_BYTES,
	S_NAME_BYTES,
	S_KERNFS_BYTES,
	S_LRU_BYTES,
};

#define COUNT_OF(column_key, column_title, column_flags)                         \
	{                                                                        \
		.key = column_key, .title = column_title, .type = KT_CELL_COUNT, \
		.flags = KT_COL_SUM | (column_flags)                             \
	}
#define BYTES_OF(column_key, column_title, column_flags)                         \
	{                                                                        \
		.key = column_key, .title = column_title, .type = KT_CELL_BYTES, \
		.flags = KT_COL_SUM | (column_flags)                             \
	}

static const struct kt_column columns[] = {
	[S_TYPE] = { .key = "filesystem",
		.title = "FILE SYSTEM",
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[S_DEVICE] = { .key = "device",
		.title = "DEVICE",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE,
		.help = "Numbers of the device, as in /proc/self/mountinfo." },
	[S_MOUNT] = { .key = "mount",
		.title = "MOUNTED ON",
		.flags = KT_COL_LABEL,
		.help = "The first mount; null where this process sees none." },
	[S_BYTES] = BYTES_OF("bytes", "SIZE", KT_COL_RANK | KT_COL_TRACK),
	[S_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[S_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),
	[S_DENTRIES] = COUNT_OF("dentries", "DENTRIES", 0),
	[S_UNUSED] = COUNT_OF("dentries_unused", "UNUSED", KT_COL_WIDE),
	[S_NEGATIVE] = COUNT_OF("dentries_negative", "NEGATIVE", 0),
	[S_INODES] = COUNT_OF("inodes", "INODES", 0),
	[S_CACHE] = BYTES_OF("page_cache_bytes", "PAGE CACHE", KT_COL_WIDE),
	[S_NAME] = { .key = "name", .title = "NAME", .flags = KT_COL_WIDE },
	[S_LONG_NAMES] = COUNT_OF("long_names", "LONG NAMES", KT_COL_WIDE),
	[S_DENTRY_BYTES] = BYTES_OF("dentry_bytes", "DENTRY SIZE", KT_COL_WIDE),
	[S_INODE_BYTES] = BYTES_OF("inode_bytes", "INODE SIZE", KT_COL_WIDE),
	[S_NAME_BYTES] = BYTES_OF("long_name_bytes", "NAME SIZE", KT_COL_WIDE),
	[S_KERNFS_BYTES] = BYTES_OF("kernfs_bytes", "KERNFS SIZE", KT_COL_WIDE),
	[S_LRU_BYTES] = BYTES_OF("lru_bytes", "LRU SIZE", KT_COL_WIDE),
};

const struct kt_part kt_dcache_superblocks_part = {
	.key = "superblocks",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --by superblock. Inodes are null where their list changed while it was "
		"read.",
};

static void put_superblock(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const struct kt_superblock *super)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[S_DEVICE] =
		kt_cell_text(kt_arena_printf(&report->arena, "%u:%u", super->major, super->minor));
	row->cells[S_TYPE] = kt_report_text(report, super->fstype);
	row->cells[S_MOUNT] = kt_report_text(report, super->mount);
	row->cells[S_NAME] = kt_report_text(report, super->device);
	row->cells[S_DENTRIES] = kt_cell_known(super->nr_dentries);
	row->cells[S_UNUSED] = kt_cell_known(super->nr_unused);
	row->cells[S_NEGATIVE] = kt_cell_known(super->nr_negative);
	row->cells[S_LONG_NAMES] = kt_cell_known(super->nr_long_names);
	row->cells[S_DENTRY_BYTES] = kt_cell_known(super->dentry_bytes);
	row->cells[S_INODES] = kt_cell_known(super->nr_inodes);
	row->cells[S_INODE_BYTES] = kt_cell_known(super->inode_bytes);
	row->cells[S_CACHE] =
		kt_cell_known(kt_known_times(super->cached_pages, snap->host.page_bytes));
	row->cells[S_NAME_BYTES] = kt_cell_known(super->name_bytes);
	row->cells[S_KERNFS_BYTES] = kt_cell_known(super->kernfs_bytes);
	row->cells[S_LRU_BYTES] = kt_cell_known(super->lru_bytes);
	row->cells[S_BYTES] = kt_cell_known(kt_superblock_bytes(super));
	row->mark = snap->memory_unread ? "≥" : NULL;
}

/* ---- headlines and notes ---- */

/* Old kernels keep lists in a way that has no length; a kernel may lack sysfs. */
static void put_unknown(struct kt_report *report, const struct kt_snapshot *snap)
{
	bool lists = true, nodes = true;

	for (size_t i = 0; i < snap->superblocks.count; i++) {
		lists &= kt_known(snap->superblocks.items[i].lru_bytes);
		nodes &= kt_known(snap->superblocks.items[i].kernfs_bytes);
	}
	if (!lists)
		kt_report_note(report, "the memory of lists of unused dentries and inodes is not "
				       "known for each file system: SIZE is without it there");
	if (!nodes)
		kt_report_note(report, "nodes of sysfs and cgroups cannot be counted in this "
				       "kernel: SIZE is without them");
}

static void put_headline(struct kt_report *report, const struct kt_snapshot *snap)
{
	int64_t nr_dentries = 0, nr_inodes = 0;

	for (size_t i = 0; i < snap->superblocks.count; i++) {
		nr_dentries += snap->superblocks.items[i].nr_dentries;
		nr_inodes += kt_known_of(snap->superblocks.items[i].nr_inodes, 0);
	}
	put_unknown(report, snap);
	kt_report_headline(report,
		"%zu file systems have %lld directory entries and %lld inodes in kernel memory.",
		snap->superblocks.count, (long long)nr_dentries, (long long)nr_inodes);
	if (kt_known(snap->dcache.nr_dentry) && kt_known(snap->dcache.nr_inodes))
		kt_report_headline(report, "The kernel's counters have %lld and %lld.",
			(long long)snap->dcache.nr_dentry, (long long)snap->dcache.nr_inodes);
}

void kt_dcache_put_superblocks(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table =
		kt_report_list(report, "superblocks", NULL, columns, KT_LEN(columns));

	for (size_t i = 0; table && i < snap->superblocks.count; i++)
		put_superblock(report, table, snap, &snap->superblocks.items[i]);
	put_headline(report, snap);
}

/* ---- mounts and directories ---- */

/* Both lists have the same columns; the first is of what they list. */
enum {
	D_WHERE,
	D_TYPE,
	D_DEVICE,
	D_INSIDE,
	D_BYTES,
	D_GROWTH,
	D_RATE,
	D_DENTRIES,
	D_UNUSED,
	D_NEGATIVE,
	D_INODES,
	D_LONG_NAMES,
	D_NAME_BYTES,
};

#define WHERE_COLUMNS                                                                     \
	[D_TYPE] = { .key = "filesystem",                                                 \
		.title = "FILE SYSTEM",                                                   \
		.flags = KT_COL_KEY | KT_COL_LABEL },                                     \
	[D_DEVICE] = { .key = "device",                                                   \
		.title = "DEVICE",                                                        \
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE,                         \
		.help = "Numbers of the device, as in /proc/self/mountinfo." },           \
	[D_INSIDE] = { .key = "path",                                                     \
		.title = "IN THE FILE SYSTEM",                                            \
		.flags = KT_COL_KEY | KT_COL_WIDE,                                        \
		.help = "The directory inside its file system; null: what is in none." }, \
	[D_BYTES] = BYTES_OF("bytes", "SIZE", KT_COL_RANK | KT_COL_TRACK),                \
	[D_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),                         \
	[D_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),               \
	[D_DENTRIES] = COUNT_OF("dentries", "DENTRIES", 0),                               \
	[D_UNUSED] = COUNT_OF("dentries_unused", "UNUSED", KT_COL_WIDE),                  \
	[D_NEGATIVE] = COUNT_OF("dentries_negative", "NEGATIVE", 0),                      \
	[D_INODES] = COUNT_OF("inodes", "INODES", 0),                                     \
	[D_LONG_NAMES] = COUNT_OF("long_names", "LONG NAMES", KT_COL_WIDE),               \
	[D_NAME_BYTES] = BYTES_OF("long_name_bytes", "NAME SIZE", KT_COL_WIDE)

static const struct kt_column directory_columns[] = {
	[D_WHERE] = { .key = "directory",
		.title = "DIRECTORY",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_SET,
		.help = "Below the first mount of its file system." },
	WHERE_COLUMNS,
};

static const struct kt_column mount_columns[] = {
	[D_WHERE] = { .key = "mounts",
		.title = "MOUNTED ON",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "All mounts of the directory; null: none that this process sees." },
	WHERE_COLUMNS,
};

const struct kt_part kt_dcache_directories_part = {
	.key = "directories",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(directory_columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --by directory: each has what is in it and below it, without "
		"directories that have a row of their own.",
};

const struct kt_part kt_dcache_mounts_part = {
	.key = "mounts",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(mount_columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --by mount: a row for each directory of a file system that is mounted, "
		"and for what is mounted nowhere.",
};

/* "/mnt/a" for "/a" of what is mounted on /mnt. */
static struct kt_cell directory_cell(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_directory *directory)
{
	const struct kt_superblock *super = &snap->superblocks.items[directory->superblock];
	const char *mount = directory->root
				    ? kt_mounts_first(snap->mounts.items, snap->mounts.count,
					      super->major, super->minor, directory->root)
				    : NULL;
	const char *below = directory->path;

	if (!directory->path)
		return kt_cell_text("(in no directory)");
	if (!mount)
		return kt_cell_text(kt_arena_printf(&report->arena, "(not mounted) %s", below));
	if (strcmp(directory->root, "/") != 0)
		below += strlen(directory->root);
	if (strcmp(mount, "/") == 0 && *below)
		mount = "";
	else if (strcmp(below, "/") == 0)
		below = "";
	return kt_cell_text(kt_arena_printf(&report->arena, "%s%s", mount, below));
}

static void put_directory(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const struct kt_directory *directory, struct kt_cell where)
{
	const struct kt_superblock *super = &snap->superblocks.items[directory->superblock];
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[D_WHERE] = where;
	row->cells[D_TYPE] = kt_report_text(report, super->fstype);
	row->cells[D_DEVICE] =
		kt_cell_text(kt_arena_printf(&report->arena, "%u:%u", super->major, super->minor));
	row->cells[D_INSIDE] = kt_report_text(report, directory->path);
	row->cells[D_DENTRIES] = kt_cell_number(directory->nr_dentries);
	row->cells[D_UNUSED] = kt_cell_number(directory->nr_unused);
	row->cells[D_NEGATIVE] = kt_cell_number(directory->nr_negative);
	row->cells[D_LONG_NAMES] = kt_cell_number(directory->nr_long_names);
	row->cells[D_NAME_BYTES] = kt_cell_number(directory->name_bytes);
	row->cells[D_INODES] = kt_cell_known(directory->nr_inodes);
	row->cells[D_BYTES] = kt_cell_known(kt_directory_bytes(snap, directory));
}

void kt_dcache_put_directories(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_list(
		report, "directories", NULL, directory_columns, KT_LEN(directory_columns));

	for (size_t i = 0; table && i < snap->directories.count; i++) {
		const struct kt_directory *directory = &snap->directories.items[i];

		put_directory(
			report, table, snap, directory, directory_cell(report, snap, directory));
	}
	put_headline(report, snap);
}

/* Mounts of the top of a file system also have what is in no directory of it. */
static bool is_top(const struct kt_directory *directory)
{
	return !directory->path || strcmp(directory->path, "/") == 0;
}

static void add_to(struct kt_directory *sum, const struct kt_directory *directory)
{
	sum->nr_dentries += directory->nr_dentries;
	sum->nr_unused += directory->nr_unused;
	sum->nr_negative += directory->nr_negative;
	sum->nr_long_names += directory->nr_long_names;
	sum->name_bytes += directory->name_bytes;
	sum->nr_inodes = kt_known(sum->nr_inodes) && kt_known(directory->nr_inodes)
				 ? sum->nr_inodes + directory->nr_inodes
				 : KT_UNKNOWN;
}

static void put_mount(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const struct kt_directory *directory)
{
	const struct kt_superblock *super = &snap->superblocks.items[directory->superblock];
	const char *root = directory->path ? directory->root : "/";
	const char *mounts = root ? kt_mounts_text(&report->arena, snap->mounts.items,
					    snap->mounts.count, super->major, super->minor, root)
				  : NULL;

	put_directory(report, table, snap, directory, kt_report_text(report, mounts));
}

void kt_dcache_put_mounts(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table =
		kt_report_list(report, "mounts", NULL, mount_columns, KT_LEN(mount_columns));
	size_t nr_supers = snap->superblocks.count;
	/* tops by super block; path NULL: it has what only the whole file system has */
	struct kt_directory *tops = kt_arena_alloc(&report->arena, (nr_supers + 1) * sizeof(*tops));

	for (size_t i = 0; table && tops && i < snap->directories.count; i++) {
		const struct kt_directory *directory = &snap->directories.items[i];

		if (is_top(directory))
			add_to(&tops[directory->superblock], directory);
		else
			put_mount(report, table, snap, directory);
	}
	for (size_t i = 0; table && tops && i < nr_supers; i++) {
		tops[i].superblock = i;
		put_mount(report, table, snap, &tops[i]);
	}
	put_headline(report, snap);
}
