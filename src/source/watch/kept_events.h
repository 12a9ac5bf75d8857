// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_KEPT_EVENTS_H
#define KT_SOURCE_KEPT_EVENTS_H

#include "events/writer.h"
#include "model/snapshot.h"
#include "root/root.h"

/**
 * Keeps the allocations and frees of slab objects of the running kernel for a while, and where all
 * slabs are when it begins. Everything in the kernel is gone when it is freed, or the process ends.
 */
struct kt_kept_events;

struct kt_kept_opts {
	const char *caches;  /* a pattern of names; NULL: all */
	uint32_t one_in;     /* objects that are kept; 1: all */
	uint32_t ring_bytes; /* for events on their way, a power of two */
	uint64_t most_bytes; /* of the file, about */
	const char *release; /* of the kernel */
	uint64_t real_ms;    /* since 1970 */
	kt_events_write write;
	void *arg;
};

/** Opens memory and makes the programs. DENIED, ABSENT: says what is missing. */
struct kt_err *kt_kept_events_open(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_kept_opts *opts, struct kt_kept_events **ret_kept) KT_MUST_CHECK;
/** Attaches the programs and reads where the slabs are; the time begins. */
struct kt_err *kt_kept_events_start(struct kt_kept_events *kept, uint64_t now_ns) KT_MUST_CHECK;
/** Takes events; call it every 50 ms. False: the file is full, or cannot be written. */
bool kt_kept_events_step(struct kt_kept_events *kept);
/** Ends a phase: what the kernel holds now is written. */
void kt_kept_events_mark(struct kt_kept_events *kept, const char *name, uint64_t now_ns);
/** Detaches everything and ends the file. `why`: "the time", "a signal", "the size of the file". */
struct kt_err *kt_kept_events_end(struct kt_kept_events *kept, uint64_t now_ns, const char *why,
	struct kt_events_end *ret_end) KT_MUST_CHECK;
/** Names the events that could not be watched; "": none. Valid after the end. */
const char *kt_kept_events_unwatched(const struct kt_kept_events *kept);
uint64_t kt_kept_events_bytes(const struct kt_kept_events *kept);
/** NULL is allowed. */
void kt_kept_events_free(struct kt_kept_events *kept);
void kt_kept_events_cleanup(struct kt_kept_events **kept);

#endif
