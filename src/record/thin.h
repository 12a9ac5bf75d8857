// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_THIN_H
#define KT_RECORD_THIN_H

#include "record/block.h"
#include "record/draft.h"

/**
 * Makes old samples fewer: of each stretch of time, every number's last, smallest, largest
 * and mean value are kept, and the files as they were at its end. Thinning what is thin
 * already weighs the means by stretches, not by samples.
 */
struct kt_thinner;

struct kt_thinner *kt_thinner_new(int64_t stretch_ms); /* NULL when out of memory */
void kt_thinner_free(struct kt_thinner *thinner);

/**
 * Adds a block to a draft, whose `values_per_number` is 4. The stretch at the end of the
 * block is closed with it: blocks are far longer than stretches.
 */
struct kt_err *kt_thinner_add(struct kt_thinner *thinner, const struct kt_block *block,
	struct kt_draft *draft) KT_MUST_CHECK;
/** Another draft follows. */
void kt_thinner_restart(struct kt_thinner *thinner);

#endif
