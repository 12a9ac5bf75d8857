// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TRACE_PROGRAMS_H
#define KT_TRACE_PROGRAMS_H

#include "bpf/code.h"
#include "trace/hooks.h"
#include "trace/sample.h"

/** The programs of hooks: they count what is allocated and freed, and draw samples. */

/** Where the kernel has a struct page for each page, to find the slab cache of an object. */
struct kt_trace_map {
	uint64_t direct, direct_bytes; /* the direct map */
	uint64_t pages;		       /* address of the struct page of its first page */
	uint32_t page_struct_bytes, page_shift;
	uint32_t head_offset, cache_offset; /* in struct page */
};

/** The watched memory. */
struct kt_trace_opts {
	enum kt_trace_pool pool;
	uint64_t cache;	     /* address of a slab cache; 0: any */
	uint32_t slot_bytes; /* of the objects of that cache */
	bool is_kmalloc;     /* it is one of kmalloc's: events do not name it, but sizes do */
	/*
	 * Whether parameters of tracepoints have their types. A kernel before 6.4 gives a program
	 * no pointer to const void then (91f2dc6838c1); without types it is a number.
	 */
	bool typed;
	uint32_t page_bytes, nr_cpus;
	uint32_t size_offset; /* of struct kmem_cache's size */
	double samples_a_second;
	uint64_t movable; /* flag of pages for processes and files, which are left out */
	bool keep;	  /* keeps each event instead of samples */
	struct kt_trace_map map;
	uint32_t one_in;     /* objects, by address, are kept; 0: all */
	uint32_t ring_bytes; /* a power of two, for events on their way to the process */
};

/** File descriptors of the maps, and places in the only value of `state`. */
struct kt_trace_maps {
	int state, live, stacks, ended;
	uint32_t gaps_at, counts_at;
};

/** Writes the program of hook number `number`; false: it has no room. */
bool kt_trace_program(const struct kt_trace_hook *hook, uint32_t number,
	const struct kt_trace_opts *opts, const struct kt_trace_maps *maps,
	struct kt_bpf_code *ret_code);

#endif
