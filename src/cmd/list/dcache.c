// SPDX-License-Identifier: GPL-2.0-or-later
//
// Directory entries and inodes: their number, the unused ones, their memory, and the file systems
// that they belong to.
//
// The sizes are from /proc/slabinfo: slabs times pages of each cache of inodes, and of the one
// cache of all dentries. The counts are from /proc/sys/fs/dentry-state and inode-nr. The rows of
// the caches add up to the headline; they are a part of reclaimable slab in the account.
//
// A size is an upper bound where slabs were made smaller than planned. Long names are not in these
// caches: they are in kmalloc-rcl-*, together with other objects, so their amount is only bounded.

#include "analysis/dcache.h"
#include "base/human.h"
#include "cli/cmd.h"
#include "cmd/list/dcache_by.h"
#include "machine/machine.h"

#include <string.h>

#define MANY_DENTRIES  100000 /* fewer entries are no problem */
#define NEGATIVE_SHARE 0.5    /* of all directory entries; cases S16 to S20 had 90 % and more */

/*
 * OBJECTS and SIZE are summed. EACH is the size of a slot in bytes. MOUNTS has no sum, because
 * several caches may serve one type.
 */
enum {
	C_NAME,
	C_FSTYPE,
	C_MOUNTS,
	C_OBJECTS,
	C_BYTES,
	C_GROWTH,
	C_RATE,
	C_SHARE,
	C_ACTIVE,
	C_SLOT
};

