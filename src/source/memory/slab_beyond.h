// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMORY_SLAB_BEYOND_H
#define KT_SOURCE_MEMORY_SLAB_BEYOND_H

#include "source/memory/open.h"

/**
 * Reads what belongs to slab and is in no cache: blocks of large kmalloc, by their struct pages,
 * and freed objects that wait for RCU. What cannot be read has the reason in its record; both are
 * no part of a capture. NOMEM
 */
struct kt_err *kt_slab_beyond_read(
	struct kt_memory *memory, struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
