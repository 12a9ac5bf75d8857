// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_VMAP_AREAS_H
#define KT_MEMORY_KERNEL_VMAP_AREAS_H

#include "base/buf.h"
#include "kernel/symbol_table.h"
#include "kernel/target.h"

/**
 * Writes the areas of vmalloc in the form of /proc/vmallocinfo, from the kernel's own lists of
 * areas in use: of each node of addresses, or one list. Areas that were freed and wait to be purged
 * are not in these lists. `nr_nodes`: of memory; the pages of an area are shown by node only where
 * there is one. A text that is not whole ends with KT_LIST_CUT. ABSENT: the kernel does not name
 * its lists. PARSE: no area is found.
 */
struct kt_err *kt_file_vmallocinfo(struct kt_target *target, const struct kt_symbol_table *symbols,
	uint32_t nr_nodes, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
