// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/trace.h"

#include "base/buf.h"
#include "base/map.h"
#include "simulate/allocator.h"
#include "simulate/trace_line.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096u
#define WORD_BYTES 8u
#define SITES_MAX  (1u << 20)
#define GENERIC	   0u /* index of the cache of kmalloc() */

/* A caller with the sizes that it asks for, which stand for a cache. */
struct site {
	const char *name; /* of the cache; NULL: not known */
	uint32_t requested, allocated;
	uint32_t cache; /* index, after the first reading */
};

/* An address in use. */
struct held {
	uint32_t site;
	uint32_t object; /* its number in the second reading */
};

struct kt_sim_trace {
	struct kt_arena arena;
	struct kt_map sites; /* index by caller and sizes */
	KT_LIST(struct site) site_list;
	KT_LIST(struct kt_sim_cache) caches;
	KT_LIST(const char *) phases;
	/*
	 * Addresses by their text: `slots` has the index of the object, plus 1; 0: not in use.
	 * Texts of freed addresses stay, as the same ones come again.
	 */
	struct kt_map addresses;
	struct held *held; /* by index of the address; site SITES_MAX: not in use */
	uint32_t nr_held, held_room;
	uint32_t *unused; /* numbers of freed objects */
	uint32_t nr_unused, unused_room, nr_objects;
	uint32_t nr_cpus, nr_marks;
	struct kt_sim_trace_facts facts;
};

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

struct kt_sim_trace *kt_sim_trace_new(void)
{
	return calloc(1, sizeof(struct kt_sim_trace));
}

void kt_sim_trace_free(struct kt_sim_trace *trace)
{
	if (!trace)
		return;
	kt_map_fini(&trace->sites);
	kt_map_fini(&trace->addresses);
	kt_arena_fini(&trace->arena);
	free(trace->held);
	free(trace->unused);
	free(trace);
}

/* Returns what is held at an address, NULL when out of memory. */
static struct held *held_at(struct kt_sim_trace *trace, struct kt_span pointer)
{
	bool added;
	uint32_t *index = kt_map_add(&trace->addresses, pointer, &trace->arena, &added);
	struct held *grown;

	if (!index || !added)
		return index ? &trace->held[*index] : NULL;
	grown = kt_sim_more(trace->held, trace->nr_held, &trace->held_room, sizeof(*grown));
	if (!grown)
		return NULL;
	trace->held = grown;
	*index = trace->nr_held;
	trace->held[trace->nr_held] = (struct held){ .site = SITES_MAX };
	return &trace->held[trace->nr_held++];
}

/* Returns the index of the caller of an allocation; SITES_MAX: it is new and `learn` is not set. */
static struct kt_err *site_of(
	struct kt_sim_trace *trace, const struct kt_sim_line *line, bool learn, uint32_t *ret_site)
{
	KT_CLEANUP(buf) struct kt_buf key = { 0 };
	struct site *site;
	uint32_t *index;
	bool added;

	kt_buf_add(&key, line->site.p, line->site.n);
	kt_buf_printf(&key, " %d %llu %llu", line->typed,
		(unsigned long long)(line->typed ? line->requested_bytes : 0),
		(unsigned long long)(line->typed ? line->allocated_bytes : 0));
	*ret_site = SITES_MAX;
	if (key.failed)
		return no_memory();
	if (!learn) {
		index = kt_map_find(&trace->sites, (struct kt_span){ key.data, key.size });
		if (index)
			*ret_site = *index;
		return NULL;
	}
	index = kt_map_add(
		&trace->sites, (struct kt_span){ key.data, key.size }, &trace->arena, &added);
	if (!index)
		return no_memory();
	*ret_site = *index;
	if (!added)
		return NULL;
	if (trace->site_list.count >= SITES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "more than %u callers", SITES_MAX);
	site = kt_list_push(&trace->arena, &trace->site_list);
	if (!site)
		return no_memory();
	*site = (struct site){ .requested = line->typed ? (uint32_t)line->requested_bytes : 0,
		.allocated = line->typed ? (uint32_t)line->allocated_bytes : 0 };
	*ret_site = *index = (uint32_t)trace->site_list.count - 1;
	return NULL;
}

static struct kt_err *add_phase(struct kt_sim_trace *trace, struct kt_span name)
{
	const char **phase;

	if (trace->phases.count >= KT_SIM_PHASES_MAX - 1)
		return kt_err_new(KT_ERR_LIMIT, "more than %u marks", KT_SIM_PHASES_MAX - 1);
	phase = kt_list_push(&trace->arena, &trace->phases);
	if (!phase)
		return no_memory();
	name.n = name.n < 64 ? name.n : 64;
	*phase = kt_arena_name(&trace->arena, name);
	return *phase ? NULL : no_memory();
}

