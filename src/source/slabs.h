// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_SLABS_H
#define KT_SOURCE_SLABS_H

#include "source/source.h"

/**
 * /sys/kernel/slab, in two sources: what a list of caches needs, and what only the picture
 * of one needs. Every attribute costs an open; the folder has one for each of thousands.
 */

#define KT_SLABS_PATH "sys/kernel/slab"

/** An attribute that is one number, and where in struct kt_cache_folder it goes. */
struct kt_slabs_attr {
	const char *name;
	size_t offset;
};

#define KT_SLABS_ATTR(attr, member)                            \
	{                                                      \
		attr, offsetof(struct kt_cache_folder, member) \
	}

/** Reads attributes of every folder, or of the one that was asked for. */
struct kt_err *kt_slabs_read(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_slabs_attr *attrs, size_t nr_attrs) KT_MUST_CHECK;

#endif
