// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the layout of the slots of a slab cache, for the picture of one cache.

#include "source/lists/slabs.h"

/* Lists the files of the fields that this source reads, as a part of `paths`. */
#define PATH_LIST(file)
#define PATH_SLABINFO(file)
#define PATH_PAGE(file) KT_SLABS_PATH "/*/" file,

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	if (!snap->cache_folders.count)
		return kt_err_new(KT_ERR_ABSENT, KT_SLABS_PATH ": missing, or not readable");
	return kt_slabs_read(root, snap, KT_CACHE_READ_PAGE);
}

const struct kt_source kt_source_slab_details = {
	.name = "slab_details",
	.summary = "layout of the objects in slab caches",
	.paths = {
#define FIELD(member, file, read, ...) PATH_##read(file)
#include "model/cache.def"
#undef FIELD
	},
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "the picture of a cache shows fewer parts of a slot",
	.gives = "root and CONFIG_SLUB_DEBUG",
	.read = read_it,
};
