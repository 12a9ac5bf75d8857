// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_MACHINE_H
#define VERDICTS_MACHINE_H

#include "profile.h"
#include "verdict/judge.h"

#define BLOCK	      64 /* samples that are composed at a time */
#define MIB	      1048576.0
#define PARTS_MAX     5
#define COUNTED_BYTES (8 * MIB) /* smaller events are no episodes: a verdict may pass over them */
#define SISTERS_MAX   5
#define HOURS_FOREVER 1e9

/** How a leak grows. */
enum shape {
	SHAPE_STEADY,
	SHAPE_LATE,	  /* steady, in the last third of the recording */
	SHAPE_STAIRS,	  /* nothing for a while, and then all of it */
	SHAPE_LOAD,	  /* with the load of the machine */
	SHAPE_PHASE,	  /* steady, under a daily phase */
	SHAPE_JOBS,	  /* a piece at each run of a job */
	SHAPE_HOURS,	  /* in working hours */
	SHAPE_FASTER,	  /* speeding up */
	SHAPE_BURSTS,	  /* at random times */
	SHAPE_RECLAIM,	  /* in a reclaimable cache that reclaim cannot empty */
	SHAPE_FILL,	  /* steady, on a fill */
	SHAPE_CONNECTION, /* for each connection, packet, or write */
	SHAPE_PACKET,
	SHAPE_WRITE,
	SHAPE_USE,     /* for each rise of the number of sockets */
	SHAPE_SISTERS, /* several caches that grow in step */
	NR_SHAPES,
	SHAPE_ANY = NR_SHAPES, /* drawn; of a series: no leak */
};

/** How much a leaking series moves without the leak. */
enum background {
	BACKGROUND_ANY,
	BACKGROUND_QUIET, /* deviation of at most 0.4 MiB */
	BACKGROUND_NOISY, /* 0.4 to 1.5 MiB */
};

/** A machine and a recording to compose. */
struct plan {
	uint64_t seed;
	double days, step_s;
	size_t nr_series, nr_leaks;
	enum shape shape;
	double hourly_mib; /* 0: drawn */
	enum background background;
	double onset_low_h, onset_high_h; /* after the recording began */
	double least_ram_gib;
	double end_chance; /* that a leak ends: fixed, or by a boot */
};

/** A time with one true verdict. */
struct episode {
	enum kt_verdict truth;
	double from_h, to_h;
	double bytes; /* how much moved */
};

#define EPISODES_MAX 64

struct episodes {
	struct episode items[EPISODES_MAX];
	size_t count;
};

/** One cause of movement of a series; the sum of all parts is its amount. */
enum part_kind {
	PART_NOISE,  /* autocorrelated noise; with a large tau a walk */
	PART_SPIKES, /* rises at random times that return */
	PART_CHURN,  /* rises and falls all the time over a flat floor */
	PART_PHASE,
	PART_JOB,
	PART_STEPS,
	PART_SHIFT, /* another level after a boot: the kernel was updated */
	PART_TEETH,
	PART_FILL,
	PART_LOG_FILL,
	PART_FOLLOW, /* a driver */
	PART_POOL,   /* the largest value of a driver so far */
	PART_RIDE,   /* the fill of another series */
};

struct part {
	enum part_kind kind;
	double size;  /* bytes: deviation, height, ceiling; of followers: bytes per unit */
	double tau_h; /* time constant; of jobs, teeth: period */
	double every_h, start_h, more;
	size_t of; /* driver; series, SIZE_MAX: all caches of inodes */
	bool by_load, reclaimable, held;
	struct profile *profile; /* of phases; NULL: the machine's */
	/* state */
	double x, next_h, until_h, level, fell_h, fell_before_h;
	int count, falls;
};

struct leak {
	enum shape shape;
	double hourly; /* bytes */
	double onset_h, end_h;
	double period_h;
	size_t of; /* event, driver */
	double per_unit;
	struct rng rng; /* the same of all sisters */
	size_t family;	/* first of the sisters */
	/* state */
	double x, pending, next_h, until_h, last;
	bool pressed; /* memory was short while it leaked */
	double total; /* bytes that leaked until the end */
};

