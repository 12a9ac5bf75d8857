// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_USERS_USERS_PROFILE_H
#define KT_CMD_USERS_USERS_PROFILE_H

#include "analysis/users/watched_rows.h"
#include "report/report.h"
#include "report/shape.h"

/** The words of kt_users_context(). */
#define KT_USERS_CONTEXTS "task|interrupt|work"
const char *kt_users_context(enum kt_watched_by by);

extern const struct kt_part kt_users_part_profile;

/** Adds the table "profile": every stack of a watch, by its number, with bounds and context. */
void kt_users_put_profile(struct kt_report *report, const struct kt_snapshot *snap, uint32_t number,
	const struct kt_watched_rows *rows);

#endif
