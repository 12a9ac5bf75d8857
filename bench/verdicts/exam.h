// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_EXAM_H
#define VERDICTS_EXAM_H

#include "baseline.h"
#include "tally.h"

/**
 * Seeds that the constants of the judge may be chosen by, and seeds that are only measured: nothing
 * is printed of single machines from SEEDS_MEASURED on.
 */
#define SEEDS_TRAINING 1
#define SEEDS_MEASURED 500000
#define SEEDS_HELD_OUT 900001
#define SEEDS_OF_STAGE 10000

#define NR_RATES  6
#define NR_GROUPS 4

extern const double rates_mib[NR_RATES];
extern const char *const group_names[NR_GROUPS];

/** A cell of the table of times to detect. */
struct cell {
	double *delays; /* hours, sorted; of the leaks that were found */
	size_t nr_delays, nr_leaks;
	double within; /* goal in hours; 0: none */
	size_t nr_within;
};

/** Results of all methods on the same machines; the judge with a look and without one. */
#define METHODS (NR_BASELINES + 2)

struct comparison {
	size_t kind_series[NR_KINDS_MAX], kind_flagged[NR_KINDS_MAX][METHODS];
	size_t nr_leaks, nr_found[METHODS], nr_alarms[METHODS], nr_flagged[METHODS];
	double machine_hours;
};

struct exam_options {
	bool look, quick;
	unsigned jobs;
	uint64_t first_seed;	       /* of the first stage */
	unsigned stages;	       /* bits of enum stage */
	const char *ktally, *recorded; /* program, directory; NULL: no recorded series */
};

enum stage {
	STAGE_QUIET,
	STAGE_DENSE,
	STAGE_LEAKS,
	STAGE_RATES,
	STAGE_BASELINES,
	STAGE_RECORDED,
	NR_STAGES
};

extern const char *const stage_names[NR_STAGES];

/** A labelled series of a recording, and what the judge made of it. */
struct recorded {
	char file[64], series[64], mechanism[48];
	enum kt_verdict truth, verdict;
	enum kt_veto veto;
	double delay_min; /* of stretched time, from the onset to the first "leak"; negative: none
			   */
};

struct exam {
	struct exam_options options;
	struct tally quiet, dense, leaks, states;
	struct cell cells[NR_RATES][NR_GROUPS];
	struct comparison comparison;
	struct recorded *recorded;
	size_t nr_recorded;
	double seconds;
};

/** Runs the stages; false: out of memory, or recordings cannot be read. exam_free() frees. */
bool exam_run(const struct exam_options *options, struct exam *ret_exam);
void exam_free(struct exam *exam);

/** Judges the recorded series of the index; false: it cannot be read. */
bool recorded_run(struct exam *exam);

/** Prints all tables, 80 columns wide; or the same figures as JSON. */
void exam_print(const struct exam *exam);
void exam_print_json(const struct exam *exam);
/** Checks the parts of the bench that need no judge; prints what is wrong. */
bool exam_check_self(void);

#endif
