// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMORY_DUMP_FILTER_H
#define KT_SOURCE_MEMORY_DUMP_FILTER_H

#include "target/dump.h"

/**
 * Whether the filter of a dump left out pages of slabs, large kmalloc or page tables: samples of
 * struct pages from all of memory, 65,536 at most, are held against the dump.
 */
bool kt_dump_filter_is_mistaken(struct kt_target *target);

#endif
