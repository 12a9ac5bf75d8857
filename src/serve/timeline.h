// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_TIMELINE_H
#define KT_SERVE_TIMELINE_H

#include "base/arena.h"
#include "serve/answer.h"

#include <stdint.h>

/**
 * Rows over samples as columns: one list of times, and for each row a list of values of the same
 * length. This is smaller than a report per sample, and is what a chart needs.
 *
 * Filled sample by sample. Every row has at most as many values as there are times; later values
 * are missing. So a row that ended and a row that started late need no special case.
 * Zero-initialise.
 */
struct kt_timeline {
	struct kt_arena arena;
	KT_LIST(int64_t) times_ms;
	KT_LIST(struct kt_timeline_row) rows;
	KT_LIST(struct kt_timeline_mark) marks;
	size_t hint; /* index of the next row, because rows come in the same order each time */
};

typedef KT_LIST(int64_t) kt_timeline_numbers;

/* Values of a row: the last of each step, and its extremes, which may not be known. */
enum { KT_TIMELINE_LAST, KT_TIMELINE_LOW, KT_TIMELINE_HIGH, KT_NR_TIMELINE };

struct kt_timeline_row {
	const char *key;
	kt_timeline_numbers numbers[KT_NR_TIMELINE];
};

struct kt_timeline_mark {
	int64_t time_ms;
	const char *kind, *text;
};

/** The part of an answer next to its rows. */
struct kt_timeline_head {
	const char *of;		   /* command that has the rows */
	const char *from;	   /* "memory" or "recording" */
	int64_t first_ms, last_ms; /* first and last available sample */
	int64_t step_ms;
	/* stretch that requests with at= may name; INT64_MAX: there is no recording */
	int64_t recorded_first_ms, recorded_last_ms;
};

/** Whether a row's key, made public, is `only`; an empty `only` means every row. */
bool kt_timeline_is(const char *key, const char *only);
/** Begins a sample. */
void kt_timeline_time(struct kt_timeline *timeline, int64_t time_ms);
/**
 * Adds the value of a row to the last sample. Copies the key: the separator of row keys, "\x1f",
 * becomes a blank. Rows over the limit are dropped: an answer must stay small for a browser.
 */
void kt_timeline_put(struct kt_timeline *timeline, const char *key, int64_t value);
/** Same with the smallest and largest value since the sample before. */
void kt_timeline_put_range(
	struct kt_timeline *timeline, const char *key, int64_t value, int64_t low, int64_t high);
/** Adds an event; `text` and `kind` must outlive the timeline. Events over the limit are dropped.
 */
void kt_timeline_mark(
	struct kt_timeline *timeline, int64_t time_ms, const char *kind, const char *text);
/** Makes the JSON of it. NULL: out of memory. */
struct kt_answer *kt_timeline_answer(
	const struct kt_timeline *timeline, const struct kt_timeline_head *head);
void kt_timeline_fini(struct kt_timeline *timeline);

#endif
