// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_ENDED_CALL_SCAN_H
#define KT_MEMORY_ENDED_CALL_SCAN_H

#include "kernel/target.h"

/** Whether an address is in the code of the kernel or of a module that is loaded. */
bool kt_is_code(struct kt_target *target, uint64_t address);
/** Whether the instruction before an address is a call, so that the address may return from it. */
bool kt_follows_call(struct kt_target *target, bool arm64, uint64_t address);
/**
 * Whether the instruction before an address calls the function that has `ip`, on x86-64: a call of
 * an address not far before it.
 */
bool kt_returns_from(struct kt_target *target, uint64_t address, uint64_t ip);

#endif
