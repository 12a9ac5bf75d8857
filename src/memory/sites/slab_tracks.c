// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/slub.c: two tracks (struct track) follow each object of such a cache, of its allocation and of
// its last free. They begin after the object, and after the pointer to the next free object where
// that is outside of it (get_info_end()). Objects with the same place and stack are one record, as
// in add_location().

#include "memory/sites/slab_tracks.h"

#include "memory/sites/stack_depot.h"

#include "base/attr.h"
#include "base/map.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SITES_MAX  262144u  /* records of all caches */
#define TRACK_MAX  256u	    /* bytes of a track */
#define STORE_USER 0x10000u /* SLAB_STORE_USER, while it had no name in the type data */
#define KINDS	   2u	    /* TRACK_ALLOC, TRACK_FREE */

/* The place and stack of one record's objects. It has no unused bytes: it is a key. */
struct place {
	uint64_t cache, address;
	uint32_t handle, kind;
};

struct site {
	struct place place;
	uint64_t count, age_min, age_max, age_sum;
	int64_t pid_min, pid_max;
};

struct tracked {
	const char *name;
	uint64_t address;
};

struct kt_slab_tracks {
	struct kt_target *target;
	struct kt_field flags, in_use;		    /* of struct kmem_cache */
	struct kt_field address, handle, pid, when; /* of struct track */
	uint32_t track_bytes;
	uint64_t store_user; /* a flag */
	uint64_t now;	     /* jiffies; 0: unknown */
	struct kt_depot depot;
	bool has_depot;
	struct kt_arena arena;
	struct kt_map places; /* struct place -> index in `sites`, plus 1 */
	KT_LIST(struct site) sites;
	uint64_t nr_left_out; /* objects beyond the limit of records */
	/* the cache whose objects come */
	uint64_t cache;
	uint64_t tracks_at;		/* from the start of an object; 0: it keeps none */
	KT_LIST(struct tracked) caches; /* that keep tracks */
};

#define AT(member) offsetof(struct kt_slab_tracks, member)

static const struct kt_field_want wants[] = {
	{ "kmem_cache", "flags", AT(flags), true },
	{ "kmem_cache", "inuse", AT(in_use), true },
	{ "track", "addr", AT(address), true },
	{ "track", "pid", AT(pid), true },
	{ "track", "when", AT(when), true },
	{ "track", "handle", AT(handle), false },
};

/* ---- one object ---- */

static bool keeps_tracks(struct kt_slab_tracks *tracks, uint64_t cache)
{
	uint64_t flags;

	return kt_target_number(
		       tracks->target, cache + tracks->flags.offset, tracks->flags.size, &flags) &&
	       flags & tracks->store_user;
}

static uint64_t find_tracks(struct kt_slab_tracks *tracks, const struct kt_slub_cache *cache)
{
	uint64_t in_use, at;

	if (!keeps_tracks(tracks, cache->address) ||
		!kt_target_number(tracks->target, cache->address + tracks->in_use.offset,
			tracks->in_use.size, &in_use))
		return 0;
	at = in_use + (cache->offset >= in_use ? tracks->target->types.pointer_bytes : 0);
	return at + (uint64_t)KINDS * tracks->track_bytes + cache->red_left_pad <=
			       (uint64_t)cache->size
		       ? at
		       : 0;
}

static struct site *site_of(struct kt_slab_tracks *tracks, const struct place *place)
{
	struct kt_span key = { (const char *)place, sizeof(*place) };
	uint32_t *index = kt_map_find(&tracks->places, key);
	struct site *site;

	if (index)
		return &tracks->sites.items[*index - 1];
	if (tracks->sites.count >= SITES_MAX) {
		tracks->nr_left_out++;
		return NULL;
	}
	index = kt_map_add(&tracks->places, key, &tracks->arena, NULL);
	site = index ? kt_list_push(&tracks->arena, &tracks->sites) : NULL;
	if (!site)
		return NULL;
	*index = (uint32_t)tracks->sites.count;
	*site = (struct site){
		.place = *place, .age_min = UINT64_MAX, .pid_min = INT64_MAX, .pid_max = -1
	};
	return site;
}

