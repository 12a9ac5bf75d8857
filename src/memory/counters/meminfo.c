// SPDX-License-Identifier: GPL-2.0-or-later
//
// fs/proc/meminfo.c: meminfo_proc_show(). Most amounts are counters of zones and nodes; the rest
// are variables of their own, or sums over a list.

#include "memory/counters/meminfo.h"

#include "memory/counters/counters.h"
#include "memory/counters/huge_pools.h"

#include <stddef.h>
#include <string.h>

#define INODES_MAX (1u << 22) /* of block devices */
#define SWAPS_MAX  32u	      /* MAX_SWAPFILES */
#define SPACES_MAX (1u << 20) /* address spaces of one swap area: one for each 64 MiB */
#define PAGES_MAX  (1ull << 52)
#define UNKNOWN	   (-1)

enum amount {
	FREE,
	FILE_PAGES,
	SWAPCACHED,
	ACTIVE_ANON,
	INACTIVE_ANON,
	ACTIVE_FILE,
	INACTIVE_FILE,
	UNEVICTABLE,
	MLOCK,
	DIRTY,
	WRITEBACK,
	ANON,
	MAPPED,
	SHMEM,
	MISC_RECLAIMABLE,
	SLAB_R,
	SLAB_U,
	STACK, /* kB, or unknown */
	TABLES,
	SEC_TABLES,
	BOUNCE,
	WRITEBACK_TEMP,
	VMALLOC,
	CMA_FREE,
	UNACCEPTED,
	BALLOON,
	AMOUNTS,
};

/* Names of the counters in /proc/vmstat. */
static const char *const counters[AMOUNTS] = {
	[FREE] = "nr_free_pages",
	[FILE_PAGES] = "nr_file_pages",
	[SWAPCACHED] = "nr_swapcached",
	[ACTIVE_ANON] = "nr_active_anon",
	[INACTIVE_ANON] = "nr_inactive_anon",
	[ACTIVE_FILE] = "nr_active_file",
	[INACTIVE_FILE] = "nr_inactive_file",
	[UNEVICTABLE] = "nr_unevictable",
	[MLOCK] = "nr_mlock",
	[DIRTY] = "nr_dirty",
	[WRITEBACK] = "nr_writeback",
	[ANON] = "nr_anon_pages",
	[MAPPED] = "nr_mapped",
	[SHMEM] = "nr_shmem",
	[MISC_RECLAIMABLE] = "nr_kernel_misc_reclaimable",
	[SLAB_R] = "nr_slab_reclaimable",
	[SLAB_U] = "nr_slab_unreclaimable",
	[STACK] = "nr_kernel_stack",
	[TABLES] = "nr_page_table_pages",
	[SEC_TABLES] = "nr_sec_page_table_pages",
	[BOUNCE] = "nr_bounce",
	[WRITEBACK_TEMP] = "nr_writeback_temp",
	[VMALLOC] = "nr_vmalloc",
	[CMA_FREE] = "nr_free_cma",
	[UNACCEPTED] = "nr_unaccepted",
	[BALLOON] = "nr_balloon_pages",
};

struct meminfo {
	struct kt_target *target;
	int64_t amounts[AMOUNTS]; /* pages; UNKNOWN */
	struct kt_buf *text;
};

static void take_counter(void *arg, const char *name, int64_t pages)
{
	struct meminfo *info = arg;

	for (size_t i = 0; i < AMOUNTS; i++) {
		if (strcmp(counters[i], name) == 0)
			info->amounts[i] = pages;
	}
}

/* ---- variables ---- */

/* A variable of `bytes` bytes; UNKNOWN. */
static int64_t variable(struct kt_target *target, const char *name, uint32_t bytes)
{
	uint64_t at, value;

	return kt_symbols_find(&target->symbols, name, &at) &&
			       kt_target_number(target, at, bytes, &value) && value < PAGES_MAX
		       ? (int64_t)value
		       : UNKNOWN;
}

static int64_t word(struct kt_target *target, const char *name)
{
	return variable(target, name, target->types.pointer_bytes);
}

static int64_t total_pages(struct kt_target *target)
{
	int64_t pages = word(target, "_totalram_pages");

	return pages == UNKNOWN ? word(target, "totalram_pages") : pages;
}

/* mm/percpu.c, pcpu_nr_pages() */
static int64_t percpu_pages(struct kt_target *target)
{
	int64_t populated = word(target, "pcpu_nr_populated"), pages;
	int64_t units = variable(target, "pcpu_nr_units", 4);

	return populated != UNKNOWN && units != UNKNOWN &&
			       !__builtin_mul_overflow(populated, units, &pages) &&
			       pages < (int64_t)PAGES_MAX
		       ? pages
		       : UNKNOWN;
}

