// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_COUNTERS_COUNTERS_H
#define KT_MEMORY_COUNTERS_COUNTERS_H

#include "base/buf.h"
#include "kernel/target.h"
#include "memory/counters/events.h"

/**
 * Writes zones and counters of pages in the form of /proc/zoneinfo and /proc/vmstat. The amounts
 * that CPUs still keep to themselves are in the numbers, unlike in the kernel's own files. So the
 * numbers are exact where memory does not change. ABSENT: the kernel does not name what is needed.
 *
 * Counters of huge pages are left out: their unit is not the same in all kernels, and the type data
 * does not have it.
 */
struct kt_err *kt_file_zoneinfo(
	struct kt_target *target, uint32_t nr_nodes, struct kt_buf *ret_text) KT_MUST_CHECK;
struct kt_err *kt_file_vmstat(
	struct kt_target *target, uint32_t nr_nodes, struct kt_buf *ret_text) KT_MUST_CHECK;

/** Gives the machine's sum of each counter, as kt_file_vmstat() writes them. */
struct kt_err *kt_counters_each(
	struct kt_target *target, uint32_t nr_nodes, kt_counter_fn fn, void *arg) KT_MUST_CHECK;

#endif
