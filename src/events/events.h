// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_EVENTS_EVENTS_H
#define KT_EVENTS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A file of allocations and frees, as `trace` keeps them. It begins with KT_EVENTS_MAGIC; blocks
 * follow, each with a byte for its kind, the bytes of its content and their CRC-32C, both as 32
 * bits, little-endian, and the content. Numbers in it are as in record/pack.h: of variable length;
 * "+1" is a number that may be unknown, which is 0.
 *
 * 'h', the first block: version (1), bytes of a page, bytes of a pointer, CPUs, nodes, flags
 * (enum kt_events_flag), objects that were kept are 1 in so many, ms since 1970, release (text).
 *
 * 'c': caches, from the next index on: name (text), then +1: bytes of an object, of a slot, pages
 * and objects of a slab, min_partial, cpu_partial as objects, as slabs, sheaf_capacity; flags (1:
 * a cache of kmalloc()).
 *
 * 's': slabs at the start, from the next index on: cache, first page as zigzag difference from the
 * slab before, objects, free objects, free objects that only its CPU takes, where it is, CPU. The
 * slabs of a list are in its order.
 *
 * 'o': free objects in sheaves at the start: cache, index of its slab, where, CPU or number.
 *
 * 'e': events, one after the other. The first byte has the kind (enum kt_events_kind), and flags
 * of what follows: the time as a difference from the event before, in 64 ns; the CPU, if it is
 * another one; of an allocation the cache, if the last allocation had another one, the bytes that
 * were asked for, if the objects of the cache have another size, and the address in physical
 * memory, in 8 bytes, as zigzag difference from the last one of the cache; of a free the number of
 * the object, or of the slab from the start. Objects have numbers from 0, the number that was freed
 * last is given first.
 *
 * 'm': a mark, the end of a phase: name (text), time in ms since the start, then for each cache +1
 * its slabs by /proc/slabinfo.
 *
 * 'z', the last block: the numbers of struct kt_events_end in their order, why it ended (text), and
 * what was not watched (text).
 */
#define KT_EVENTS_MAGIC	    "ktevent\n"
#define KT_EVENTS_VERSION   1u
#define KT_EVENTS_HEAD	    9u	       /* bytes before the content of a block */
#define KT_EVENTS_BLOCK_MAX (1u << 20) /* bytes of content */
#define KT_EVENTS_CACHES    4096u      /* at most */
#define KT_EVENTS_SLABS	    (1u << 24) /* at the start, at most */
#define KT_EVENTS_MARKS	    63u	       /* at most */
#define KT_EVENTS_UNKNOWN   UINT32_MAX
#define KT_EVENTS_TIME_BITS 6 /* of a time in ns that are left out */
#define KT_EVENTS_LEAST	    8 /* bytes to which objects are aligned */

enum kt_events_flag {
	KT_EVENTS_BY_OBJECTS = 1, /* CPUs count objects of partial slabs, not slabs */
	KT_EVENTS_SHEAVES = 2,	  /* CPUs have sheaves instead of slabs */
	KT_EVENTS_START = 4,	  /* the slabs at the start are in the file */
};

enum kt_events_kind {
	KT_EVENTS_ALLOC,
	KT_EVENTS_FREE,
	KT_EVENTS_LATER,     /* handed over to be freed after a grace period of RCU */
	KT_EVENTS_OLD_FREE,  /* of an object that was allocated before the start */
	KT_EVENTS_OLD_LATER, /* the same, after a grace period */
	KT_EVENTS_NR_KINDS
};
#define KT_EVENTS_KIND	    0x07
#define KT_EVENTS_CPU	    0x08 /* the CPU follows */
#define KT_EVENTS_CACHE	    0x10 /* the cache follows */
#define KT_EVENTS_REQUESTED 0x20 /* the bytes that were asked for follow */

struct kt_events_head {
	uint32_t page_bytes, word_bytes, nr_cpus, nr_nodes;
	uint32_t flags; /* enum kt_events_flag */
	uint32_t one_in;
	uint64_t real_ms;
	const char *release;
};

/** KT_EVENTS_UNKNOWN: the kernel has no such number. */
struct kt_events_cache {
	const char *name;
	uint32_t object_bytes, slot_bytes, pages_per_slab, objs_per_slab;
	uint32_t min_partial, cpu_partial_objs, cpu_partial_slabs, sheaf_capacity;
	bool generic;
};

/** Where a slab or a free object is at the start; values of the file. */
enum kt_events_slab_where {
	KT_EVENTS_CPU_SLAB,
	KT_EVENTS_CPU_PARTIAL,
	KT_EVENTS_NODE,
	KT_EVENTS_FULL
};
enum kt_events_sheaf_where { KT_EVENTS_MAIN, KT_EVENTS_SPARE, KT_EVENTS_RCU, KT_EVENTS_BARN };

struct kt_events_slab {
	uint64_t pfn;
	uint32_t cache, nr_objs, nr_free, nr_ready, where, cpu;
};

struct kt_events_sheaf {
	uint32_t cache, slab, where, of;
};

struct kt_events_end {
	uint64_t nr_events;
	uint64_t nr_lost;    /* that the process did not fetch in time */
	uint64_t nr_nested;  /* that came while a program ran on the same CPU */
	uint64_t nr_again;   /* addresses that were allocated while in use */
	uint64_t nr_unknown; /* frees of objects that are neither from the start nor seen */
	uint64_t nr_foreign; /* objects in pages of no known cache: large ones of kmalloc() */
	uint64_t nr_moving;  /* events while the start was read */
	uint64_t nr_unread;  /* slabs and lists of the start that could not be read */
	uint64_t lasted_ms;
};

#endif
