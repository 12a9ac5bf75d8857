// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ALERT_ALERT_H
#define KT_CMD_ALERT_ALERT_H

#include "cases/cases.h"
#include "cli/cmd.h"
#include "record/draft.h"

/**
 * Evaluates a recording while it is made. Slab caches are judged in every sample, rows of the
 * account and known cases whenever the recorder reads what seldom changes. A finding that becomes a
 * warning or critical, or is resolved, is reported once: to the journal or on standard error, to a
 * program of the user, and as a mark in the recording. FILE.findings has all of them.
 */
struct kt_alert;

#define KT_ALERT_READS KT_CASES_DIRECTORY /* for the confinement */

struct kt_alert_options {
	const struct kt_call *call;
	const char *recording; /* path */
	const char *program;   /* run at each notice; NULL: none */
	int64_t ram_bytes;
};

/** Fills the judge from the recording, if there is one. The caller frees it after an error too. */
struct kt_err *kt_alert_new(
	const struct kt_alert_options *options, struct kt_alert **ret_alert) KT_MUST_CHECK;
void kt_alert_free(struct kt_alert *alert);

/** Takes a reading of everything, which belongs to the next sample. NOMEM. */
struct kt_err *kt_alert_read(struct kt_alert *alert, struct kt_snapshot *snap) KT_MUST_CHECK;
/** Puts the marks of the last notices into a sample that has not ended. */
void kt_alert_mark(struct kt_alert *alert, struct kt_draft *draft);
/** Takes the last sample of the draft, which has ended. NOMEM. */
struct kt_err *kt_alert_sample(struct kt_alert *alert, struct kt_draft *draft, int64_t real_ms,
	int64_t boot_ms) KT_MUST_CHECK;

#endif
