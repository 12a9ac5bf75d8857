// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads where the objects of a slab cache were allocated, and where they were last freed before
// that. The kernel keeps this for caches with the debug option U. A line is a call site:
//
//	     12 foo+0x1/0x20 [module] waste=96/8 age=1/2/3 pid=1-2 cpus=0,3 nodes=0
//	        frame+0x1/0x20
//
// Ages are in jiffies of the kernel. The frames and debugfs came with Linux 5.14 (commit
// 64dd68497be7); before, the files were next to the cache's other files, as alloc_calls
// (mm/slub.c, list_locations() and slab_debugfs_show()). To write a file the kernel stops
// allocations from the cache and looks at each object.

#include "source/lists/slabs.h"
#include "source/lists/stacks.h"

#include "base/attr.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FOLDERS_MAX 8192u
#define COUNT_MAX   (1ull << 44)
#define PATH_BYTES  (NAME_MAX + 64)

struct reader {
	struct kt_stacks stacks;
	struct kt_span symbol; /* points into `text` */
	char text[256];	       /* of the call site, which counts where no frame follows */
};

static void finish(struct kt_stacks *stacks)
{
	struct reader *reader = (struct reader *)stacks;

	if (stacks->open && !stacks->nr_frames && reader->symbol.n) {
		stacks->broken = false; /* it is of the first line of the record */
		kt_stacks_frame(stacks, reader->symbol);
	}
	kt_stacks_finish(stacks);
}

/* "1/2/3" or "1" into the first and the last of the numbers. */
static void take_range(struct kt_span word, char between, int64_t *ret_min, int64_t *ret_max)
{
	uint64_t number;
	int64_t min = KT_UNKNOWN, max = KT_UNKNOWN;

	do {
		if (!kt_span_take_u64(&word, &number) || number > (uint64_t)KT_AMOUNT_MAX)
			return;
		min = kt_known(min) ? min : (int64_t)number;
		max = (int64_t)number;
	} while (word.n && word.p[0] == between && (word = kt_span_from(word, 1)).n);
	*ret_min = min;
	*ret_max = max;
}

static void take_words(struct reader *reader, struct kt_span rest)
{
	struct kt_user *amounts = &reader->stacks.amounts;
	struct kt_span word;
	uint64_t waste;

	while (kt_span_word(&rest, &word)) {
		if (kt_span_skip(&word, "age="))
			take_range(word, '/', &amounts->age_min, &amounts->age_max);
		else if (kt_span_skip(&word, "pid="))
			take_range(word, '-', &amounts->pid_min, &amounts->pid_max);
		else if (kt_span_skip(&word, "waste=") && kt_span_take_u64(&word, &waste) &&
			 waste <= COUNT_MAX)
			amounts->waste_bytes = (int64_t)waste;
	}
}

/* Keeps the call site's text: the line is gone when its last frame was read. */
static void keep_symbol(struct reader *reader, struct kt_span rest)
{
	struct kt_span ahead = rest, symbol, module;

	reader->symbol.n = 0;
	if (!kt_span_word(&ahead, &symbol) || kt_span_eq(symbol, "<not-available>"))
		return;
	if (kt_span_word(&ahead, &module) && kt_span_starts(module, "["))
		symbol.n = (size_t)(module.p + module.n - symbol.p);
	if (symbol.n > sizeof(reader->text))
		symbol.n = sizeof(reader->text);
	memcpy(reader->text, symbol.p, symbol.n);
	reader->symbol = (struct kt_span){ reader->text, symbol.n };
}

static bool take_site(struct reader *reader, struct kt_span line)
{
	struct kt_span word, rest = line;
	uint64_t count;

	if (!kt_span_word(&rest, &word) || !kt_span_u64(word, &count) || count > COUNT_MAX ||
		!kt_span_trim(rest).n)
		return false;
	finish(&reader->stacks);
	reader->stacks.open = true;
	reader->stacks.amounts.nr = (int64_t)count;
	keep_symbol(reader, rest);
	take_words(reader, rest);
	return true;
}

static void take_line(struct kt_stacks *stacks, struct kt_span line)
{
	if (!line.n || kt_span_eq(line, "No data") || take_site((struct reader *)stacks, line))
		return;
	if (!stacks->open || !kt_stacks_frame(stacks, line))
		kt_stacks_unread(stacks);
}

static struct kt_err *take_file(struct kt_snapshot *snap, enum kt_user_file file, const char *path,
	const char *cache, struct kt_stream *stream)
{
	struct reader reader = { .symbol = { NULL, 0 } };

	kt_stacks_begin(&reader.stacks, snap, file, path);
	reader.stacks.cache = cache;
	return kt_stacks_take(&reader.stacks, stream, take_line, finish);
}

/* ---- files ---- */

#define FIRST_OLD 2u /* index of the first file before debugfs; same order as the files before */

static const struct {
	const char *folder, *name;
	enum kt_user_file file;
} files[] = {
	{ "sys/kernel/debug/slab", "alloc_traces", KT_USERS_OBJECTS },
	{ "sys/kernel/debug/slab", "free_traces", KT_USERS_FREED },
	{ KT_SLABS_PATH, "alloc_calls", KT_USERS_OBJECTS },
	{ KT_SLABS_PATH, "free_calls", KT_USERS_FREED },
};

