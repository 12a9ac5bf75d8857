// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_COUNTERS_FREE_AREA_H
#define KT_SOURCE_COUNTERS_FREE_AREA_H

#include "model/snapshot.h"

/** Takes a head such as "Node 0, zone   Normal", and a comma after it, off the line. */
bool kt_free_area_head(struct kt_span *rest, struct kt_arena *arena, struct kt_free_area *ret_area);
/**
 * Parses the counts of blocks by order, to the end of the line. ">100000" is a count that the
 * kernel stopped counting. `nr_pages` is the sum over the file so far, checked so that no sum can
 * overflow.
 */
bool kt_free_area_counts(struct kt_span rest, struct kt_free_area *ret_area, int64_t *nr_pages);

#endif
