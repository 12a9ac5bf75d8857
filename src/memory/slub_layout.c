// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/slub_layout.h"

#include "base/attr.h"

#include <stddef.h>

#define AT(member) offsetof(struct kt_slub_layout, member)

/* The descriptor of a slab was struct page until d122019bf061. */
static const struct kt_field_want of_slab[] = {
	{ "slab", "slab_list", AT(slab_list), true },
	{ "slab", "next", AT(next), false },
	{ "slab", "inuse", AT(inuse), true },
	{ "slab", "objects", AT(objects), true },
	{ "slab", "slab_cache", AT(slab_cache), true },
};

static const struct kt_field_want of_page[] = {
	{ "page", "slab_list", AT(slab_list), true },
	{ "page", "next", AT(next), false },
	{ "page", "inuse", AT(inuse), true },
	{ "page", "objects", AT(objects), true },
	{ "page", "slab_cache", AT(slab_cache), true },
};

static const struct kt_field_want wants[] = {
	{ "kmem_cache", "size", AT(size), true },
	{ "kmem_cache", "object_size", AT(object_size), true },
	{ "kmem_cache", "flags", AT(flags), false },
	{ "kmem_cache", "offset", AT(offset), true },
	{ "kmem_cache", "oo.x", AT(oo), true },
	{ "kmem_cache", "list", AT(list), true },
	{ "kmem_cache", "name", AT(name), true },
	{ "kmem_cache", "random", AT(random), false },
	{ "kmem_cache", "red_left_pad", AT(red_left_pad), false },
	{ "kmem_cache", "cpu_slab", AT(cpu_slab), false },
	{ "kmem_cache", "cpu_sheaves", AT(cpu_sheaves), false },
	{ "kmem_cache", "sheaf_capacity", AT(sheaf_capacity), false },
	{ "kmem_cache", "node", AT(node), false },
	{ "kmem_cache", "per_node", AT(per_node), false },
	{ "kmem_cache_per_node_ptrs", "node", AT(per_node_node), false },
	{ "kmem_cache_per_node_ptrs", "barn", AT(per_node_barn), false },
	{ "kmem_cache_cpu", "freelist", AT(freelist), false },
	{ "kmem_cache_cpu", "tid", AT(tid), false },
	{ "kmem_cache_cpu", "partial", AT(partial), false },
	{ "kmem_cache_node", "nr_partial", AT(nr_partial), true },
	{ "kmem_cache_node", "partial", AT(partial_list), true },
	{ "kmem_cache_node", "nr_slabs", AT(nr_slabs), false },
	{ "kmem_cache_node", "total_objects", AT(total_objects), false },
	{ "kmem_cache_node", "barn", AT(barn), false },
	{ "slub_percpu_sheaves", "main", AT(main), false },
	{ "slub_percpu_sheaves", "spare", AT(spare), false },
	{ "slub_percpu_sheaves", "rcu_free", AT(rcu_free), false },
	{ "slab_sheaf", "size", AT(sheaf_size), false },
	{ "slab_sheaf", "objects", AT(sheaf_objects), false },
	{ "slab_sheaf", "barn_list", AT(barn_list), false },
	{ "slab_sheaf", "cache", AT(sheaf_cache), false },
	{ "node_barn", "sheaves_full", AT(sheaves_full), false },
};

static void take_sizes(const struct kt_types *types, struct kt_slub_layout *layout)
{
	layout->cpu_bytes = kt_types_size(types, "kmem_cache_cpu");
	layout->node_bytes = kt_types_size(types, "kmem_cache_node");
	layout->slab_bytes = kt_types_size(types, "slab");
	if (!layout->slab_bytes)
		layout->slab_bytes = kt_types_size(types, "page");
	layout->sheaves_bytes = kt_types_size(types, "slub_percpu_sheaves");
	layout->sheaf_bytes = kt_types_size(types, "slab_sheaf");
}

/* Flags became enumerators in cc61eb851461 (v6.9); before it this one had the same value always. */
static void take_flag(const struct kt_types *types, struct kt_slub_layout *layout)
{
	int64_t bit;

	if (kt_types_enum(types, "_slab_flag_bits", "_SLAB_RECLAIM_ACCOUNT", &bit))
		layout->reclaim_flag = bit >= 0 && bit < 64 ? 1ull << bit : 0;
	else if (!kt_types_enum(types, "_slab_flag_bits", "_SLAB_POISON", &bit))
		layout->reclaim_flag = 0x20000;
}

struct kt_err *kt_slub_layout(const struct kt_types *types, struct kt_slub_layout *ret_layout)
{
	bool has_slab = kt_types_size(types, "slab") != 0;
	struct kt_err *err;

	*ret_layout = (struct kt_slub_layout){ 0 };
	err = kt_types_fields(types, wants, KT_LEN(wants), ret_layout);
	if (!err && has_slab)
		err = kt_types_fields(types, of_slab, KT_LEN(of_slab), ret_layout);
	else if (!err)
		err = kt_types_fields(types, of_page, KT_LEN(of_page), ret_layout);
	if (err)
		return err;
	if (!kt_types_field(types, "kmem_cache_cpu", "slab", &ret_layout->slab))
		kt_types_field(types, "kmem_cache_cpu", "page", &ret_layout->slab);
	take_sizes(types, ret_layout);
	take_flag(types, ret_layout);
	if (!ret_layout->node.exists && !ret_layout->per_node.exists)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has neither node nor per_node in struct "
			"kmem_cache");
	return NULL;
}
