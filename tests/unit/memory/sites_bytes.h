// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_SITES_BYTES_H
#define KT_TEST_SITES_BYTES_H

/**
 * A kernel made by hand that was built and booted to keep who allocated: tags of call sites with
 * counters, stacks in a depot, tracks after slab objects, lists of page_owner and kmemleak.
 */

#include "files_bytes.h"

#include "memory/sites/alloc_tags.h"
#include "memory/sites/leaks.h"
#include "memory/sites/page_owners.h"
#include "memory/sites/page_stacks.h"
#include "memory/sites/slab_tracks.h"
#include "memory/sites/stack_depot.h"

#define SITES_CODE  0xffffffff81000000ull
#define SITES_DEPOT 1024u /* bytes of a pool */

enum {
	TAG_LINE = 4,
	TAG_MODULE = 8,
	TAG_FUNCTION = 16,
	TAG_FILE = 24,
	TAG_COUNTERS = 32,
	TAG_BYTES = 40,
	CODETAG_RANGE = 8,
	TRACK_ADDRESS = 0,
	TRACK_HANDLE = 8,
	TRACK_PID = 12,
	TRACK_WHEN = 16,
	TRACK_BYTES = 24,
	RECORD_SIZE = 16,
	RECORD_HANDLE = 20,
	RECORD_COUNT = 24,
	RECORD_FRAMES = 32,
	LEAK_LIST = 8,
	LEAK_FLAGS = 24,
	LEAK_COUNT = 28,
	LEAK_MIN = 32,
	LEAK_HANDLE = 36,
	LEAK_POINTER = 40,
	LEAK_SIZE = 48,
	LEAK_JIFFIES = 56,
	LEAK_PID = 64,
	LEAK_NAME = 72,
	LEAK_BYTES = 96,
	TRACKED_BYTES = 128, /* of an object with its tracks */
	TRACKED_IN_USE = 64,
};

struct sites_bytes {
	struct files_bytes files;
	struct kt_symbol_table table;
	struct kt_code_names names;
	uint64_t array, module_range; /* of tags */
	uint64_t pools, pool, stacks, leaks;
	uint32_t used; /* bytes of the pool */
};

/* ---- types ---- */

static inline void sites_tag_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_codetag[] = { { "flags", ids->number, 0, 0 },
		{ "lineno", ids->number, TAG_LINE * 8, 0 },
		{ "modname", ids->pointer, TAG_MODULE * 8, 0 },
		{ "function", ids->pointer, TAG_FUNCTION * 8, 0 },
		{ "filename", ids->pointer, TAG_FILE * 8, 0 } };
	const struct made_member of_tag[] = {
		{ "ct", made_struct(made, "codetag", TAG_COUNTERS, of_codetag, KT_LEN(of_codetag)),
			0, 0 },
		{ "counters", ids->pointer, TAG_COUNTERS * 8, 0 }
	};
	const struct made_member of_counters[] = { { "bytes", ids->word, 0, 0 },
		{ "calls", ids->word, 64, 0 } };
	const struct made_member of_range[] = { { "start", ids->pointer, 0, 0 },
		{ "stop", ids->pointer, 64, 0 } };
	const struct made_member of_module[] = { { "mod", ids->pointer, 0, 0 },
		{ "range", made_struct(made, "codetag_range", 16, of_range, 2), CODETAG_RANGE * 8,
			0 } };
	const struct made_member of_array[] = { { "xa_head", ids->pointer, 64, 0 } };
	const struct made_member of_idr[] = { { "idr_rt",
		made_struct(made, "xarray", 16, of_array, 1), 0, 0 } };
	const struct made_member of_type[] = { { "mod_idr", made_struct(made, "idr", 24, of_idr, 1),
		0, 0 } };

	made_struct(made, "alloc_tag", TAG_BYTES, of_tag, 2);
	made_struct(made, "alloc_tag_counters", 16, of_counters, 2);
	made_struct(made, "codetag_module", 24, of_module, 2);
	made_struct(made, "codetag_type", 24, of_type, 1);
	made_enum(made, "codetag_flags", "CODETAG_FLAG_INACCURATE", 1);
}

