// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_WORKER_H
#define KT_SERVE_WORKER_H

#include "base/err.h"

#include <stdbool.h>

/** A thread for slow jobs, so that no other client waits for them. */
struct kt_worker;

struct kt_job {
	void (*run)(struct kt_job *job); /* runs in the worker's thread */
	struct kt_job *next;
};

struct kt_err *kt_worker_new(struct kt_worker **ret_worker) KT_MUST_CHECK;
/** Ends the thread after the current job. Waiting jobs do not run; `drop` is called for each. */
void kt_worker_free(struct kt_worker *worker, void (*drop)(struct kt_job *job));
/** False: too many jobs wait already. */
bool kt_worker_has_room(struct kt_worker *worker);
/** Adds a job, which must stay valid until run() or drop() was called. Call from one thread. */
void kt_worker_push(struct kt_worker *worker, struct kt_job *job);

#endif
