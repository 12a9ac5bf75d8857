// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_STACKS_H
#define KT_MEMORY_STACKS_H

#include "kernel/target.h"
#include "model/snapshot.h"

/**
 * Reads the kernel stack of every thread, and finds how much of it was ever used. The kernel hands
 * out a stack full of zeros, so the deepest word that is not 0 is the deepest word ever written. A
 * zero that was written below it is not seen. ABSENT: no thread or no size of stacks is found.
 */
struct kt_err *kt_stacks_walk(struct kt_target *target, struct kt_snapshot *snap) KT_MUST_CHECK;

/** Bytes of the stack of a task, by the address of its struct task_struct; 0: not known. */
uint64_t kt_stack_bytes(struct kt_target *target, uint64_t task);

#endif
