// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_LOG_MEND_H
#define KT_LOG_MEND_H

#include "log/form.h"

/**
 * A log changes on its way: the journal writes it as JSON, export or verbose, mailers
 * and terminals wrap its lines, "journalctl -r" has the newest first. A mended log has one
 * record on a line, the oldest first, and a line for each line that it had, so that the
 * numbers of lines stay.
 */

#define KT_LOG_MENDED_MAX (8u << 20) /* bytes of a mended log at most */

struct kt_log_mender;

/** NULL: out of memory. */
struct kt_log_mender *kt_log_mender_new(const struct kt_log_form *form);
/** The next part of the log, in whole lines. False: the mended log becomes too long. */
bool kt_log_mender_feed(struct kt_log_mender *mender, struct kt_span piece);
/** Takes the end of the log into account; the text belongs to the mender. */
struct kt_span kt_log_mender_end(struct kt_log_mender *mender);
/** After the end: the form, which may say more than it did. NULL: out of memory. */
const struct kt_log_form *kt_log_mender_form(const struct kt_log_mender *mender);
void kt_log_mender_free(struct kt_log_mender *mender);

#endif