static inline void sites_stack_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_handle[] = { { "handle", ids->number, 0, 0 },
		{ "pool_index_plus_1", ids->number, 0, 17 }, { "offset", ids->number, 17, 10 },
		{ "extra", ids->number, 27, 5 } };
	uint32_t handle = made_struct(made, "handle_parts", 4, of_handle, KT_LEN(of_handle));
	const struct made_member of_atomic[] = { { "counter", ids->number, 0, 0 } };
	const struct made_member of_count[] = { { "refs", made_struct(made, "", 4, of_atomic, 1), 0,
		0 } };
	const struct made_member of_record[] = { { "size", ids->number, RECORD_SIZE * 8, 0 },
		{ "handle", handle, RECORD_HANDLE * 8, 0 },
		{ "count", made_struct(made, "refcount_struct", 4, of_count, 1), RECORD_COUNT * 8,
			0 },
		{ "entries", made_array(made, ids->word, 64), RECORD_FRAMES * 8, 0 } };
	const struct made_member of_stack[] = { { "stack_record", ids->pointer, 0, 0 },
		{ "next", ids->pointer, 64, 0 } };
	const struct made_member of_track[] = { { "addr", ids->word, TRACK_ADDRESS * 8, 0 },
		{ "handle", ids->number, TRACK_HANDLE * 8, 0 },
		{ "pid", ids->number, TRACK_PID * 8, 0 },
		{ "when", ids->word, TRACK_WHEN * 8, 0 } };

	made_struct(made, "stack_record", RECORD_FRAMES + 64 * 8, of_record, KT_LEN(of_record));
	made_struct(made, "stack", 16, of_stack, 2);
	made_struct(made, "track", TRACK_BYTES, of_track, KT_LEN(of_track));
	made_enum(made, "_slab_flag_bits", "_SLAB_STORE_USER", 4);
}

static inline void sites_owner_types(struct made_types *made, const struct slub_ids *ids)
{
	const struct made_member of_section[] = { { "page_ext", ids->pointer, 16 * 8, 0 } };
	const struct made_member of_ext[] = { { "flags", ids->word, 0, 0 } };
	const struct made_member of_owner[] = { { "order", ids->number, 0, 0 },
		{ "handle", ids->number, 32, 0 } };
	const struct made_member of_ops[] = { { "offset", ids->word, 0, 0 } };
	const struct made_value flags[] = { { "PAGE_EXT_OWNER", 0 },
		{ "PAGE_EXT_OWNER_ALLOCATED", 1 } };

	made_struct(made, "mem_section", 32, of_section, 1);
	made_struct(made, "page_ext", 8, of_ext, 1);
	made_struct(made, "page_owner", 8, of_owner, 2);
	made_struct(made, "page_ext_operations", 8, of_ops, 1);
	made_values(made, "page_ext_flags", flags, 2);
}

static inline void sites_types(struct made_types *made, const struct slub_ids *ids)
{
	uint32_t name = made_array(made, made_int(made, "char", 1), 16);
	const struct made_member of_leak[] = { { "object_list", ids->list, LEAK_LIST * 8, 0 },
		{ "flags", ids->number, LEAK_FLAGS * 8, 0 },
		{ "count", ids->number, LEAK_COUNT * 8, 0 },
		{ "min_count", ids->number, LEAK_MIN * 8, 0 },
		{ "trace_handle", ids->number, LEAK_HANDLE * 8, 0 },
		{ "pointer", ids->word, LEAK_POINTER * 8, 0 },
		{ "size", ids->word, LEAK_SIZE * 8, 0 },
		{ "jiffies", ids->word, LEAK_JIFFIES * 8, 0 },
		{ "pid", ids->number, LEAK_PID * 8, 0 }, { "comm", name, LEAK_NAME * 8, 0 } };

	files_types(made, ids);
	sites_tag_types(made, ids);
	sites_stack_types(made, ids);
	sites_owner_types(made, ids);
	made_struct(made, "kmemleak_object", LEAK_BYTES, of_leak, KT_LEN(of_leak));
}

/* ---- parts ---- */

static inline void sites_symbol(struct sites_bytes *sites, const char *name, uint64_t address)
{
	kt_symbols_add(&sites->files.slub.target->symbols, kt_span_str(name), address);
}

/* A variable with a value. */
static inline uint64_t sites_variable(struct sites_bytes *sites, const char *name, uint64_t value)
{
	uint64_t at = slub_take(&sites->files.slub, 8);

	slub_set64(&sites->files.slub, at, value);
	sites_symbol(sites, name, at);
	return at;
}

static inline uint64_t sites_text(struct sites_bytes *sites, const char *text)
{
	uint64_t at = slub_take(&sites->files.slub, (uint32_t)strlen(text) + 1);

	memcpy(sites->files.slub.memory + (at - SLUB_BASE), text, strlen(text) + 1);
	return at;
}

