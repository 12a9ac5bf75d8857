// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_HASH_H
#define KT_ANALYSIS_HASH_H

#include "model/snapshot.h"

/** Boot parameter that sets the size of a table (kernel-parameters.txt); NULL: none. */
const char *kt_hash_parameter(const char *name);
/** Table whose number of entries a table takes at boot, unless it has fewer; NULL: none. */
const char *kt_hash_leader(const char *name);
/** Number of objects in a table, if a kernel counter has it; -1: unknown. */
int64_t kt_hash_in_use(const struct kt_snapshot *snap, const char *name);

/** Finds the counted chains of a table by its name; NULL: they were not counted. */
const struct kt_hash_chains *kt_hash_chains_find(const struct kt_snapshot *snap, const char *name);
/** Finds the line of the kernel log on a table by its name; NULL: there is none. */
const struct kt_hash *kt_hash_find(const struct kt_snapshot *snap, const char *name);

/** True if this counter includes all objects in the table, not only those in one namespace. */
bool kt_hash_is_whole(const char *name);

/**
 * Entries needed for one object per entry, rounded up like the kernel does: a power of two, 512 or
 * more.
 */
int64_t kt_hash_enough(int64_t in_use);

#endif
