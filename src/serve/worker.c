// SPDX-License-Identifier: GPL-2.0-or-later
//
// One thread and a queue of WAITING_MAX jobs. More threads would let clients use more cores of a
// machine that is examined because it is in trouble. The worker does not own jobs: a job belongs to
// its request until run() or drop() has returned.

#include "serve/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define WAITING_MAX 8 /* jobs that wait */

struct kt_worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct kt_job *first, **end;
	int nr_waiting;
	bool ends, runs;
};

/* Does not touch a job after run(): it resumes the request that owns the job, which may free it. */
static void *work(void *arg)
{
	struct kt_worker *worker = arg;

	pthread_mutex_lock(&worker->lock);
	while (!worker->ends) {
		struct kt_job *job = worker->first;

		if (!job) {
			pthread_cond_wait(&worker->news, &worker->lock);
			continue;
		}
		worker->first = job->next;
		if (!worker->first)
			worker->end = &worker->first;
		worker->nr_waiting--;
		/* without the lock, so that jobs can be added while this one runs */
		pthread_mutex_unlock(&worker->lock);
		job->run(job);
		pthread_mutex_lock(&worker->lock);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

struct kt_err *kt_worker_new(struct kt_worker **ret_worker)
{
	struct kt_worker *worker = calloc(1, sizeof(*worker));
	sigset_t all, before;

	*ret_worker = worker;
	if (!worker)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->news, NULL);
	worker->end = &worker->first;
	/* only the main loop handles signals */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	worker->runs = pthread_create(&worker->thread, NULL, work, worker) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (worker->runs)
		return NULL;
	return kt_err_new(KT_ERR_OS, "cannot create a thread: no memory, or the limit of "
				     "processes is reached (ulimit -u)");
}

/* Waits for the current job, whose time is bounded by the job itself (WORK_NS in past.c). */
void kt_worker_free(struct kt_worker *worker, void (*drop)(struct kt_job *job))
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->ends = true;
	pthread_cond_signal(&worker->news);
	pthread_mutex_unlock(&worker->lock);
	if (worker->runs)
		pthread_join(worker->thread, NULL);
	while (worker->first) {
		struct kt_job *job = worker->first;

		worker->first = job->next;
		drop(job);
	}
	pthread_mutex_destroy(&worker->lock);
	pthread_cond_destroy(&worker->news);
	free(worker);
}

/* Only one thread pushes, so room that is seen here still exists at the next kt_worker_push(). */
bool kt_worker_has_room(struct kt_worker *worker)
{
	bool room;

	pthread_mutex_lock(&worker->lock);
	room = worker->nr_waiting < WAITING_MAX;
	pthread_mutex_unlock(&worker->lock);
	return room;
}

void kt_worker_push(struct kt_worker *worker, struct kt_job *job)
{
	pthread_mutex_lock(&worker->lock);
	job->next = NULL;
	*worker->end = job;
	worker->end = &job->next;
	worker->nr_waiting++;
	pthread_cond_signal(&worker->news);
	pthread_mutex_unlock(&worker->lock);
}
