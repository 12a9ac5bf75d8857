// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_HASH_H
#define KT_ANALYSIS_HASH_H

#include "model/snapshot.h"

/** The boot parameter that sizes a table (kernel-parameters.txt); NULL: there is none. */
const char *kt_hash_parameter(const char *name);
/** Objects in a table now, where a counter of the kernel tells; -1. */
int64_t kt_hash_in_use(const struct kt_snapshot *snap, const char *name);

/** Does that counter count all that is in the table, not only one namespace's? */
bool kt_hash_is_whole(const char *name);

/**
 * Entries that hold what is in use at one object in each, rounded up to what the kernel
 * would make: a power of two, 512 or more.
 */
int64_t kt_hash_enough(int64_t in_use);

#endif
