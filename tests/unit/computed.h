// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_COMPUTED_H
#define KT_TEST_COMPUTED_H

#include "feed.h"
#include "test.h"

#include "whatif/whatif.h"

/* A computed what-if and the arena of its texts. */
struct computed {
	struct kt_arena arena;
	struct kt_whatif_result result;
};

static inline void compute(
	const struct kt_whatif *whatif, const struct kt_snapshot *snap, struct computed *ret)
{
	*ret = (struct computed){ 0 };
	CHECK(kt_whatif_compute(whatif, &ret->arena, snap, &ret->result));
}

/* Also checks that whole pages are saved. */
static inline void check(const struct computed *computed, enum kt_quality quality, int64_t saves)
{
	CHECK_INT(computed->result.state, KT_OK);
	CHECK_INT(computed->result.quality, quality);
	CHECK_INT(computed->result.saves_bytes, saves);
	CHECK_INT(computed->result.saves_bytes % 4096, 0);
}

static inline void check_unknown(const struct computed *computed)
{
	CHECK(computed->result.state != KT_OK);
	CHECK_INT(computed->result.saves_bytes, KT_UNKNOWN);
	CHECK(computed->result.why || computed->result.lacks);
}

#endif
