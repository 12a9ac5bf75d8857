// SPDX-License-Identifier: GPL-2.0-or-later
//
// The slabs of a cache are too many to be kept: the first walk counts them by objects in use, and
// keeps the places of the first few slabs with each count. The slabs that are chosen from these
// counts are read again, and may have changed.

#include "memory/slab_sample.h"

#include "base/attr.h"
#include "memory/slab_objects.h"

#include <stdlib.h>
#include <string.h>

#define CHOSEN_MAX  (KT_DRAWN_SLABS + 1)
#define WAITING_MAX 65536u /* slabs that wait for one CPU */
#define SLABS_MAX   (1u << 20)

/* Slabs with the same number of objects in use. */
struct count {
	uint64_t nr_slabs;
	uint64_t pfns[KT_DRAWN_SLABS]; /* of the first ones */
};

/* A slab that belongs to a CPU. */
struct owned {
	uint64_t descriptor; /* address of its struct slab */
	uint32_t cpu;
	enum kt_slab_state state;
};

struct sampling {
	struct kt_slub *slub;
	struct kt_memmap *memmap;
	const struct kt_slub_cache *cache;
	struct kt_arena *arena;
	struct kt_slab_drawing *drawing;
	struct kt_arena own;  /* for what is needed while sampling */
	struct count *counts; /* by objects in use, 0 to objs_per_slab */
	KT_LIST(struct owned) owned;
	struct chosen {
		uint64_t pfn;
		enum kt_drawn_role role;
		int64_t nr_alike;
	} chosen[CHOSEN_MAX];
	size_t nr_chosen;
};

/* ---- slabs of CPUs ---- */

static void add_owned(
	struct sampling *sampling, uint64_t descriptor, uint32_t cpu, enum kt_slab_state state)
{
	struct owned *slot = kt_list_push(&sampling->own, &sampling->owned);

	if (slot)
		*slot = (struct owned){ descriptor, cpu, state };
}

/* The chain of slabs that wait for a CPU may change while it is read: what is read then is checked
 * when the slab is. */
static void find_owned_by(struct sampling *sampling, uint32_t cpu)
{
	struct kt_slub *slub = sampling->slub;
	const struct kt_slub_layout *layout = &slub->layout;
	uint64_t slab, partial;

	if (!kt_slub_copy(
		    slub, sampling->cache->cpu_slab + slub->cpu_offsets[cpu], layout->cpu_bytes))
		return;
	slab = kt_slub_get(slub, &layout->slab);
	partial = kt_slub_get(slub, &layout->partial);
	if (slab)
		add_owned(sampling, slab, cpu, KT_SLAB_CPU);
	for (unsigned i = 0; partial && i < WAITING_MAX && sampling->owned.count < SLABS_MAX; i++) {
		add_owned(sampling, partial, cpu, KT_SLAB_WAITING);
		if (!kt_slub_copy(slub, partial, layout->slab_bytes) ||
			kt_slub_get(slub, &layout->slab_cache) != sampling->cache->address)
			return;
		partial = kt_slub_get(slub, &layout->next);
	}
}

static void find_owned(struct sampling *sampling)
{
	for (uint32_t i = 0; sampling->cache->cpu_slab && i < sampling->slub->nr_cpus; i++)
		find_owned_by(sampling, i);
}

static const struct owned *owner_of(const struct sampling *sampling, uint64_t pfn)
{
	const struct kt_memmap *memmap = sampling->memmap;
	uint64_t descriptor = memmap->base + pfn * memmap->page_struct_bytes;

	for (size_t i = 0; i < sampling->owned.count; i++) {
		if (sampling->owned.items[i].descriptor == descriptor)
			return &sampling->owned.items[i];
	}
	return NULL;
}

/* ---- the choice ---- */

static void count_slab(void *arg, const struct kt_slab_view *view)
{
	struct sampling *sampling = arg;
	struct count *count;

	if (view->nr_used > sampling->cache->objs_per_slab)
		return;
	count = &sampling->counts[view->nr_used];
	if (count->nr_slabs < KT_DRAWN_SLABS)
		count->pfns[count->nr_slabs] = view->pfn;
	count->nr_slabs++;
}

static void choose(
	struct sampling *sampling, uint64_t pfn, enum kt_drawn_role role, int64_t nr_alike)
{
	for (size_t i = 0; i < sampling->nr_chosen; i++) {
		if (sampling->chosen[i].pfn == pfn)
			return;
	}
	if (sampling->nr_chosen < CHOSEN_MAX)
		sampling->chosen[sampling->nr_chosen++] = (struct chosen){ pfn, role, nr_alike };
}

