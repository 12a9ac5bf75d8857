// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/allocator.h"

#include "base/attr.h"

#include <string.h>

static const char *const allocators[] = {
	/* the page allocator: mm/page_alloc.c, mm/mempolicy.c, mm/page_owner.c */
	"post_alloc_hook",
	"prep_new_page",
	"get_page_from_freelist",
	"alloc_pages*",
	"__alloc_pages*",
	"__alloc_frozen_pages*",
	"alloc_frozen_pages*",
	"alloc_page_interleave*",
	"__folio_alloc*",
	"folio_alloc",
	"folio_alloc_mpol*",
	"vma_alloc_folio*",
	"__get_free_page*",
	"get_free_pages*",
	"get_zeroed_page*",
	"rmqueue*",
	"__rmqueue*",
	"__set_page_owner*",
	"set_page_owner*",
	"save_stack",
	"make_alloc_exact",
	/* slab: mm/slub.c, mm/slab.c, mm/slab_common.c */
	"kmalloc*",
	"__kmalloc*",
	"___kmalloc*",
	"kzalloc*",
	"kcalloc*",
	"krealloc*",
	"__do_krealloc*",
	"kmem_cache_alloc*",
	"__kmem_cache_alloc*",
	"kmem_cache_zalloc*",
	"slab_alloc*",
	"__slab_alloc*",
	"___slab_alloc*",
	"slab_post_alloc_hook*",
	"new_slab*",
	"allocate_slab*",
	"alloc_slab_page*",
	"cache_grow*",
	"cache_alloc*",
	"____cache_alloc*",
	"fallback_alloc",
	"set_track*",
	"get_partial*",
	"refill_objects",
	"alloc_from_new_slab",
	"__pcs_*",
	"refill_sheaf",
	"alloc_from_pcs*",
	/* helpers in mm/util.c and include/linux/slab.h */
	"kvmalloc*",
	"__kvmalloc*",
	"kvzalloc*",
	"kvcalloc*",
	"kvrealloc*",
	"vrealloc*",
	"kmemdup*",
	"kvmemdup*",
	"kstrdup*",
	"kstrndup*",
	"memdup_user*",
	"vmemdup_user*",
	"kasprintf",
	"kvasprintf*",
	/* vmalloc and per-CPU memory */
	"vmalloc*",
	"__vmalloc*",
	"vzalloc*",
	"__get_vm_area*",
	"vm_area_alloc_pages*",
	"pcpu_alloc*",
	"__alloc_percpu*",
	"alloc_vmap_area*",
	/* pools that hand out what the allocators above give */
	"mempool_alloc*",
	"mempool_kmalloc",
	"mempool_init*",
	"mempool_create*",
	/* debugging code that sees the allocation first */
	"kmemleak_alloc*",
	"__create_object*",
	"create_object*",
	"__link_object",
	"kasan_*",
	"__kasan_*",
	"____kasan_*",
	"stack_trace_save*",
	"stack_depot_save*",
	"kmsan_*",
	"kfence_*",
	"__kfence_*",
};

bool kt_function_is(struct kt_span function, const char *name)
{
	size_t n = strlen(name);

	if (name[n - 1] != '*')
		return kt_span_eq(function, name);
	return function.n >= n - 1 && memcmp(function.p, name, n - 1) == 0;
}

/* Since profiling of allocations, the functions below its macros have names that end so. */
static bool is_unprofiled(struct kt_span function)
{
	return kt_span_ends(function, "_noprof");
}

bool kt_is_allocator(struct kt_span function)
{
	if (!function.n || is_unprofiled(function))
		return true;
	for (size_t i = 0; i < KT_LEN(allocators); i++) {
		if (function.p[0] == allocators[i][0] && kt_function_is(function, allocators[i]))
			return true;
	}
	return false;
}
