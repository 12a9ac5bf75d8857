// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_PAST_SERIES_H
#define KT_CMD_PAST_PAST_SERIES_H

#include "cmd/past/past.h"
#include "report/shape.h"

#define KT_PAST_SERIES_MAX 65536u

/** Forms of the report, for its shape. */
enum { KT_PAST_FORM_LINES = 1, KT_PAST_FORM_SERIES = 2, KT_PAST_FORM_POOLS = 4 };
extern const struct kt_part kt_past_series_part, kt_past_left_out_part;

/**
 * The list "series": every amount in the recording, by how much it grew; at most `series_max`,
 * the first that come. A note and the field "series_left_out" say how many others there are.
 */
struct kt_err *kt_past_series(
	struct kt_history *history, size_t series_max, struct kt_report *report) KT_MUST_CHECK;

#endif
