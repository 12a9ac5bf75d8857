// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_OBJECT_LISTS_H
#define KT_CMD_OBJECT_LISTS_H

#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"

/**
 * Lists of the objects of one cache that were read: by what they are, by what they point to, by
 * what points to them.
 */

extern const struct kt_part kt_object_groups_part, kt_object_kinds_part, kt_object_holders_part;

/** `slot_bytes`: of an object; below 0: not known. Returns the number of groups. */
size_t kt_object_lists_put(
	struct kt_report *report, const struct kt_snapshot *snap, int64_t slot_bytes);

#endif
