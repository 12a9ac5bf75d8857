// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_FREE_AREA_H
#define KT_SOURCE_FREE_AREA_H

#include "model/snapshot.h"

/** "Node 0, zone   Normal": takes it, and a comma behind it, off the line. */
bool kt_free_area_head(struct kt_span *rest, struct kt_arena *arena, struct kt_free_area *ret_area);
/**
 * The counts of blocks by order, to the end of the line; ">100000" is a count that was given
 * up. `nr_pages` adds up what a file has, so that no sum over it can overflow.
 */
bool kt_free_area_counts(struct kt_span rest, struct kt_free_area *ret_area, int64_t *nr_pages);

#endif
