// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_EXPORT_H
#define KT_CMD_PAST_EXPORT_H

#include "cmd/past/past.h"
#include "history/follower.h"
#include "history/tracks.h"

#define KT_EXPORT_FLUSH_BYTES 65536u
#define KT_EXPORT_STORE_BYTES (12u << 20)

/** A recording on its way to other programs. */
struct kt_export {
	const struct kt_call *call;
	struct kt_history *history;
	int64_t step_ms;    /* 0: every sample */
	size_t store_bytes; /* bytes of points that OpenMetrics keeps in one pass over the recording
			     */
	struct kt_buf buf;  /* text to be written */
	struct kt_buf name; /* scratch */
	struct kt_follower follower;
	struct kt_tracks_reader tracks;
};

struct kt_line;

/** Writes the text if it has at least `least` bytes. CLOSED: the reader has ended. */
struct kt_err *kt_export_flush(struct kt_export *export, size_t least) KT_MUST_CHECK;
/** True if --filter selects the series. */
bool kt_export_wants(const struct kt_export *export, const char *name);
bool kt_export_wants_track(const struct kt_export *export, const struct kt_track *track);
/** Returns "account:ID" of a row, valid until the next call. */
const char *kt_export_row_name(struct kt_export *export, const struct kt_line *line);
/** Escapes a name that kt_arena_name() made, for JSON and OpenMetrics alike. */
void kt_export_quoted(struct kt_buf *buf, const char *name);

/** Writes all points of each series, family by family. */
struct kt_err *kt_export_openmetrics(struct kt_export *export) KT_MUST_CHECK;

#endif
