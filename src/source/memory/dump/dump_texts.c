// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes texts of a dump's memory in the form of the kernel's own files, so that the sources that
// read these files work on a dump too.

#include "memory/counters/counters.h"
#include "memory/counters/huge_pools.h"
#include "memory/counters/meminfo.h"
#include "memory/counters/resources.h"
#include "memory/ended/last_stack.h"
#include "memory/kernel/code_names.h"
#include "memory/kernel/device_tree.h"
#include "memory/kernel/kernel_log.h"
#include "memory/kernel/last_moment.h"
#include "memory/kernel/modules.h"
#include "memory/kernel/vmap_areas.h"

#include "base/tool_files.h"
#include "source/memory/dump/dump_sites.h"
#include "source/memory/open.h"
#include "target/dump.h"

#include <stdio.h>
#include <string.h>

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

#define IMAGE_MAX (1ull << 30) /* bytes */

/*
 * Parts of the kernel's image by the marks between them (include/asm-generic/vmlinux.lds.h). Their
 * sizes are right; their address is not needed, so it is left out as in a bundle.
 */
static void put_image(struct kt_target *target, struct kt_buf *text)
{
	static const struct {
		const char *start, *end, *name;
	} parts[] = {
		{ "_text", "_etext", "Kernel code" },
		{ "__start_rodata", "__end_rodata", "Kernel rodata" },
		{ "_sdata", "_edata", "Kernel data" },
		{ "__bss_start", "__bss_stop", "Kernel bss" },
	};
	uint64_t start, end;

	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (kt_symbols_find(&target->symbols, parts[i].start, &start) &&
			kt_symbols_find(&target->symbols, parts[i].end, &end) && end > start &&
			end - start <= IMAGE_MAX)
			put_range(text, 1, 0, end - start - 1, parts[i].name);
	}
}

/*
 * Without the kernel's own map, or where it cannot be read, the ranges that the file's header has:
 * they have firmware next to RAM.
 */
static struct kt_err *make_iomem(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_err *err = kt_resources_each(arg, put_resource, ret_text);

	(void)path;
	if (!err)
		return NULL;
	ret_text->size = 0;
	if (kt_err_code(err) == KT_ERR_NOMEM || !kt_target_dump_has_ranges(arg))
		return err;
	kt_err_free(err);
	kt_target_dump_ranges(arg, put_ram, ret_text);
	put_image(arg, ret_text);
	return NULL;
}

/* A cache whose memory the dump lacks has dashes: 0 objects would be wrong. */
static void put_cache(struct kt_buf *text, const struct kt_cache_memory *cache)
{
	kt_buf_printf(text, "%-17s ", cache->name);
	if (kt_known(cache->nr_objs) && kt_known(cache->free_objs) && kt_known(cache->nr_slabs))
		kt_buf_printf(text, "%6lld %6lld ", (long long)(cache->nr_objs - cache->free_objs),
			(long long)cache->nr_objs);
	else
		kt_buf_puts(text, "     -      - ");
	kt_buf_printf(text, "%6lld %4lld %4lld : tunables    0    0    0 : slabdata ",
		(long long)cache->slot_bytes, (long long)cache->objs_per_slab,
		(long long)cache->pages_per_slab);
	if (kt_known(cache->nr_slabs))
		kt_buf_printf(text, "%6lld %6lld      0\n", (long long)cache->nr_slabs,
			(long long)cache->nr_slabs);
	else
		kt_buf_puts(text, "     -      -      0\n");
}

/* mm/slab_common.c, cache_show(): free objects of CPUs count as active. */
static struct kt_err *make_slabinfo(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_slub_opts opts = { .nr_node_ids = kt_memory_dump_nodes(arg) };
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slub_sum sum;
	struct kt_err *err;

	(void)path;
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
	for (size_t i = 0; !err && i < snap->cache_memories.count; i++)
		put_cache(ret_text, &snap->cache_memories.items[i]);
	kt_snapshot_free(snap);
	return err;
}