static struct kt_err *learn_alloc(struct kt_sim_trace *trace, const struct kt_sim_line *line)
{
	struct held *held = held_at(trace, line->pointer);

	if (!held)
		return no_memory();
	if (line->cpu >= trace->nr_cpus)
		trace->nr_cpus = line->cpu + 1;
	return site_of(trace, line, true, &held->site);
}

/* The free of an object names its cache, which its caller allocates from. */
static struct kt_err *learn_free(struct kt_sim_trace *trace, const struct kt_sim_line *line)
{
	struct held *held = held_at(trace, line->pointer);
	struct site *site;

	if (!held)
		return no_memory();
	if (line->cpu >= trace->nr_cpus)
		trace->nr_cpus = line->cpu + 1;
	if (held->site == SITES_MAX)
		return NULL;
	site = &trace->site_list.items[held->site];
	held->site = SITES_MAX;
	if (!line->typed || !line->name.n || !site->allocated || site->name)
		return NULL;
	site->name = kt_arena_name(&trace->arena, line->name);
	return site->name ? NULL : no_memory();
}

struct kt_err *kt_sim_trace_learn(struct kt_sim_trace *trace, struct kt_span text)
{
	struct kt_sim_line line = kt_sim_line_read(text);

	switch (line.kind) {
	case KT_SIM_LINE_ALLOC: return learn_alloc(trace, &line);
	case KT_SIM_LINE_FREE: return learn_free(trace, &line);
	case KT_SIM_LINE_MARK: return add_phase(trace, line.name);
	case KT_SIM_LINE_OTHER:
	case KT_SIM_LINE_BAD:
	case KT_SIM_LINE_LOST: break;
	}
	return NULL;
}

/* ---- caches ---- */

/* Names of caches as they are chosen. */
struct naming {
	struct kt_map names; /* cache by name */
	struct kt_map sizes; /* by requested and allocated bytes: the only cache that has them */
};

#define SEVERAL UINT32_MAX /* caches have these sizes */

/* Finds or adds a cache. */
static struct kt_err *cache_named(struct kt_sim_trace *trace, struct naming *naming,
	const char *name, const struct site *site, uint32_t *ret_cache)
{
	struct kt_sim_cache *cache;
	uint32_t *index;
	bool added;

	index = name ? kt_map_add(&naming->names, kt_span_str(name), &trace->arena, &added) : NULL;
	if (!index)
		return no_memory();
	*ret_cache = *index;
	if (!added)
		return NULL;
	if (trace->caches.count >= KT_SIM_CACHES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "more than %u caches", KT_SIM_CACHES_MAX);
	cache = kt_list_push(&trace->arena, &trace->caches);
	if (!cache)
		return no_memory();
	/* the slot has the alignment and what debugging adds */
	*cache = (struct kt_sim_cache){ .name = name, .bytes = site->allocated };
	*ret_cache = *index = (uint32_t)trace->caches.count - 1;
	return NULL;
}

static struct kt_span sizes_of(struct site *site)
{
	/* two numbers without a gap between them */
	return (struct kt_span){ (const char *)&site->requested,
		sizeof(site->requested) + sizeof(site->allocated) };
}

static struct kt_err *choose_named(
	struct kt_sim_trace *trace, struct naming *naming, struct site *site)
{
	struct kt_err *err;
	uint32_t *only;
	bool added;

	if (!site->name)
		return NULL;
	err = cache_named(trace, naming, site->name, site, &site->cache);
	if (err)
		return err;
	only = kt_map_add(&naming->sizes, sizes_of(site), &trace->arena, &added);
	if (!only)
		return no_memory();
	*only = added || *only == site->cache ? site->cache : SEVERAL;
	return NULL;
}

/* A caller whose objects are not freed: the only cache with its sizes is likely its own. */
static struct kt_err *choose_unnamed(
	struct kt_sim_trace *trace, struct naming *naming, struct site *site)
{
	const uint32_t *only;

	if (site->name || !site->allocated)
		return NULL;
	only = kt_map_find(&naming->sizes, sizes_of(site));
	if (only && *only != SEVERAL) {
		site->cache = *only;
		return NULL;
	}
	return cache_named(trace, naming,
		kt_arena_printf(&trace->arena, "(objects of %u bytes)", site->allocated), site,
		&site->cache);
}

struct kt_err *kt_sim_trace_learned(struct kt_sim_trace *trace)
{
	struct kt_sim_cache *generic = kt_list_push(&trace->arena, &trace->caches);
	struct naming naming = { 0 };
	struct kt_err *err = NULL;