/* Fills a tag, with counters on two CPUs. */
static inline void sites_tag(struct sites_bytes *sites, uint64_t at, const char *function,
	uint32_t line, uint64_t module, int64_t bytes, uint64_t calls)
{
	struct slub_bytes *slub = &sites->files.slub;
	/* as far from the variables of each CPU as these are from each other */
	uint64_t counters = slub_take(slub, 16);

	slub_set(slub, at + TAG_LINE, line, 4);
	slub_set64(slub, at + TAG_MODULE, module);
	slub_set64(slub, at + TAG_FUNCTION, sites_text(sites, function));
	slub_set64(slub, at + TAG_FILE, sites_text(sites, "mm/some.c"));
	slub_set64(slub, at + TAG_COUNTERS, counters);
	slub_set64(slub, counters + SLUB_STEP, (uint64_t)bytes + 4096);
	slub_set64(slub, counters + SLUB_STEP + 8, calls + 1);
	/* freed on another CPU */
	slub_set64(slub, counters + 2 * SLUB_STEP, (uint64_t)-4096);
	slub_set64(slub, counters + 2 * SLUB_STEP + 8, (uint64_t)-1);
}

static inline uint64_t sites_range(struct sites_bytes *sites, uint64_t start, uint32_t count)
{
	uint64_t at = slub_take(&sites->files.slub, 24);

	slub_set64(&sites->files.slub, at + CODETAG_RANGE, start);
	slub_set64(&sites->files.slub, at + CODETAG_RANGE + 8, start + count * TAG_BYTES);
	return at;
}

/* Two call sites of the kernel, one of a module. */
static inline void sites_tags(struct sites_bytes *sites)
{
	struct slub_bytes *slub = &sites->files.slub;
	uint64_t tags = slub_take(slub, 2 * TAG_BYTES), more = slub_take(slub, TAG_BYTES);
	uint64_t type = slub_take(slub, 24), node = slub_take(slub, TREE_SLOTS + 4 * 8);

	sites_tag(sites, tags, "alloc_one", 12, 0, 8192, 2);
	sites_tag(sites, tags + TAG_BYTES, "alloc_two", 345, 0, -64, 0);
	slub_set(slub, tags + TAG_BYTES, 1, 4); /* inaccurate */
	sites_tag(sites, more, "probe", 7, sites_text(sites, "driver"), 320, 5);
	sites->array = type + 8;
	slub_set64(slub, sites->array, node + 2);
	slub_set64(slub, node + TREE_SLOTS, sites_range(sites, tags, 2));
	sites->module_range = sites_range(sites, more, 1);
	slub_set64(slub, node + TREE_SLOTS + 3 * 8, sites->module_range);
	sites_variable(sites, "alloc_tag_cttype", type);
}

/* Adds a stack of two functions to the depot, and to page_owner's list; returns its handle. */
static inline uint32_t sites_stack(
	struct sites_bytes *sites, uint64_t inner, uint64_t outer, uint32_t nr_pages)
{
	struct slub_bytes *slub = &sites->files.slub;
	uint64_t record = sites->pool + sites->used, stack = slub_take(slub, 16);
	uint32_t handle = 3 | (sites->used >> 4) << 17;

	sites->used += RECORD_FRAMES + 16;
	slub_set(slub, record + RECORD_SIZE, 2, 4);
	slub_set(slub, record + RECORD_HANDLE, handle, 4);
	slub_set(slub, record + RECORD_COUNT, nr_pages + 1, 4);
	slub_set64(slub, record + RECORD_FRAMES, inner);
	slub_set64(slub, record + RECORD_FRAMES + 8, outer);
	slub_set64(slub, stack, record);
	slub_set64(slub, stack + 8, slub_get64(slub, sites->stacks));
	slub_set64(slub, sites->stacks, stack);
	return handle;
}

#define SITES_SECTION_BITS 20u /* 256 pages */

/* What page_owner keeps of the pages of a section: 24 bytes a page. Returns its address. */
static inline uint64_t sites_owners(struct sites_bytes *sites)
{
	struct slub_bytes *slub = &sites->files.slub;
	uint64_t owners = slub_take(slub, 256 * 24), root = slub_take(slub, 32);
	uint64_t roots = slub_take(slub, 8);

	slub_set64(slub, roots, root);
	slub_set64(slub, root + 16, owners);
	sites_variable(sites, "mem_section", roots);
	sites_variable(sites, "page_ext_size", 24);
	sites_variable(sites, "page_owner_ops", 8);
	return owners;
}

static inline void sites_owner(struct sites_bytes *sites, uint64_t owners, uint32_t pfn,
	uint32_t order, uint32_t handle, bool allocated)
{
	uint64_t at = owners + (uint64_t)pfn * 24;

	slub_set64(&sites->files.slub, at, 1 | allocated << 1);
	slub_set(&sites->files.slub, at + 8, order, 4);
	slub_set(&sites->files.slub, at + 12, handle, 4);
}

