// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_LIVE_H
#define KT_HISTORY_LIVE_H

#include "history/feed.h"
#include "record/draft.h"

/**
 * Gives the samples of a recording to a judge while they are taken. A draft has the last value of
 * each of its numbers at hand, so a sample costs a comparison for each slab cache.
 */
struct kt_live {
	struct kt_judge_feed feed;
	/* of the draft whose amounts are known */
	struct kt_live_amount *amounts;
	size_t nr_amounts;
	uint64_t sequence; /* of its block */
	size_t nr_layouts; /* of its list of slab caches, when they were looked up */
	bool begun;
};

/** The caller finishes it after an error too. */
struct kt_err *kt_live_init(
	struct kt_live *ret_live, const struct kt_judge_options *options) KT_MUST_CHECK;
void kt_live_fini(struct kt_live *live);
/**
 * Gives the last sample of a draft, which has ended, to the judge. `account`: of that sample; NULL:
 * rows keep their last amounts. NOMEM.
 */
struct kt_err *kt_live_sample(struct kt_live *live, struct kt_draft *draft,
	const struct kt_account *account, int64_t real_ms, int64_t boot_ms) KT_MUST_CHECK;

#endif