	if (!generic)
		return no_memory();
	*generic = (struct kt_sim_cache){ .name = "kmalloc", .generic = true };
	if (!trace->site_list.count)
		return kt_err_new(KT_ERR_PARSE,
			"no allocation in it; it needs the events kmem:kmalloc, kmem:kfree, "
			"kmem:kmem_cache_alloc and kmem:kmem_cache_free as text");
	for (size_t i = 0; !err && i < trace->site_list.count; i++)
		err = choose_named(trace, &naming, &trace->site_list.items[i]);
	for (size_t i = 0; !err && i < trace->site_list.count; i++)
		err = choose_unnamed(trace, &naming, &trace->site_list.items[i]);
	kt_map_fini(&naming.names);
	kt_map_fini(&naming.sizes);
	for (uint32_t i = 0; i < trace->nr_held; i++)
		trace->held[i].site = SITES_MAX;
	return err;
}

/* ---- events ---- */

static bool free_number(struct kt_sim_trace *trace, uint32_t object)
{
	uint32_t *grown =
		kt_sim_more(trace->unused, trace->nr_unused, &trace->unused_room, sizeof(*grown));

	if (!grown)
		return false;
	trace->unused = grown;
	trace->unused[trace->nr_unused++] = object;
	return true;
}

static struct kt_sim_event event_of(enum kt_sim_kind kind, uint32_t object, uint32_t cpu)
{
	return (struct kt_sim_event){ .kind = kind, .object = object, .cpu = (uint16_t)cpu };
}

static struct kt_err *read_alloc(struct kt_sim_trace *trace, const struct kt_sim_line *line,
	struct kt_sim_event *ret_events, size_t *ret_count)
{
	struct held *held = held_at(trace, line->pointer);
	struct kt_sim_event *event = ret_events;
	struct kt_err *err;
	uint32_t site;

	if (!held)
		return no_memory();
	err = site_of(trace, line, false, &site);
	if (err || site == SITES_MAX || line->cpu >= trace->nr_cpus) {
		trace->facts.nr_skipped++;
		return err;
	}
	if (held->site != SITES_MAX) {
		trace->facts.nr_again++;
		*event++ = event_of(KT_SIM_FREE, held->object, line->cpu);
		if (!free_number(trace, held->object))
			return no_memory();
	}
	held->site = site;
	held->object = trace->nr_unused ? trace->unused[--trace->nr_unused] : trace->nr_objects++;
	*event = event_of(KT_SIM_ALLOC, held->object, line->cpu);
	event->bytes = (uint32_t)line->requested_bytes;
	event->cache = (uint16_t)trace->site_list.items[site].cache;
	trace->facts.nr_lines++;
	*ret_count = (size_t)(event - ret_events) + 1;
	return NULL;
}

static struct kt_err *read_free(struct kt_sim_trace *trace, const struct kt_sim_line *line,
	struct kt_sim_event *ret_event, size_t *ret_count)
{
	struct held *held = held_at(trace, line->pointer);

	if (!held)
		return no_memory();
	trace->facts.nr_lines++;
	if (held->site == SITES_MAX || line->cpu >= trace->nr_cpus) {
		trace->facts.nr_unknown++;
		return NULL;
	}
	held->site = SITES_MAX;
	*ret_event = event_of(KT_SIM_FREE, held->object, line->cpu);
	*ret_count = 1;
	return free_number(trace, held->object) ? NULL : no_memory();
}

struct kt_err *kt_sim_trace_read(struct kt_sim_trace *trace, struct kt_span text,
	struct kt_sim_event ret_events[2], size_t *ret_count)
{
	struct kt_sim_line line = kt_sim_line_read(text);

	*ret_count = 0;
	switch (line.kind) {
	case KT_SIM_LINE_ALLOC: return read_alloc(trace, &line, ret_events, ret_count);
	case KT_SIM_LINE_FREE: return read_free(trace, &line, ret_events, ret_count);
	case KT_SIM_LINE_MARK:
		/* a file that grew since the first reading may have more */
		if (trace->nr_marks >= trace->phases.count)
			break;
		*ret_events = event_of(KT_SIM_MARK, trace->nr_marks++, 0);
		*ret_count = 1;
		break;
	case KT_SIM_LINE_LOST: trace->facts.nr_lost += line.nr_lost; break;
	case KT_SIM_LINE_BAD: trace->facts.nr_skipped++; break;
	case KT_SIM_LINE_OTHER: break;
	}
	return NULL;
}

struct kt_sim_stream kt_sim_trace_stream(const struct kt_sim_trace *trace)
{
	return (struct kt_sim_stream){
		.machine = { .page_bytes = PAGE_BYTES,
			.word_bytes = WORD_BYTES,
			.nr_cpus = trace->nr_cpus },
		.caches = trace->caches.items,
		.nr_caches = trace->caches.count,
		.phases = trace->phases.items,
		.nr_phases = trace->phases.count,
	};
}

const struct kt_sim_trace_facts *kt_sim_trace_facts(const struct kt_sim_trace *trace)
{
	return &trace->facts;
}
