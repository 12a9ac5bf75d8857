// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts of a dump's memory about who allocated it, in the form of the kernel's own files. The
// stacks of all slab caches are found in one walk over memory, so the target keeps them for the
// texts of all caches.

#include "source/memory/dump/dump_sites.h"

#include "memory/sites/alloc_tags.h"
#include "memory/sites/leaks.h"
#include "memory/sites/page_owners.h"
#include "memory/sites/page_stacks.h"
#include "memory/sites/slab_tracks.h"

#include "base/kernel_files.h"
#include "source/memory/open.h"
#include "target/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLABS_DIR    "sys/kernel/debug/slab"
#define SLABS	     SLABS_DIR "/"
#define NAME_BYTES   256u
#define RANGES_FIRST 64u

/* Memory that the dump has. */
struct ranges {
	uint32_t page_bytes;
	struct kt_arena arena;
	KT_LIST(struct kt_pfn_range) list;
};

/* Shared by the texts of all caches. */
struct kept {
	struct kt_target *target;
	const struct kt_symbol_table *symbols; /* of the target */
	struct kt_slub_opts slub;
	struct kt_memmap memmap;
	struct kt_slab_tracks *tracks;
	struct kt_arena arena; /* of `why` */
	struct ranges ranges;
	bool failed; /* there are none: */
	enum kt_err_code code;
	const char *why;
};

static void free_kept(void *arg)
{
	struct kept *kept = arg;

	kt_slab_tracks_free(kept->tracks);
	kt_arena_fini(&kept->ranges.arena);
	kt_arena_fini(&kept->arena);
	free(kept);
}

static void add_range(void *arg, uint64_t first, uint64_t bytes)
{
	struct ranges *ranges = arg;
	uint64_t page = ranges->page_bytes;
	struct kt_pfn_range *slot = kt_list_push(&ranges->arena, &ranges->list);

	if (slot)
		*slot = (struct kt_pfn_range){ (first + page - 1) / page, (first + bytes) / page };
}

/* The caller frees the arena. */
static struct kt_err *find_ranges(struct kt_target *target, struct ranges *ret_ranges)
{
	*ret_ranges = (struct ranges){ .page_bytes = target->page_bytes };
	kt_target_dump_ranges(target, add_range, ret_ranges);
	return ret_ranges->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *read_tracks(struct kept *kept)
{
	static const struct kt_page_sample none = { 0 };
	struct kt_target *target = kept->target;
	struct kt_err *err;

	kept->slub.nr_node_ids = kt_memory_dump_nodes(target);
	err = find_ranges(target, &kept->ranges);
	if (!err)
		err = kt_memory_dump_symbols(target, &kept->symbols);
	if (!err)
		err = kt_memmap_open(target, &none, kept->ranges.list.items,
			kept->ranges.list.count, &kept->memmap);
	if (!err)
		err = kt_slab_tracks_new(target, &kept->memmap, &kept->slub, &kept->tracks);
	return err;
}

/* Reads the tracks once. A failure is kept too: the walk would fail again. NULL: `ret_err` is set.
 */
static struct kept *find_tracks(struct kt_target *target, struct kt_err **ret_err)
{
	struct kept *kept = target->kept;
	struct kt_err *err = NULL;

	if (!kept) {
		kept = calloc(1, sizeof(*kept));
		if (!kept) {
			*ret_err = kt_err_new(KT_ERR_NOMEM, "out of memory");
			return NULL;
		}
		kept->target = target;
		target->kept = kept;
		target->free_kept = free_kept;
		err = read_tracks(kept);
	}
	if (err) {
		kept->failed = true;
		kept->code = kt_err_code(err);
		kept->why = kt_arena_printf(&kept->arena, "%s", kt_err_text(err));
		kt_err_free(err);
	}
	if (!kept->failed)
		return kept;
	*ret_err = kt_err_new(kept->code, "%s", kept->why ? kept->why : "out of memory");
	return NULL;
}

/* SLABS "CACHE/alloc_traces" */
static struct kt_err *make_traces(void *arg, const char *path, struct kt_buf *ret_text)
{
	const char *cache = path + strlen(SLABS), *end = strrchr(path, '/');
	char name[NAME_BYTES];
	struct kt_code_names names;
	struct kt_err *err = NULL;
	struct kept *kept = find_tracks(arg, &err);

