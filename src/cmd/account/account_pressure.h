// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_ACCOUNT_PRESSURE_H
#define KT_CMD_ACCOUNT_ACCOUNT_PRESSURE_H

#include "base/buf.h"
#include "model/snapshot.h"
#include "report/shape.h"

/**
 * Whether memory is short, for the head of a report: available memory, swap, the time in which
 * tasks waited for memory, kills by the OOM killer, and allocations that had to free memory first.
 */

/** Group of the fields, and the keys that other code looks up. */
#define KT_PRESSURE_GROUP     "pressure"
#define KT_PRESSURE_AVAILABLE "available_bytes"

/** The shape of the fields. */
extern const struct kt_part kt_pressure_part;

/** Adds the fields of the group; a number that no file has is missing, with its reason. */
void kt_pressure_put(struct kt_report *report, const struct kt_snapshot *snap);
/** Adds them and a headline, which names the numbers that are not known; none if none is. */
void kt_pressure_put_head(struct kt_report *report, const struct kt_snapshot *snap);
/** Writes one line of the fields of a report; nothing if none is known. */
void kt_pressure_write(const struct kt_report *report, struct kt_buf *ret_text);

/** Events since the boot: kills by the OOM killer. KT_UNKNOWN: the kernel does not count them. */
int64_t kt_pressure_oom_kills(const struct kt_snapshot *snap);
/** Allocations that had to free memory first, over all zones; KT_UNKNOWN: not counted. */
int64_t kt_pressure_stalls(const struct kt_snapshot *snap);

#endif
