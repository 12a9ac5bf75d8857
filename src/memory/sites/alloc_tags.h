// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SITES_ALLOC_TAGS_H
#define KT_MEMORY_SITES_ALLOC_TAGS_H

#include "base/buf.h"
#include "kernel/target.h"

/**
 * Writes the memory of each call site in the form of /proc/allocinfo, from the tags of the kernel
 * and its modules (CONFIG_MEM_ALLOC_PROFILING) and the counters that each CPU has of them. ABSENT:
 * the kernel has no tags, does not name them, or did not count. PARSE: the tags are damaged.
 */
struct kt_err *kt_file_allocinfo(struct kt_target *target, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
