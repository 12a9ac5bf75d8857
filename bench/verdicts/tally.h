// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_TALLY_H
#define VERDICTS_TALLY_H

#include "sitting.h"

#define NR_SIZES      6 /* classes of leaks by size; the first is below 4 deviations */
#define NR_BINS	      6 /* of confidence */
#define NR_KINDS_MAX  40
#define FRESH_H	      192 /* the first days of a recording, with its first runs of jobs */
#define SERIES_USUAL  120 /* of a machine */
#define HOURS_OF_YEAR 8766.0

extern const double size_limits[NR_SIZES]; /* lower limits, in deviations */
extern const double bin_limits[NR_BINS];   /* lower limits of confidence */

/** A leak, and what the judge made of it. */
struct found {
	uint64_t seed;
	size_t series;
	enum shape shape;
	const struct kind *kind; /* that it leaks on */
	double size;		 /* deviations of the rest of the series */
	double hourly;		 /* bytes, true mean */
	double delay_h;		 /* from onset to "leak"; negative: never */
	double growing_h;	 /* from onset to "growing" or "leak"; negative: never */
	enum kt_veto veto;	 /* that stood at the end, of leaks that were not found */
	enum kt_verdict last;	 /* verdict at the end of the leak */
	double confidence;
	bool provable;	    /* samples can prove it in principle */
	bool rate_inside;   /* the true rate is within the stated interval */
	double named_h;	    /* from onset until the event was named; negative: never */
	bool named;	    /* of leaks per event: the event was named, or one that goes with it */
	double onset_off_h; /* stated beginning less the true one */
	bool with_family;   /* of sisters: the judge sees it in step with one of its family */
};

struct alarm {
	uint64_t seed;
	const struct kind *kind;
	char series[40];
	double at_h;
	int level;
	double score, confidence, rise_bytes;
};

struct shares {
	size_t right, count;
	double stated; /* sum of the confidences */
};

struct tally {
	size_t nr_machines, nr_series;
	double machine_hours; /* of machines with SERIES_USUAL series */
	double fresh_hours;   /* of these, in the first days of a recording */
	struct found *found;
	size_t nr_found, found_room;
	struct alarm *alarms; /* leaks that are none */
	size_t nr_alarms, alarms_room, nr_fresh;
	size_t kind_series[NR_KINDS_MAX], kind_alarms[NR_KINDS_MAX]; /* series of a kind, flagged */
	size_t matrix[KT_NR_VERDICTS][KT_NR_VERDICTS]; /* [truth][verdict], episodes and days */
	struct shares sure[KT_NR_VERDICTS][NR_BINS];   /* by verdict and confidence */
	double judge_ns, nr_judged;
	size_t judge_bytes_most; /* for each series */
	bool out_of_memory;
};

/** Adds a machine that was judged. */
void tally_add(struct tally *tally, const struct sitting *sitting);
void tally_free(struct tally *tally);
/** Index of the last limit that `value` reaches. */
size_t class_of(const double *limits, size_t count, double value);
/** Adds the matrix and confidences of another tally. */
void tally_merge_states(struct tally *tally, const struct tally *other);

#endif
