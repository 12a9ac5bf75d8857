// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/watch/alloc_watch.h"

#include "base/attr.h"
#include "memory/slab_objects.h"
#include "source/cgroup_folders.h"
#include "source/lists/slabs.h"
#include "source/memory/open.h"
#include "source/watch/exact_bytes.h"
#include "source/watch/watched_groups.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FDINFO		 "proc/self/fdinfo"
#define CGROUPS		 "sys/fs/cgroup"
#define NS_S		 1000000000ull
#define MEASURED_NS	 (NS_S / 2)   /* the kernel measures programs so long */
#define BUDGET_NS	 (600 * NS_S) /* the share of a CPU is of this time at least */
#define SAMPLES_A_SECOND 500.0	      /* at most: each costs about 2 us */
#define HUGE_BYTES	 (2u << 20)
#define MOVABLE		 0x08u /* ___GFP_MOVABLE of kernels that do not name its bit */

struct kt_alloc_watch {
	struct kt_alloc_watch_opts opts;
	struct kt_snapshot *snap;
	struct kt_memory memory;
	struct kt_memmap memmap;
	const struct kt_symbol_table *symbols; /* of its memory */
	struct kt_slub *slub;
	struct kt_slub_cache cache;
	struct kt_trace *trace;
	struct kt_watched_groups *groups;
	struct kt_watched_whole is;
	uint64_t begun_ns, last_ns;
	bool is_kmalloc; /* the cache, or one that is merged with it */
	bool measured, frees_only;
};

/* ---- beginning ---- */

static bool look_up(struct kt_alloc_watch *watch, struct kt_slub_cache *ret_cache)
{
	const char *names[KT_CACHE_NAMES_MAX + 1];

	kt_slabs_names(watch->snap, watch->opts.cache, names);
	return kt_slub_find(watch->slub, &watch->snap->arena, names, ret_cache);
}

static struct kt_err *find_cache(struct kt_alloc_watch *watch)
{
	if (!look_up(watch, &watch->cache))
		return kt_err_new(
			KT_ERR_ABSENT, "there is no slab cache '%.100s'", watch->opts.cache);
	return NULL;
}

/* Counts the objects in use; KT_UNKNOWN: they changed too much meanwhile. */
static int64_t count_objects(struct kt_alloc_watch *watch)
{
	struct kt_slab_objects sum = { 0 };
	KT_CLEANUP(err)
	struct kt_err *err = watch->is.is_cache ? kt_slab_objects(watch->slub, &watch->memmap,
							  &watch->cache, NULL, NULL, &sum)
						: kt_err_new(KT_ERR_ABSENT, "no cache");

	return err || sum.nr_unread ? KT_UNKNOWN : (int64_t)sum.nr_objects;
}

/* Events of kmalloc() are needed for its own caches, and for caches merged with one. */
static bool is_kmalloc(const struct kt_alloc_watch *watch)
{
	const char *names[KT_CACHE_NAMES_MAX + 1];
	bool found = strstr(watch->cache.memory.name, "kmalloc-") != NULL;

	kt_slabs_names(watch->snap, watch->opts.cache, names);
	for (size_t i = 0; names[i]; i++)
		found |= strstr(names[i], "kmalloc-") != NULL;
	return found;
}

static uint64_t movable_flag(const struct kt_types *types)
{
	int64_t bit;

	if (kt_types_enum(types, "", "___GFP_MOVABLE_BIT", &bit) && bit >= 0 && bit < 31)
		return 1ull << bit;
	return MOVABLE;
}

/* As many as leave room for all of them, and for bursts, if none is freed. */
static double samples_a_second(double seconds)
{
	double most = 0.4 * KT_TRACE_LIVE_MAX / (seconds > 1 ? seconds : 1);

	return most > SAMPLES_A_SECOND ? SAMPLES_A_SECOND : most;
}

static struct kt_err *open_trace(struct kt_alloc_watch *watch)
{
	const struct kt_target *target = watch->memory.target;
	struct kt_trace_opts opts = { .pool = watch->opts.pool,
		.samples_a_second = samples_a_second(watch->opts.seconds / 2),
		.page_bytes = target->page_bytes,
		.nr_cpus = target->nr_cpus };
	struct kt_field size;

	if (watch->opts.pool == KT_TRACE_PAGES)
		opts.movable = movable_flag(&target->types);
	if (kt_types_field(&target->types, "kmem_cache", "size", &size))
		opts.size_offset = size.offset;
	if (watch->is.is_cache) {
		opts.cache = watch->cache.address;
		opts.slot_bytes = (uint32_t)watch->cache.size;
		opts.is_kmalloc = watch->is_kmalloc = is_kmalloc(watch);
	}
	return kt_trace_open(&target->types, &opts, &watch->trace);
}

