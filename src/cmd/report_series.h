// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_REPORT_SERIES_H
#define KT_CMD_REPORT_SERIES_H

#include "cmd/history.h"

/** The list "series": every amount in the recording, by how much it grew. */
struct kt_err *kt_report_series(struct kt_history *history, struct kt_report *report) KT_MUST_CHECK;

#endif
