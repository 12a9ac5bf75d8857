// SPDX-License-Identifier: GPL-2.0-or-later
//
// A slab cache reclaimed slab by slab. The kernel evicts objects in the order of their last use,
// whatever slabs they are in, and a slab is given back only when its last object is gone. Evicting
// the same number of objects from the emptiest slabs gives back more. A random order is the other
// end: objects that were used together are often in one slab, so the kernel's order frees more.
//
// Kernel memory has the slabs of one cache by the share of their slots in use. Whole classes, the
// emptiest first, are exact points of the curve. In random order a slab with k of N objects is
// freed by m evictions with probability m/N * (m-1)/(N-1) * ..., k factors. Only the sum of k is
// known in a class, so the expected number has bounds: the function is convex in k, lowest where
// all k are alike and highest where they are at the ends of the class.

#include "whatif/slab/slab_reclaim.h"

#include "whatif/whatif.h"

#include <math.h>
#include <stdlib.h>

#define HALF 5u /* classes 1 to 5 are slabs that are less than half full */
#define LAST (KT_OCCUPANCY_CLASSES - 1u)

/* Slabs that have objects in use. */
struct slabs {
	const struct kt_slab_occupancy *occupancy;
	int64_t nr_slabs, nr_objs, objs_per_slab, pages_per_slab;
};

/* The probability that a slab with `objs` objects is freed by `evicted` evictions. */
static double freed(const struct slabs *slabs, int64_t evicted, int64_t objs)
{
	double probability = 1;

	for (int64_t i = 0; i < objs; i++)
		probability *=
			evicted > i ? (double)(evicted - i) / (double)(slabs->nr_objs - i) : 0;
	return probability;
}

/* Fewest and most objects in use of a slab in the class. */
static int64_t fewest(const struct slabs *slabs, size_t class)
{
	int64_t objs = ((int64_t) class - 1) * slabs->objs_per_slab;

	objs = (objs + 9) / 10;
	return class == LAST ? slabs->objs_per_slab : objs > 1 ? objs : 1;
}

static int64_t most(const struct slabs *slabs, size_t class)
{
	return class >= LAST - 1 ? slabs->objs_per_slab - (class != LAST)
				 : fewest(slabs, class + 1) - 1;
}

/* Expected number of slabs of a class that are freed in random order: at least, at most. */
static void add_random(
	const struct slabs *slabs, size_t class, int64_t evicted, double *ret_low, double *ret_high)
{
	const struct kt_occupancy_class *in = &slabs->occupancy->classes[class];
	int64_t a = fewest(slabs, class), b = most(slabs, class);
	int64_t each = in->used_objs / in->nr_slabs, more = in->used_objs % in->nr_slabs;
	int64_t at_most = b > a ? (in->used_objs - a * in->nr_slabs) / (b - a) : 0;
	int64_t rest = b > a ? (in->used_objs - a * in->nr_slabs) % (b - a) : 0;

	*ret_low += (double)(in->nr_slabs - more) * freed(slabs, evicted, each);
	if (more)
		*ret_low += (double)more * freed(slabs, evicted, each + 1);
	*ret_high += (double)at_most * freed(slabs, evicted, b);
	*ret_high += (double)(in->nr_slabs - at_most - (rest > 0)) * freed(slabs, evicted, a);
	if (rest)
		*ret_high += freed(slabs, evicted, a + rest);
}

/* False: the classes do not belong together, or slabs have different sizes. */
static bool add_up(const struct kt_slab_occupancy *occupancy, struct slabs *ret)
{
	*ret = (struct slabs){ .occupancy = occupancy };
	for (size_t i = 1; i < KT_OCCUPANCY_CLASSES; i++) {
		const struct kt_occupancy_class *class = &occupancy->classes[i];

		if (!class->nr_slabs)
			continue;
		if (!ret->objs_per_slab) {
			ret->objs_per_slab = class->nr_slots / class->nr_slabs;
			ret->pages_per_slab = class->nr_pages / class->nr_slabs;
		}
		if (ret->objs_per_slab * class->nr_slabs != class->nr_slots ||
			ret->pages_per_slab * class->nr_slabs != class->nr_pages ||
			class->used_objs < fewest(ret, i) * class->nr_slabs ||
			class->used_objs > most(ret, i) * class->nr_slabs)
			return false;
		ret->nr_slabs += class->nr_slabs;
		ret->nr_objs += class->used_objs;
	}
	return ret->objs_per_slab > 0 && ret->pages_per_slab > 0;
}

static void put_choice(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct slabs *slabs, const char *choice, int64_t evicted, int64_t nr_freed,
	int64_t page_bytes)
{
	int64_t slab_bytes = slabs->pages_per_slab * page_bytes;

	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ .choice = choice,
			.count = evicted,
			.bytes = (slabs->nr_slabs - nr_freed) * slab_bytes,
			.saves_bytes = nr_freed * slab_bytes });
}

