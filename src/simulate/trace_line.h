// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_TRACE_LINE_H
#define KT_SIMULATE_TRACE_LINE_H

#include "base/span.h"

enum kt_sim_line_kind {
	KT_SIM_LINE_OTHER,
	KT_SIM_LINE_BAD, /* an event that is wanted, but lacks a field */
	KT_SIM_LINE_ALLOC,
	KT_SIM_LINE_FREE,
	KT_SIM_LINE_MARK,
	KT_SIM_LINE_LOST,
};

/** A line of a trace. Spans are parts of the line. */
struct kt_sim_line {
	enum kt_sim_line_kind kind;
	bool typed; /* of kmem_cache_alloc() or kmem_cache_free() */
	uint32_t cpu;
	struct kt_span site;	/* address or function of the caller */
	struct kt_span pointer; /* as it is printed: it may be hashed */
	struct kt_span name;	/* of the cache, or text of the mark; empty: none */
	uint64_t requested_bytes, allocated_bytes;
	uint64_t nr_lost;
};

struct kt_sim_line kt_sim_line_read(struct kt_span text);

#endif
