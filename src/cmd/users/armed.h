// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_USERS_ARMED_H
#define KT_CMD_USERS_ARMED_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Watches allocations in a process of its own, for a view that goes on meanwhile and that may be
 * confined: the process is made before. It takes nothing but the orders below, does one watch at a
 * time, and ends with the view, however the view ends. Nothing stays attached then.
 */
struct kt_armed;

#define KT_ARMED_WHAT	 64u	     /* bytes of a name, with its NUL */
#define KT_ARMED_SECONDS 600	     /* longest watch */
#define KT_ARMED_CPU	 10	     /* percent of one CPU; most that a watch may take */
#define KT_ARMED_WHY	 512u	     /* bytes of a reason */
#define KT_ARMED_RESULT	 (16u << 20) /* bytes; longest result in one form */

/** The forms of a result; `kt_armed_result()` gives them. */
enum kt_armed_form {
	KT_ARMED_JSON,
	KT_ARMED_FLAME,
	KT_ARMED_FOLDED,
	KT_ARMED_PPROF,
	KT_ARMED_SPEEDSCOPE,
	KT_ARMED_TEXT,	 /* for a terminal */
	KT_ARMED_STACKS, /* the same with stacks in full */
	KT_ARMED_FORMS,
};

struct kt_armed_order {
	char what[KT_ARMED_WHAT]; /* name of a slab cache, or slab, pages, percpu, vmalloc */
	double seconds;		  /* 0: nothing is watched, what is in memory is looked up */
	int32_t cpu_percent;
	uint32_t forms; /* bits of the forms that are wanted */
	int32_t width;	/* of texts, in columns */
	bool unicode;
};

enum kt_armed_stage {
	KT_ARMED_IDLE, /* there was no watch yet */
	KT_ARMED_BEGINS,
	KT_ARMED_ALLOCATIONS, /* allocations and frees are seen */
	KT_ARMED_FREES,	      /* only frees */
	KT_ARMED_ENDS,	      /* samples that are left are looked up in memory */
	KT_ARMED_DONE,
	KT_ARMED_FAILED,  /* `why` says it */
	KT_ARMED_DROPPED, /* on an order, without a result */
};

struct kt_armed_state {
	enum kt_armed_stage stage;
	uint32_t number; /* of the watch, from 1 */
	struct kt_armed_order order;
	int64_t elapsed_ms, nr_samples;
	int64_t cpu_ns; /* at the end: of the process too */
	char why[KT_ARMED_WHY];
};

/** Makes the process. Call it before threads exist, and before the caller is confined. */
struct kt_err *kt_armed_new(struct kt_armed **ret_armed) KT_MUST_CHECK;
/** Ends a watch at once, and the process. NULL is allowed. */
void kt_armed_free(struct kt_armed *armed);

/** Readable when there is news; call kt_armed_take() then. */
int kt_armed_fd(const struct kt_armed *armed);
/** Takes news without waiting; true: the state has changed. */
bool kt_armed_take(struct kt_armed *armed);
const struct kt_armed_state *kt_armed_state(const struct kt_armed *armed);
/** Whether a watch runs, which has not ended yet. */
bool kt_armed_runs(const struct kt_armed *armed);

/** USAGE: an order out of bounds. LIMIT: a watch runs. OS: the process has ended. */
struct kt_err *kt_armed_start(
	struct kt_armed *armed, const struct kt_armed_order *order) KT_MUST_CHECK;
/** Ends the watch before its time, with the result so far. */
void kt_armed_stop(struct kt_armed *armed);
/** Ends the watch without a result. */
void kt_armed_drop(struct kt_armed *armed);

/** Appends the result of the last watch. ABSENT: there is none in this form. */
struct kt_err *kt_armed_result(
	struct kt_armed *armed, enum kt_armed_form form, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