/* The cache of a path; a text without a title has no name for it. */
static const char *cache_of(struct kt_snapshot *snap, const char *folder)
{
	if (strcmp(folder, KT_CACHE_UNNAMED) == 0)
		return NULL;
	return kt_arena_name(&snap->arena, kt_span_str(folder));
}

bool kt_slabs_has(struct kt_root *root, const char *cache)
{
	char path[PATH_BYTES];

	if (!*cache || strlen(cache) > NAME_MAX || strchr(cache, '/') || *cache == '.')
		return false;
	for (size_t i = 0; i < KT_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", files[i].folder, cache);
		if (kt_root_has(root, path))
			return true;
	}
	return false;
}

struct reading {
	struct kt_root *root;
	struct kt_snapshot *snap;
	size_t nr_files;
	bool denied;
	struct kt_err *bad; /* the first file that exists and could not be read */
};

/* A text may have a cache in both forms; no kernel has. Its objects count once. */
static bool is_read_already(const struct reading *reading, size_t which, const char *folder)
{
	char path[PATH_BYTES];

	if (which < FIRST_OLD)
		return false;
	snprintf(path, sizeof(path), "%s/%s/%s", files[which - FIRST_OLD].folder, folder,
		files[which - FIRST_OLD].name);
	return kt_root_has(reading->root, path);
}

/*
 * A cache without the debug option has no such file, or one that gives ENOSYS (alloc_calls_show()
 * in mm/slub.c).
 */
static struct kt_err *read_one(struct reading *reading, size_t which, const char *folder)
{
	char path[PATH_BYTES];
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err;

	if (is_read_already(reading, which, folder))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s/%s", files[which].folder, folder, files[which].name);
	err = kt_root_stream(reading->root, path, 0, &stream);
	if (!err)
		err = take_file(reading->snap, files[which].file, path,
			cache_of(reading->snap, folder), stream);
	if (!err) {
		reading->nr_files++;
		return NULL;
	}
	if (kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	reading->denied |= kt_err_code(err) == KT_ERR_DENIED;
	if (!reading->bad && (kt_err_code(err) == KT_ERR_PARSE || kt_err_code(err) == KT_ERR_LIMIT))
		reading->bad = err;
	else
		kt_err_free(err);
	return NULL;
}

/* Links are other names of the same cache. */
static struct kt_err *read_folder(struct reading *reading, size_t which)
{
	const char *asked = reading->snap->asked_cache;
	struct kt_err *err = NULL;
	kt_names names = { 0 };

	if (asked && strlen(asked) <= NAME_MAX && !strchr(asked, '/'))
		return read_one(reading, which, asked);
	err = kt_root_list_folders(
		reading->root, files[which].folder, &reading->snap->arena, &names);
	if (err && kt_err_code(err) != KT_ERR_NOMEM) {
		reading->denied |= kt_err_code(err) == KT_ERR_DENIED;
		kt_err_free(err);
		return NULL;
	}
	for (size_t i = 0; !err && i < names.count && i < FOLDERS_MAX; i++) {
		if (strlen(names.items[i]) <= NAME_MAX)
			err = read_one(reading, which, names.items[i]);
	}
	return err;
}

/*
 * Each file stops allocations from its cache, so where objects were freed is read only for a
 * command that shows it.
 */
static struct kt_err *read_all(
	struct kt_root *root, struct kt_snapshot *snap, const struct kt_collect_opts *opts)
{
	struct reading reading = { .root = root, .snap = snap };
	bool freed = opts->want & (KT_WANT_DETAILS | KT_WANT_ALL);
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < KT_LEN(files); i++) {
		if (files[i].file != KT_USERS_FREED || freed)
			err = read_folder(&reading, i);
	}
	if (!err && !reading.nr_files && reading.bad)
		return reading.bad;
	kt_err_free(reading.bad);
	if (!err && !reading.nr_files)
		err = kt_err_new(reading.denied ? KT_ERR_DENIED : KT_ERR_ABSENT,
			"%s: no slab cache has a list of who allocated its objects",
			files[0].folder);
	return err;
}

/* For a text that is one such file. */
static struct kt_err *take(struct kt_snapshot *snap, const char *path, struct kt_stream *stream)
{
	return take_file(snap, KT_USERS_OBJECTS, path, NULL, stream);
}

const struct kt_source kt_source_slab_traces = {
	.name = "slab_traces",
	.summary = "who allocated the objects of a slab cache",
	.paths = { "sys/kernel/debug/slab/*/alloc_traces", "sys/kernel/debug/slab/*/free_traces",
		KT_SLABS_PATH "/*/alloc_calls", KT_SLABS_PATH "/*/free_calls" },
	.cost = KT_COST_STOPS,
	.extra = true,
	.lack = "'ktally users CACHE' does not know who allocated the objects of a cache",
	.gives = "slub_debug=U,CACHE at boot, debugfs mounted, and root",
	.take = take,
	.scan = read_all,
};
