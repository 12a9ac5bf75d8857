// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/watch/kept_events.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "base/map.h"
#include "memory/state/slab_places.h"
#include "source/memory/open.h"
#include "trace/trace.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* the start is read again while more events than this happen meanwhile, so many times at most */
#define MOVING_MAX  64u
#define START_TRIES 4u
#define OTHER	    UINT32_MAX /* a cache that is not kept */

struct kt_kept_events {
	struct kt_kept_opts opts;
	struct kt_memory memory;
	struct kt_memmap memmap;
	struct kt_slub *slub;
	struct kt_trace *trace;
	struct kt_events_writer *writer;
	struct kt_arena arena;
	struct kt_map by_address; /* address of a cache -> its index in the file */
	struct kt_map by_name;
	uint32_t nr_caches; /* in the file */
	uint64_t begun_ns, start_ns;
	bool starting;	 /* events are only counted */
	bool is_changed; /* a cache is not known: caches are listed again */
	struct kt_events_end end;
	struct kt_buf unwatched;
};

/* ---- beginning ---- */

static uint64_t direct_bytes(const struct kt_kept_events *kept)
{
	return kt_memmap_end(&kept->memmap) * kept->memory.target->page_bytes;
}

static uint32_t shift_of(uint32_t page_bytes)
{
	uint32_t shift = 0;

	while (1u << shift < page_bytes)
		shift++;
	return shift;
}

static struct kt_err *open_trace(struct kt_kept_events *kept)
{
	const struct kt_target *target = kept->memory.target;
	const struct kt_memmap *memmap = &kept->memmap;
	struct kt_trace_opts opts = { .pool = KT_TRACE_SLAB,
		.page_bytes = target->page_bytes,
		.nr_cpus = target->nr_cpus,
		.samples_a_second = 1,
		.keep = true,
		.one_in = kept->opts.one_in,
		.ring_bytes = kept->opts.ring_bytes,
		.map = { .direct = memmap->direct,
			.direct_bytes = direct_bytes(kept),
			.pages = memmap->base,
			.page_struct_bytes = memmap->page_struct_bytes,
			.page_shift = shift_of(target->page_bytes),
			.head_offset = memmap->head.offset,
			.cache_offset = memmap->slab_cache.offset } };

	return kt_trace_open(&target->types, &opts, &kept->trace);
}

static struct kt_err *open_all(
	struct kt_kept_events *kept, struct kt_root *root, struct kt_snapshot *snap)
{
	struct kt_err *err = kt_memory_open(root, snap, &kept->memory);

	if (!err)
		err = kt_memory_map(&kept->memory, &kept->memmap);
	if (!err)
		err = kt_memmap_find_direct(&kept->memmap);
	if (!err)
		err = kt_slub_new(kept->memory.target, &kept->memory.slub, &kept->slub);
	if (!err)
		err = open_trace(kept);
	return err;
}

struct kt_err *kt_kept_events_open(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_kept_opts *opts, struct kt_kept_events **ret_kept)
{
	struct kt_kept_events *kept = calloc(1, sizeof(*kept));

	*ret_kept = kept;
	if (kept)
		kept->writer = kt_events_writer_new(opts->write, opts->arg);
	if (!kept || !kept->writer)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kept->opts = *opts;
	return open_all(kept, root, snap);
}

/* ---- caches ---- */

static uint32_t number(int64_t value)
{
	return value < 0 || value >= UINT32_MAX ? KT_EVENTS_UNKNOWN : (uint32_t)value;
}

static struct kt_span key_of(const uint64_t *address)
{
	return (struct kt_span){ (const char *)address, sizeof(*address) };
}

/* Adds a cache that is not in the file yet. */
static void add_cache(struct kt_kept_events *kept, const struct kt_cache_at *cache)
{
	bool added;
	uint32_t *index =
		kt_map_add(&kept->by_address, key_of(&cache->address), &kept->arena, &added);
	uint32_t *named;

	if (!index || !added)
		return;
	*index = OTHER;
	if (kept->nr_caches >= KT_EVENTS_CACHES ||
		(kept->opts.caches && fnmatch(kept->opts.caches, cache->name, 0) != 0))
		return;
	*index = kept->nr_caches++;
	/* of two caches with the same name, /proc/slabinfo does not say which is which */
	named = kt_map_add(&kept->by_name, kt_span_str(cache->name), &kept->arena, &added);
	if (named)
		*named = added ? *index : OTHER;
	kt_events_add_cache(
		kept->writer, &(struct kt_events_cache){ .name = cache->name,
				      .object_bytes = number(cache->object_bytes),
				      .slot_bytes = number(cache->slot_bytes),
				      .pages_per_slab = number(cache->pages_per_slab),
				      .objs_per_slab = number(cache->objs_per_slab),
				      .min_partial = number(cache->min_partial),
				      .cpu_partial_objs = number(cache->cpu_partial_objs),
				      .cpu_partial_slabs = number(cache->cpu_partial_slabs),
				      .sheaf_capacity = number(cache->sheaf_capacity),
				      .generic = strstr(cache->name, "kmalloc-") != NULL });
}