/* Four orders for one number of evictions: all objects of the classes up to `class`. */
static void put_points(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct slabs *slabs, size_t class, int64_t page_bytes)
{
	int64_t evicted = 0, nr_freed = 0, needed;
	double low = 0, high = 0;

	for (size_t i = 1; i <= class; i++) {
		evicted += slabs->occupancy->classes[i].used_objs;
		nr_freed += slabs->occupancy->classes[i].nr_slabs;
	}
	for (size_t i = 1; i < KT_OCCUPANCY_CLASSES; i++) {
		if (slabs->occupancy->classes[i].nr_slabs)
			add_random(slabs, i, evicted, &low, &high);
	}
	needed = (slabs->nr_objs - evicted + slabs->objs_per_slab - 1) / slabs->objs_per_slab;
	put_choice(arena, ret, slabs, KT_RECLAIM_RANDOM_LEAST, evicted, (int64_t)floor(low),
		page_bytes);
	put_choice(arena, ret, slabs, "random order, at most", evicted, (int64_t)ceil(high),
		page_bytes);
	put_choice(arena, ret, slabs, KT_RECLAIM_EMPTIEST, evicted, nr_freed, page_bytes);
	put_choice(arena, ret, slabs, "perfect packing", evicted, slabs->nr_slabs - needed,
		page_bytes);
}

/* ---- what the kernel can evict ---- */

static const char *reason_of(enum kt_pin_reason reason)
{
	static const char *const words[KT_PIN_REASONS] = { [KT_PIN_USED] = "in use",
		[KT_PIN_PAGES] = "has page cache",
		[KT_PIN_DIRTY] = "waits to be written" };

	return words[reason];
}

/* Objects that keep slabs; what goes with the last one alone is in slabs that nothing else keeps.
 */
static void put_pins(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t slab_bytes,
	struct kt_whatif_result *ret)
{
	for (size_t i = 0; i < snap->slab_pins.count && i < KT_WHATIF_PARTS; i++) {
		const struct kt_slab_pin *pin = &snap->slab_pins.items[i];
		int64_t now = pin->nr_slabs * slab_bytes, alone = pin->nr_alone * slab_bytes;

		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){
				.name = kt_arena_printf(arena, "%s: %s",
					pin->owner ? pin->owner : "no file system is known",
					reason_of(pin->reason)),
				.count = pin->nr_objs,
				.now_bytes = now,
				.then_bytes = now - alone,
				.saves_bytes = alone });
	}
}

static void put_order(struct kt_arena *arena, const struct kt_slab_eviction *eviction,
	const struct slabs *slabs, int64_t page_bytes, struct kt_whatif_result *ret)
{
	int64_t per_slab = slabs->objs_per_slab;

	for (size_t i = 0; i < KT_EVICTION_STEPS; i++) {
		int64_t evicted = eviction->steps[i].nr_evicted;
		int64_t needed = (slabs->nr_objs - evicted + per_slab - 1) / per_slab;

		put_choice(arena, ret, slabs, "unused, in the kernel's order", evicted,
			eviction->steps[i].nr_freed, page_bytes);
		put_choice(arena, ret, slabs, "unused, emptiest slab first", evicted,
			eviction->steps[i].nr_freed_emptiest, page_bytes);
		put_choice(arena, ret, slabs, "unused, perfect packing", evicted,
			needed < slabs->nr_slabs ? slabs->nr_slabs - needed : 0, page_bytes);
	}
}

/*
 * Both walks have to have seen the same slabs, and objects but for few: the machine goes on while
 * they are read.
 */
static bool belong_together(const struct kt_slab_eviction *eviction, const struct slabs *slabs)
{
	int64_t slack = slabs->nr_slabs / 100 + 8;

	return eviction->pages_per_slab == slabs->pages_per_slab &&
	       eviction->objs_per_slab == slabs->objs_per_slab &&
	       llabs(eviction->nr_slabs - slabs->nr_slabs) <= slack &&
	       llabs(eviction->nr_objs - slabs->nr_objs) <= slack * slabs->objs_per_slab;
}

