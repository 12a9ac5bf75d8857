// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_MEMREPORT_TEXT_H
#define KT_REPORT_MEMREPORT_TEXT_H

#include "model/snapshot.h"
#include "report/report.h"

/** Sentences about the memory report of a kernel log that the numbers are of. */

/** "OOM killer", "allocation failure", … */
const char *kt_memreport_kind(const struct kt_memreport *memreport);
/** The report that the numbers are of; NULL where they are not of one. */
const struct kt_memreport *kt_memreport_of(const struct kt_snapshot *snap);
/** One sentence: kind, time, which process asked for what, and why that failed. */
const char *kt_memreport_sentence(
	struct kt_arena *arena, const struct kt_memreport *memreport, int64_t page_bytes);
/** Headlines: the sentence, and which process was killed or is largest. */
void kt_memreport_headlines(struct kt_report *report, const struct kt_snapshot *snap);
/** Notes: which report of how many it is. */
void kt_memreport_notes(struct kt_report *report, const struct kt_snapshot *snap);

#endif
