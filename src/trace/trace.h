// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TRACE_TRACE_H
#define KT_TRACE_TRACE_H

#include "base/err.h"
#include "trace/programs.h"

/**
 * Watches allocations of the running kernel for a while, with programs that are attached to its
 * hooks. Everything is detached and freed when the process ends, however it ends.
 */
struct kt_trace;

#define KT_TRACE_LIVE_MAX 16384u /* samples that are not freed */

/** A hook and what became of it. */
struct kt_trace_place {
	struct kt_trace_hook hook;
	bool attached;
	int refused;		       /* errno, of a hook that exists but is not attached */
	struct kt_trace_counts counts; /* of all CPUs; `left` and intervals: undefined */
	uint64_t nested; /* events that came while its program ran, so that it did not see them */
};

/** Why a hook was refused, by its errno. */
const char *kt_trace_why(int errnum);

/** Called with each sample: when it was freed, or at the end. */
typedef void (*kt_trace_sample_fn)(void *arg, const struct kt_trace_sample *sample);

/** Makes maps and programs, attaches nothing. DENIED, ABSENT: this kernel cannot be watched. */
struct kt_err *kt_trace_open(const struct kt_types *types, const struct kt_trace_opts *opts,
	struct kt_trace **ret_trace) KT_MUST_CHECK;
/** NULL is allowed. */
void kt_trace_close(struct kt_trace *trace);

/** Attaches the hooks: frees first, so that no free of a sample is missed. */
struct kt_err *kt_trace_start(struct kt_trace *trace) KT_MUST_CHECK;
/** Detaches the hooks of allocations: from then on it is only seen what is freed. */
void kt_trace_end_allocations(struct kt_trace *trace);
/** Detaches the rest. */
void kt_trace_stop(struct kt_trace *trace);

/**
 * Passes on samples that were freed, and sets the intervals by what was allocated since the last
 * call, `elapsed_ns` before. It is called several times a second.
 */
void kt_trace_poll(struct kt_trace *trace, uint64_t elapsed_ns, kt_trace_sample_fn fn, void *arg);
/** Called with each event, in the order in which they came, of all CPUs. */
typedef void (*kt_trace_event_fn)(void *arg, const struct kt_trace_event *event);
/** Passes on events, while opts.keep is set. Events that were not fetched in time are `not_told`.
 */
void kt_trace_events(struct kt_trace *trace, kt_trace_event_fn fn, void *arg);

/** Passes on the samples that were not freed. */
void kt_trace_rest(struct kt_trace *trace, kt_trace_sample_fn fn, void *arg);

/** Frames of a stack, innermost first; returns their number. */
uint32_t kt_trace_stack(
	struct kt_trace *trace, int32_t stack, uint64_t *ret_frames, uint32_t nr_frames);
#define KT_TRACE_FRAMES 48u /* that are kept of a stack */

/** A hook by its number, which samples have; NULL: there is none. */
const struct kt_trace_hook *kt_trace_hook(const struct kt_trace *trace, uint32_t number);
/** The hooks, with their counts so far: it asks the kernel about each program. */
const struct kt_trace_place *kt_trace_places(struct kt_trace *trace, size_t *ret_count);
/** File descriptors of its maps and programs. */
#define KT_TRACE_FDS_MAX (KT_TRACE_HOOKS_MAX + 4u)
size_t kt_trace_fds(const struct kt_trace *trace, int ret_fds[KT_TRACE_FDS_MAX]);
/**
 * CPU time that the programs took so far, in ns: measured while the kernel's statistics of programs
 * are on, at the start, and from then on by the number of events.
 */
uint64_t kt_trace_cpu_ns(struct kt_trace *trace);
/** Ends the measuring. It is called some 100 ms after the start. */
void kt_trace_measured(struct kt_trace *trace);

#endif
