// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_JSON_H
#define KT_OUTPUT_JSON_H

#include "base/buf.h"
#include "report/findings.h"

/** Writes one finding as an object, as in the list "findings" of a report. */
void kt_json_finding(struct kt_buf *buf, const struct kt_finding *finding);

#endif
