// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_PRESSURE_H
#define KT_CMD_PAST_PAST_PRESSURE_H

#include "model/snapshot.h"
#include "report/shape.h"

/** Whether memory was short in a period: counters that move forward, added up over boots. */

enum kt_past_counter {
	KT_PAST_KILLS,
	KT_PAST_STALLS,
	KT_PAST_SOME_US,
	KT_PAST_FULL_US,
	KT_PAST_COUNTERS
};

struct kt_past_pressure {
	/* values of the last sample, and by how much they grew; KT_UNKNOWN: not known */
	int64_t last[KT_PAST_COUNTERS], by[KT_PAST_COUNTERS];
	int64_t available_bytes; /* the least; KT_UNKNOWN: not known */
	uint32_t boot;
	uint32_t nr_samples;
};

/** The shape of the fields. */
extern const struct kt_part kt_past_pressure_part;

/** Adds a sample, in the order of time; `boot`: number of its boot. */
void kt_past_pressure_add(
	struct kt_past_pressure *pressure, const struct kt_snapshot *snap, uint32_t boot);
/** Adds fields and a headline. */
void kt_past_pressure_put(const struct kt_past_pressure *pressure, struct kt_report *report);

#endif