/* The number of objects in use of the slab at this place, the emptiest slab is at 0. */
static int64_t used_at(const struct sampling *sampling, uint64_t place)
{
	int64_t used = 0;

	while (used < sampling->cache->objs_per_slab && place >= sampling->counts[used].nr_slabs)
		place -= sampling->counts[used++].nr_slabs;
	return used;
}

/* The number of objects in use that is nearest to `wanted` and that a slab has. */
static int64_t nearest(const struct sampling *sampling, int64_t wanted)
{
	for (int64_t by = 0; by <= sampling->cache->objs_per_slab; by++) {
		if (wanted + by <= sampling->cache->objs_per_slab &&
			sampling->counts[wanted + by].nr_slabs)
			return wanted + by;
		if (wanted >= by && sampling->counts[wanted - by].nr_slabs)
			return wanted - by;
	}
	return wanted;
}

static void choose_used(struct sampling *sampling, int64_t used, enum kt_drawn_role role)
{
	const struct count *count = &sampling->counts[nearest(sampling, used)];

	choose(sampling, count->pfns[0], role, (int64_t)count->nr_slabs);
}

static void choose_few(struct sampling *sampling)
{
	for (int64_t i = 0; i <= sampling->cache->objs_per_slab; i++) {
		const struct count *count = &sampling->counts[i];

		for (size_t k = 0; k < count->nr_slabs; k++)
			choose(sampling, count->pfns[k], KT_DRAWN_ALL, (int64_t)count->nr_slabs);
	}
}

/* The first role that fits is kept: a slab that is the fullest and the median is the fullest. */
static void choose_by_use(struct sampling *sampling, uint64_t nr_slabs)
{
	int64_t least = used_at(sampling, 0), most = used_at(sampling, nr_slabs - 1);
	int64_t median = used_at(sampling, nr_slabs / 2);

	choose_used(sampling, most, KT_DRAWN_FULLEST);
	choose_used(sampling, least, KT_DRAWN_EMPTIEST);
	choose_used(sampling, median, KT_DRAWN_MEDIAN);
	choose_used(sampling, median + (most - median) / 2, KT_DRAWN_FULLER);
	choose_used(sampling, least + (median - least) / 2, KT_DRAWN_EMPTIER);
}

/* The CPU with the lowest number that has a slab. */
static void choose_owned(struct sampling *sampling)
{
	const struct kt_memmap *memmap = sampling->memmap;

	for (size_t i = 0; i < sampling->nr_chosen; i++) {
		const struct owned *owned = owner_of(sampling, sampling->chosen[i].pfn);

		if (owned && owned->state == KT_SLAB_CPU)
			return;
	}
	for (size_t i = 0; i < sampling->owned.count; i++) {
		const struct owned *owned = &sampling->owned.items[i];

		if (owned->state != KT_SLAB_CPU || owned->descriptor < memmap->base)
			continue;
		choose(sampling, (owned->descriptor - memmap->base) / memmap->page_struct_bytes,
			KT_DRAWN_OF_CPU, KT_UNKNOWN);
		return;
	}
}

static void choose_all(struct sampling *sampling)
{
	uint64_t nr_slabs = 0;

	for (int64_t i = 0; i <= sampling->cache->objs_per_slab; i++)
		nr_slabs += sampling->counts[i].nr_slabs;
	if (nr_slabs > KT_DRAWN_SLABS)
		choose_by_use(sampling, nr_slabs);
	else
		choose_few(sampling);
	choose_owned(sampling);
	sampling->drawing->nr_slabs = (int64_t)nr_slabs;
}

/* ---- the slabs that were chosen ---- */

static char letter_of(const struct kt_object_place *place)
{
	static const char letters[] = { [KT_WHERE_USED] = KT_SLOT_USED,
		[KT_WHERE_FREE] = KT_SLOT_FREE,
		[KT_WHERE_CPU] = KT_SLOT_CPU,
		[KT_WHERE_SHEAF] = KT_SLOT_SHEAF,
		[KT_WHERE_BARN] = KT_SLOT_NODE,
		[KT_WHERE_RCU] = KT_SLOT_RCU };

	return letters[place->where];
}

/* A slab of no CPU is what its own list makes it. */
static enum kt_slab_state state_of(const struct kt_slab_view *view, const struct owned *owned)
{
	uint32_t nr_free = 0;

	if (owned)
		return owned->state;
	for (uint32_t i = 0; i < view->nr_objects; i++)
		nr_free += view->places[i].where == KT_WHERE_FREE;
	return !nr_free			     ? KT_SLAB_FULL
	       : nr_free == view->nr_objects ? KT_SLAB_EMPTY
					     : KT_SLAB_PARTIAL;
}

