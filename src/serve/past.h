// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_PAST_H
#define KT_SERVE_PAST_H

#include "cli/cmd.h"
#include "serve/answer.h"
#include "watch/watch.h"

/** Makes the history of every row, as JSON: from samples in memory, or from a recording. */

#define KT_SERVE_PAST_POINTS 1200 /* samples in memory that an answer has at most */
#define KT_SERVE_PAST_RECORDED \
	240 /* samples of a recording that an answer has at most; each is an account */
#define KT_SERVE_PAST_LISTS  120  /* the same for a list; each is a report */
#define KT_SERVE_PAST_SERIES 1200 /* steps of one slab cache */

#define KT_STRETCH_ROW 512 /* bytes of the key of a row */

struct kt_stretch {
	int64_t from_ms, to_ms; /* both inclusive */
	int64_t step_ms;	/* smallest step; 0: as fine as possible */
	/* first and last sample of the recording; INT64_MAX, INT64_MIN: there is none */
	int64_t first_ms, last_ms;
	const struct kt_cmd *cmd;   /* the list whose rows are wanted; NULL: the account */
	const struct kt_call *call; /* base of its call */
	bool judges;		    /* `cmd` is run once, on the samples up to `to_ms` */
	bool runs;		    /* `cmd` is about the machine that runs, and its recording */
	char row[KT_STRETCH_ROW];   /* the only row that is wanted; empty: all */
};

/** Parses a time: milliseconds since 1970, or as base/when.h reads it. False: not a time. */
bool kt_serve_past_moment(const char *text, int64_t now_ms, int64_t *ret_ms);

/** `of`: the command that has the rows. */
struct kt_answer *kt_serve_past_watched(
	const struct kt_watch *watch, const char *of, const struct kt_stretch *stretch);
/**
 * Opens the recording; runs in any thread. A missing recording becomes an answer with the error.
 */
struct kt_answer *kt_serve_past_recorded(const char *path, const struct kt_stretch *stretch);
/** Returns the first and last time of a recording; false: it cannot be read. */
bool kt_serve_past_extent(const char *path, int64_t *ret_first_ms, int64_t *ret_last_ms);

#endif
