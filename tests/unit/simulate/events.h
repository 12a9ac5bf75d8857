// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_SIMULATE_EVENTS_H
#define KT_TEST_SIMULATE_EVENTS_H

#include "simulate/simulate.h"

#include "base/arena.h"
#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

/** Events that a test writes down. */
struct events {
	struct kt_sim_event items[8192];
	size_t count, nr_read;
};

static inline struct kt_err *read_written(
	void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count)
{
	struct events *events = arg;
	size_t count = events->count - events->nr_read;

	count = count < room ? count : room;
	if (count)
		memcpy(ret_events, events->items + events->nr_read, count * sizeof(*ret_events));
	events->nr_read += count;
	*ret_count = count;
	return NULL;
}

static inline void write_event(struct events *events, struct kt_sim_event event)
{
	if (events->count == KT_LEN(events->items))
		abort();
	events->items[events->count++] = event;
}

static inline void alloc(struct events *events, uint32_t object, uint16_t cache, uint32_t bytes)
{
	write_event(
		events, (struct kt_sim_event){ .object = object, .cache = cache, .bytes = bytes });
}

static inline void give(struct events *events, uint32_t object)
{
	write_event(events, (struct kt_sim_event){ .kind = KT_SIM_FREE, .object = object });
}

static inline void give_on(struct events *events, uint32_t object, uint16_t cpu)
{
	write_event(
		events, (struct kt_sim_event){ .kind = KT_SIM_FREE, .object = object, .cpu = cpu });
}

static inline void reap(struct events *events)
{
	write_event(events, (struct kt_sim_event){ .kind = KT_SIM_REAP });
}

static inline void mark(struct events *events)
{
	write_event(events, (struct kt_sim_event){ .kind = KT_SIM_MARK });
}

/** A number below `most`, by a linear congruence. */
static inline uint32_t random_below(uint32_t *dice, uint32_t most)
{
	*dice = *dice * 1664525u + 1013904223u;
	return (*dice >> 8) % most;
}

static const char *const only_phase[] = { "phase" };

static inline struct kt_sim_stream stream_of(struct events *events,
	const struct kt_sim_cache *caches, size_t nr_caches, uint32_t nr_cpus)
{
	events->nr_read = 0;
	return (struct kt_sim_stream){
		.machine = { .page_bytes = 4096, .word_bytes = 8, .nr_cpus = nr_cpus },
		.caches = caches,
		.nr_caches = nr_caches,
		.phases = only_phase,
		.nr_phases = 1,
		.read = read_written,
		.arg = events,
	};
}

/** Pages at the end of each phase of events. */
struct pages {
	uint64_t at[8];
	size_t count;
};

static inline struct pages pages_of(const struct kt_sim_allocator *allocator, struct events *events,
	const struct kt_sim_cache *caches, size_t nr_caches, uint32_t nr_cpus)
{
	struct kt_sim_stream stream = stream_of(events, caches, nr_caches, nr_cpus);
	struct kt_arena arena = { 0 };
	struct kt_sim_result result;
	struct kt_err *err = kt_simulate(&arena, &stream, &allocator, 1, NULL, &result);
	struct pages pages = { 0 };

	CHECK(!err);
	for (size_t i = 0; !err && i < result.ends.count && i < KT_LEN(pages.at); i++)
		pages.at[pages.count++] = result.ends.items[i].figures[0].pages;
	kt_err_free(err);
	kt_arena_fini(&arena);
	return pages;
}

#endif
