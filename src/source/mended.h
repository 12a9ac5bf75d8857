// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MENDED_H
#define KT_SOURCE_MENDED_H

#include "base/err.h"
#include "log/mend.h"
#include "model/snapshot.h"
#include "root/stream.h"

/** A log as its parsers read it: mended where it was wrapped, reversed or in another form. */
struct kt_mended {
	struct kt_log_mender *mender; /* NULL: the log can be read as it is */
	struct kt_span text;
	size_t reversed_lines; /* of a log that is read from its end; else 0 */
};

/** Reads from the start of `stream`: a log that needs no mending only in part. */
struct kt_err *kt_mend_log(struct kt_stream *stream, struct kt_mended *ret_mended) KT_MUST_CHECK;
/** Notes what was mended, once for a log that several sources read. */
void kt_mended_note(const struct kt_mended *mended, const char *what, struct kt_snapshot *snap);
void kt_mended_cleanup(struct kt_mended *mended);

#endif
