// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_AREA_H
#define KT_MODEL_AREA_H

#include "base/arena.h"

#include <stdint.h>

/**
 * What a vmalloc area is made of. Only the first kind holds memory that VmallocUsed counts:
 * pages= of any other kind are pages that somebody else took and counts, and an area
 * without pages= is addresses.
 */
enum kt_area_kind {
	KT_AREA_VMALLOC,  /* pages that vmalloc took */
	KT_AREA_PERCPU,	  /* a chunk of per-CPU memory; its pages are in Percpu */
	KT_AREA_IOREMAP,  /* registers and memory of devices */
	KT_AREA_VMAP,	  /* pages of its owner, mapped once more */
	KT_AREA_DMA,	  /* dma-coherent: a buffer's pages, mapped once more */
	KT_AREA_SPARSE,	  /* filled by its owner page by page: BPF arenas */
	KT_AREA_MAP_RAM,  /* vm_map_ram: pages of its owner, mapped for a short time */
	KT_AREA_UNPURGED, /* freed: its addresses wait to be given back */
	KT_AREA_OTHER,	  /* the line says none of these words */
	KT_AREA_KINDS,
};

struct kt_area_node {
	int node;
	int64_t nr_pages;
};

/**
 * All areas of /proc/vmallocinfo that have caller, module and kind in common. A machine may
 * have hundreds of thousands of areas; callers are as many as places in the kernel's code.
 */
struct kt_area {
	const char *caller; /* "htab_map_alloc+0x2e4/0x5a0"; NULL: the line names none */
	const char *module; /* of the caller; NULL: the kernel itself, or not known */
	enum kt_area_kind kind;
	bool is_stack; /* the caller is the creation of a task */
	int64_t nr_areas;
	int64_t size_bytes; /* addresses, guard pages included; -1: the sum is too large */
	int64_t nr_pages;   /* -1: no line has pages= */
	KT_LIST(struct kt_area_node) nodes;
};

#endif
