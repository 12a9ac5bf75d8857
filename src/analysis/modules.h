// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_MODULES_H
#define KT_ANALYSIS_MODULES_H

#include "model/snapshot.h"

/** Memory of a module; -1: unknown. */
struct kt_module_use {
	const char *name;
	const struct kt_module *module; /* NULL: not in /proc/modules */
	int64_t image_bytes;		/* image in complete pages */
	int64_t vmalloc_bytes;		/* vmalloc areas allocated by its code */
	int64_t allocated_bytes;	/* all allocations by its code, vmalloc included */
	int64_t bytes;			/* image and allocations, as far as known */
};

struct kt_modules {
	KT_LIST(struct kt_module_use) uses;
	int64_t image_areas_bytes; /* of all images, by vmallocinfo; -1: unknown */
};

/** Joins the files. All of `ret_modules` is in `arena`; check arena->failed afterwards. */
void kt_modules_join(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_modules *ret_modules);

#endif
