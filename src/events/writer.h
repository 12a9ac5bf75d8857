// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_EVENTS_WRITER_H
#define KT_EVENTS_WRITER_H

#include "base/err.h"
#include "base/span.h"
#include "events/events.h"

/** Writes a file of events, whose objects have addresses. */
struct kt_events_writer;

/** Takes bytes of the file. */
typedef struct kt_err *(*kt_events_write)(void *arg, const char *data, size_t size);

/** NULL when out of memory. */
struct kt_events_writer *kt_events_writer_new(kt_events_write write, void *arg);
void kt_events_writer_free(struct kt_events_writer *writer); /* NULL is allowed */

/** The first call. */
void kt_events_begin(struct kt_events_writer *writer, const struct kt_events_head *head);
/** Adds a cache; its index is the number of caches before it. */
void kt_events_add_cache(struct kt_events_writer *writer, const struct kt_events_cache *cache);
/** Adds slabs of the start, whose objects may be freed later. Before the first event. */
void kt_events_add_slab(struct kt_events_writer *writer, const struct kt_events_slab *slab);
/**
 * Adds a free object that is in a sheaf. False: its slab has no object left that was in use, so it
 * is left out; one of the two moved while they were read.
 */
bool kt_events_add_sheaf(struct kt_events_writer *writer, const struct kt_events_sheaf *sheaf);

/** An event; `address` in physical memory. */
struct kt_events_event {
	uint64_t address, time_ns;
	uint32_t cache; /* of an allocation */
	uint32_t bytes; /* asked for; 0: as many as an object has */
	uint32_t cpu;
};
void kt_events_alloc(struct kt_events_writer *writer, const struct kt_events_event *event);
/** `later`: after a grace period; a real free of it may follow. */
void kt_events_free(
	struct kt_events_writer *writer, const struct kt_events_event *event, bool later);
/** Whether an object at the address is in use, or may be from the start. */
bool kt_events_has(struct kt_events_writer *writer, uint64_t address);
/** Ends a phase. `slabs`: for each cache, KT_EVENTS_UNKNOWN: unknown. */
void kt_events_mark(struct kt_events_writer *writer, const char *name, uint64_t ms,
	const uint32_t *slabs, size_t count);
/** The last call; fills in what the writer counted. */
void kt_events_finish(struct kt_events_writer *writer, struct kt_events_end *end, const char *why,
	const char *unwatched);

/** Bytes of the file so far. */
uint64_t kt_events_bytes(const struct kt_events_writer *writer);
/** The first error, which then belongs to the caller; NULL: none. */
struct kt_err *kt_events_err(struct kt_events_writer *writer) KT_MUST_CHECK;
bool kt_events_failed(const struct kt_events_writer *writer);

#endif