static struct kt_err *open_all(struct kt_alloc_watch *watch, struct kt_root *root)
{
	struct kt_err *err = kt_memory_open(root, watch->snap, &watch->memory);

	if (!err)
		err = kt_memory_map(&watch->memory, &watch->memmap);
	if (!err)
		err = kt_memmap_find_direct(&watch->memmap);
	if (!err)
		err = kt_memory_symbols(&watch->memory, &watch->symbols);
	if (!err)
		err = kt_slub_new(watch->memory.target, &watch->memory.slub, &watch->slub);
	if (!err && watch->opts.cache)
		err = find_cache(watch);
	if (!err)
		err = open_trace(watch);
	if (!err)
		err = kt_watched_groups_new(
			watch->trace, watch->symbols, watch->snap, &watch->groups);
	return err;
}

struct kt_err *kt_alloc_watch_open(struct kt_root *root, struct kt_snapshot *snap,
	const struct kt_alloc_watch_opts *opts, struct kt_alloc_watch **ret_watch)
{
	struct kt_alloc_watch *watch = calloc(1, sizeof(*watch));
	struct kt_err *err;

	*ret_watch = watch;
	if (!watch)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	watch->opts = *opts;
	watch->snap = snap;
	watch->is = (struct kt_watched_whole){ .topic = opts->topic,
		.is_cache = opts->cache != NULL,
		.begun_s = KT_UNKNOWN,
		.objs_middle = KT_UNKNOWN,
		.objs_after = KT_UNKNOWN,
		.bytes_before = KT_UNKNOWN,
		.bytes_middle = KT_UNKNOWN,
		.nr_allocs = KT_UNKNOWN,
		.nr_frees = KT_UNKNOWN };
	err = open_all(watch, root);
	if (!err)
		watch->is.objs_before = count_objects(watch);
	return err;
}

struct kt_err *kt_alloc_watch_start(struct kt_alloc_watch *watch, uint64_t now_ns)
{
	struct kt_err *err = kt_trace_start(watch->trace);

	/* after the start: events have all that is counted from here on */
	if (!err)
		watch->is.bytes_before =
			kt_exact_bytes(&watch->memory, &watch->memmap, watch->opts.pool);
	watch->begun_ns = watch->last_ns = now_ns;
	return err;
}

/* ---- while it lasts ---- */

/* Takes the counts of the cache itself, where every event of it names the cache. */
static void count_events(struct kt_alloc_watch *watch)
{
	size_t count;
	const struct kt_trace_place *places = kt_trace_places(watch->trace, &count);
	int64_t allocs = 0, frees = 0;
	bool named = watch->is.is_cache && !watch->is_kmalloc;

	for (size_t i = 0; i < count; i++) {
		const struct kt_trace_place *place = &places[i];

		if (!place->attached)
			continue;
		if (place->hook.cache >= 0 && place->hook.frees)
			frees += (int64_t)place->counts.objects;
		else if (place->hook.cache >= 0)
			allocs += (int64_t)place->counts.objects;
		else if (place->hook.way == KT_TRACE_POINT && !place->hook.generic)
			named = false; /* an event of caches that does not say of which */
	}
	watch->is.nr_allocs = named ? allocs : KT_UNKNOWN;
	watch->is.nr_frees = named ? frees : KT_UNKNOWN;
}

/*
 * Takes the exact count between the frees and the allocations that it is compared with, so that
 * what happens meanwhile makes allocations look complete, never missing.
 */
static void count_bytes(struct kt_alloc_watch *watch)
{
	const struct kt_trace_place *places;
	size_t count;

	watch->is.bytes_freed = kt_watched_freed_bytes(watch->groups);
	watch->is.bytes_middle = kt_exact_bytes(&watch->memory, &watch->memmap, watch->opts.pool);
	places = kt_trace_places(watch->trace, &count);
	watch->is.bytes_allocated = 0;
	for (size_t i = 0; i < count; i++) {
		if (!places[i].hook.frees)
			watch->is.bytes_allocated += (int64_t)places[i].counts.bytes;
	}
}

/* From now on only frees are seen. */
static void end_allocations(struct kt_alloc_watch *watch, uint64_t now)
{
	if (kt_known(watch->is.bytes_before))
		count_bytes(watch);
	kt_trace_end_allocations(watch->trace);
	watch->frees_only = true;
	watch->is.alloc_ms = (int64_t)((now - watch->begun_ns) / 1000000);
	count_events(watch);
	watch->is.objs_middle = count_objects(watch);
}