static struct kt_err *make_zoneinfo(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return kt_file_zoneinfo(arg, kt_memory_dump_nodes(arg), ret_text);
}

static struct kt_err *make_vmstat(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return kt_file_vmstat(arg, kt_memory_dump_nodes(arg), ret_text);
}

static struct kt_err *make_release(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_span release = kt_target_dump_release(arg);

	(void)path;
	kt_buf_add(ret_text, release.p, release.n);
	kt_buf_puts(ret_text, "\n");
	return NULL;
}

static struct kt_err *make_hostname(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_target *target = arg;
	struct kt_field field;
	char name[65]; /* __NEW_UTS_LEN, include/uapi/linux/utsname.h */
	uint64_t at;

	(void)path;
	if (!kt_symbols_find(&target->symbols, "init_uts_ns", &at) ||
		!kt_types_field(&target->types, "uts_namespace", "name.nodename", &field) ||
		!kt_target_text(target, at + field.offset, name, sizeof(name)))
		return kt_err_new(KT_ERR_ABSENT, "the dump does not name its machine");
	kt_buf_printf(ret_text, "%s\n", name);
	return NULL;
}

static struct kt_err *make_nodes(void *arg, const char *path, struct kt_buf *ret_text)
{
	uint32_t count = kt_memory_dump_nodes(arg);

	(void)path;
	if (count > 1)
		kt_buf_printf(ret_text, "0-%u\n", count - 1);
	else
		kt_buf_puts(ret_text, "0\n");
	return NULL;
}

static struct kt_err *make_meminfo(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return kt_file_meminfo(arg, kt_memory_dump_nodes(arg), ret_text);
}

static struct kt_err *make_vmallocinfo(void *arg, const char *path, struct kt_buf *ret_text)
{
	const struct kt_symbol_table *table;
	struct kt_err *err = kt_memory_dump_symbols(arg, &table);

	(void)path;
	return err ? err : kt_file_vmallocinfo(arg, table, kt_memory_dump_nodes(arg), ret_text);
}

static struct kt_err *make_modules(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return kt_file_modules(arg, ret_text);
}

static struct kt_err *make_log(void *arg, const char *path, struct kt_buf *ret_text)
{
	(void)path;
	return kt_file_kernel_log(arg, ret_text);
}

/* A variable of its own, with the name of the file: bytes. */
static struct kt_err *make_dma_pool(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_target *target = arg;
	uint64_t at, bytes;

	if (!kt_symbols_find(&target->symbols, strrchr(path, '/') + 1, &at) ||
		!kt_target_pointer(target, at, &bytes))
		return kt_err_new(
			KT_ERR_ABSENT, "the kernel has no such pool, or does not name it");
	kt_buf_printf(ret_text, "%llu\n", (unsigned long long)bytes);
	return NULL;
}

static struct kt_err *make_uptime(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_last_moment moment;

	(void)path;
	kt_last_moment_read(arg, &moment);
	if (!kt_known(moment.uptime_s))
		return kt_err_new(KT_ERR_ABSENT, "the kernel does not name its clock");
	kt_buf_printf(ret_text, "%lld.00\n", (long long)moment.uptime_s);
	return NULL;
}

/* The last line of the log that a panic begins with. */
static struct kt_err *put_panic(struct kt_target *target, struct kt_buf *text)
{
	KT_CLEANUP(buf) struct kt_buf log = { 0 };
	struct kt_err *err = kt_file_kernel_log(target, &log);
	struct kt_span rest = { log.data, log.size }, line, found = { 0 };

