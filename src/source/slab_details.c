// SPDX-License-Identifier: GPL-2.0-or-later
//
// How the slots of a slab cache are laid out, for the picture of one cache.

#include "source/slabs.h"

static const struct kt_slabs_attr attrs[] = {
	KT_SLABS_ATTR("align", align_bytes),
	KT_SLABS_ATTR("usersize", user_bytes),
	KT_SLABS_ATTR("cpu_partial", cpu_partial),
	KT_SLABS_ATTR("cache_dma", dma),
	KT_SLABS_ATTR("hwcache_align", hwcache_align),
	KT_SLABS_ATTR("destroy_by_rcu", rcu),
	KT_SLABS_ATTR("red_zone", red_zone),
	KT_SLABS_ATTR("poison", poison),
	KT_SLABS_ATTR("store_user", store_user),
	KT_SLABS_ATTR("sanity_checks", checks),
};

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	if (!snap->cache_folders.count)
		return kt_err_new(KT_ERR_ABSENT, KT_SLABS_PATH ": not there, or not readable");
	return kt_slabs_read(root, snap, attrs, KT_LEN(attrs));
}

const struct kt_source kt_source_slab_details = {
	.name = "slab_details",
	.summary = "how the objects of slab caches are laid out",
	.paths = { KT_SLABS_PATH "/*/align", KT_SLABS_PATH "/*/usersize",
		KT_SLABS_PATH "/*/cpu_partial", KT_SLABS_PATH "/*/cache_dma",
		KT_SLABS_PATH "/*/hwcache_align", KT_SLABS_PATH "/*/destroy_by_rcu",
		KT_SLABS_PATH "/*/red_zone", KT_SLABS_PATH "/*/poison",
		KT_SLABS_PATH "/*/store_user", KT_SLABS_PATH "/*/sanity_checks" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "the picture of a cache shows less of what is in a slot",
	.gives = "root and CONFIG_SLUB_DEBUG",
	.read = read_it,
};
