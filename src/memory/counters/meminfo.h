// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_COUNTERS_MEMINFO_H
#define KT_MEMORY_COUNTERS_MEMINFO_H

#include "base/buf.h"
#include "kernel/target.h"

/**
 * Writes amounts of memory in the form of /proc/meminfo. An amount that the kernel does not name or
 * that cannot be read has no line. Left out too: counters of transparent huge pages, whose unit is
 * not the same in all kernels, and MemAvailable, an estimate. ABSENT: the kernel does not name its
 * counters.
 */
struct kt_err *kt_file_meminfo(
	struct kt_target *target, uint32_t nr_nodes, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