bool kt_alloc_watch_step(struct kt_alloc_watch *watch, uint64_t now_ns)
{
	uint64_t lasted = now_ns - watch->begun_ns;
	double whole = watch->opts.seconds * (double)NS_S;
	double budget =
		watch->opts.cpu_share * (whole > (double)BUDGET_NS ? whole : (double)BUDGET_NS);

	kt_trace_poll(watch->trace, now_ns - watch->last_ns, kt_watched_take, watch->groups);
	watch->last_ns = now_ns;
	if (!watch->measured && lasted >= MEASURED_NS) {
		kt_trace_measured(watch->trace);
		watch->measured = true;
	}
	if (!watch->frees_only && (double)lasted >= whole / 2)
		end_allocations(watch, now_ns);
	watch->is.over_budget = (double)kt_trace_cpu_ns(watch->trace) > budget;
	return (double)lasted < whole && !watch->is.over_budget;
}

struct kt_alloc_progress kt_alloc_watch_progress(struct kt_alloc_watch *watch, uint64_t now_ns)
{
	struct kt_alloc_progress progress = { .elapsed_ns = now_ns - watch->begun_ns,
		.cpu_ns = kt_trace_cpu_ns(watch->trace),
		.frees_only = watch->frees_only };
	size_t count;
	const struct kt_trace_place *places = kt_trace_places(watch->trace, &count);

	for (size_t i = 0; i < count; i++)
		progress.nr_samples += (int64_t)places[i].counts.samples;
	return progress;
}

/* ---- end ---- */

static void find_object(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object)
{
	struct kt_alloc_watch *watch = arg;

	(void)object;
	(void)cache;
	kt_watched_found(watch->groups, address);
}

static void find_own(void *arg, uint64_t address, const char *object)
{
	find_object(arg, NULL, address, object);
}

/* Looks up what is left in memory: a free that no event showed is found here. */
static void verify_objects(struct kt_alloc_watch *watch)
{
	struct kt_slab_objects sum = { 0 };
	struct kt_slub_cache cache = { 0 };
	struct kt_err *err;

	watch->is.removed = watch->is.is_cache &&
			    (!look_up(watch, &cache) || cache.address != watch->cache.address);
	if (watch->is.removed)
		return;
	err = watch->is.is_cache
		      ? kt_slab_objects(
				watch->slub, &watch->memmap, &watch->cache, find_own, watch, &sum)
		      : kt_slab_objects_all(watch->slub, &watch->memmap, find_object, watch, &sum);

	if (!err && !sum.nr_unread) {
		watch->is.verified = true;
		watch->is.objs_after = watch->is.is_cache ? (int64_t)sum.nr_objects : KT_UNKNOWN;
	}
	kt_err_free(err);
}

static struct kt_err *verify_pages(struct kt_alloc_watch *watch)
{
	KT_CLEANUP(page_words) struct kt_page_words *words = NULL;
	struct kt_err *err = kt_page_words_new(&watch->memmap, 1, &words);

	if (err && kt_err_code(err) != KT_ERR_NOMEM) {
		kt_err_free(err);
		return NULL;
	}
	if (err)
		return err;
	kt_watched_look_at_pages(watch->groups, &watch->memmap, words);
	watch->is.verified = true;
	return NULL;
}

/* A place may be watched by two hooks. */
static void add_closed(struct kt_buf *closed, const char *what)
{
	kt_buf_add(closed, "", 1);
	closed->size -= closed->size > 0;
	if (closed->failed || !strstr(closed->data, what))
		kt_buf_join(closed, ", ", "%s", what);
}

static void add_gap(struct kt_watched_whole *is, const char *what, const char *why)
{
	for (uint32_t i = 0; i < is->nr_gaps; i++) {
		if (strcmp(is->gaps[i].what, what) == 0)
			return;
	}
	if (is->nr_gaps < KT_WATCH_GAPS)
		is->gaps[is->nr_gaps++] = (struct kt_watched_gap){ what, why };
}

/*
 * Says what was watched beyond the tracepoints, and what could not be. Areas of vmalloc have
 * several places that show the same.
 */
