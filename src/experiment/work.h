// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_EXPERIMENT_WORK_H
#define KT_EXPERIMENT_WORK_H

#include "experiment/group.h"

/** Loads of an experiment. Each runs in a process of its own, in the group, for a limited time. */
enum kt_work_kind {
	KT_WORK_WALK, /* looks up every file below a directory, in one file system */
	KT_WORK_FILL, /* takes memory, and holds it until kt_work_end() */
	KT_WORK_MAKE, /* writes and reads many small files, and starts many short processes */
	KT_WORK_DESK, /* starts programs as a desktop has them; they wait until kt_work_end() */
};

struct kt_work {
	enum kt_work_kind kind;
	const char *path; /* directory; WALK reads it, MAKE writes into it */
	int64_t most;	  /* files, bytes of FILL, or programs of DESK */
	int64_t seconds;
};

/** Work that a load has done, also if it was ended. */
struct kt_work_done {
	int64_t count; /* likewise */
	bool late;     /* it was stopped after its time */
	bool killed;   /* it was killed: the limit of the group was reached */
	bool stopped;  /* the user stopped the experiment */
};

/** A running load. */
struct kt_working {
	int child, pipe, hold, timer;
	struct kt_work_shared *shared;
};

/** Signals of a user who stops the experiment, which are received through a descriptor. */
struct kt_stop {
	int fd;
	struct kt_stop_mask *before;
};
struct kt_err *kt_stop_open(struct kt_stop *ret_stop) KT_MUST_CHECK;
/** True if the user has stopped it. */
bool kt_stop_asked(const struct kt_stop *stop);
void kt_stop_close(struct kt_stop *stop);

/** Runs a load until it is done, its time is over or the user stops it. It then stands still. */
struct kt_err *kt_work_run(const struct kt_load_group *group, const struct kt_stop *stop,
	const struct kt_work *work, struct kt_working *ret_working,
	struct kt_work_done *ret_done) KT_MUST_CHECK;
/** Ends the process of a load. */
void kt_work_end(struct kt_working *working);
/** Removes the files that KT_WORK_MAKE has left in a directory. */
void kt_work_remove(const char *path);

#endif
