// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_HOLDING_H
#define KT_MODEL_HOLDING_H

#include "model/metric.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Pages that the kernel allocates directly. No memory counter includes them, but another file
 * describes their buffer, ring, queue or pool, and sometimes its holder.
 *
 * Each kind has at least `low_bytes` and at most `high_bytes`. Only certain amounts leave the
 * unattributed row.
 */
enum kt_holding_kind {
	KT_HELD_TRACE,	     /* ring buffers of ftrace */
	KT_HELD_BPF_RING,    /* ring buffers of BPF */
	KT_HELD_IO_URING,    /* rings of io_uring */
	KT_HELD_PERF,	     /* buffers of perf events */
	KT_HELD_PACKET,	     /* mapped rings of packet sockets */
	KT_HELD_PIPE,	     /* data written into pipes */
	KT_HELD_TCP,	     /* queues of TCP sockets */
	KT_HELD_UDP,	     /* queues of UDP sockets */
	KT_HELD_FRAGMENT,    /* fragments of IP packets that wait for the other fragments */
	KT_HELD_UNIX,	     /* queues of unix sockets */
	KT_HELD_BLOCK,	     /* preallocated requests of block devices */
	KT_HELD_INTEGRITY,   /* buffers that the block layer has ready for checksums */
	KT_HELD_DEVICE_POOL, /* pools of DMA buffers that drivers make for devices */
	KT_HELD_DMA_POOL,    /* pools for atomic allocations of DMA memory */
	KT_HELD_KINDS
};

struct kt_holding {
	enum kt_holding_kind kind;
	int64_t low_bytes, high_bytes;
	const char *holder; /* name of a program, an instance or a device; NULL: none */
	int64_t pid;	    /* 0: no process */
	int64_t id;	    /* number of the object in the kernel; 0: none */
};

/** Result of the search for a kind. `why`: where it was found, or why it was not found. */
struct kt_search {
	bool done;    /* at least one source has searched */
	bool partial; /* permissions hid a part */
	enum kt_state state;
	const char *why;
};

struct kt_holding_about {
	const char *id, *title;
	enum kt_metric certain; /* sum of the certain amounts; KT_METRIC_NONE: not computed */
	enum kt_metric most;	/* sum of the upper bounds; KT_METRIC_NONE: not computed */
	const char *files;	/* files that are searched; NULL: no file of the kernel has it */
	const char *note;	/* reason for the bounds */
};

/** One description for each kind. */
extern const struct kt_holding_about kt_holdings_about[KT_HELD_KINDS];

/* directly allocated pages that files describe */
#define KT_HOLDING_LISTS(LIST) LIST(struct kt_holding, holdings)

#endif