static void put_evictions(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct slabs *slabs, int64_t page_bytes, struct kt_whatif_result *ret)
{
	const struct kt_slab_eviction *eviction = snap->slab_evictions.items;
	const char *from = "kernel memory";

	if (!snap->slab_evictions.count || !belong_together(eviction, slabs)) {
		kt_whatif_note(arena, ret,
			"which of the objects are unused, and in which order the kernel evicts "
			"them, is not known: %s",
			snap->slab_evictions.count ? "the slabs changed while they were read"
						   : "only dentries and inodes show it");
		return;
	}
	kt_whatif_input_count(arena, ret, "unused objects", eviction->nr_unused, from);
	kt_whatif_input_count(
		arena, ret, "unused objects that only unused names hold", eviction->nr_named, from);
	kt_whatif_input_count(
		arena, ret, "slabs freed if all unused objects go", eviction->nr_freed, from);
	kt_whatif_note(arena, ret,
		"all %lld unused objects evicted free %lld of %lld slabs, %lld KiB; 'ktally slab "
		"CACHE --objects' shows whose objects they are",
		(long long)eviction->nr_unused, (long long)eviction->nr_freed,
		(long long)slabs->nr_slabs,
		(long long)(eviction->nr_freed * slabs->pages_per_slab * page_bytes / 1024));
	put_order(arena, eviction, slabs, page_bytes, ret);
	put_pins(arena, snap, slabs->pages_per_slab * page_bytes, ret);
	if (eviction->nr_loose)
		kt_whatif_note(arena, ret,
			"the order of %lld unused objects is not known: their lists changed while "
			"they were read",
			(long long)eviction->nr_loose);
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	const struct kt_slab_occupancy *occupancy = snap->occupancies.items;
	int64_t page_bytes = snap->host.page_bytes, sparse = 0, evicted = 0;
	struct slabs slabs;

	if (!snap->asked_cache) {
		kt_whatif_unknown(ret, "it takes a slab cache: 'ktally whatif --exact slab-reclaim "
				       "CACHE'");
		return;
	}
	if (!snap->occupancies.count) {
		kt_whatif_lacks(ret, &kt_source_occupancy);
		return;
	}
	if (occupancy->nr_unread || !add_up(occupancy, &slabs)) {
		kt_whatif_unknown(ret, "not all of its slabs could be read, or they have different "
				       "sizes, or they are empty");
		return;
	}
	for (size_t i = 1; i < KT_OCCUPANCY_CLASSES; i++) {
		sparse += i <= HALF ? occupancy->classes[i].nr_slabs : 0;
		evicted += i <= HALF ? occupancy->classes[i].used_objs : 0;
		if (i < LAST && occupancy->classes[i].nr_slabs)
			put_points(arena, ret, &slabs, i, page_bytes);
	}
	ret->now_bytes = slabs.nr_slabs * slabs.pages_per_slab * page_bytes;
	kt_whatif_input_count(arena, ret, "slabs with objects", slabs.nr_slabs, "kernel memory");
	kt_whatif_input_count(arena, ret, KT_RECLAIM_USED_OBJS, slabs.nr_objs, "kernel memory");
	kt_whatif_input_count(
		arena, ret, "objects of a slab", slabs.objs_per_slab, "kernel memory");
	kt_whatif_input_count(
		arena, ret, "objects in slabs less than half full", evicted, "kernel memory");
	put_evictions(arena, snap, &slabs, page_bytes, ret);
	kt_whatif_saves(
		ret, sparse * slabs.pages_per_slab * page_bytes, KT_UPPER_BOUND, page_bytes);
	if (occupancy->nr_torn)
		kt_whatif_interval(ret, ret->saves_bytes,
			ret->saves_bytes + occupancy->nr_torn * slabs.pages_per_slab * page_bytes,
			page_bytes);
	if (occupancy->nr_torn)
		kt_whatif_note(arena, ret,
			"%lld slabs changed while they were read: they count as full",
			(long long)occupancy->nr_torn);
	kt_whatif_note(
		arena, ret, "objects that something refers to cannot be evicted in any order");
}

const struct kt_whatif kt_whatif_slab_reclaim = {
	.name = "slab-reclaim",
	.title = "objects in slabs that are less than half full evicted, these slabs first",
	.needs = KT_WHATIF_KERNEL,
	.how = "no kernel evicts by slab",
	.algorithm =
		"Slabs by the share of their slots in use. For all objects of the emptiest "
		"slabs: the slabs freed if these objects are evicted, if as many are evicted in "
		"random order (bounds of the expected number), and if the rest were packed "
		"into as few slabs as possible. It is an upper bound, because some objects "
		"are in use. Of dentries and inodes also what the kernel can evict: those to "
		"which nothing refers but unused names, and inodes only if they have no page "
		"cache; in the order of the kernel's lists. Parts are the file systems whose other "
		"objects keep slabs: SAVES is what one object alone keeps.",
	.counted = "objects evicted",
	.parts_counted = "objects that cannot be evicted",
	.sources = KT_SOURCES(NULL),
	.exact = KT_SOURCES(&kt_source_iomem, &kt_source_slab_names, &kt_source_occupancy,
		&kt_source_evictions),
	.compute = compute,
};
