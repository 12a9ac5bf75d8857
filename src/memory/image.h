// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_IMAGE_H
#define KT_MEMORY_IMAGE_H

#include "kernel/target.h"

#define KT_IMAGE_BLOCK (1u << 20) /* bytes that are passed on at once, at most */

/** Called with a part of the kernel's data, that was read into the walk's buffer. */
typedef void (*kt_image_fn)(void *arg, uint64_t address, const char *bytes, size_t size);

/**
 * Reads the kernel's own data: what comes after its code, in which memory for starting up is a hole
 * today. It ends where nothing can be read for long. `buffer`: of KT_IMAGE_BLOCK bytes. False: the
 * kernel does not show where its code ends.
 */
bool kt_image_each(struct kt_target *target, char *buffer, kt_image_fn fn, void *arg);

#endif
