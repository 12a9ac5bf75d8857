// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_AREA_H
#define KT_MODEL_AREA_H

#include "base/arena.h"
#include "base/span.h"
#include "model/unknown.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Kind of a vmalloc area. VmallocUsed counts only KT_AREA_VMALLOC: pages= of any other kind are
 * pages that another owner allocated and counts, and an area without pages= is only addresses.
 */
enum kt_area_kind {
	KT_AREA_VMALLOC,  /* pages allocated by vmalloc */
	KT_AREA_PERCPU,	  /* a per-CPU chunk; its pages are in Percpu */
	KT_AREA_IOREMAP,  /* registers and memory of devices */
	KT_AREA_VMAP,	  /* a second mapping of its owner's pages */
	KT_AREA_DMA,	  /* dma-coherent: a second mapping of a buffer's pages */
	KT_AREA_SPARSE,	  /* its owner adds pages one by one: BPF arenas */
	KT_AREA_MAP_RAM,  /* vm_map_ram: a short-lived mapping of its owner's pages */
	KT_AREA_UNPURGED, /* freed: its addresses wait to be purged */
	KT_AREA_OTHER,	  /* the line contains none of these words */
	KT_AREA_KINDS,
};

struct kt_area_node {
	int node;
	int64_t nr_pages;
};

/**
 * All areas of /proc/vmallocinfo with the same caller, module and kind. A machine may have hundreds
 * of thousands of areas, but only as many callers as the kernel's code has call sites.
 */
struct kt_area {
	const char *caller; /* "htab_map_alloc+0x2e4/0x5a0"; NULL: the line names none */
	const char *module; /* module of the caller; NULL: the kernel itself, or unknown */
	enum kt_area_kind kind;
	bool is_stack; /* the caller creates tasks */
	int64_t nr_areas;
	int64_t size_bytes; /* addresses, guard pages included; KT_UNKNOWN: the sum overflows */
	int64_t nr_pages;   /* KT_UNKNOWN: no line has pages=, or the sum overflows */
	KT_LIST(struct kt_area_node) nodes;
};

/**
 * Whether areas of a caller are stacks of tasks: "dup_task_struct+0x5a/0x1a0", also without offset.
 */
bool kt_area_is_stack(struct kt_span caller);

/** Areas in kernel memory; numbers may be KT_UNKNOWN. */
struct kt_lazy_areas {
	int64_t nr_lazy, lazy_bytes;	 /* freed, not yet purged; bytes of addresses */
	int64_t counter_bytes;		 /* the same, by the kernel's counter */
	int64_t nr_listed, listed_bytes; /* the same, by /proc/vmallocinfo at that time */
	int64_t nr_pooled, pooled_bytes; /* purged, kept for the next caller */
	/* areas of vmalloc whose requested size is known: requested bytes, bytes of their pages */
	int64_t nr_asked, asked_bytes, taken_bytes;
	int64_t nr_torn; /* lists that changed each time they were read */
};

#define KT_AREA_LISTS(LIST)         \
	LIST(struct kt_area, areas) \
	LIST(struct kt_lazy_areas, lazy_areas)

#endif
