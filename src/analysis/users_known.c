// SPDX-License-Identifier: GPL-2.0-or-later
//
// Functions of the kernel as data: which take memory that other call sites divide, and what the
// largest users are for.

#include "analysis/users.h"

#include "base/allocator.h"
#include "base/attr.h"

#include <string.h>

/* ---- pools ---- */

/*
 * Call sites of pages that other call sites divide, so that /proc/allocinfo has them twice.
 *
 * Not in this table, because the kernel counts them once: alloc_slab_obj_exts() takes its vectors
 * with __GFP_NO_OBJ_EXT, so that a vector in a slab is at no call site and a larger one only there.
 * Pages and page pointers of vmalloc, large kmalloc and mempools count at the function that asked,
 * as the `_noprof` functions pass its tag on. Pages of page_pool, page_frag, zsmalloc and DMA pools
 * count where the pool takes them, and nothing counts their parts.
 */
static const struct kt_users_pool pools[] = {
	/*
	 * allocate_slab(): each object of the slab counts at its own call site, with the size of a
	 * slot (mm/slub.c, __alloc_tagging_slab_alloc_hook())
	 */
	{ "alloc_slab_page", "mm/slub.c:", "pages of slab caches" },
	/*
	 * pcpu_populate_chunk(): each area counts at its own call site, with the size of one CPU's
	 * copy (mm/percpu.c, pcpu_alloc_tag_alloc_hook(), commit 24e44cc22aa3)
	 */
	{ "pcpu_alloc_pages", "mm/percpu-vm.c:", "pages of per-CPU memory" },
	/* the same where the kernel has no vmalloc for it, or one CPU */
	{ "pcpu_create_chunk", "mm/percpu-km.c:", "pages of per-CPU memory" },
};

const struct kt_users_pool *kt_users_pool(const char *function, const char *place)
{
	for (size_t i = 0; function && place && i < KT_LEN(pools); i++) {
		if (strcmp(function, pools[i].function) == 0 &&
			kt_span_starts(kt_span_str(place), pools[i].file))
			return &pools[i];
	}
	return NULL;
}

/* Functions in the stack of such pages: who needs one object more pays for a whole slab. */
static const struct {
	const char *name, *what;
} pool_frames[] = {
	{ "new_slab", "pages of slab caches" },
	{ "allocate_slab", "pages of slab caches" },
	{ "alloc_slab_page", "pages of slab caches" },
	{ "___slab_alloc", "pages of slab caches" },
	{ "cache_grow_begin", "pages of slab caches" },
	{ "pcpu_populate_chunk", "pages of per-CPU memory" },
	{ "pcpu_alloc_pages", "pages of per-CPU memory" },
};

const char *kt_users_pool_frame(struct kt_span function)
{
	for (size_t i = 0; i < KT_LEN(pool_frames); i++) {
		if (kt_span_eq(function, pool_frames[i].name))
			return pool_frames[i].what;
	}
	return NULL;
}

/* ---- purposes ---- */

/* The usual first rows of a healthy machine, most of them memory of processes and files. */
static const struct {
	const char *name, *what;
} purposes[] = {
	{ "folio_prealloc", "memory of processes" },
	{ "vma_alloc_anon_folio_pmd", "huge pages of processes" },
	{ "alloc_anon_folio", "memory of processes" },
	{ "do_anonymous_page", "memory of processes" },
	{ "wp_page_copy", "memory of processes" },
	{ "do_huge_pmd_anonymous_page", "huge pages of processes" },
	{ "alloc_hugepage_khugepaged", "huge pages of processes" },
	{ "alloc_charge_folio", "huge pages of processes" },
	{ "alloc_buddy_hugetlb_folio", "huge page pool" },
	{ "__filemap_get_folio*", "page cache" },
	{ "filemap_alloc_folio*", "page cache" },
	{ "page_cache_ra_unbounded", "page cache" },
	{ "ractl_alloc_folio", "page cache" },
	{ "ra_alloc_folio", "page cache" },
	{ "do_read_cache_folio", "page cache" },
	{ "grow_dev_folio", "page cache" },
	{ "shmem_alloc_folio", "shared memory, tmpfs" },
	{ "shmem_alloc_and_add_folio", "shared memory, tmpfs" },
	{ "__read_swap_cache_async", "swap cache" },
	{ "swap_cache_alloc_folio", "swap cache" },
	{ "pagetable_alloc*", "page tables" },
	{ "pte_alloc_one*", "page tables" },
	{ "__pte_alloc_one*", "page tables" },
	{ "__pmd_alloc*", "page tables" },
	{ "__pud_alloc*", "page tables" },
	{ "pgd_alloc", "page tables" },
	{ "alloc_thread_stack_node", "kernel stacks" },
	{ "dup_task_struct", "kernel stacks, tasks" },
	{ "alloc_page_ext", "memory of page_owner, allocation profiling" },
	{ "alloc_slab_obj_exts", "memory of cgroups, allocation profiling" },
	{ "alloc_large_system_hash", "hash tables of the boot" },
	{ "alloc_zspage", "compressed swap (zsmalloc)" },
	{ "decrease_reservation", "balloon (Xen)" },
	{ "balloon_page_alloc", "balloon" },
	{ "vmballoon_alloc*", "balloon (VMware)" },
	{ "execmem_vmalloc", "code of modules and BPF" },
	{ "__d_alloc", "directory entries" },
};

const char *kt_users_what(const char *function)
{
	struct kt_span name;

	if (!function)
		return NULL;
	name = kt_span_str(function);
	for (size_t i = 0; i < KT_LEN(purposes); i++) {
		if (kt_function_is(name, purposes[i].name))
			return purposes[i].what;
	}
	return NULL;
}
