// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/hooks.h"

#include "base/attr.h"

#include <string.h>

#define NAMES_MAX 4u

/*
 * Functions got other names when memory allocation profiling wrapped them (commit 7bd230a26648),
 * and get others: the first name that exists counts.
 */
static const struct known {
	enum kt_trace_pool pool;
	enum kt_trace_way way;
	bool frees;
	const char *names[NAMES_MAX];
	const char *what;
} known[] = {
	{ KT_TRACE_SLAB, KT_TRACE_POINT, false, { "kmalloc" }, NULL },
	{ KT_TRACE_SLAB, KT_TRACE_POINT, false, { "kmalloc_node" }, NULL },
	{ KT_TRACE_SLAB, KT_TRACE_POINT, false, { "kmem_cache_alloc" }, NULL },
	{ KT_TRACE_SLAB, KT_TRACE_POINT, false, { "kmem_cache_alloc_node" }, NULL },
	{ KT_TRACE_SLAB, KT_TRACE_POINT, true, { "kfree" }, NULL },
	{ KT_TRACE_SLAB, KT_TRACE_POINT, true, { "kmem_cache_free" }, NULL },
	{ KT_TRACE_SLAB, KT_TRACE_ENTRY, true, { "kvfree_call_rcu" }, "frees by kfree_rcu()" },
	{ KT_TRACE_SLAB, KT_TRACE_EXIT, false,
		{ "kmem_cache_alloc_bulk_noprof", "kmem_cache_alloc_bulk" },
		"allocations of several objects at once" },
	{ KT_TRACE_SLAB, KT_TRACE_ENTRY, true, { "kmem_cache_free_bulk" },
		"frees of several objects at once" },
	{ KT_TRACE_SLAB, KT_TRACE_EXIT, false,
		{ "_kmalloc_nolock_noprof", "kmalloc_nolock_noprof", "kmalloc_nolock" },
		"allocations without locks" },
	{ KT_TRACE_SLAB, KT_TRACE_ENTRY, true, { "kfree_nolock" }, "frees without locks" },

	{ KT_TRACE_PAGES, KT_TRACE_POINT, false, { "mm_page_alloc" }, NULL },
	{ KT_TRACE_PAGES, KT_TRACE_POINT, true, { "mm_page_free" }, NULL },

	{ KT_TRACE_PERCPU, KT_TRACE_POINT, false, { "percpu_alloc_percpu" }, NULL },
	{ KT_TRACE_PERCPU, KT_TRACE_POINT, true, { "percpu_free_percpu" }, NULL },

	{ KT_TRACE_VMALLOC, KT_TRACE_EXIT, false,
		{ "__vmalloc_node_range_noprof", "__vmalloc_node_range" }, "areas of vmalloc" },
	/*
	 * The parameters are too many for some kernels (x86-64 before 473e3150e30a: 6); these two
	 * see areas of any kind.
	 */
	{ KT_TRACE_VMALLOC, KT_TRACE_POINT, false, { "alloc_vmap_area" }, NULL },
	{ KT_TRACE_VMALLOC, KT_TRACE_EXIT, false, { "alloc_vmap_area" }, "areas of vmalloc" },
	{ KT_TRACE_VMALLOC, KT_TRACE_POINT, true, { "free_vmap_area_noflush" }, NULL },
	{ KT_TRACE_VMALLOC, KT_TRACE_ENTRY, true, { "remove_vm_area" }, "frees of areas" },
	{ KT_TRACE_VMALLOC, KT_TRACE_ENTRY, true, { "vfree" }, "frees of areas" },
};

/* A probe of a tracepoint gets its first parameter as unsigned long or void *. */
static void find_slab(const struct kt_function *function, struct kt_trace_hook *hook)
{
	bool point = hook->way == KT_TRACE_POINT;

	hook->cache = kt_function_param(function, "struct kmem_cache *", 0);
	hook->array = kt_function_param(function, "void **", 0);
	hook->rcu_head = kt_function_param(function, "struct rcu_head *", 0);
	if (hook->rcu_head < 0) /* a macro makes one name of the other (include/linux/types.h) */
		hook->rcu_head = kt_function_param(function, "struct callback_head *", 0);
	if (hook->array >= 0) {
		hook->count = kt_function_param(function, "size_t", 0);
		return;
	}
	hook->address = hook->way == KT_TRACE_EXIT ? -1 : kt_function_param(function, "void *", 0);
	if (hook->rcu_head >= 0 && hook->address < 0)
		hook->rcu_offset = kt_function_param(function, "rcu_callback_t", 0);
	if (!point) {
		hook->requested = hook->frees ? -1 : kt_function_param(function, "size_t", 0);
		return;
	}
	hook->site = kt_function_param(function, "unsigned long", 0);
	if (hook->site < 0)
		hook->site = kt_function_param(function, "long unsigned int", 0);
	hook->requested = kt_function_param(function, "size_t", 0);
	hook->bytes = kt_function_param(function, "size_t", 1);
}

static void find_pages(const struct kt_function *function, struct kt_trace_hook *hook)
{
	hook->address = kt_function_param(function, "struct page *", 0);
	hook->order = kt_function_param(function, "unsigned int", 0);
	hook->flags = kt_function_param(function, "gfp_t", 0);
}

/* The pointer to the memory comes after that to its chunk; the size is of one CPU's copy. */
static void find_percpu(const struct kt_function *function, struct kt_trace_hook *hook)
{
	hook->address = kt_function_param(function, "void *", 1);
	hook->requested = kt_function_param(function, "size_t", 0);
	hook->site = kt_function_param(function, "long unsigned int", 0);
}

