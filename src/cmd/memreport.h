// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_MEMREPORT_H
#define KT_CMD_MEMREPORT_H

#include "cmd/cmd.h"
#include "model/account.h"
#include "model/snapshot.h"

/** What a command says when its numbers are those of a memory report in a kernel log. */

/** "OOM killer", "allocation failure", … */
const char *kt_memreport_kind(const struct kt_memreport *memreport);
/** The report that the numbers are of; NULL where they are not of one. */
const struct kt_memreport *kt_memreport_of(const struct kt_snapshot *snap);
/** One sentence: what it is, when, who asked for what, what it failed of. */
const char *kt_memreport_sentence(
	struct kt_arena *arena, const struct kt_memreport *memreport, int64_t page_bytes);
/** Headlines: the sentence, and who was killed or is largest. */
void kt_memreport_headlines(struct kt_report *report, const struct kt_snapshot *snap);
/** A headline: the rows of the account that hold most. */
void kt_memreport_most(struct kt_report *report, const struct kt_account *account);
/** Which report of how many it is. */
void kt_memreport_notes(struct kt_report *report, const struct kt_snapshot *snap);

#define KT_REPORTS_SCHEMA "ktally/memreports/1"
/** The list of reports, and what the chosen one tells of a memory cgroup. */
void kt_reports_show(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_options *options);

#endif
