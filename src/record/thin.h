// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_THIN_H
#define KT_RECORD_THIN_H

#include "record/block.h"
#include "record/draft.h"

/**
 * Reduces old samples: keeps the last, smallest, largest and mean value of every number in each
 * stretch of time, and the files as they were at its end. Thinning a thinned block weighs the means
 * by stretches, not by samples.
 *
 * The work is done in steps of bounded size, because a recorder must take samples meanwhile.
 */
struct kt_thinner;

struct kt_thinner *kt_thinner_new(int64_t stretch_ms); /* NULL when out of memory */
void kt_thinner_free(struct kt_thinner *thinner);

/**
 * Begins to add a block to a draft whose `values_per_number` is 4. Block and draft must stay, and
 * the draft must get nothing else until the block is done. The last stretch ends with the block,
 * because blocks are far longer than stretches.
 */
struct kt_err *kt_thinner_begin(struct kt_thinner *thinner, const struct kt_block *block,
	struct kt_draft *draft) KT_MUST_CHECK;
/** Continues with a part of the block. `ret_done`: the draft contains all of it. */
struct kt_err *kt_thinner_step(struct kt_thinner *thinner, bool *ret_done) KT_MUST_CHECK;

#endif
