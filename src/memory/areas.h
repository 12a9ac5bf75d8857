// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_AREAS_H
#define KT_MEMORY_AREAS_H

#include "base/arena.h"
#include "kernel/target.h"

/**
 * The areas of vmalloc. Each has a struct vmap_area in a slab cache, which leads to its struct
 * vm_struct, so no symbol is needed; an area is believed if both say where it starts.
 */
struct kt_kernel_area {
	uint64_t start, end; /* addresses; the guard page is included */
	uint64_t caller;     /* an address in the function that made it */
	bool allocated;	     /* its pages are of vmalloc itself (VM_ALLOC) */
};

struct kt_areas {
	struct kt_target *target;
	struct kt_field start, end, vm; /* struct vmap_area */
	struct kt_field addr, size, flags, caller;
	uint32_t area_bytes, vm_bytes;
	struct kt_arena arena;
	KT_LIST(struct kt_kernel_area) all; /* sorted by kt_areas_end() */
};

/** ABSENT: the kernel's type data does not describe areas. */
struct kt_err *kt_areas_init(struct kt_areas *areas, struct kt_target *target) KT_MUST_CHECK;
/** Takes an allocated object of any slab cache, if it is an area. `bytes`: of its slot. */
void kt_areas_take(struct kt_areas *areas, const char *object, uint64_t bytes);
/** Sorts them. NOMEM */
struct kt_err *kt_areas_end(struct kt_areas *areas) KT_MUST_CHECK;
/** Finds the area that has an address; NULL: none has. */
const struct kt_kernel_area *kt_areas_find(const struct kt_areas *areas, uint64_t address);
void kt_areas_fini(struct kt_areas *areas);

#endif
