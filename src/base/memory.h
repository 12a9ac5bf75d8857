// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_MEMORY_H
#define KT_BASE_MEMORY_H

/**
 * Keeps the memory footprint of a process that runs for months small. Does nothing without glibc,
 * or when the kernel refuses.
 */

/**
 * Gives large arrays their own mappings from now on: they leave no holes when they grow, and freed
 * arrays return to the kernel.
 */
void kt_memory_keep_small(void);
/**
 * Returns freed memory to the kernel, and drops the pages of the program's and the libraries'
 * files. The page cache brings them back when needed; most of them serve rare work.
 */
void kt_memory_give_back(void);

#endif