static uint32_t index_of(const struct kt_kept_events *kept, uint64_t address)
{
	const uint32_t *index = kt_map_find(&kept->by_address, key_of(&address));

	return index ? *index : OTHER;
}

/* Lists the caches again: some were made since. */
static void list_again(struct kt_kept_events *kept)
{
	struct kt_slab_places places;
	struct kt_err *err = kt_slab_places_caches(kept->slub, &places);

	for (size_t i = 0; !err && i < places.caches.count; i++)
		add_cache(kept, &places.caches.items[i]);
	kt_err_free(err);
	kt_slab_places_fini(&places);
	kept->is_changed = false;
}

/* ---- events ---- */

/*
 * The page of the object is in no known slab cache. Some kernels have the event of
 * kmem_cache_free() after the free, which may have given the page back by then.
 */
static void take_foreign(struct kt_kept_events *kept, const struct kt_trace_event *event,
	const struct kt_trace_hook *hook, const struct kt_events_event *out)
{
	if (hook && hook->frees && kt_events_has(kept->writer, out->address)) {
		kt_events_free(kept->writer, out, hook->rcu_head >= 0);
		return;
	}
	kept->is_changed |= event->cache && kt_target_is_pointer(kept->memory.target, event->cache);
	kept->end.nr_foreign++;
}

static void take(void *arg, const struct kt_trace_event *event)
{
	struct kt_kept_events *kept = arg;
	const struct kt_trace_hook *hook = kt_trace_hook(kept->trace, event->hook);
	const uint32_t *index;
	struct kt_events_event out = { .address = event->address - kept->memmap.direct,
		.time_ns = event->time_ns > kept->start_ns ? event->time_ns - kept->start_ns : 0,
		.cpu = event->cpu };

	if (kept->starting) {
		kept->end.nr_moving++;
		return;
	}
	index = event->cache && hook ? kt_map_find(&kept->by_address, key_of(&event->cache)) : NULL;
	if (!index) {
		take_foreign(kept, event, hook, &out);
		return;
	}
	if (*index == OTHER)
		return;
	out.cache = *index;
	if (hook->frees) {
		kt_events_free(kept->writer, &out, hook->rcu_head >= 0);
		return;
	}
	out.bytes = event->requested_bytes < UINT32_MAX ? (uint32_t)event->requested_bytes : 0;
	kt_events_alloc(kept->writer, &out);
}

bool kt_kept_events_step(struct kt_kept_events *kept)
{
	kt_trace_events(kept->trace, take, kept);
	if (kept->is_changed)
		list_again(kept);
	return !kt_events_failed(kept->writer) &&
	       kt_events_bytes(kept->writer) < kept->opts.most_bytes;
}

/* ---- the start ---- */

static void put_slabs(struct kt_kept_events *kept, const struct kt_slab_places *places)
{
	uint32_t *numbers = calloc(places->slabs.count + 1, sizeof(*numbers)), count = 0;

	for (size_t i = 0; numbers && i < places->slabs.count; i++) {
		const struct kt_slab_at *slab = &places->slabs.items[i];
		uint32_t cache = index_of(kept, places->caches.items[slab->cache].address);

		numbers[i] = cache == OTHER || count >= KT_EVENTS_SLABS ? OTHER : count++;
		if (numbers[i] == OTHER)
			continue;
		kt_events_add_slab(kept->writer, &(struct kt_events_slab){ .pfn = slab->pfn,
							 .cache = cache,
							 .nr_objs = slab->nr_objs,
							 .nr_free = slab->nr_free,
							 .nr_ready = slab->nr_ready,
							 .where = slab->where,
							 .cpu = slab->of });
	}
	for (size_t i = 0; numbers && i < places->sheaves.count; i++) {
		const struct kt_sheaf_at *sheaf = &places->sheaves.items[i];
		uint32_t cache = index_of(kept, places->caches.items[sheaf->cache].address);

		if (cache != OTHER && numbers[sheaf->slab] != OTHER)
			kept->end.nr_unread += !kt_events_add_sheaf(kept->writer,
				&(struct kt_events_sheaf){
					cache, numbers[sheaf->slab], sheaf->where, sheaf->of });
	}
	free(numbers);
}

static uint32_t flags_of(const struct kt_kept_events *kept)
{
	const struct kt_types *types = &kept->memory.target->types;
	struct kt_field field;
	uint32_t flags = kept->opts.one_in <= 1 ? KT_EVENTS_START : 0;

	if (!kt_types_field(types, "kmem_cache", "cpu_partial_slabs", &field))
		flags |= KT_EVENTS_BY_OBJECTS;
	if (!kept->slub->layout.cpu_slab.exists)
		flags |= KT_EVENTS_SHEAVES;
	return flags;
}

static void put_start(struct kt_kept_events *kept, const struct kt_slab_places *places)
{
	const struct kt_target *target = kept->memory.target;

	kt_events_begin(kept->writer, &(struct kt_events_head){ .page_bytes = target->page_bytes,
					      .word_bytes = target->types.pointer_bytes,
					      .nr_cpus = target->nr_cpus,
					      .nr_nodes = places->nr_nodes,
					      .flags = flags_of(kept),
					      .one_in = kept->opts.one_in,
					      .real_ms = kept->opts.real_ms,
					      .release = kept->opts.release });
	for (size_t i = 0; i < places->caches.count; i++)
		add_cache(kept, &places->caches.items[i]);
	if (kept->opts.one_in <= 1)
		put_slabs(kept, places);
}

