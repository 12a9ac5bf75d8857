// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_USERS_USERS_STACKS_H
#define KT_CMD_USERS_USERS_STACKS_H

#include "report/report.h"
#include "report/shape.h"

/** Frames in a cell, innermost first, with " < " between; NULL: there are none. */
const char *kt_users_stack_text(
	struct kt_report *report, const char *const *frames, uint32_t nr_frames);
/** Adds a stack in full to the table "stacks", which is made for the first one. */
void kt_users_put_frames(struct kt_report *report, struct kt_table **table, const char *title,
	struct kt_cell bytes, const char *const *frames, uint32_t nr_frames);
extern const struct kt_part kt_users_part_details;

#endif
