// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_WATCHED_H
#define KT_ANALYSIS_WATCHED_H

#include "model/snapshot.h"

/**
 * Conclusions from samples of allocations: amounts with their bounds, how long objects live, and
 * how much of what happened was seen. Bounds hold in 99 of 100 cases.
 */

/** An amount that follows from samples. */
struct kt_estimate {
	double value, low, high;
};

/** Bytes of a sum. `seen_bytes`: of the samples themselves, which are certain. */
struct kt_estimate kt_watched_bytes(const struct kt_sampled_sum *sum);
/** Objects of a sum. */
struct kt_estimate kt_watched_objects(const struct kt_sampled_sum *sum);
/** Share of one sum in another that contains it. */
struct kt_estimate kt_watched_share(
	const struct kt_sampled_sum *part, const struct kt_sampled_sum *whole);
/**
 * Bytes of the samples that found no room, of stacks that are not known: any stack may have
 * allocated them. `all`: every stack of the watch together. 0: none was lost.
 */
double kt_watched_lost_bytes(
	const struct kt_watched_whole *watch, const struct kt_sampled_sum *all);
void kt_watched_add(struct kt_sampled_sum *sum, const struct kt_sampled_sum *more);
/**
 * Share of the objects that were not freed as long as they could be seen (Kaplan and Meier, 1958:
 * objects that are still there count up to their age). Below 0: not known.
 */
double kt_watched_kept(const struct kt_watched *watched);
/** Age in ms at which half of the objects were freed; KT_UNKNOWN: more than half were not. */
int64_t kt_watched_half_life_ms(const struct kt_watched *watched);

/** Finds in which context the stack ran, and for which work item. */
void kt_watched_context(struct kt_arena *arena, struct kt_watched *watched);

/** How much of what happened was seen. Shares below 0: not known. */
struct kt_coverage {
	double events;	/* of the change of the exact count; 1: events explain all of it */
	double frees;	/* of the frees of samples that were seen, and not found in memory later */
	double samples; /* of the samples, that found room; 1: all */
	double least;	/* the smallest of them */
	bool has_traced, has_counted;
	int64_t traced, counted; /* net objects by events, and by exact counts */
	/*
	 * For memory whose frees have no size: bytes that were allocated without an event, at
	 * least, since an exact count grew by more than events can explain. The rest may have been
	 * seen or not. KT_UNKNOWN: there is no such count.
	 */
	int64_t unseen_bytes;
};
/** Below this share, what events show of a holder is no evidence. */
#define KT_COVERAGE_ENOUGH 0.95

struct kt_coverage kt_watched_coverage(const struct kt_watched_whole *watch);

#endif
