// SPDX-License-Identifier: GPL-2.0-or-later
//
// Directory entries and inodes: how many, how many of them nobody uses, what they take, and
// for which file systems.

#include "analysis/dcache.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "output/output.h"

#include <string.h>

#define MANY_DENTRIES  100000 /* fewer are no problem, whatever they are */
#define NEGATIVE_SHARE 0.5    /* of all directory entries; cases S16 to S20 had 90 % and more */

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
		.metric = "ktally_dcache_bytes",
		.help = "Slab caches of directory entries and inodes." },
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

static const struct kt_column count_columns[] = {
	[N_NAME] = { .key = "what", .title = "COUNT OF", .flags = KT_COL_KEY | KT_COL_LABEL },
	[N_COUNT] = { .key = "count",
		.title = "NUMBER",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_TRACK,
		.metric = "ktally_dcache_entries",
		.help = "Directory entries and inodes." },
	[N_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_COUNT, 0),
	[N_RATE] = KT_COLUMN_RATE(KT_CELL_COUNT, 0),
	[N_SHARE] = { .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	[N_MEANS] = { .key = "means", .title = "WHAT THEY ARE", .flags = KT_COL_WRAP },
};

struct view {
	struct kt_report *report;
	const struct kt_snapshot *snap;
	int64_t slab_bytes; /* of the caches in the list; -1: none is known */
	int64_t name_bytes; /* of caches that long names share with others; -1 */
	int64_t memory;	    /* 0: not known */
};

static struct kt_cell count_or_missing(int64_t count)
{
	return count < 0 ? kt_cell_missing(KT_ABSENT, NULL) : kt_cell_number(count);
}

/* ---- caches ---- */

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
							 : -1);
	row->cells[C_OBJECTS] = count_or_missing(cache->nr_objs);
	row->cells[C_ACTIVE] = count_or_missing(cache->active_objs);
	if (cache->slot_bytes >= 0)
		row->cells[C_SLOT] = kt_cell_number(cache->slot_bytes);
	if (bytes < 0)
		return;
	row->cells[C_BYTES] = kt_cell_number(bytes);
	if (view->memory)
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

static void put_counts(struct view *view)
{
	const struct kt_dcache *dcache = &view->snap->dcache;
	int64_t negative = kt_dcache_negative(view->snap), all = dcache->nr_dentry;
	int64_t unused = dcache->nr_unused;
	struct kt_table *table =
		kt_report_table(view->report, "counts", NULL, count_columns, KT_LEN(count_columns));

	if (!table || (all < 0 && dcache->nr_inodes < 0))
		return;
	put_count(view, table, "directory entries", all, all, "names of files, looked up");
	put_count(view, table, "entries in use",
		all >= 0 && unused >= 0 && all >= unused ? all - unused : -1, all,
		"open, mounted, or with others below them");
	put_count(view, table, "entries unused", unused, all,
		"kept in case they are asked for again; freed under pressure");
	put_count(view, table, "entries negative", negative, all,
		"of these, names that do not exist");
	put_count(view, table, "inodes", dcache->nr_inodes, dcache->nr_inodes, "files themselves");
	put_count(view, table, "inodes unused", dcache->nr_inodes_unused, dcache->nr_inodes,
		"no entry and nobody uses them");
}

/* ---- what it comes to ---- */

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
			view->memory && view->slab_bytes >= 0
				? kt_arena_printf(&view->report->arena, ", %.2f %% of memory",
					  (double)view->slab_bytes / (double)view->memory * 100)
				: "");
	else
		kt_report_headline(view->report,
			"The caches of directory entries and inodes take %s of slab.", size);
	if (negative >= 0 && all >= MANY_DENTRIES &&
		(double)negative > (double)all * NEGATIVE_SHARE)
		kt_report_headline(view->report,
			"%.0f %% of the entries are negative, names that were looked up and do not "
			"exist: something probes or deletes ever new names (temporary files, "
			"search "
			"paths). Find it by tracing what calls stat and unlink most.",
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

static void put_notes(struct view *view, const struct kt_session *session)
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
			       : "a deleted file leaves a negative entry; 1 drops it at once");
	if (view->name_bytes > 0) {
		kt_human_bytes(view->name_bytes, size);
		kt_report_note(view->report,
			"long names lie outside, in kmalloc-rcl-*, which others use too: at most "
			"%s",
			size);
	}
	if (view->snap->dcache.nr_negative == 0 && kt_dcache_negative(view->snap) < 0)
		kt_report_note(view->report, "negative entries: this kernel says 0, as kernels "
					     "before 5.0 do that do not "
					     "count them");
	if (!view->snap->caches.count)
		kt_report_note(view->report, "what they take is unknown: %s",
			kt_session_why(session, "slabinfo"));
	kt_report_note(view->report, "freed under pressure, or by 'echo 2 "
				     ">/proc/sys/vm/drop_caches': a cache that comes "
				     "back from slab only where whole slabs get empty");
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct view view = { .report = report, .slab_bytes = -1, .name_bytes = -1 };
	struct kt_err *err;

	kt_report_init(report, "ktally/dcache/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0,
			"host meta zoneinfo meminfo vmstat slabinfo dcache mounts settings");
	if (err)
		return err;
	view.snap = session.snap;
	if (!session.snap->caches.count && session.snap->dcache.nr_dentry < 0)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT, "nothing tells of directory entries: %s; %s",
				kt_session_why(&session, "dcache"),
				kt_session_why(&session, "slabinfo")));
	view.memory = kt_snapshot_memory(session.snap);
	kt_session_describe(&session, options, report);
	put_caches(&view);
	put_counts(&view);
	put_headlines(&view);
	put_fields(&view);
	put_notes(&view, &session);
	return NULL;
}

const struct kt_cmd kt_cmd_dcache = {
	.name = "dcache",
	.summary = "directory entries and inodes: unused, negative, by kind",
	.help = "Shows the caches of names (directory entries, dentries) and of files "
		"(inodes): the slab cache of each kind of file system, how many mounts of that "
		"kind there are, objects and size; and of how many entries nobody uses, and "
		"how many of those are negative: names that were looked up and do not "
		"exist.\n\n"
		"A large cache that stops growing is normal and freed under pressure. Mostly "
		"negative entries mean something that probes or deletes names that never come "
		"again: unique temporary files, a library that looks through search paths. "
		"Mostly unused entries with as many inodes mean a walk over many files (find, "
		"backup). Few unused ones mean many open files or directories that are held. "
		"-i 10 shows what grows.\n\n"
		"Which mount the entries belong to cannot be told without reading kernel "
		"memory: the number of mounts of a kind is all that is known.",
	.repeats = true,
	.run = run,
};