struct kt_err *kt_kept_events_start(struct kt_kept_events *kept, uint64_t now_ns)
{
	struct kt_slab_places places = { 0 };
	struct kt_err *err = kt_trace_start(kept->trace);

	kept->begun_ns = kept->start_ns = now_ns;
	kept->starting = true;
	for (unsigned i = 0; !err && i < START_TRIES; i++) {
		kt_trace_events(kept->trace, take, kept);
		kept->end.nr_moving = 0;
		kt_slab_places_fini(&places);
		err = kt_slab_places(kept->slub, &kept->memmap, &places);
		kt_trace_events(kept->trace, take, kept);
		if (kept->end.nr_moving <= MOVING_MAX)
			break;
	}
	kept->starting = false;
	if (!err) {
		kept->end.nr_unread = places.nr_unread;
		put_start(kept, &places);
		kt_kept_events_mark(kept, "start", now_ns);
		if (kept->arena.failed || kept->by_address.failed || kept->by_name.failed)
			err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	kt_slab_places_fini(&places);
	return err;
}

/* ---- phases ---- */

/* Takes the number of slabs of one line: the second number after "slabdata". */
static void take_line(struct kt_kept_events *kept, struct kt_span line, uint32_t *slabs)
{
	struct kt_span name, word;
	uint64_t count;
	const uint32_t *index;

	if (!kt_span_word(&line, &name))
		return;
	index = kt_map_find(&kept->by_name, name);
	while (kt_span_word(&line, &word) && !kt_span_eq(word, "slabdata"))
		continue;
	/* active ones, which are all, then all */
	for (unsigned i = 0; i < 2; i++) {
		if (!kt_span_word(&line, &word))
			return;
	}
	if (kt_span_u64(word, &count) && count < UINT32_MAX - 1 && index && *index != OTHER)
		slabs[*index] = (uint32_t)count;
}

void kt_kept_events_mark(struct kt_kept_events *kept, const char *name, uint64_t now_ns)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err;
	struct kt_span rest, line;
	uint32_t *slabs;

	kt_kept_events_step(kept);
	slabs = calloc(kept->nr_caches + 1, sizeof(*slabs));
	for (uint32_t i = 0; slabs && i < kept->nr_caches; i++)
		slabs[i] = KT_EVENTS_UNKNOWN;
	err = kt_root_read(kept->memory.root, KT_FILE_SLABINFO, &text);
	rest = kt_text_span(&text);
	while (!err && slabs && kt_span_line(&rest, &line))
		take_line(kept, line, slabs);
	kt_err_free(err);
	if (slabs)
		kt_events_mark(kept->writer, name, (now_ns - kept->begun_ns) / 1000000, slabs,
			kept->nr_caches);
	free(slabs);
}

/* ---- end ---- */

static void sum_up(struct kt_kept_events *kept)
{
	size_t count;
	const struct kt_trace_place *places = kt_trace_places(kept->trace, &count);

	for (size_t i = 0; i < count; i++) {
		const struct kt_trace_place *place = &places[i];

		kept->end.nr_lost += place->counts.not_told;
		kept->end.nr_nested += place->nested;
		if (place->hook.what && !place->attached && place->refused)
			kt_buf_join(&kept->unwatched, ", ", "%s (%s)", place->hook.what,
				kt_trace_why(place->refused));
	}
}

const char *kt_kept_events_unwatched(const struct kt_kept_events *kept)
{
	return kept->unwatched.size && !kept->unwatched.failed ? kept->unwatched.data : "";
}

struct kt_err *kt_kept_events_end(struct kt_kept_events *kept, uint64_t now_ns, const char *why,
	struct kt_events_end *ret_end)
{
	kt_kept_events_mark(kept, "end", now_ns);
	sum_up(kept);
	kt_trace_stop(kept->trace);
	kept->end.lasted_ms = (now_ns - kept->begun_ns) / 1000000;
	kt_events_finish(kept->writer, &kept->end, why, kt_kept_events_unwatched(kept));
	*ret_end = kept->end;
	return kt_events_err(kept->writer);
}

uint64_t kt_kept_events_bytes(const struct kt_kept_events *kept)
{
	return kt_events_bytes(kept->writer);
}

void kt_kept_events_free(struct kt_kept_events *kept)
{
	if (!kept)
		return;
	kt_trace_close(kept->trace);
	kt_events_writer_free(kept->writer);
	kt_slub_free(kept->slub);
	kt_memory_cleanup(&kept->memory);
	kt_map_fini(&kept->by_address);
	kt_map_fini(&kept->by_name);
	kt_arena_fini(&kept->arena);
	kt_buf_cleanup(&kept->unwatched);
	free(kept);
}

void kt_kept_events_cleanup(struct kt_kept_events **kept)
{
	kt_kept_events_free(*kept);
	*kept = NULL;
}