	if (err && kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	while (kt_span_line(&rest, &line)) {
		struct kt_span head;

		if (kt_span_until(&line, ';', &head) && kt_span_starts(line, "Kernel panic - "))
			found = line;
	}
	if (found.n)
		kt_buf_printf(text, "panic=%.*s\n", (int)found.n, found.p);
	return log.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

/* "frame=function+0x1/0x2 [module]"; "guess=" where only the stack's words show it. */
static struct kt_err *put_stack(
	struct kt_target *target, const struct kt_last_moment *moment, struct kt_buf *text)
{
	const struct kt_symbol_table *table = NULL;
	struct kt_frame frames[KT_FRAMES_MAX];
	size_t count = kt_last_stack(target, moment, frames);
	struct kt_code_names names;
	struct kt_err *err = count ? kt_memory_dump_symbols(target, &table) : NULL;

	if (err)
		return err;
	names = kt_code_names(target, table);
	for (size_t i = 0; i < count; i++) {
		kt_buf_puts(text, frames[i].is_guess ? "guess=" : "frame=");
		kt_code_name(&names, frames[i].address, frames[i].is_return, text);
		kt_buf_puts(text, "\n");
	}
	return NULL;
}

static struct kt_err *make_crash(void *arg, const char *path, struct kt_buf *ret_text)
{
	char letters[KT_TAINT_LETTERS];
	struct kt_last_moment moment;
	struct kt_err *err;

	(void)path;
	kt_last_moment_read(arg, &moment);
	if (*moment.command_line)
		kt_buf_printf(ret_text, "command_line=%s\n", moment.command_line);
	if (moment.has_taints) {
		kt_taint_letters(moment.taints, letters);
		kt_buf_printf(ret_text, "taints=%s\n", letters);
	}
	if (!kt_known(moment.cpu))
		return NULL;
	kt_buf_printf(ret_text, "cpu=%lld\n", (long long)moment.cpu);
	if (kt_known(moment.pid))
		kt_buf_printf(ret_text, "task=%s\npid=%lld\n", moment.comm, (long long)moment.pid);
	err = put_panic(arg, ret_text);
	return err ? err : put_stack(arg, &moment, ret_text);
}

/* kernel/kexec_core.c, crash_get_memory_size() */
static struct kt_err *make_crash_size(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_target *target = arg;
	struct kt_field start, end;
	uint64_t at, first, last;

	(void)path;
	if (!kt_symbols_find(&target->symbols, "crashk_res", &at) ||
		!kt_types_field(&target->types, "resource", "start", &start) ||
		!kt_types_field(&target->types, "resource", "end", &end) ||
		!kt_target_number(target, at + start.offset, start.size, &first) ||
		!kt_target_number(target, at + end.offset, end.size, &last) || last < first)
		return kt_err_new(KT_ERR_ABSENT, "the kernel does not name its crash kernel");
	kt_buf_printf(ret_text, "%llu\n", (unsigned long long)(last ? last - first + 1 : 0));
	return NULL;
}

static struct kt_err *make_chosen(void *arg, const char *path, struct kt_buf *ret_text)
{
	return kt_file_chosen(arg, strrchr(path, '/') + 1, ret_text);
}

#define CPUS_MAX 8192u

/* Bits of a struct cpumask as a list of numbers, "0-3". */
static struct kt_err *make_cpus(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_target *target = arg;
	bool online = strstr(path, "online") != NULL;
	char bits[CPUS_MAX / 8];
	uint32_t count = target->nr_cpus < CPUS_MAX ? target->nr_cpus : CPUS_MAX;
	uint64_t at;

	if (!kt_symbols_find(
		    &target->symbols, online ? "__cpu_online_mask" : "__cpu_possible_mask", &at) ||
		!kt_target_read(target, at, bits, (size_t)(count + 63) / 64 * 8))
		return kt_err_new(KT_ERR_ABSENT, "the kernel does not name its CPUs");
	for (uint32_t first = 0, last; first < count; first = last + 1) {
		last = first;
		if (!(bits[first / 8] >> first % 8 & 1))
			continue;
		while (last + 1 < count && bits[(last + 1) / 8] >> (last + 1) % 8 & 1)
			last++;
		kt_buf_join(ret_text, ",", last > first ? "%u-%u" : "%u", first, last);
	}
	kt_buf_puts(ret_text, "\n");
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
	{ KT_FILE_MEMINFO, make_meminfo },
	{ KT_FILE_VMALLOCINFO, make_vmallocinfo },
	{ KT_FILE_MODULES, make_modules },
	{ KT_FILE_OWN_LOG, make_log },
	{ KT_ROOT_MEMORY_LOG, make_log }, /* the same, for the reports in it */
	{ KT_FILE_CRASH, make_crash },
	{ KT_FILE_UPTIME, make_uptime },
	{ KT_FILE_CRASH_SIZE, make_crash_size },
	{ KT_DIR_DMA_POOLS "pool_size_dma", make_dma_pool },
	{ KT_DIR_DMA_POOLS "pool_size_dma32", make_dma_pool },
	{ KT_DIR_DMA_POOLS "pool_size_kernel", make_dma_pool },
	{ KT_FILE_INITRD_START, make_chosen },
	{ KT_FILE_INITRD_END, make_chosen },
	{ KT_FILE_CPUS_ONLINE, make_cpus },
	{ KT_FILE_CPUS_POSSIBLE, make_cpus },
};

/* ---- huge pages ---- */

struct pools {
	struct kt_root *root;
	struct kt_err *err;
	/* of the pool that a text is made of */
	struct kt_huge_pool wanted;
	bool found;
};

static uint64_t count_of(const struct kt_huge_pool *pool, const char *file)
{
	return strcmp(file, "nr_hugepages") == 0     ? pool->nr_total
	       : strcmp(file, "free_hugepages") == 0 ? pool->nr_free
	       : strcmp(file, "resv_hugepages") == 0 ? pool->nr_reserved
						     : pool->nr_surplus;
}

static void find_pool(void *arg, const struct kt_huge_pool *pool)
{
	struct pools *pools = arg;

	if (pool->page_bytes != pools->wanted.page_bytes)
		return;
	pools->wanted = *pool;
	pools->found = true;
}

static struct kt_err *make_huge_pool(void *arg, const char *path, struct kt_buf *ret_text)
{
	struct kt_span size =
		kt_span_from(kt_span_str(path), strlen(KT_DIR_HUGEPAGES "hugepages-"));
	struct pools pools = { 0 };
	struct kt_err *err;
	uint64_t kb = 0;

	kt_span_take_u64(&size, &kb);
	pools.wanted.page_bytes = kb * 1024;
	err = kt_huge_pools_each(arg, find_pool, &pools);
	if (!err && !pools.found)
		err = kt_err_new(KT_ERR_ABSENT, "the kernel has no such pool");
	if (!err)
		kt_buf_printf(ret_text, "%llu\n",
			(unsigned long long)count_of(&pools.wanted, strrchr(path, '/') + 1));
	return err;
}

static void add_pool(void *arg, const struct kt_huge_pool *pool)
{
	static const char *const files[] = { "nr_hugepages", "free_hugepages", "resv_hugepages",
		"surplus_hugepages" };
	struct pools *pools = arg;
	char path[96];

	for (size_t i = 0; i < KT_LEN(files) && !pools->err; i++) {
		snprintf(path, sizeof(path), KT_DIR_HUGEPAGES "hugepages-%llukB/%s",
			(unsigned long long)(pool->page_bytes / 1024), files[i]);
		pools->err = kt_root_dump_add(pools->root, path, make_huge_pool);
	}
}

/* ---- all ---- */

struct kt_err *kt_memory_dump_texts(struct kt_root *root, struct kt_target *target)
{
	struct pools pools = { .root = root };
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < KT_LEN(makers); i++)
		err = kt_root_dump_add(root, makers[i].path, makers[i].make);
	if (err)
		return err;
	/* a kernel without pools has no files of them */
	kt_err_free(kt_huge_pools_each(target, add_pool, &pools));
	return pools.err ? pools.err : kt_dump_sites_add(root, target);
}
