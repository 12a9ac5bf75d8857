// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TRACE_POOL_H
#define KT_TRACE_POOL_H

/** What is allocated while it is watched. */
enum kt_trace_pool {
	KT_TRACE_SLAB,
	KT_TRACE_PAGES,
	KT_TRACE_PERCPU,
	KT_TRACE_VMALLOC,
};

#endif
