// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_WHATIS_H
#define KT_MEMORY_WHATIS_H

#include "kernel/symbol_table.h"
#include "memory/memmap.h"
#include "memory/slub_cache.h"
#include "model/snapshot.h"

/**
 * Says what addresses are: numbers of pages, and addresses of kernel memory. A number below the
 * highest page's is taken as a page. Appends one entry for each to snap->addresses.
 */
struct kt_err *kt_whatis(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const struct kt_symbol_table *symbols, const uint64_t *addresses, size_t count,
	struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
