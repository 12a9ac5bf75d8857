// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_IMAGE_SEARCH_H
#define KT_DUMP_IMAGE_SEARCH_H

#include "kernel/target.h"

/** Looks at bytes of the image from `address` on; true: it has found what it looks for. */
typedef bool (*kt_image_look)(void *arg, uint64_t address, const char *bytes, size_t size);

#define KT_IMAGE_OVERLAP_MAX 64u

/**
 * Reads the kernel's image from an address of it on, in large blocks, up to a long range that is
 * not mapped. The blocks overlap by `overlap` bytes, so that no pattern of that length is missed.
 */
struct kt_err *kt_image_search(struct kt_target *target, uint64_t from, size_t overlap,
	kt_image_look look, void *arg, bool *ret_found) KT_MUST_CHECK;

#endif