/* Pages of the block devices' own files (block/bdev.c, nr_blockdev_pages()). */
static int64_t buffer_pages(struct kt_target *target)
{
	const struct kt_types *types = &target->types;
	struct kt_field inodes, link, mapping, pages;
	uint64_t at, super, head, next, inode, space, nr, sum = 0;

	if (!kt_types_field(types, "super_block", "s_inodes", &inodes) ||
		!kt_types_field(types, "inode", "i_sb_list", &link) ||
		!kt_types_field(types, "inode", "i_mapping", &mapping) ||
		!kt_types_field(types, "address_space", "nrpages", &pages) ||
		!kt_symbols_find(&target->symbols, "blockdev_superblock", &at) ||
		!kt_target_pointer(target, at, &super) || !super)
		return UNKNOWN;
	head = super + inodes.offset;
	if (!kt_target_pointer(target, head, &next))
		return UNKNOWN;
	for (uint32_t i = 0; next != head; i++) {
		inode = next - link.offset;
		if (i >= INODES_MAX || !next ||
			!kt_target_pointer(target, inode + mapping.offset, &space) ||
			!kt_target_number(target, space + pages.offset, pages.size, &nr) ||
			nr >= PAGES_MAX || (sum += nr) >= PAGES_MAX ||
			!kt_target_pointer(target, next, &next))
			return UNKNOWN;
	}
	return (int64_t)sum;
}

/* The swap cache of kernels without a counter of it (until 5.11): sums over all swap areas. */
static int64_t swap_cache_pages(struct kt_target *target)
{
	uint32_t bytes = kt_types_size(&target->types, "address_space");
	uint64_t spaces_at, counts_at, spaces, count, nr, sum = 0;
	int64_t nr_areas = variable(target, "nr_swapfiles", 4);
	struct kt_field pages;

	if (!nr_areas)
		return 0;
	if (nr_areas < 0 || nr_areas > (int64_t)SWAPS_MAX || !bytes ||
		!kt_types_field(&target->types, "address_space", "nrpages", &pages) ||
		!kt_symbols_find(&target->symbols, "swapper_spaces", &spaces_at) ||
		!kt_symbols_find(&target->symbols, "nr_swapper_spaces", &counts_at))
		return UNKNOWN;
	for (int64_t i = 0; i < nr_areas; i++) {
		if (!kt_target_pointer(target, spaces_at + (uint64_t)i * 8, &spaces) ||
			!kt_target_number(target, counts_at + (uint64_t)i * 4, 4, &count) ||
			count > SPACES_MAX)
			return UNKNOWN;
		for (uint64_t k = 0; spaces && k < count; k++) {
			if (!kt_target_number(
				    target, spaces + k * bytes + pages.offset, pages.size, &nr) ||
				nr >= PAGES_MAX || (sum += nr) >= PAGES_MAX)
				return UNKNOWN;
		}
	}
	return (int64_t)sum;
}

/* ---- lines ---- */

static void put_kb(struct meminfo *info, const char *name, int64_t kb)
{
	if (kb >= 0)
		kt_buf_printf(
			info->text, "%s:%*lld kB\n", name, 23 - (int)strlen(name), (long long)kb);
}

static void put(struct meminfo *info, const char *name, int64_t pages)
{
	if (pages >= 0)
		put_kb(info, name, pages * (info->target->page_bytes / 1024));
}

static int64_t sum_of(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? UNKNOWN : a + b;
}

static int64_t difference_of(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? UNKNOWN : a < b ? 0 : a - b;
}

static void put_user(struct meminfo *info)
{
	const int64_t *amounts = info->amounts;
	int64_t buffers = buffer_pages(info->target), swap = amounts[SWAPCACHED];

	if (swap == UNKNOWN)
		swap = swap_cache_pages(info->target);
	put(info, "MemTotal", total_pages(info->target));
	put(info, "MemFree", amounts[FREE]);
	put(info, "Buffers", buffers);
	put(info, "Cached", difference_of(amounts[FILE_PAGES], sum_of(buffers, swap)));
	put(info, "SwapCached", swap);
	put(info, "Active(anon)", amounts[ACTIVE_ANON]);
	put(info, "Inactive(anon)", amounts[INACTIVE_ANON]);
	put(info, "Active(file)", amounts[ACTIVE_FILE]);
	put(info, "Inactive(file)", amounts[INACTIVE_FILE]);
	put(info, "Unevictable", amounts[UNEVICTABLE]);
	put(info, "Mlocked", amounts[MLOCK]);
	/* where zswap stores nothing it has no memory; else the amount is in its pools */
	if (!variable(info->target, "zswap_stored_pages", 4)) {
		put(info, "Zswap", 0);
		put(info, "Zswapped", 0);
	}
	put(info, "Dirty", amounts[DIRTY]);
	put(info, "Writeback", amounts[WRITEBACK]);
	put(info, "AnonPages", amounts[ANON]);
	put(info, "Mapped", amounts[MAPPED]);
	put(info, "Shmem", amounts[SHMEM]);
}

