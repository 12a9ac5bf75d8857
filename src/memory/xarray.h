// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_XARRAY_H
#define KT_MEMORY_XARRAY_H

#include "kernel/target.h"

/** Called with each entry of an array that is a pointer; false ends the walk. */
typedef bool (*kt_xarray_entry)(void *arg, uint64_t entry);

/**
 * Walks an array of the kernel (struct xarray, and struct idr, which has one), in the order of its
 * indices. `head`: its xa_head. False: it does not hold together, is too large, or `fn` ended it.
 */
bool kt_xarray_each(struct kt_target *target, uint64_t head, kt_xarray_entry fn, void *arg);

#endif
