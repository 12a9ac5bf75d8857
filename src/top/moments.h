// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_MOMENTS_H
#define KT_TOP_MOMENTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The samples of a recording, to step through one by one. Blocks are decoded as they are met. */
struct kt_moments;

/** At the last sample, or the last one before the TIME of "FILE@TIME"; NULL: no recording. */
struct kt_err *kt_moments_open(const char *source, struct kt_moments **ret_moments) KT_MUST_CHECK;
void kt_moments_free(struct kt_moments *moments);

/** Moves by samples; false, and nothing moved, at an end or where a block is damaged. */
bool kt_moments_move(struct kt_moments *moments, int by);
/** Writes "FILE@TIME" of the moment; false where it is too long. */
bool kt_moments_source(const struct kt_moments *moments, char *ret, size_t size);

#endif
