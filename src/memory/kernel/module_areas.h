// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_MODULE_AREAS_H
#define KT_MEMORY_KERNEL_MODULE_AREAS_H

#include "memory/areas.h"

/**
 * The areas of vmalloc that modules are in, for kernels that name neither variables nor the list of
 * modules. The struct module of a module is in one of its areas, and has the addresses of all.
 */
struct kt_module_area {
	uint64_t start;
	const char *name; /* "[module]" */
};

struct kt_module_areas {
	struct kt_arena arena;
	KT_LIST(struct kt_module_area) all;
};

/**
 * Searches areas for structs of modules. `buffer`: of a page. ABSENT: the
 * kernel's type data does not describe modules.
 */
struct kt_err *kt_module_areas_find(struct kt_module_areas *modules, struct kt_target *target,
	const struct kt_areas *areas, char *buffer) KT_MUST_CHECK;
/** Name of the module that has an area; NULL: none is known. */
const char *kt_module_areas_name(const struct kt_module_areas *modules, uint64_t start);
void kt_module_areas_fini(struct kt_module_areas *modules);

#endif
