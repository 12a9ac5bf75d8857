// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TARGET_LIVE_H
#define KT_TARGET_LIVE_H

#include "kernel/symbol_table.h"
#include "kernel/target.h"
#include "root/root.h"
#include "target/given.h"

/**
 * Opens the memory of the running kernel: through /proc/kcore if it exists, else through a BPF
 * program that reads. The error says why each way is closed and what would open it. Types come from
 * /sys/kernel/btf/vmlinux, or from a file that the user gave.
 */
struct kt_err *kt_target_live(struct kt_root *root, const struct kt_target_given *given,
	struct kt_target **ret_target) KT_MUST_CHECK;

/** Reads all symbols, for commands that name what is at an address. The caller cleans up. */
struct kt_err *kt_target_symbol_table(
	struct kt_root *root, struct kt_symbol_table *ret_table) KT_MUST_CHECK;

/** Reads types from a file that the user gave. */
struct kt_err *kt_target_given_types(const char *path, struct kt_target *target) KT_MUST_CHECK;

/** The ways, private to src/target. They fill in the operations, the name and the state only. */
struct kt_err *kt_target_kcore(struct kt_target **ret_target) KT_MUST_CHECK;
struct kt_err *kt_target_bpf(struct kt_target **ret_target) KT_MUST_CHECK;

#endif