struct series {
	char name[40];
	const struct kind *kind;
	int64_t grain;
	double base;
	bool reclaimable, inodes;
	bool restless;		/* "normal" and "churn" both fit */
	bool late;		/* composed after the drivers, because it follows them */
	enum kt_look look;	/* result of a look for holders, while nothing leaks */
	enum kt_look look_leak; /* while it leaks */
	struct part parts[PARTS_MAX];
	size_t nr_parts;
	double guess; /* bytes; deviation of the parts, roughly */
	struct leak leak;
	struct rng rng;
	struct episodes episodes;
	double sum, square, count; /* of the amount without the leak */
	double ridden[BLOCK];	   /* bytes of the first part, for riders */
	int64_t bytes[BLOCK];
};

struct driver {
	double base, depth, noise, x; /* `x`: state of the noise */
	double growth;		      /* honest; share for each hour */
	double level, target;	      /* factor by deployments */
	double storm, storm_until_h, next_storm_h, storms_every_h;
	struct episodes episodes; /* `bytes` is in units */
};

struct machine {
	struct plan plan;
	struct rng rng;
	int64_t ram;
	int cpus;
	double step_h, hours_end;
	double booted_h; /* since the recording began; negative: before */
	double reboots_every_h, next_boot_h, pressure_every_h, next_pressure_h;
	double gap_until_h, next_gap_h, next_deploy_h;
	bool zombies;
	double zombies_now;
	struct profile profile;
	struct driver drivers[KT_NR_DRIVERS];
	double event_rates[KT_NR_EVENTS]; /* for each hour, at mean load */
	double event_noise[KT_NR_EVENTS];
	double event_counts[KT_NR_EVENTS];
	struct series *series;
	size_t nr_series;
	uint64_t sample; /* that the next block begins with */
	/* the block */
	size_t nr;
	double hours[BLOCK], load[BLOCK];
	bool missing[BLOCK], pressure[BLOCK], boot[BLOCK];
	double uptime_h[BLOCK];
	double driver[KT_NR_DRIVERS][BLOCK];
	double event[KT_NR_EVENTS][BLOCK]; /* counters */
	double event_by[KT_NR_EVENTS][BLOCK];
	double held[BLOCK];   /* pages of jobs that a visible holder matches */
	double inodes[BLOCK]; /* bytes of reclaimable caches of inodes */
	double judging_h;     /* time of the sample that is judged now */
};

/** Composes a machine; false: out of memory. machine_free() frees. */
bool machine_compose(struct machine *machine, const struct plan *plan);
void machine_free(struct machine *machine);
/** Makes the next block; false at the end of the recording. */
bool machine_block(struct machine *machine);
/** Ends the truth of all series: what followers follow is known only then. */
void machine_settle(struct machine *machine);
/** When a series begins to leak, or to ride on inodes that do: it loses objects with each of them.
 */
double machine_leaks_from(const struct machine *machine, const struct series *series);

void episodes_add(
	struct episodes *episodes, enum kt_verdict truth, double from_h, double to_h, double bytes);

/** Adds a part over the block to `sum`. */
void part_add(struct part *part, struct machine *machine, struct series *series, double *sum);
/** Adds the leak over the block to `sum`. */
void leak_add(struct leak *leak, const struct machine *machine, double *sum);

/** Begins the drivers and events of a machine, and makes the block's. */
void drivers_begin(struct machine *machine);
void drivers_block(struct machine *machine);
/** Adds what series of this machine hold; after the series that drivers depend on. */
void drivers_settle(struct machine *machine);

/** A kind of benign series. */
struct kind {
	const char *name;
	double share; /* of the series of a machine, relative */
	void (*compose)(struct series *series, struct machine *machine);
	enum kt_verdict truth; /* while no episode is true; KT_NR_VERDICTS: none is known */
};

extern const struct kind kinds[];
extern const size_t nr_kinds;
const struct kind *kind_named(const char *name);
extern const char *const shape_names[NR_SHAPES];

/** Makes a leak out of a series that has been composed: plan, or drawn. */
void leak_compose(struct series *series, struct machine *machine, enum shape shape);
/**
 * Whether samples can prove a leak in principle: in a reclaimable cache only after memory was
 * short.
 */
bool leak_is_provable(const struct leak *leak);
/** The kind of series that a shape leaks in, or NULL: any quiet one. */
const struct kind *leak_kind(enum shape shape);

#endif
