// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_FINDINGS_H
#define KT_REPORT_FINDINGS_H

#include "report/finding.h"
#include "report/report.h"
#include "report/shape.h"

/** The findings of a report. */

/** Adds a finding with nothing known. NULL: out of memory, which the report's arena remembers. */
struct kt_finding *kt_report_finding(struct kt_report *report, const char *id,
	enum kt_severity severity, const char *state, const char *subject);
/** Adds a piece of evidence. */
void kt_finding_evidence(struct kt_report *report, struct kt_finding *finding, const char *fmt, ...)
	KT_PRINTF(3, 4);

#define KT_FINDING_COLUMNS 17
/** Fills in the values of a finding, in the order of the columns of kt_findings_part. */
void kt_finding_cells(
	const struct kt_finding *finding, struct kt_cell ret_cells[KT_FINDING_COLUMNS]);
/** Sorts the findings: gravest first, then by the memory and the time at stake. */
void kt_findings_rank(struct kt_report *report);
/** Formats a time to exhaustion, "in 3 h to 5 h"; "" if it is not known. In the report's arena. */
const char *kt_finding_short_in(struct kt_report *report, const struct kt_finding *finding);

/** Describes the findings, for the shapes of reports that have them. */
extern const struct kt_part kt_findings_part;

#endif
