// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_SITTING_H
#define VERDICTS_SITTING_H

#include "machine.h"

/** A verdict that the judge reached on a series. */
struct change {
	double at_h; /* since the recording began */
	struct kt_judged judged;
};

/** All verdicts on a series, in their order. */
struct paper {
	struct change *items;
	size_t count, room;
};

/** One composed machine, judged from the first sample to the last. */
struct sitting {
	struct machine machine;
	struct paper *papers; /* one for each series */
	int64_t **traces;     /* every sample of each series, or NULL */
	size_t nr_traced;     /* samples of each */
	size_t judge_bytes;   /* memory of the judge at the end */
	double judge_ns;      /* CPU time in the judge */
	double nr_judged;     /* series times samples */
	bool booted, pressed; /* since the last sample that was not missing */
	bool out_of_memory;
};

struct sitting_options {
	bool look;  /* the judge may look for holders */
	bool trace; /* keep the samples */
};

/** Composes and judges; false: out of memory. sitting_free() frees, also then. */
bool sit(const struct plan *plan, const struct sitting_options *options, struct sitting *ret);
void sitting_free(struct sitting *sitting);

/** Adds a verdict to a paper; false: out of memory. */
bool paper_add(struct paper *paper, double at_h, const struct kt_judged *judged);
/**
 * The verdict held longest in a stretch, without normal and not observable if
 * `telling`; NULL: there is none.
 */
const struct kt_judged *paper_longest(
	const struct paper *paper, double from_h, double to_h, bool telling);

#endif