static inline struct kt_err *sites_pages(struct sites_bytes *sites, struct kt_buf *text)
{
	static const struct kt_pfn_range ranges[] = { { 0, 16 }, { 32, 64 } };
	const struct kt_page_owners_opts opts = { ranges, 2, SITES_SECTION_BITS };

	return kt_file_page_owners(sites->files.slub.target, &opts, &sites->names, text);
}

/* A cache whose objects have tracks; its first two objects are allocated. */
static inline uint64_t sites_cache(struct sites_bytes *sites, const char *name)
{
	struct slub_bytes *slub = &sites->files.slub;
	uint64_t cache = slub_cache(slub, name, TRACKED_BYTES, 40, 4096 / TRACKED_BYTES);

	slub_set64(slub, cache + CACHE_FLAGS, 1 << 4);
	slub_set(slub, cache + CACHE_IN_USE, TRACKED_IN_USE, 4);
	return files_slab(&sites->files, cache, TRACKED_BYTES, 2);
}

static inline void sites_track(struct sites_bytes *sites, uint64_t object, bool freed,
	uint64_t address, uint32_t handle, uint32_t pid, uint64_t when)
{
	uint64_t at = object + TRACKED_IN_USE + (freed ? TRACK_BYTES : 0);
	struct slub_bytes *slub = &sites->files.slub;

	slub_set64(slub, at + TRACK_ADDRESS, address);
	slub_set(slub, at + TRACK_HANDLE, handle, 4);
	slub_set(slub, at + TRACK_PID, pid, 4);
	slub_set64(slub, at + TRACK_WHEN, when);
}

static inline uint64_t sites_leak(
	struct sites_bytes *sites, uint64_t pointer, uint32_t flags, uint32_t handle)
{
	struct slub_bytes *slub = &sites->files.slub;
	uint64_t at = slub_take(slub, LEAK_BYTES);

	slub_set(slub, at + LEAK_FLAGS, flags, 4);
	slub_set(slub, at + LEAK_MIN, 1, 4);
	slub_set(slub, at + LEAK_HANDLE, handle, 4);
	slub_set64(slub, at + LEAK_POINTER, pointer);
	slub_set64(slub, at + LEAK_SIZE, 96);
	slub_set64(slub, at + LEAK_JIFFIES, 1000);
	slub_set(slub, at + LEAK_PID, 42, 4);
	memcpy(slub->memory + (at + LEAK_NAME - SLUB_BASE), "kworker", 8);
	slub_link(slub, sites->leaks, at + LEAK_LIST);
	return at;
}

static inline void sites_init(struct sites_bytes *sites)
{
	struct slub_bytes *slub = &sites->files.slub;

	*sites = (struct sites_bytes){ .used = 16 };
	files_init_with(&sites->files, sites_types);
	sites_symbol(sites, "_stext", SITES_CODE);
	sites_symbol(sites, "_end", SITES_CODE + 0x10000);
	kt_symbol_table_take(&sites->table, KT_SPAN("ffffffff81000000 T _stext\n"
						    "ffffffff81000100 T inner\n"
						    "ffffffff810001f0 t __pfx_outer\n"
						    "ffffffff81000200 T outer\n"
						    "ffffffff81000300 T last\n"));
	if (kt_symbol_table_end(&sites->table))
		abort();
	sites->names = kt_code_names(slub->target, &sites->table);
	sites->pool = slub_take(slub, SITES_DEPOT);
	sites->pools = slub_take(slub, 64);
	slub_set64(slub, sites->pools + 2 * 8, sites->pool); /* number 3, counted from 1 */
	sites_symbol(sites, "stack_pools", sites->pools);
	sites->stacks = sites_variable(sites, "stack_list", 0);
	sites->leaks = slub_take(slub, 16);
	slub_list(slub, sites->leaks);
	sites_symbol(sites, "object_list", sites->leaks);
	sites_variable(sites, "jiffies_last_scan", 9000);
	sites_variable(sites, "jiffies_min_age", 1250);
	sites_variable(sites, "jiffies_64", 10000);
}

static inline void sites_fini(struct sites_bytes *sites)
{
	kt_symbol_table_fini(&sites->table);
	files_fini(&sites->files);
}

/* The text of a cache's tracks. */
static inline struct kt_err *sites_traces(
	struct sites_bytes *sites, const char *cache, bool freed, struct kt_buf *text)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	struct kt_slab_tracks *tracks = NULL;
	struct kt_memmap memmap;
	struct kt_err *err = files_open(&sites->files, &memmap);

	if (!err)
		err = kt_slab_tracks_new(sites->files.slub.target, &memmap, &opts, &tracks);
	if (!err)
		err = kt_file_slab_traces(tracks, &sites->names, cache, freed, text);
	kt_slab_tracks_free(tracks);
	return err;
}

#endif
