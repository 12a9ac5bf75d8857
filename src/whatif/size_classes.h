// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WHATIF_SIZE_CLASSES_H
#define KT_WHATIF_SIZE_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_arena;

/** How SLUB packs objects of one size into a slab. */
struct kt_packing {
	int64_t pages_per_slab, objs_per_slab; /* 0: the size has no slab cache */
};

/**
 * Follows calculate_order() of mm/slub.c without parameters on the command line. `nr_cpus`: CPUs
 * present, or possible ones if only one is present.
 */
struct kt_packing kt_slub_packing(int64_t slot_bytes, int64_t nr_cpus, int64_t page_bytes);

/** Parameters of the command line that slabs follow. */
struct kt_slub_settings {
	int max_order;	  /* slub_max_order= */
	int64_t min_objs; /* slub_min_objects= */
};

/** `nr_cpus`: as for kt_slub_packing(). */
struct kt_slub_settings kt_slub_defaults(int64_t nr_cpus);
struct kt_packing kt_slub_packing_with(
	int64_t slot_bytes, int64_t page_bytes, const struct kt_slub_settings *settings);

#define KT_FAMILIES_MAX 24u

/** Objects that were requested with one size. */
struct kt_size_count {
	int64_t bytes;			  /* of the slot: what was requested, rounded up */
	int64_t align_bytes;		  /* of the slot, a power of 2; 0: any */
	int64_t nr_objs[KT_FAMILIES_MAX]; /* by family: each has slabs of its own */
};

/** The machine that has the slabs. */
struct kt_slabs_of {
	int64_t nr_cpus, page_bytes; /* as for kt_slub_packing() */
	int64_t nr_lists; /* of slabs that are partly filled: one for each CPU and node */
};

/** Pages of one cache: the fewest slabs for so many objects, and half a slab for each list. */
int64_t kt_slabs_pages(
	const struct kt_slabs_of *machine, const struct kt_packing *packing, int64_t nr_objs);
/** Pages of as few slabs as hold so many objects. */
int64_t kt_packing_pages(const struct kt_packing *packing, int64_t nr_objs);

#define KT_CLASSES_MAX 32u

/** The best choice of classes for each number of them. */
struct kt_classes {
	size_t count; /* numbers of classes: 1 to count */
	/* by number of classes minus 1: pages of all slabs */
	int64_t pages[KT_CLASSES_MAX];
	/* the classes themselves for each number of them, in bytes, smallest first */
	int64_t bytes[KT_CLASSES_MAX][KT_CLASSES_MAX];
};

/**
 * Finds the classes whose slabs have fewest pages, for each number of classes up to `most`, exactly
 * (dynamic programming). An object goes into the smallest class that is large enough, so a class is
 * a multiple of what each of its sizes must be aligned to. The largest size, so aligned, is always
 * a class. `sizes`: distinct, ascending. Time is count^2 * (most + families). False when out of
 * memory.
 */
bool kt_classes_best(struct kt_arena *arena, const struct kt_size_count *sizes, size_t count,
	size_t most, const struct kt_slabs_of *machine, struct kt_classes *ret);

#endif
