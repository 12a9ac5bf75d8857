// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_CENSUS_H
#define KT_CMD_LIST_CENSUS_H

#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"

/** The choices of --by, in this order; rows of the account are compared with the counters. */
#define KT_CENSUS_CHOICES "row zone node cgroup"
enum kt_census_by {
	KT_CENSUS_BY_ROW,
	KT_CENSUS_BY_ZONE,
	KT_CENSUS_BY_NODE,
	KT_CENSUS_BY_CGROUP,
};

/** The shapes of the lists of "census --by": each is a form of its own, bit 1 << BY. */
extern const struct kt_part kt_census_by_parts[3];

/** Adds the table of "census --by", for all choices but rows. */
void kt_census_put_by(
	struct kt_report *report, const struct kt_snapshot *snap, enum kt_census_by by);

#endif