static void put_places(struct kt_alloc_watch *watch)
{
	KT_CLEANUP(buf) struct kt_buf closed = { 0 };
	struct kt_watched_whole *is = &watch->is;
	size_t count;
	const struct kt_trace_place *places = kt_trace_places(watch->trace, &count);

	for (size_t i = 0; i < count; i++) {
		const struct kt_trace_place *place = &places[i];

		is->nr_samples += (int64_t)place->counts.samples;
		is->nr_freed += (int64_t)place->counts.ended;
		is->nr_lost += (int64_t)(place->counts.full + place->counts.not_told);
		is->nr_no_stack += (int64_t)place->counts.no_stack;
		is->nr_unseen += (int64_t)place->counts.again;
		is->nr_nested += (int64_t)place->nested;
		if (place->hook.what && place->attached)
			add_closed(&closed, place->hook.what);
		else if (place->hook.what && place->refused && watch->opts.pool == KT_TRACE_SLAB)
			add_gap(is, place->hook.what, kt_trace_why(place->refused));
	}
	is->closed = closed.size ? kt_arena_text(&watch->snap->arena, &closed) : NULL;
}

/* The kernel says what a map or program takes in the text about its descriptor. */
static int64_t kernel_bytes(struct kt_alloc_watch *watch)
{
	int fds[KT_TRACE_FDS_MAX];
	size_t count = kt_trace_fds(watch->trace, fds);
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		char path[sizeof(FDINFO) + 16];
		struct kt_span rest, line;
		uint64_t bytes;

		snprintf(path, sizeof(path), FDINFO "/%d", fds[i]);
		kt_err_free(kt_root_read(watch->memory.root, path, &text));
		rest = kt_text_span(&text);
		while (kt_span_line(&rest, &line)) {
			if (kt_span_skip(&line, "memlock:") &&
				kt_span_u64(kt_span_trim(line), &bytes))
				sum += (int64_t)bytes;
		}
	}
	return sum;
}

static bool name_cgroup(void *arg, uint64_t inode, const char *path)
{
	struct kt_snapshot *snap = arg;
	bool left = false;

	for (size_t i = 0; i < snap->watched.count; i++) {
		struct kt_watched *watched = &snap->watched.items[i];

		if (kt_known(watched->cgroup) && (uint64_t)watched->cgroup == inode)
			watched->path = path;
		left |= !watched->path;
	}
	return left;
}

/* Events have cgroups of the second version, which is next to others on some machines. */
static void name_cgroups(struct kt_alloc_watch *watch)
{
	struct kt_root *root = watch->memory.root;
	const char *top =
		kt_root_has(root, CGROUPS "/cgroup.controllers") ? CGROUPS : CGROUPS "/unified";

	if (watch->snap->watched.count)
		kt_cgroup_folders(root, &watch->snap->arena, top, name_cgroup, watch->snap);
}

struct kt_err *kt_alloc_watch_end(struct kt_alloc_watch *watch, uint64_t now_ns)
{
	struct kt_watched_whole *slot;
	struct kt_err *err = NULL;

	kt_trace_poll(watch->trace, now_ns - watch->last_ns + 1, kt_watched_take, watch->groups);
	if (!watch->frees_only)
		end_allocations(watch, now_ns);
	kt_trace_stop(watch->trace);
	watch->is.watch_ms = (int64_t)((now_ns - watch->begun_ns) / 1000000);
	kt_trace_poll(watch->trace, NS_S, kt_watched_take, watch->groups);
	kt_trace_rest(watch->trace, kt_watched_rest, watch->groups);
	if (watch->opts.pool == KT_TRACE_SLAB)
		verify_objects(watch);
	else if (watch->opts.pool == KT_TRACE_PAGES)
		err = verify_pages(watch);
	put_places(watch);
	watch->is.cpu_ns = (int64_t)kt_trace_cpu_ns(watch->trace);
	watch->is.kernel_bytes = kernel_bytes(watch);
	watch->is.nr_unseen += kt_watched_end(watch->groups, now_ns, watch->is.verified);
	watch->is.unlisted_bytes = kt_watched_unlisted_bytes(watch->groups);
	/* large areas get up to twice as many pages as were asked for, to be of large pages */
	if (watch->opts.pool == KT_TRACE_VMALLOC &&
		kt_watched_largest_bytes(watch->groups) >= HUGE_BYTES)
		watch->is.bytes_allocated *= 2;
	name_cgroups(watch);
	slot = kt_list_push(&watch->snap->arena, &watch->snap->watches);
	if (slot)
		*slot = watch->is;
	if (!err && watch->snap->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

void kt_alloc_watch_free(struct kt_alloc_watch *watch)
{
	if (!watch)
		return;
	kt_watched_groups_free(watch->groups);
	kt_trace_close(watch->trace);
	kt_slub_free(watch->slub);
	kt_memory_cleanup(&watch->memory);
	free(watch);
}

void kt_alloc_watch_cleanup(struct kt_alloc_watch **watch)
{
	kt_alloc_watch_free(*watch);
	*watch = NULL;
}