/* The area that alloc_vmap_area() makes has its address inside; its tracepoint gives both. */
static void find_areas(const struct kt_types *types, const struct kt_function *function,
	struct kt_trace_hook *hook)
{
	struct kt_field start;
	bool point = hook->way == KT_TRACE_POINT;

	hook->areas = true;
	hook->requested = kt_function_param(function, "long unsigned int", point ? 1 : 0);
	hook->address = point ? kt_function_param(function, "long unsigned int", 0) : -1;
	if (point)
		return;
	hook->is_indirect = kt_types_field(types, "vmap_area", "va_start", &start);
	hook->address_at = start.offset;
	if (!hook->is_indirect)
		hook->requested = -1;
}

static void find_vmalloc(const struct kt_types *types, const struct kt_function *function,
	struct kt_trace_hook *hook)
{
	if (hook->frees) {
		hook->address = hook->way == KT_TRACE_POINT
					? kt_function_param(function, "long unsigned int", 0)
					: kt_function_param(function, "void *", 0);
		return;
	}
	if (strcmp(hook->name, "alloc_vmap_area") == 0) {
		find_areas(types, function, hook);
		return;
	}
	hook->requested = kt_function_param(function, "long unsigned int", 0);
	hook->site = kt_function_param(function, "void *", 0);
}

/* Whether what the program reads is there. */
static bool is_whole(const struct kt_trace_hook *hook)
{
	if (hook->array >= 0)
		return hook->cache >= 0 && (!hook->frees || hook->count >= 0);
	if (hook->way != KT_TRACE_EXIT && hook->address < 0)
		return hook->rcu_head >= 0 && hook->rcu_offset >= 0;
	switch (hook->pool) {
	case KT_TRACE_SLAB: return hook->frees || hook->cache >= 0 || hook->requested >= 0;
	case KT_TRACE_PAGES: return hook->order >= 0;
	case KT_TRACE_PERCPU:
	case KT_TRACE_VMALLOC: return hook->frees || hook->requested >= 0;
	}
	return false;
}

static void find_params(const struct kt_types *types, const struct kt_function *function,
	struct kt_trace_hook *hook)
{
	hook->generic = strncmp(hook->name, "kmalloc", 7) == 0 ||
			strncmp(hook->name, "_kmalloc", 8) == 0 || strcmp(hook->name, "kfree") == 0;
	hook->address = hook->cache = hook->bytes = hook->requested = hook->order = -1;
	hook->flags = hook->site = hook->array = hook->count = -1;
	hook->rcu_head = hook->rcu_offset = -1;
	hook->id = function->id;
	hook->nr_params = function->nr_params;
	if (!hook->id)
		return;
	switch (hook->pool) {
	case KT_TRACE_SLAB: find_slab(function, hook); break;
	case KT_TRACE_PAGES: find_pages(function, hook); break;
	case KT_TRACE_PERCPU: find_percpu(function, hook); break;
	case KT_TRACE_VMALLOC: find_vmalloc(types, function, hook); break;
	}
	if (!is_whole(hook))
		hook->id = 0;
}

/* The first name that the kernel has; functions are looked up in one walk over its types. */
static void find_functions(const struct kt_types *types, enum kt_trace_pool pool,
	struct kt_function ret_functions[KT_LEN(known)], const char *ret_names[KT_LEN(known)])
{
	const char *names[KT_LEN(known) * NAMES_MAX];
	struct kt_function functions[KT_LEN(known) * NAMES_MAX];
	size_t count = 0, at = 0;

	for (size_t i = 0; i < KT_LEN(known); i++) {
		for (size_t k = 0; known[i].pool == pool && known[i].way != KT_TRACE_POINT &&
				   k < NAMES_MAX && known[i].names[k];
			k++)
			names[count++] = known[i].names[k];
	}
	kt_types_functions(types, names, count, functions);
	for (size_t i = 0; i < KT_LEN(known); i++) {
		ret_functions[i] = (struct kt_function){ 0 };
		ret_names[i] = known[i].names[0];
		if (known[i].pool != pool)
			continue;
		if (known[i].way == KT_TRACE_POINT) {
			kt_types_tracepoint(types, known[i].names[0], &ret_functions[i]);
			continue;
		}
		for (size_t k = 0; k < NAMES_MAX && known[i].names[k]; k++, at++) {
			if (!ret_functions[i].id && functions[at].id) {
				ret_functions[i] = functions[at];
				ret_names[i] = names[at];
			}
		}
	}
}

size_t kt_trace_hooks(const struct kt_types *types, enum kt_trace_pool pool,
	struct kt_trace_hook ret_hooks[KT_TRACE_HOOKS_MAX])
{
	struct kt_function functions[KT_LEN(known)];
	const char *names[KT_LEN(known)];
	size_t count = 0;

	find_functions(types, pool, functions, names);
	for (size_t i = 0; i < KT_LEN(known) && count < KT_TRACE_HOOKS_MAX; i++) {
		if (known[i].pool != pool)
			continue;
		ret_hooks[count] = (struct kt_trace_hook){ .name = names[i],
			.what = known[i].what,
			.pool = pool,
			.way = known[i].way,
			.frees = known[i].frees };
		find_params(types, &functions[i], &ret_hooks[count++]);
	}
	return count;
}