static void take_track(struct kt_slab_tracks *tracks, uint32_t kind, const char *copy)
{
	uint32_t bytes = tracks->track_bytes;
	const struct place place = { tracks->cache, kt_field_get(&tracks->address, copy, bytes),
		tracks->has_depot ? (uint32_t)kt_field_get(&tracks->handle, copy, bytes) : 0,
		kind };
	struct site *site = site_of(tracks, &place);
	uint64_t age = tracks->now - kt_field_get(&tracks->when, copy, bytes);
	int64_t pid = (int32_t)kt_field_get(&tracks->pid, copy, bytes);

	if (!site)
		return;
	site->count++;
	site->pid_min = pid < site->pid_min ? pid : site->pid_min;
	site->pid_max = pid > site->pid_max ? pid : site->pid_max;
	site->age_min = age < site->age_min ? age : site->age_min;
	site->age_max = age > site->age_max ? age : site->age_max;
	site->age_sum += age;
}

static void take_object(
	void *arg, const struct kt_slub_cache *cache, uint64_t address, const char *object)
{
	struct kt_slab_tracks *tracks = arg;

	(void)address;
	if (tracks->cache != cache->address) {
		tracks->cache = cache->address;
		tracks->tracks_at = find_tracks(tracks, cache);
	}
	for (uint32_t kind = 0; tracks->tracks_at && kind < KINDS; kind++)
		take_track(tracks, kind,
			object + tracks->tracks_at + (uint64_t)kind * tracks->track_bytes);
}

/* ---- all objects ---- */

static struct kt_err *find_layout(struct kt_slab_tracks *tracks)
{
	const struct kt_types *types = &tracks->target->types;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), tracks);
	int64_t bit;

	if (err)
		return err;
	tracks->track_bytes = kt_types_size(types, "track");
	tracks->store_user = STORE_USER;
	/* newer kernels have an enum of them */
	if (kt_types_enum(types, "_slab_flag_bits", "_SLAB_STORE_USER", &bit) && bit >= 0 &&
		bit < 32)
		tracks->store_user = 1ull << bit;
	return tracks->track_bytes && tracks->track_bytes <= TRACK_MAX
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT, "the kernel's type data has a struct track that "
						   "is not understood");
}

static void add_cache(void *arg, struct kt_slub_cache *cache)
{
	struct kt_slab_tracks *tracks = arg;
	struct tracked *slot;

	if (!find_tracks(tracks, cache) || !cache->memory.name)
		return;
	slot = kt_list_push(&tracks->arena, &tracks->caches);
	if (slot)
		*slot = (struct tracked){ kt_arena_printf(&tracks->arena, "%s", cache->memory.name),
			cache->address };
}

/* Finds the caches that keep tracks. ABSENT: none does. */
static struct kt_err *list_caches(struct kt_slab_tracks *tracks, struct kt_slub *slub)
{
	bool whole = false;
	size_t after_head;

	for (unsigned i = 0; i < KT_SLUB_TRIES && !whole; i++) {
		tracks->caches.count = 0;
		whole = kt_slub_each(slub, &tracks->arena, add_cache, tracks, &after_head);
	}
	if (tracks->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!whole)
		return kt_err_new(
			KT_ERR_ABSENT, "the list of slab caches cannot be read in kernel memory");
	return tracks->caches.count
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT,
				 "no slab cache keeps who allocated its objects (slub_debug=U at "
				 "boot)");
}

struct kt_err *kt_tracked_caches(
	struct kt_target *target, const struct kt_slub_opts *opts, kt_tracked_cache fn, void *arg)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct kt_slab_tracks tracks = { .target = target };
	struct kt_err *err = find_layout(&tracks);

	if (!err)
		err = kt_slub_new(target, opts, &slub);
	if (!err)
		err = list_caches(&tracks, slub);
	for (size_t i = 0; !err && i < tracks.caches.count; i++)
		fn(arg, tracks.caches.items[i].name);
	kt_arena_fini(&tracks.arena);
	return err;
}

