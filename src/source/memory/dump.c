// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opens the memory of a dump for its root, and makes texts of it in the form of the kernel's own
// files, so that the sources that read these files work on a dump too.

#include "memory/counters/counters.h"
#include "memory/counters/resources.h"

#include "source/memory/open.h"
#include "target/dump.h"

#include <stdlib.h>
#include <string.h>

/* ---- files ---- */

static void put_range(
	struct kt_buf *text, unsigned depth, uint64_t first, uint64_t last, const char *name)
{
	kt_buf_repeat(text, "  ", depth);
	kt_buf_printf(text, "%08llx-%08llx : %s\n", (unsigned long long)first,
		(unsigned long long)last, name);
}

static void put_resource(void *arg, const struct kt_resource *resource)
{
	put_range(arg, resource->depth, resource->start, resource->end, resource->name);
}

static void put_ram(void *arg, uint64_t first, uint64_t bytes)
{
	put_range(arg, 0, first, first + bytes - 1, "System RAM");
}

/* Without the kernel's own map, the ranges of the file: they have firmware next to RAM. */
static struct kt_err *make_iomem(void *arg, struct kt_buf *ret_text)
{
	struct kt_err *err = kt_resources_each(arg, put_resource, ret_text);

	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	ret_text->size = 0;
	kt_target_dump_ranges(arg, put_ram, ret_text);
	return NULL;
}

/* mm/slab_common.c, cache_show(): free objects of CPUs count as active. */
static struct kt_err *make_slabinfo(void *arg, struct kt_buf *ret_text)
{
	struct kt_slub_opts opts = { .nr_node_ids = kt_memory_dump_nodes(arg) };
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slub_sum sum;
	struct kt_err *err;

	if (!snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_slub_walk(arg, &opts, snap, &sum);
	if (!err) {
		kt_buf_puts(ret_text,
			"slabinfo - version: 2.1\n"
			"# name            <active_objs> <num_objs> <objsize> <objperslab> "
			"<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
			"<active_slabs> <num_slabs> <sharedavail>\n");
	}
	for (size_t i = 0; !err && i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *cache = &snap->cache_memories.items[i];
		bool known = kt_known(cache->nr_objs) && kt_known(cache->free_objs) &&
			     kt_known(cache->nr_slabs);

		/* a cache that cannot be counted has no line: 0 objects would be wrong */
		if (known)
			kt_buf_printf(ret_text,
				"%-17s %6lld %6lld %6lld %4lld %4lld : tunables    0    0    0 : "
				"slabdata %6lld %6lld      0\n",
				cache->name, (long long)(cache->nr_objs - cache->free_objs),
				(long long)cache->nr_objs, (long long)cache->slot_bytes,
				(long long)cache->objs_per_slab, (long long)cache->pages_per_slab,
				(long long)cache->nr_slabs, (long long)cache->nr_slabs);
	}
	kt_snapshot_free(snap);
	return err;
}

static struct kt_err *make_zoneinfo(void *arg, struct kt_buf *ret_text)
{
	return kt_file_zoneinfo(arg, kt_memory_dump_nodes(arg), ret_text);
}

static struct kt_err *make_vmstat(void *arg, struct kt_buf *ret_text)
{
	return kt_file_vmstat(arg, kt_memory_dump_nodes(arg), ret_text);
}

static struct kt_err *make_release(void *arg, struct kt_buf *ret_text)
{
	struct kt_span release = kt_target_dump_release(arg);

	kt_buf_add(ret_text, release.p, release.n);
	kt_buf_puts(ret_text, "\n");
	return NULL;
}

static struct kt_err *make_hostname(void *arg, struct kt_buf *ret_text)
{
	struct kt_target *target = arg;
	struct kt_field field;
	char name[65]; /* __NEW_UTS_LEN, include/uapi/linux/utsname.h */
	uint64_t at;

	if (!kt_symbols_find(&target->symbols, "init_uts_ns", &at) ||
		!kt_types_field(&target->types, "uts_namespace", "name.nodename", &field) ||
		!kt_target_text(target, at + field.offset, name, sizeof(name)))
		return kt_err_new(KT_ERR_ABSENT, "the dump does not name its machine");
	kt_buf_printf(ret_text, "%s\n", name);
	return NULL;
}

static struct kt_err *make_nodes(void *arg, struct kt_buf *ret_text)
{
	uint32_t count = kt_memory_dump_nodes(arg);

	if (count > 1)
		kt_buf_printf(ret_text, "0-%u\n", count - 1);
	else
		kt_buf_puts(ret_text, "0\n");
	return NULL;
}

static const struct {
	const char *path;
	kt_root_make make;
} makers[] = {
	{ KT_FILE_IOMEM, make_iomem },
	{ KT_FILE_SLABINFO, make_slabinfo },
	{ KT_FILE_ZONEINFO, make_zoneinfo },
	{ KT_FILE_VMSTAT, make_vmstat },
	{ KT_FILE_OSRELEASE, make_release },
	{ KT_FILE_HOSTNAME, make_hostname },
	{ KT_FILE_NODES, make_nodes },
};

/* ---- opening ---- */

#define NODES_MAX 1024u

uint32_t kt_memory_dump_nodes(struct kt_target *target)
{
	uint64_t at, count;

	return kt_symbols_find(&target->symbols, "nr_node_ids", &at) &&
			       kt_target_number(target, at, sizeof(uint32_t), &count) && count &&
			       count <= NODES_MAX
		       ? (uint32_t)count
		       : 1;
}

static void close_memory(void *arg)
{
	kt_target_close(arg);
}

struct kt_err *kt_source_open_dump(struct kt_root *root, struct kt_snapshot *snap)
{
	struct kt_target *target = kt_root_dump_memory(root);
	KT_CLEANUP(buf) struct kt_buf note = { 0 };
	struct kt_err *err;

	if (!target) {
		err = kt_target_dump(kt_root_dump_file(root), snap->btf_path, &target);
		if (err)
			return err;
		kt_root_dump_give(root, target, close_memory);
		for (size_t i = 0; !err && i < KT_LEN(makers); i++)
			err = kt_root_dump_add(root, makers[i].path, makers[i].make);
		if (err)
			return err;
		kt_target_dump_note(target, &note);
		kt_buf_add(&note, "", 1);
		if (note.size > 1 && !note.failed)
			kt_root_dump_note(root, note.data);
	}
	snap->host.page_bytes = target->page_bytes;
	snap->host.at_rest = true;
	return NULL;
}
