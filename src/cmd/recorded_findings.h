// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_RECORDED_FINDINGS_H
#define KT_CMD_RECORDED_FINDINGS_H

#include "account/account.h"
#include "base/buf.h"
#include "report/findings.h"

/**
 * The findings that the recorder keeps next to its recording, in FILE.findings, so that a command
 * can show them without judging a month of samples. A line each, fields between tabs.
 */
#define KT_RECORDED_SUFFIX   ".findings"
#define KT_RECORDED_EVERY_MS 600000 /* the recorder writes the file this often, at least */
#define KT_RECORDED_FRESH_MS (2 * KT_RECORDED_EVERY_MS + 60000)
#define KT_RECORDED_MAX	     64u /* findings in the file */

struct kt_recorded {
	int64_t written_ms; /* since 1970 */
	int64_t from_ms;    /* first sample that was judged */
	int64_t nr_series;  /* that are judged */
};

/** Writes the findings; the severity info needs no action and is left out. */
void kt_recorded_write(const struct kt_report *report, const struct kt_recorded *recorded,
	struct kt_buf *ret_text);
/** Adds the findings of a text to a report. False: it is no such text, and nothing is added. */
bool kt_recorded_parse(
	struct kt_span text, struct kt_report *report, struct kt_recorded *ret_recorded);
/**
 * Adds the findings that the recorder of a recording has written lately. False: there are none
 * that say anything of now, and nothing is added.
 */
bool kt_recorded_read(const char *recording, int64_t now_ms, struct kt_report *report,
	struct kt_recorded *ret_recorded);
/**
 * Adds the findings of now, ranked: from the recorder of this machine, or else what one reading
 * shows. Returns whether the recorder gave them, and growth is judged.
 */
bool kt_recorded_now(const struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_report *report, struct kt_recorded *ret_recorded);
/**
 * Returns one sentence above all else: the gravest finding if it is a warning at least, or, with
 * `recorded`, that nothing is wrong. NULL: neither.
 */
const char *kt_recorded_headline(struct kt_report *report, const struct kt_recorded *recorded);

#endif
