// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_RECORD_RECORD_MARKS_H
#define KT_CMD_RECORD_RECORD_MARKS_H

#include "base/err.h"
#include "record/draft.h"

/**
 * Marks of users: texts such as "deploy 1.4", which the recorder puts into its next sample. A mark
 * waits for it as a line of FILE.marks, because a recording has one writer.
 */

#define KT_MARKS_SUFFIX	   ".marks"
#define KT_MARK_BYTES_MAX  200u	  /* of a text */
#define KT_MARKS_BYTES_MAX 65536u /* of the file; further marks are refused */

/**
 * Leaves a mark for the recorder that writes to `recording`. REFUSED: no recorder does, or the text
 * is empty, too long or not one line.
 */
struct kt_err *kt_record_mark(const char *recording, const char *text) KT_MUST_CHECK;
/** Adds the marks that wait to the sample; `fresh`: they were left for another run, and are not. */
void kt_record_marks_take(const char *recording, bool fresh, struct kt_draft *draft);
/** Adds the lines of a text as marks; lines that are no mark are left out. */
void kt_record_marks_put(struct kt_draft *draft, struct kt_span text);

#endif
