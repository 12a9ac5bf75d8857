// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_PAST_SERIES_H
#define KT_SERVE_PAST_SERIES_H

#include "history/history.h"
#include "serve/timeline.h"

/**
 * Reads one slab cache of a recording into a timeline: the last, smallest and largest value of each
 * step. Reads the numbers of that cache only, so a month takes no longer than its blocks.
 * `cache`: its key, "x" or "x#2". Sets the key of the timeline's extremes.
 */
struct kt_err *kt_serve_past_series(struct kt_history *history, const char *cache, int64_t step_ms,
	struct kt_timeline *timeline) KT_MUST_CHECK;

#endif