static const struct kt_column cache_columns[] = {
	[C_NAME] = { .key = "name", .title = "CACHE", .flags = KT_COL_KEY | KT_COL_LABEL },
	[C_FSTYPE] = { .key = "filesystem",
		.title = "FILE SYSTEM",
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[C_MOUNTS] = { .key = "mounts", .title = "MOUNTS", .type = KT_CELL_COUNT },
	[C_OBJECTS] = { .key = "objects",
		.title = "OBJECTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[C_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = KT_FAMILY(DCACHE_BYTES) },
	[C_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[C_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),
	[C_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM },
	[C_ACTIVE] = { .key = "active",
		.title = "ACTIVE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[C_SLOT] = { .key = "slot_bytes",
		.title = "EACH",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
};

enum { N_NAME, N_COUNT, N_GROWTH, N_RATE, N_SHARE, N_MEANS };

/*
 * SHARE is of all dentries, or of all inodes. Negative dentries are part of the unused ones, which
 * are part of all: the rows are not added.
 */
static const struct kt_column count_columns[] = {
	[N_NAME] = { .key = "what",
		.title = "COUNT OF",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_SET },
	[N_COUNT] = { .key = "count",
		.title = "NUMBER",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_TRACK,
		.metric = KT_FAMILY(DCACHE_ENTRIES) },
	[N_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_COUNT, 0),
	[N_RATE] = KT_COLUMN_RATE(KT_CELL_COUNT, 0),
	[N_SHARE] = { .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	[N_MEANS] = { .key = "means", .title = "WHAT THEY ARE", .flags = KT_COL_WRAP | KT_COL_SET },
};

struct view {
	struct kt_report *report;
	const struct kt_snapshot *snap;
	int64_t slab_bytes; /* of the caches in the list; KT_UNKNOWN: not known for any */
	int64_t name_bytes; /* of caches that long names share with other objects; KT_UNKNOWN: not
			     * known */
	int64_t memory;	    /* bytes; KT_UNKNOWN: not known */
};

static struct kt_cell count_or_missing(int64_t count)
{
	return count < 0 ? kt_cell_missing(KT_ABSENT, NULL) : kt_cell_number(count);
}

/* ---- caches ---- */

/*
 * The cache of dentries has the names of all file systems. Types without a cache of their own share
 * one cache of inodes, so its row has the mounts of all of them.
 */
static void put_cache(struct view *view, struct kt_table *table, const struct kt_cache *cache)
{
	struct kt_arena *arena = &view->report->arena;
	enum kt_dcache_kind kind;
	struct kt_report_row *row;
	const char *fstype;
	int64_t bytes = kt_cache_bytes(view->snap, cache);

	if (!kt_dcache_cache(arena, cache->name, &kind, &fstype))
		return;
	row = kt_table_row(view->report, table);
	if (!row)
		return;
	row->cells[C_NAME] = kt_report_text(view->report, cache->name);
	row->cells[C_FSTYPE] = kt_cell_text(kind == KT_DCACHE_DENTRY	     ? "(names of all)"
					    : kind == KT_DCACHE_SHARED_INODE ? "(all others)"
									     : fstype);
	row->cells[C_MOUNTS] = count_or_missing(kind == KT_DCACHE_SHARED_INODE
							? kt_dcache_other_mounts(view->snap, arena)
						: fstype ? kt_dcache_mounts(view->snap, fstype)
							 : KT_UNKNOWN);
	row->cells[C_OBJECTS] = count_or_missing(cache->nr_objs);
	row->cells[C_ACTIVE] = count_or_missing(cache->active_objs);
	if (cache->slot_bytes >= 0)
		row->cells[C_SLOT] = kt_cell_number(cache->slot_bytes);
	if (bytes < 0)
		return;
	row->cells[C_BYTES] = kt_cell_number(bytes);
	if (kt_known(view->memory))
		row->cells[C_SHARE] = kt_cell_real((double)bytes / (double)view->memory);
	view->slab_bytes = (view->slab_bytes < 0 ? 0 : view->slab_bytes) + bytes;
}

static void put_caches(struct view *view)
{
	struct kt_table *table =
		kt_report_list(view->report, "caches", NULL, cache_columns, KT_LEN(cache_columns));

	for (size_t i = 0; table && i < view->snap->caches.count; i++) {
		const struct kt_cache *cache = &view->snap->caches.items[i];
		int64_t bytes = kt_cache_bytes(view->snap, cache);

		put_cache(view, table, cache);
		if (strncmp(cache->name, "kmalloc-rcl-", 12) == 0 && bytes >= 0)
			view->name_bytes = (view->name_bytes < 0 ? 0 : view->name_bytes) + bytes;
	}
}

/* ---- counts ---- */

static void put_count(struct view *view, struct kt_table *table, const char *what, int64_t count,
	int64_t of, const char *means)
{
	struct kt_report_row *row = kt_table_row(view->report, table);

	if (!row)
		return;
	row->cells[N_NAME] = kt_cell_text(what);
	row->cells[N_COUNT] = count_or_missing(count);
	if (count >= 0 && of > 0)
		row->cells[N_SHARE] = kt_cell_real((double)count / (double)of);
	row->cells[N_MEANS] = kt_cell_text(means);
}

/*
 * The counters are read without a lock, so unused may exceed all for a short time; the number in
 * use is then not known.
 */
static void put_counts(struct view *view)
{
	const struct kt_dcache *dcache = &view->snap->dcache;
	int64_t negative = kt_dcache_negative(view->snap), all = dcache->nr_dentry;
	int64_t unused = dcache->nr_unused;
	struct kt_table *table =
		kt_report_table(view->report, "counts", NULL, count_columns, KT_LEN(count_columns));

	if (!table || (all < 0 && dcache->nr_inodes < 0))
		return;
	put_count(view, table, "directory entries", all, all, "names of files that were looked up");
	put_count(view, table, "entries in use",
		all >= 0 && unused >= 0 && all >= unused ? all - unused : KT_UNKNOWN, all,
		"open, mounted, or with entries below them");
	put_count(view, table, "entries unused", unused, all,
		"cached for the next lookup; freed under pressure");
	put_count(view, table, "entries negative", negative, all,
		"unused entries for names that do not exist");
	put_count(view, table, "inodes", dcache->nr_inodes, dcache->nr_inodes,
		"files and directories");
	put_count(view, table, "inodes unused", dcache->nr_inodes_unused, dcache->nr_inodes,
		"not used by any entry or open file");
}

/* ---- summary ---- */

/*
 * The advice on negative dentries needs many of them and a large share: some are normal on any
 * machine, since each search along a path makes them.
 */
static void put_headlines(struct view *view)
{
	const struct kt_dcache *dcache = &view->snap->dcache;
	int64_t negative = kt_dcache_negative(view->snap), all = dcache->nr_dentry;
	char size[24] = "an unknown amount";

	if (view->slab_bytes >= 0)
		kt_human_bytes(view->slab_bytes, size);
	if (all >= 0)
		kt_report_headline(view->report,
			"%lld directory entries and %lld inodes take %s of slab%s.", (long long)all,
			(long long)(dcache->nr_inodes < 0 ? 0 : dcache->nr_inodes), size,
			kt_known(view->memory) && view->memory && view->slab_bytes >= 0
				? kt_arena_printf(&view->report->arena, ", %.2f %% of memory",
					  (double)view->slab_bytes / (double)view->memory * 100)
				: "");
	else
		kt_report_headline(view->report,
			"The caches of directory entries and inodes take %s of slab.", size);
	if (negative >= 0 && all >= MANY_DENTRIES &&
		(double)negative > (double)all * NEGATIVE_SHARE)
		kt_report_headline(view->report,
			"%.0f %% of the entries are negative, names that were looked up "
			"and do not exist: a program probes or deletes ever new names "
			"(temporary files, search paths). Trace which process calls "
			"stat and unlink most.",
			(double)negative / (double)all * 100);
}

static void put_fields(struct view *view)
{
	static const struct {
		const char *setting, *key;
	} settings[] = { { "vfs_cache_pressure", "vfs_cache_pressure" },
		{ "dentry-negative", "dentry_negative" } };
	const struct kt_dcache *dcache = &view->snap->dcache;
	const struct {
		const char *key;
		int64_t value;
	} counts[] = { { "dentries", dcache->nr_dentry }, { "dentries_unused", dcache->nr_unused },
		{ "dentries_negative", kt_dcache_negative(view->snap) },
		{ "inodes", dcache->nr_inodes }, { "inodes_unused", dcache->nr_inodes_unused },
		{ "age_limit_seconds", dcache->age_limit }, { "want_pages", dcache->want_pages } };
	int64_t value;

	for (size_t i = 0; i < KT_LEN(counts); i++)
		kt_report_field(view->report, NULL, counts[i].key, KT_CELL_COUNT,
			count_or_missing(counts[i].value));
	kt_report_field(view->report, NULL, "long_names_at_most_bytes", KT_CELL_BYTES,
		count_or_missing(view->name_bytes));
	for (size_t i = 0; i < KT_LEN(settings); i++)
		kt_report_field(view->report, NULL, settings[i].key, KT_CELL_COUNT,
			kt_setting_of(view->snap, settings[i].setting, &value)
				? kt_cell_number(value)
				: kt_cell_missing(KT_ABSENT, NULL));
}

/*
 * A 0 for negative dentries on an old kernel is the dummy field of the file and no count; it must
 * not pass for good news.
 */
static void put_notes(struct view *view, const struct kt_machine *machine)
{
	int64_t pressure, policy;
	char size[24];

	if (kt_setting_of(view->snap, "vfs_cache_pressure", &pressure))
		kt_report_note(view->report,
			"vm.vfs_cache_pressure is %lld%s: above 100 these caches are shrunk harder "
			"than the page cache, below 100 less, at 0 never",
			(long long)pressure, pressure == 100 ? ", the default" : "");
	if (kt_setting_of(view->snap, "dentry-negative", &policy))
		kt_report_note(view->report, "fs.dentry-negative is %lld: %s", (long long)policy,
			policy ? "the name of a deleted file is dropped at once"
			       : "a deleted file leaves a negative entry; 1 would drop it at "
				 "once");
	if (view->name_bytes > 0) {
		kt_human_bytes(view->name_bytes, size);
		kt_report_note(view->report,
			"long names are outside of these caches, in kmalloc-rcl-*, "
			"which has other objects too: at most %s",
			size);
	}
	if (view->snap->dcache.nr_negative == 0 && kt_dcache_negative(view->snap) < 0)
		kt_report_note(view->report,
			"negative entries: this kernel has 0, like kernels before 5.0, which do "
			"not count them");
	if (!view->snap->caches.count)
		kt_report_note(view->report, "their memory is not known: %s",
			kt_machine_why(machine, &kt_source_slabinfo));
	kt_report_note(view->report,
		"freed under pressure, or by 'echo 2 >/proc/sys/vm/drop_caches'; only slabs "
		"that become empty are given back");
}

static const struct kt_column field_columns[] = {
	{ .key = "dentries", .type = KT_CELL_COUNT },
	{ .key = "dentries_unused", .type = KT_CELL_COUNT },
	{ .key = "dentries_negative",
		.type = KT_CELL_COUNT,
		.help = "Null where this kernel may not count them." },
	{ .key = "inodes", .type = KT_CELL_COUNT },
	{ .key = "inodes_unused", .type = KT_CELL_COUNT },
	{ .key = "age_limit_seconds", .type = KT_CELL_COUNT },
	{ .key = "want_pages", .type = KT_CELL_COUNT },
	{ .key = "long_names_at_most_bytes",
		.type = KT_CELL_BYTES,
		.help = "Slab of kmalloc-rcl-*, which has long names among other objects." },
	{ .key = "vfs_cache_pressure", .type = KT_CELL_COUNT, .flags = KT_COL_SIGNED },
	{ .key = "dentry_negative", .type = KT_CELL_COUNT, .flags = KT_COL_SIGNED },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part caches_part = {
	.key = "caches",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(cache_columns),
	.optional = KT_ANY_FORM,
};
static const struct kt_part counts_part = {
	.key = "counts",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(count_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/dcache/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &caches_part, &kt_dcache_superblocks_part,
		&kt_dcache_mounts_part, &kt_dcache_directories_part, &counts_part),
};

/* in the order of the option's words */
enum { BY_CACHE, BY_SUPERBLOCK, BY_MOUNT, BY_DIRECTORY };

#define DEPTH 2 /* of directories below a mount, unless another is requested */

struct dcache_args {
	int by;
};

#define FILES                                                                                 \
	&kt_source_host, &kt_source_meta, &kt_source_zoneinfo, &kt_source_meminfo,            \
		&kt_source_vmstat, &kt_source_slabinfo, &kt_source_dcache, &kt_source_mounts, \
		&kt_source_settings

static const struct kt_needs needs_of_caches = { .only = KT_SOURCES(FILES) };
static const struct kt_needs needs_of_superblocks = { .only = KT_SOURCES(FILES, &kt_source_iomem,
							      &kt_source_superblocks) };

static const struct kt_needs needs_of_directories = { .only = KT_SOURCES(FILES, &kt_source_iomem,
							      &kt_source_directories) };

static const struct {
	const struct kt_needs *needs;
	const char *option;
	const struct kt_source *source; /* NULL: no kernel memory is needed */
} groups[] = {
	[BY_CACHE] = { &needs_of_caches, NULL, NULL },
	[BY_SUPERBLOCK] = { &needs_of_superblocks, "--by superblock", &kt_source_superblocks },
	[BY_MOUNT] = { &needs_of_directories, "--by mount", &kt_source_directories },
	[BY_DIRECTORY] = { &needs_of_directories, "--by directory", &kt_source_directories },
};

/* Without kernel memory, no file says which file system a name belongs to. */
static struct kt_err *check_memory(const struct kt_machine *machine, int by)
{
	if (!groups[by].source || machine->snap->superblocks.count)
		return NULL;
	return kt_machine_blame(
		&machine->opts, kt_err_new(KT_ERR_ABSENT, "%s: %s", groups[by].option,
					kt_machine_why(machine, groups[by].source)));
}

static struct kt_err *collect(const struct kt_call *call, int by, struct kt_machine *machine)
{
	struct kt_err *err = kt_machine_open(&call->machine, machine);

	if (err)
		return err;
	if (by == BY_DIRECTORY)
		machine->snap->asked_depth = call->show.depth ? (unsigned)call->show.depth : DEPTH;
	err = kt_machine_collect(machine, 0, groups[by].needs);
	if (err)
		return kt_machine_blame(&call->machine, err);
	return check_memory(machine, by);
}

static void put_list(struct view *view, int by)
{
	switch (by) {
	case BY_SUPERBLOCK: kt_dcache_put_superblocks(view->report, view->snap); break;
	case BY_MOUNT: kt_dcache_put_mounts(view->report, view->snap); break;
	case BY_DIRECTORY: kt_dcache_put_directories(view->report, view->snap); break;
	default: put_caches(view);
	}
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct view view = { .report = report, .slab_bytes = KT_UNKNOWN, .name_bytes = KT_UNKNOWN };
	const struct dcache_args *args = kt_call_own(call);
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = collect(call, args->by, &machine);
	if (err)
		return err;
	view.snap = machine.snap;
	if (!machine.snap->caches.count && machine.snap->dcache.nr_dentry < 0)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				"no file has the number of directory entries: %s; %s",
				kt_machine_why(&machine, &kt_source_dcache),
				kt_machine_why(&machine, &kt_source_slabinfo)));
	view.memory = kt_snapshot_memory(machine.snap);
	kt_machine_describe(&machine, report);
	put_list(&view, args->by);
	if (args->by != BY_CACHE)
		kt_machine_put_notes(report, machine.snap);
	put_counts(&view);
	if (args->by == BY_CACHE)
		put_headlines(&view);
	put_fields(&view);
	put_notes(&view, &machine);
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "by", "GROUP", "group by", .kind = KT_ARG_CHOICE, KT_AT(struct dcache_args, by),
		.choices = "cache superblock mount directory" },
};

static const struct kt_example examples[] = {
	{ "ktally dcache --by superblock", "which mounted file system has the names and files" },
	{ "ktally dcache --by directory --depth 3",
		"which directories have them, up to three levels below a mount" },
	{ "ktally dcache",
		"which file systems fill the caches, and how many dentries are negative" },
	{ "ktally dcache -i 10", "what grows, every 10 seconds" },
};

const struct kt_cmd kt_cmd_dcache = {
	.name = "dcache",
	.summary = "dentries and inodes: unused, negative, by kind",
	.help = "Shows the caches of names (directory entries, dentries) and of files "
		"(inodes): the slab cache of each kind of file system, the number of mounts "
		"of that kind, objects and size. It also shows how many dentries are unused, "
		"and how many of these are negative: names that were looked up and do not "
		"exist.\n\n"
		"A large cache that stops growing is normal, and the kernel frees it under "
		"pressure. Mostly negative dentries mean a program that probes or deletes "
		"names that never come again: unique temporary files, a library that walks "
		"search paths. Mostly unused dentries with as many inodes mean a walk over "
		"many files (find, backup). Few unused dentries mean many open files, or "
		"directories that are held. -i 10 shows what grows.\n\n"
		"--by superblock counts the dentries and inodes of each mounted file system "
		"in kernel memory, through /proc/kcore or a BPF program that only reads. No file "
		"has these numbers. SIZE is the slots of its dentries, inodes and long names, its "
		"lists of unused objects, and in sysfs and cgroups their nodes; free slots belong "
		"to no file system. -a shows the parts and the page cache.\n\n"
		"--by mount counts them by the mounted directory that they are in: a directory "
		"mounted elsewhere has a row of its own, and several mounts of one directory "
		"share a row. --by directory counts each directory to --depth levels below its "
		"mount (default: 2). A row has all that is below the directory, without "
		"directories that have a row. An inode with several names belongs to one of "
		"them. What is in no directory (pipes, sockets, inodes without a dentry, lists) "
		"has a row in each file system: the rows add up to the file systems.",
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct dcache_args),
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.shape = &shape,
	.run = run,
};
