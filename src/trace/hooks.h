// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TRACE_HOOKS_H
#define KT_TRACE_HOOKS_H

#include "kernel/functions.h"
#include "trace/pool.h"

/**
 * Where the kernel can be watched while it allocates and frees: its tracepoints, and functions that
 * pass them by. Which of them a kernel has, and what their parameters are, is in its type data.
 */

enum kt_trace_way {
	KT_TRACE_POINT, /* a tracepoint */
	KT_TRACE_ENTRY, /* a function, before it runs */
	KT_TRACE_EXIT,	/* a function, after it has run */
};

/** One place, as this kernel has it. Parameters are indexes; -1: it has none of the kind. */
struct kt_trace_hook {
	const char *name; /* of the tracepoint or function */
	const char *what; /* memory that is only seen here: "frees by kfree_rcu()"; NULL: any */
	enum kt_trace_pool pool;
	enum kt_trace_way way;
	bool frees;
	bool generic; /* of kmalloc(), which never names a cache */
	uint32_t id;  /* of its type; 0: this kernel does not have it */
	uint32_t nr_params;
	int address;   /* of the object, or its struct page; of an exit without it: the result */
	int cache;     /* its struct kmem_cache */
	int bytes;     /* of memory, else of the cache's objects */
	int requested; /* bytes that were asked for */
	int order;     /* of pages */
	int flags;     /* gfp_t */
	int site;      /* address of the call */
	bool areas;    /* of any kind: `bytes` has a page more, and not all hold memory */
	uint32_t address_at; /* bytes into what an exit's result points to, where the address is */
	bool is_indirect;    /* the address is there */
	int array, count; /* of several objects at once; an exit has their number as its result */
	/*
	 * instead of `address` a struct rcu_head in the object, and the offset of it, or the object
	 * itself without a head
	 */
	int rcu_head, rcu_offset;
};

#define KT_TRACE_HOOKS_MAX 16u

/** Finds the hooks of a pool; one that this kernel lacks has id 0. Returns their number. */
size_t kt_trace_hooks(const struct kt_types *types, enum kt_trace_pool pool,
	struct kt_trace_hook ret_hooks[KT_TRACE_HOOKS_MAX]);

#endif
