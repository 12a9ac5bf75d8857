// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FREED_RCU_WAITING_H
#define KT_MEMORY_FREED_RCU_WAITING_H

#include "kernel/target.h"
#include "model/cache.h"

/**
 * Counts objects that were freed and wait for RCU where no slab cache sees them: batches of
 * kfree_rcu(), and sheaves whose grace period has not ended. ABSENT: the kernel does not name the
 * variables of its CPUs.
 */
struct kt_err *kt_rcu_waiting_walk(
	struct kt_target *target, struct kt_rcu_waiting *ret_waiting) KT_MUST_CHECK;

#endif