static struct kt_err *walk(
	struct kt_slab_tracks *tracks, struct kt_memmap *memmap, const struct kt_slub_opts *opts)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct kt_err *err = kt_slub_new(tracks->target, opts, &slub);
	struct kt_slab_objects objects;
	uint64_t at;

	if (!kt_symbols_find(&tracks->target->symbols, "jiffies_64", &at) ||
		!kt_target_number(tracks->target, at, 8, &tracks->now))
		tracks->now = 0;
	tracks->has_depot = tracks->handle.exists && kt_depot_open(tracks->target, &tracks->depot);
	if (!err)
		err = list_caches(tracks, slub);
	if (!err)
		err = kt_memmap_find_direct(memmap);
	if (!err)
		err = kt_slab_objects_all(slub, memmap, take_object, tracks, &objects);
	if (!err && (tracks->arena.failed || tracks->places.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err;
}

struct kt_err *kt_slab_tracks_new(struct kt_target *target, struct kt_memmap *memmap,
	const struct kt_slub_opts *opts, struct kt_slab_tracks **ret_tracks)
{
	struct kt_slab_tracks *tracks = calloc(1, sizeof(*tracks));
	struct kt_err *err;

	*ret_tracks = tracks;
	if (!tracks)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	tracks->target = target;
	err = find_layout(tracks);
	return err ? err : walk(tracks, memmap, opts);
}

void kt_slab_tracks_free(struct kt_slab_tracks *tracks)
{
	if (!tracks)
		return;
	kt_map_fini(&tracks->places);
	kt_arena_fini(&tracks->arena);
	free(tracks);
}

/* ---- text ---- */

static int by_count(const void *a, const void *b)
{
	const struct site *const *x = a, *const *y = b;

	if ((*x)->count != (*y)->count)
		return (*x)->count < (*y)->count ? 1 : -1;
	return (*x < *y) ? -1 : *x > *y;
}

static void put_site(struct kt_slab_tracks *tracks, const struct site *site,
	const struct kt_code_names *names, struct kt_buf *text)
{
	uint64_t frames[KT_DEPOT_FRAMES];
	uint32_t count =
		tracks->has_depot ? kt_depot_stack(&tracks->depot, site->place.handle, frames) : 0;

	kt_buf_printf(text, "%7llu ", (unsigned long long)site->count);
	if (site->place.address)
		kt_code_name(names, site->place.address, false, text);
	else
		kt_buf_puts(text, "<not-available>");
	if (tracks->now && site->age_min != site->age_max)
		kt_buf_printf(text, " age=%llu/%llu/%llu", (unsigned long long)site->age_min,
			(unsigned long long)(site->age_sum / site->count),
			(unsigned long long)site->age_max);
	else if (tracks->now)
		kt_buf_printf(text, " age=%llu", (unsigned long long)site->age_min);
	if (site->pid_min != site->pid_max)
		kt_buf_printf(text, " pid=%lld-%lld\n", (long long)site->pid_min,
			(long long)site->pid_max);
	else
		kt_buf_printf(text, " pid=%lld\n", (long long)site->pid_min);
	for (uint32_t i = 0; i < count; i++) {
		kt_buf_puts(text, "        ");
		kt_code_name(names, frames[i], false, text);
		kt_buf_puts(text, "\n");
	}
	kt_buf_puts(text, "\n");
}

static struct kt_err *put_sites(struct kt_slab_tracks *tracks, uint64_t cache, uint32_t kind,
	const struct kt_code_names *names, struct kt_buf *text)
{
	const struct site **sites = malloc((tracks->sites.count + 1) * sizeof(*sites));
	size_t count = 0;

	if (!sites)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < tracks->sites.count; i++) {
		const struct site *site = &tracks->sites.items[i];

		if (site->place.cache == cache && site->place.kind == kind)
			sites[count++] = site;
	}
	qsort(sites, count, sizeof(*sites), by_count);
	for (size_t i = 0; i < count; i++)
		put_site(tracks, sites[i], names, text);
	if (!count)
		kt_buf_puts(text, "No data\n");
	free(sites);
	return NULL;
}

struct kt_err *kt_file_slab_traces(struct kt_slab_tracks *tracks, const struct kt_code_names *names,
	const char *cache, bool freed, struct kt_buf *ret_text)
{
	if (tracks->nr_left_out)
		return kt_err_new(
			KT_ERR_LIMIT, "slab caches have more than %u different stacks", SITES_MAX);
	for (size_t i = 0; i < tracks->caches.count; i++) {
		const struct tracked *tracked = &tracks->caches.items[i];

		if (tracked->name && strcmp(tracked->name, cache) == 0)
			return put_sites(tracks, tracked->address, freed, names, ret_text);
	}
	return kt_err_new(KT_ERR_ABSENT, "%s: does not keep who allocated its objects", cache);
}
