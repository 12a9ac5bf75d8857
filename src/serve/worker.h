// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_WORKER_H
#define KT_SERVE_WORKER_H

#include "base/err.h"

#include <stdbool.h>

/** One thread for what takes long, so that nobody else waits for it. */
struct kt_worker;

struct kt_job {
	void (*run)(struct kt_job *job); /* in the worker's thread */
	struct kt_job *next;
};

struct kt_err *kt_worker_new(struct kt_worker **ret_worker) KT_MUST_CHECK;
/** Ends the thread behind the job that runs; jobs that wait are not run, but told by `drop`. */
void kt_worker_free(struct kt_worker *worker, void (*drop)(struct kt_job *job));
/** False where too many wait already. */
bool kt_worker_has_room(struct kt_worker *worker);
void kt_worker_push(struct kt_worker *worker, struct kt_job *job);

#endif
