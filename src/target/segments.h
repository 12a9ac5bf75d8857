// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TARGET_SEGMENTS_H
#define KT_TARGET_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KT_SEGMENT_UNKNOWN UINT64_MAX

/** A range of kernel addresses in an ELF file of kernel memory. */
struct kt_segment {
	uint64_t address, size, place; /* `place`: in the file */
	uint64_t physical;	       /* KT_SEGMENT_UNKNOWN: the file does not say */
};

/**
 * Finds where the kernel sees physical address 0, and the struct page of page 0: /proc/kcore has a
 * segment for each range of RAM, followed by one for its struct pages, of the fitting size
 * (fs/proc/kcore.c, get_sparsemem_vmemmap_info()). False: no such pair, or they contradict.
 */
bool kt_segments_map(const struct kt_segment *segments, size_t nr_segments, uint32_t page_bytes,
	uint32_t page_struct_bytes, uint64_t *ret_direct, uint64_t *ret_page);

#endif