	if (!kept)
		return err;
	if (!end || end <= cache)
		return kt_err_new(KT_ERR_ABSENT, "%s: has no name of a slab cache", path);
	snprintf(name, sizeof(name), "%.*s", (int)(end - cache), cache);
	names = kt_code_names(arg, kept->symbols);
	return kt_file_slab_traces(
		kept->tracks, &names, name, strcmp(end + 1, "free_traces") == 0, ret_text);
}

static struct kt_err *make_allocinfo(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return kt_file_allocinfo(arg, ret_text);
}

typedef struct kt_err *(*named_text)(
	struct kt_target *target, const struct kt_code_names *names, struct kt_buf *ret_text);

static struct kt_err *make_named(struct kt_target *target, named_text write, struct kt_buf *text)
{
	const struct kt_symbol_table *table;
	struct kt_err *err = kt_memory_dump_symbols(target, &table);
	struct kt_code_names names = kt_code_names(target, table);

	return err ? err : write(target, &names, text);
}

static struct kt_err *make_page_stacks(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return make_named(arg, kt_file_page_stacks, ret_text);
}

static struct kt_err *write_owners(
	struct kt_target *target, const struct kt_code_names *names, struct kt_buf *ret_text)
{
	struct ranges ranges;
	struct kt_page_owners_opts opts;
	uint64_t bits;
	struct kt_err *err = find_ranges(target, &ranges);

	/* exported since 4f5aecdff25f (5.13) */
	if (!err && !kt_target_dump_number(target, "SECTION_SIZE_BITS", &bits))
		err = kt_err_new(
			KT_ERR_ABSENT, "VMCOREINFO does not have the size of a section of memory");
	if (!err) {
		opts = (struct kt_page_owners_opts){ .ranges = ranges.list.items,
			.nr_ranges = ranges.list.count,
			.section_bits = bits < 64 ? (uint32_t)bits : 0 };
		err = kt_file_page_owners(target, &opts, names, ret_text);
	}
	kt_arena_fini(&ranges.arena);
	return err;
}

static struct kt_err *make_page_owners(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return make_named(arg, write_owners, ret_text);
}

static struct kt_err *make_leaks(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return make_named(arg, kt_file_leaks, ret_text);
}

/* Symbols without which a text has nothing to be made of: most kernels have none of these files. */
static const struct {
	const char *path, *symbol, *without; /* `without`: a symbol that shows a better text */
	kt_root_make make;
} texts[] = {
	{ KT_FILE_ALLOCINFO, "alloc_tag_cttype", NULL, make_allocinfo },
	{ "sys/kernel/debug/page_owner_stacks/show_stacks", "stack_list", NULL, make_page_stacks },
	{ "sys/kernel/debug/page_owner", "page_owner_ops", "stack_list", make_page_owners },
	{ "sys/kernel/debug/kmemleak", "jiffies_last_scan", NULL, make_leaks },
};

struct adding {
	struct kt_root *root;
	struct kt_err *err;
};

static void add_cache(void *arg, const char *name)
{
	static const char *const files[] = { "alloc_traces", "free_traces" };
	struct adding *adding = arg;
	char path[NAME_BYTES + 64];

	if (strlen(name) >= NAME_BYTES || strchr(name, '/') || *name == '.')
		return;
	for (size_t i = 0; i < KT_LEN(files) && !adding->err; i++) {
		snprintf(path, sizeof(path), SLABS "%s/%s", name, files[i]);
		adding->err = kt_root_dump_add(adding->root, path, make_traces);
	}
}

/* The flags of each cache say whether it keeps tracks. Most kernels keep none. */
static struct kt_err *add_caches(struct kt_root *root, void *memory)
{
	struct kt_slub_opts slub = { .nr_node_ids = kt_memory_dump_nodes(memory) };
	struct adding adding = { .root = root };

	kt_err_free(kt_tracked_caches(memory, &slub, add_cache, &adding));
	return adding.err;
}

struct kt_err *kt_dump_sites_add(struct kt_root *root, struct kt_target *target)
{
	struct kt_err *err = NULL;
	uint64_t at;

	for (size_t i = 0; i < KT_LEN(texts) && !err; i++) {
		if (kt_symbols_find(&target->symbols, texts[i].symbol, &at) &&
			!(texts[i].without &&
				kt_symbols_find(&target->symbols, texts[i].without, &at)))
			err = kt_root_dump_add(root, texts[i].path, texts[i].make);
	}
	if (!err)
		kt_root_dump_later(root, SLABS_DIR, add_caches);
	return err;
}
