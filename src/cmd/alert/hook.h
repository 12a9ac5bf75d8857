// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ALERT_HOOK_H
#define KT_CMD_ALERT_HOOK_H

#include "base/buf.h"
#include "base/err.h"
#include "cmd/alert/notice.h"

#include <sys/types.h>

/**
 * A program of the user that runs at each notice: without a shell, one at a time, with the finding
 * as JSON on standard input and as KTALLY_ variables. It never holds up a sample: the recorder
 * starts it and looks again at the next sample. A run that takes longer than a minute is killed.
 */
#define KT_HOOK_WAITING	 16u	 /* notices that wait for the run before; more are dropped */
#define KT_HOOK_HOURLY	 20	 /* runs in an hour, at most */
#define KT_HOOK_LIMIT_MS 60000ll /* a run */

struct kt_hook_run {
	struct kt_buf json;	   /* standard input */
	struct kt_buf environment; /* "KTALLY_X=y", each ended by 0 */
};

struct kt_hook {
	const char *program; /* path; NULL: there is none */
	struct kt_hook_run waiting[KT_HOOK_WAITING];
	size_t nr_waiting;
	uint64_t nr_dropped; /* since the last call of kt_hook_step() */
	pid_t child;	     /* 0: none runs */
	int64_t started_ms;  /* since boot; the run */
	int64_t hour_ms;     /* since boot; when the hour of the count began; 0: none has */
	int nr_in_hour;
	int status; /* of the last run that ended badly; 0: none did */
	bool timed_out;
};

/** Whether the program can be run: a path of an executable file. The error is USAGE. */
struct kt_err *kt_hook_init(struct kt_hook *ret_hook, const char *program) KT_MUST_CHECK;
/** Notes a notice; it is run by the next steps. */
void kt_hook_add(struct kt_hook *hook, const struct kt_notice *notice);
/**
 * Takes the end of a run, and begins the next one. Returns a sentence on what went wrong since the
 * last call, in `text`; NULL: nothing.
 */
const char *kt_hook_step(struct kt_hook *hook, int64_t boot_ms, char text[160]);
/** Ends a run that is under way. */
void kt_hook_fini(struct kt_hook *hook);

#endif
