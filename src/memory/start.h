// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_START_H
#define KT_MEMORY_START_H

#include "kernel/target.h"

/**
 * Addresses from which walks start where the kernel names no variables (no CONFIG_KALLSYMS_ALL).
 * They are found from the task that reads: what its files lead to.
 */

/** Finds a slab cache from an open socket of this process: its protocol has one. */
bool kt_start_cache(struct kt_target *target, int socket_fd, uint64_t *ret_cache);

/** Finds the struct page of the first page in a pipe of this process. */
bool kt_start_page(struct kt_target *target, int pipe_fd, uint64_t *ret_page);

#endif
