// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_RECORD_RECORD_DAILY_H
#define KT_CMD_RECORD_RECORD_DAILY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define KT_DAY_ROOM 11 /* "2026-01-31" */

/** Gives a recording of a past day its own name: r.rec becomes r-2026-01-31.rec. */
struct kt_record_daily {
	bool wanted;
	char day[KT_DAY_ROOM]; /* of the samples in the file; "": there is none */
};

/** Call before the file is opened: a recorder that was away over midnight turns the file too. */
void kt_record_daily_init(struct kt_record_daily *daily, const char *path);
/**
 * Call before each sample; `real_ms`: since 1970. If it is of a later day of the local zone than
 * the samples before, renames the file. `ret_turned`: it was. REFUSED: a file of that day exists;
 * the recording goes on in this one.
 */
struct kt_err *kt_record_daily_turn(struct kt_record_daily *daily, const char *path,
	int64_t real_ms, bool *ret_turned) KT_MUST_CHECK;

#endif
