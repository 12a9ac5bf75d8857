// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_BASELINE_H
#define VERDICTS_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTRIES_MAX 64

/** Published methods to compare with: none of them knows more than the series. */
enum baseline {
	BASELINE_LINE,	  /* slope with R² of at least 0.8 over a day */
	BASELINE_MK,	  /* Mann–Kendall over a day, p < 0.005 */
	BASELINE_HAMED,	  /* the same, its variance corrected after Hamed and Rao */
	BASELINE_KMEANS,  /* anomalies by k-means, as Netdata finds them */
	BASELINE_FIXED,	  /* +100 MiB in a day, or +50 % and 10 MiB */
	BASELINE_PREDICT, /* predict_linear() of 6 h fills half of memory within a day */
	NR_BASELINES,
};

extern const char *const baseline_names[NR_BASELINES];

/** Every sample of a series. */
struct trace {
	const int64_t *bytes;
	size_t count;
	double step_h;
	int64_t ram;
};

/** Hours at which a method began to raise an alarm; within a day it is the same alarm. */
struct entries {
	double hours[ENTRIES_MAX];
	size_t count;
	double last_h; /* that it raised */
};

void baseline_run(enum baseline baseline, const struct trace *trace, struct entries *ret_entries);
/** Netdata's k-means; see kmeans.c. */
void kmeans_run(const struct trace *trace, struct entries *entries);
void entries_add(struct entries *entries, double hour);

#endif
