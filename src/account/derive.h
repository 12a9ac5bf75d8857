// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ACCOUNT_DERIVE_H
#define KT_ACCOUNT_DERIVE_H

#include "model/snapshot.h"

/**
 * Turns the numbers of the files into the quantities that the account needs: chooses between files,
 * takes overlaps apart, and notes where a kernel breaks an identity. Pure: reads and adds to the
 * snapshot only. Each rule cites the kernel fact that it rests on.
 */

/** Derives for the machine. Call once, after collecting. */
void kt_derive(struct kt_snapshot *snap);
/** Derives for one NUMA node. Call after kt_derive(). */
void kt_derive_node(struct kt_snapshot *snap, int node);

/**
 * Parts of kt_derive(), a file each. The first checks meminfo, vmstat, zoneinfo against each other.
 */
void kt_derive_trust(struct kt_snapshot *snap);
/** Leaves out counters of parts of memory that are more than all memory. */
void kt_derive_broken(struct kt_snapshot *snap);
/** Checks the files of NUMA nodes against the files of the machine. */
void kt_derive_node_trust(struct kt_snapshot *snap);
/** Checks /proc/slabinfo against the counters of slab. */
void kt_derive_slab_trust(struct kt_snapshot *snap);
/** Fills in what follows from the machine's numbers where a node has none of its own. */
void kt_derive_node_rest(struct kt_snapshot *snap, int node);
void kt_derive_firmware(struct kt_snapshot *snap);
void kt_derive_kernel(struct kt_snapshot *snap, int node);
void kt_derive_boot(struct kt_snapshot *snap, int node);
void kt_derive_holdings(struct kt_snapshot *snap);

/** Leaves out a file that cannot be right: its numbers become missing, with `why` as the reason. */
void kt_derive_reject(struct kt_snapshot *snap, const char *path, const char *why);
/**
 * Makes a file's numbers estimates; its memory totals too if `totals`. `why` is a reason for
 * kt_snapshot.degraded; NULL: degraded has a reason already.
 */
void kt_derive_distrust(struct kt_snapshot *snap, const char *path, const char *why, bool totals);

/**
 * Bytes by which the row that starts with `metric` may be wrong where it is not exact; -1: no
 * bound. For a missing swap cache: the most that it may hold.
 */
int64_t kt_derive_doubt(const struct kt_snapshot *snap, int node, enum kt_metric metric);

#endif
