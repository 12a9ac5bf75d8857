// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_JUDGE_H
#define KT_VERDICT_JUDGE_H

#include "base/err.h"
#include "verdict/verdict.h"

#include <stdbool.h>

/**
 * Judges the amounts of one machine as their samples come, oldest first. Keeps the floors of
 * blocks of time (at most 2 KiB for each series), so a month costs no more memory than a day.
 *
 * A sample: kt_judge_begin(), kt_judge_amount() for amounts that changed, drivers and events,
 * kt_judge_end(). A series without an amount in a sample keeps its last one: series that never
 * change cost nothing.
 */
struct kt_judge;

/** A series when it begins. */
struct kt_judge_series {
	const char *name;    /* for kt_judge_name(); copied */
	int64_t grain_bytes; /* step of the amount: the bytes of one slab, a page; 0: a page */
	bool reclaimable;    /* the kernel can take it back under pressure */
};

/** Result of a look for holders of a growing series. */
enum kt_look {
	KT_LOOK_UNKNOWN, /* not looked, or not possible */
	KT_LOOK_HELD,	 /* something visible holds it, and its number follows */
	KT_LOOK_LOST,	 /* survivors without a visible holder */
};

struct kt_judge_options {
	int64_t ram_bytes;
	/** Looks for holders of a series that would be a leak; NULL: KT_LOOK_UNKNOWN. */
	enum kt_look (*look)(void *arg, size_t series);
	void *look_arg;
	/**
	 * Called when the verdict of a series changes, in kt_judge_end(); may be NULL. `judged` is
	 * valid until it returns.
	 */
	void (*changed)(void *arg, size_t series, const struct kt_judged *judged);
	void *changed_arg;
};

struct kt_judge *kt_judge_new(const struct kt_judge_options *options); /* NULL: out of memory */
void kt_judge_free(struct kt_judge *judge);

/** Adds a series, which begins at the next sample. SIZE_MAX: out of memory, or too many. */
size_t kt_judge_add(struct kt_judge *judge, const struct kt_judge_series *series);
size_t kt_judge_count(const struct kt_judge *judge);
const char *kt_judge_name(const struct kt_judge *judge, size_t series);

/** Begins a sample. `uptime_ms`: since the machine booted; -1: unknown. */
void kt_judge_begin(struct kt_judge *judge, int64_t time_ms, int64_t uptime_ms);
void kt_judge_amount(struct kt_judge *judge, size_t series, int64_t bytes);
/** The series has ended: its cache was destroyed. It may begin again. */
void kt_judge_gone(struct kt_judge *judge, size_t series);
void kt_judge_driver(struct kt_judge *judge, enum kt_driver driver, int64_t value);
/** A counter that only grows, but at a boot. */
void kt_judge_event(struct kt_judge *judge, enum kt_event event, int64_t count);
/** Memory was short, or caches were dropped, since the sample before. */
void kt_judge_pressure(struct kt_judge *judge);
/** The machine booted before this sample: floors start anew, verdicts end. */
void kt_judge_boot(struct kt_judge *judge);
void kt_judge_end(struct kt_judge *judge);

/** The verdict of a series after the last sample. */
void kt_judge_verdict(const struct kt_judge *judge, size_t series, struct kt_judged *ret_judged);
/**
 * Floors of the level that decided (the longest one if none did), oldest first, for a chart.
 * Returns their number, at most `max`; `ret_step_ms`: length of a block.
 */
size_t kt_judge_floors(const struct kt_judge *judge, size_t series, int64_t *floors, size_t max,
	int64_t *ret_step_ms);
/** Bytes that the judge itself holds. */
size_t kt_judge_size(const struct kt_judge *judge);

#endif
