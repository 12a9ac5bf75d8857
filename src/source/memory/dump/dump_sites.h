// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMORY_DUMP_SITES_H
#define KT_SOURCE_MEMORY_DUMP_SITES_H

#include "kernel/target.h"
#include "root/root.h"

/**
 * Adds texts about who allocated memory, which only kernels have that were built or booted for it:
 * call sites, stacks of pages and of slab objects, leaks. NOMEM
 */
struct kt_err *kt_dump_sites_add(struct kt_root *root, struct kt_target *target) KT_MUST_CHECK;

#endif
