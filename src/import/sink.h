// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_SINK_H
#define KT_IMPORT_SINK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "import/boots.h"

/**
 * A new recording of samples that were not taken by ktally. It gets its name when it is complete.
 */
struct kt_sink;

struct kt_err *kt_sink_open(const char *path, bool force, struct kt_sink **ret_sink) KT_MUST_CHECK;
/** Begins a sample; `host` NULL: unknown. */
void kt_sink_begin(struct kt_sink *sink, int64_t ms, const char *host);
struct kt_boots *kt_sink_boots(struct kt_sink *sink); /* takes the clues of the sample */
/** Adds a file; of several texts with one path the first counts. False: it was not the first. */
bool kt_sink_file(struct kt_sink *sink, const char *path, struct kt_span text);
/** Ends the sample; one without files is none. */
struct kt_err *kt_sink_end(struct kt_sink *sink) KT_MUST_CHECK;
uint64_t kt_sink_count(const struct kt_sink *sink); /* samples so far */
/** Names the recording. */
struct kt_err *kt_sink_commit(struct kt_sink *sink, uint64_t *ret_nr_samples,
	uint64_t *ret_nr_bytes, int64_t *ret_page_bytes) KT_MUST_CHECK;
/** Frees it; a recording without a name disappears. */
void kt_sink_free(struct kt_sink *sink);

#endif