/* The counter of stacks has its unit in its name. */
static int64_t stack_kb(const struct meminfo *info)
{
	int64_t value;

	return kt_types_enum(
		       &info->target->types, "node_stat_item", "NR_KERNEL_STACK_KB", &value) ||
			       kt_types_enum(&info->target->types, "zone_stat_item",
				       "NR_KERNEL_STACK_KB", &value)
		       ? info->amounts[STACK]
		       : UNKNOWN;
}

static void put_kernel(struct meminfo *info)
{
	const int64_t *amounts = info->amounts;
	int64_t vmalloc = amounts[VMALLOC];

	if (vmalloc == UNKNOWN)
		vmalloc = word(info->target, "nr_vmalloc_pages");
	put(info, "KReclaimable", sum_of(amounts[SLAB_R], amounts[MISC_RECLAIMABLE]));
	put(info, "Slab", sum_of(amounts[SLAB_R], amounts[SLAB_U]));
	put(info, "SReclaimable", amounts[SLAB_R]);
	put(info, "SUnreclaim", amounts[SLAB_U]);
	put_kb(info, "KernelStack", stack_kb(info));
	put(info, "PageTables", amounts[TABLES]);
	put(info, "SecPageTables", amounts[SEC_TABLES]);
	/* the kernel too writes 0 where such a counter is gone */
	put(info, "Bounce", amounts[BOUNCE] == UNKNOWN ? 0 : amounts[BOUNCE]);
	put(info, "WritebackTmp", amounts[WRITEBACK_TEMP] == UNKNOWN ? 0 : amounts[WRITEBACK_TEMP]);
	put(info, "VmallocUsed", vmalloc);
	put(info, "Percpu", percpu_pages(info->target));
	put(info, "HardwareCorrupted", word(info->target, "num_poisoned_pages"));
	put(info, "CmaTotal", word(info->target, "totalcma_pages"));
	if (word(info->target, "totalcma_pages") != UNKNOWN)
		put(info, "CmaFree", amounts[CMA_FREE]);
	put(info, "Unaccepted", amounts[UNACCEPTED]);
	put(info, "Balloon", amounts[BALLOON]);
}

struct pools {
	struct meminfo *info;
	uint64_t kb; /* of all sizes */
	bool too_large;
};

static void put_pool(void *arg, const struct kt_huge_pool *pool)
{
	struct pools *pools = arg;
	struct kt_buf *text = pools->info->text;
	uint64_t kb;

	pools->too_large |= __builtin_mul_overflow(pool->nr_total, pool->page_bytes / 1024, &kb) ||
			    __builtin_add_overflow(pools->kb, kb, &pools->kb) ||
			    pools->kb > INT64_MAX / 1024;
	if (!pool->is_default)
		return;
	kt_buf_printf(text, "HugePages_Total:   %5llu\n", (unsigned long long)pool->nr_total);
	kt_buf_printf(text, "HugePages_Free:    %5llu\n", (unsigned long long)pool->nr_free);
	kt_buf_printf(text, "HugePages_Rsvd:    %5llu\n", (unsigned long long)pool->nr_reserved);
	kt_buf_printf(text, "HugePages_Surp:    %5llu\n", (unsigned long long)pool->nr_surplus);
	put_kb(pools->info, "Hugepagesize", (int64_t)(pool->page_bytes / 1024));
}

static struct kt_err *put_pools(struct meminfo *info)
{
	struct pools pools = { .info = info };
	struct kt_err *err = kt_huge_pools_each(info->target, put_pool, &pools);

	if (!err && !pools.too_large)
		put_kb(info, "Hugetlb", (int64_t)pools.kb);
	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err); /* their lines are missing */
	return NULL;
}

struct kt_err *kt_file_meminfo(struct kt_target *target, uint32_t nr_nodes, struct kt_buf *ret_text)
{
	struct meminfo info = { .target = target, .text = ret_text };
	struct kt_err *err;

	for (size_t i = 0; i < AMOUNTS; i++)
		info.amounts[i] = UNKNOWN;
	err = kt_counters_each(target, nr_nodes, take_counter, &info);
	if (err)
		return err;
	put_user(&info);
	put_kernel(&info);
	return put_pools(&info);
}
