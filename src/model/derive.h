// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_DERIVE_H
#define KT_MODEL_DERIVE_H

#include "model/snapshot.h"

/**
 * Turns what the files say into what the account needs: chooses between files, takes
 * overlaps apart, and notes where a kernel breaks an identity. Pure: reads and adds to
 * the snapshot only. Each rule cites the fact of the kernel that it rests on.
 */

/** For the machine. Call once, after collecting. */
void kt_derive(struct kt_snapshot *snap);
/** For one NUMA node, after kt_derive(). */
void kt_derive_node(struct kt_snapshot *snap, int node);

/** Parts of kt_derive(), a file each. */
void kt_derive_page_size(struct kt_snapshot *snap);
void kt_derive_firmware(struct kt_snapshot *snap);
void kt_derive_kernel(struct kt_snapshot *snap, int node);
void kt_derive_boot(struct kt_snapshot *snap, int node);

/** An uncertainty in bytes that is not drift: an overlap that could not be settled. */
int64_t kt_derive_doubt(const struct kt_snapshot *snap, int node);

#endif
