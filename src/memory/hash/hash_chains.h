// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_HASH_CHAINS_H
#define KT_MEMORY_HASH_CHAINS_H

#include "kernel/target.h"
#include "model/snapshot.h"

/**
 * Counts the objects in each bucket of the hash tables made at boot whose variables the kernel
 * names. Appends to snap->hash_chains. snap->hashes gives the number of buckets where no variable
 * has it. ABSENT: the kernel names no such variable, or no table can be read.
 */
struct kt_err *kt_hash_chains_walk(
	struct kt_target *target, struct kt_snapshot *snap) KT_MUST_CHECK;

#endif
