// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_PAST_H
#define KT_SERVE_PAST_H

#include "serve/answer.h"
#include "watch/watch.h"

/** The past of every row, as JSON: from the samples in memory, or from a recording. */

#define KT_PAST_POINTS	 1200 /* of samples in memory */
#define KT_PAST_RECORDED 240  /* of a recording: each is an account */

struct kt_stretch {
	int64_t from_ms, to_ms; /* both inclusive */
	int64_t step_ms;	/* at least; 0: as fine as possible */
	int64_t first_ms;	/* a recording has this, before what memory has; or INT64_MAX */
};

/** False where `text` is none. Times: milliseconds since 1970, or as base/when.h reads them. */
bool kt_past_moment(const char *text, int64_t now_ms, int64_t *ret_ms);

/** `of`: the command whose rows these are. */
struct kt_answer *kt_past_watched(
	const struct kt_watch *watch, const char *of, const struct kt_stretch *stretch);
/** Opens the recording; runs in any thread. Where it is not there, the answer says so. */
struct kt_answer *kt_past_recorded(const char *path, const struct kt_stretch *stretch);
/** First and last moment of a recording; false where it cannot be read. */
bool kt_past_extent(const char *path, int64_t *ret_first_ms, int64_t *ret_last_ms);

#endif
