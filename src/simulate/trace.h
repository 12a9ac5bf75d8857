// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_TRACE_H
#define KT_SIMULATE_TRACE_H

#include "base/arena.h"
#include "base/span.h"
#include "simulate/event.h"

/**
 * A trace of allocations as text: the events kmem:kmalloc, kmem:kfree, kmem:kmem_cache_alloc and
 * kmem:kmem_cache_free as tracefs or perf script print them, in the order of their times. Lines of
 * other events are skipped. A text that was written to trace_marker ends a phase.
 *
 * An allocation does not name its cache. The caller's address and the sizes stand for it; the name
 * is known where a free of such an object names it, or where only one named cache has these sizes.
 *
 * The text is read twice: once for its caches, once for its events.
 */
struct kt_sim_trace;

struct kt_sim_trace_facts {
	uint64_t nr_lines;   /* events that were read */
	uint64_t nr_skipped; /* events of these kinds that cannot be read */
	uint64_t nr_lost;    /* events that the tracer dropped */
	uint64_t nr_unknown; /* frees of objects that were allocated before the trace */
	uint64_t nr_again;   /* allocations at an address in use: the free was not seen */
};

/** NULL when out of memory. */
struct kt_sim_trace *kt_sim_trace_new(void);
/** NULL is allowed. */
void kt_sim_trace_free(struct kt_sim_trace *trace);
/** Reads a line the first time. LIMIT: more callers, caches or phases than ktally simulates. */
struct kt_err *kt_sim_trace_learn(struct kt_sim_trace *trace, struct kt_span line) KT_MUST_CHECK;
/** Ends the first reading. PARSE: there is no allocation in it. */
struct kt_err *kt_sim_trace_learned(struct kt_sim_trace *trace) KT_MUST_CHECK;
/** Reads a line the second time; writes at most two events. */
struct kt_err *kt_sim_trace_read(struct kt_sim_trace *trace, struct kt_span line,
	struct kt_sim_event ret_events[2], size_t *ret_count) KT_MUST_CHECK;

/** Machine, caches and phases, after the first reading; without `read`. */
struct kt_sim_stream kt_sim_trace_stream(const struct kt_sim_trace *trace);
/** Counts of the second reading so far. */
const struct kt_sim_trace_facts *kt_sim_trace_facts(const struct kt_sim_trace *trace);

#endif
