// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_HOLDINGS_H
#define KT_MODEL_HOLDINGS_H

/** Adds and sums the holdings of a snapshot; model/holding.h has the records. */

#include "model/snapshot.h"

void kt_holding_put(struct kt_snapshot *snap, struct kt_holding holding);
/**
 * Records the result of a search for a kind. If two sources search, the source that finds the kind
 * decides the state. `search.why` must live as long as the snapshot.
 */
void kt_holding_searched(
	struct kt_snapshot *snap, enum kt_holding_kind kind, struct kt_search search);
/** Sums the bounds of a kind; false if a sum is impossibly large. */
bool kt_holding_sum(const struct kt_snapshot *snap, enum kt_holding_kind kind, int64_t *ret_low,
	int64_t *ret_high);

#endif
