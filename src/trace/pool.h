// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TRACE_POOL_H
#define KT_TRACE_POOL_H

/** Kinds of memory whose allocations can be watched. */
enum kt_trace_pool {
	KT_TRACE_SLAB,
	KT_TRACE_PAGES,
	KT_TRACE_PERCPU,
	KT_TRACE_VMALLOC,
};

#endif
