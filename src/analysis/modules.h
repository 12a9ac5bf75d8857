// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_MODULES_H
#define KT_ANALYSIS_MODULES_H

#include "model/snapshot.h"

/** What is known of a module's memory; a number is -1 where it is not known. */
struct kt_module_use {
	const char *name;
	const struct kt_module *module; /* NULL: it is not in /proc/modules */
	int64_t image_bytes;		/* whole pages */
	int64_t vmalloc_bytes;		/* of vmalloc areas that its code asked for */
	int64_t allocated_bytes;	/* by its code, of all kinds, vmalloc included */
	int64_t bytes;			/* image and what it allocated, as far as known */
};

struct kt_modules {
	KT_LIST(struct kt_module_use) uses;
	int64_t image_areas_bytes; /* of all images, by vmallocinfo; -1: not known */
};

/** Everything in `ret_modules` lives in `arena`; check arena->failed behind it. */
void kt_modules_join(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_modules *ret_modules);

#endif