static const struct chosen *choice_of(const struct sampling *sampling, uint64_t pfn)
{
	for (size_t i = 0; i < sampling->nr_chosen; i++) {
		if (sampling->chosen[i].pfn == pfn)
			return &sampling->chosen[i];
	}
	return NULL;
}

static void add_slab(void *arg, const struct kt_slab_view *view)
{
	struct sampling *sampling = arg;
	const struct owned *owned = owner_of(sampling, view->pfn);
	const struct chosen *chosen = choice_of(sampling, view->pfn);
	struct kt_drawn_slab *slot = kt_list_push(sampling->arena, &sampling->drawing->slabs);
	char *map = kt_arena_alloc(sampling->arena, (size_t)view->nr_objects + 1);
	uint16_t *rank = kt_arena_alloc(sampling->arena, view->nr_objects * sizeof(*rank));

	if (!slot || !map || !rank || !chosen)
		return;
	for (uint32_t i = 0; i < view->nr_objects; i++) {
		map[i] = letter_of(&view->places[i]);
		rank[i] = view->places[i].rank;
	}
	*slot = (struct kt_drawn_slab){ .address = view->address,
		.pfn = (int64_t)view->pfn,
		.state = state_of(view, owned),
		.cpu = owned ? (int64_t)owned->cpu : KT_UNKNOWN,
		.role = chosen->role,
		.nr_alike = chosen->nr_alike,
		.nr_objs = view->nr_objects,
		.used_objs = view->nr_used,
		.torn = view->torn,
		.map = map,
		.rank = rank };
}

/* The fullest slab is first; the address decides between equal ones. */
static int by_use(const void *a, const void *b)
{
	const struct kt_drawn_slab *x = a, *y = b;

	if (x->used_objs != y->used_objs)
		return x->used_objs < y->used_objs ? 1 : -1;
	return (x->address > y->address) - (x->address < y->address);
}

static struct kt_err *sample(struct sampling *sampling)
{
	const struct kt_slub_cache *cache = sampling->cache;
	struct kt_slab_drawing *drawing = sampling->drawing;
	struct kt_slab_objects objects = { 0 };
	uint64_t pfns[CHOSEN_MAX];
	struct kt_err *err;

	sampling->counts = kt_arena_alloc(
		&sampling->own, (size_t)(cache->objs_per_slab + 1) * sizeof(*sampling->counts));
	if (!sampling->counts)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_slab_views(
		sampling->slub, sampling->memmap, cache, count_slab, sampling, &objects);
	if (err)
		return err;
	drawing->nr_unread = (int64_t)objects.nr_unread;
	drawing->nr_torn = (int64_t)objects.nr_torn;
	find_owned(sampling);
	choose_all(sampling);
	for (size_t i = 0; i < sampling->nr_chosen; i++)
		pfns[i] = sampling->chosen[i].pfn;
	err = kt_slab_views_of(sampling->slub, sampling->memmap, cache, pfns, sampling->nr_chosen,
		add_slab, sampling);
	if (!err && (sampling->arena->failed || sampling->own.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err && drawing->slabs.count)
		qsort(drawing->slabs.items, drawing->slabs.count, sizeof(*drawing->slabs.items),
			by_use);
	return err;
}

struct kt_err *kt_slab_sample(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, struct kt_arena *arena, struct kt_slab_drawing *ret_drawing)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct sampling sampling = { .memmap = memmap, .arena = arena, .drawing = ret_drawing };
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);
	struct kt_slub_cache cache;

	*ret_drawing = (struct kt_slab_drawing){ 0 };
	if (!err && !kt_slub_find(slub, &sampling.own, names, &cache))
		err = kt_err_new(KT_ERR_ABSENT, "no slab cache of this name is in kernel memory");
	if (!err)
		err = kt_memmap_find_direct(memmap);
	if (!err) {
		sampling.slub = slub;
		sampling.cache = &cache;
		*ret_drawing = (struct kt_slab_drawing){ .slot_bytes = cache.size,
			.object_bytes = cache.memory.object_bytes,
			.objs_per_slab = cache.objs_per_slab,
			.pages_per_slab = cache.memory.pages_per_slab,
			.page_bytes = memmap->target->page_bytes,
			.object_at = cache.red_left_pad,
			.pointer_at = cache.offset,
			.hardened = slub->layout.random.exists };
		err = sample(&sampling);
	}
	kt_arena_fini(&sampling.own);
	return err;
}
