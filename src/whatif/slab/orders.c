// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slabs of another order. A larger slab has a smaller unused end, but each CPU and node has a slab
// that is only partly filled; slub_max_order= and slub_min_objects= choose between the two (since
// Linux 6.9 also slab_max_order= and slab_min_objects=, and the old names stay).
//
// Only caches whose slabs are today as SLUB's own rule makes them without parameters count: what
// another rule would make of other parameters is not known.

#include "whatif/slab/counts.h"

#define CHOICES_MAX 8

struct choice {
	const char *name;
	struct kt_slub_settings settings;
	int64_t nr_slabs, bytes; /* of the caches that count */
	int64_t saves, low, high;
};

struct choices {
	struct choice items[CHOICES_MAX];
	size_t count, best;
	struct kt_slabs_of machine;
	size_t nr_caches, nr_other; /* that count; that are made by another rule */
	int64_t nr_slabs, bytes;    /* today */
	bool exact;
};

static void add_choice(struct kt_arena *arena, struct choices *choices, const char *parameter,
	int64_t value, struct kt_slub_settings settings)
{
	if (choices->count < CHOICES_MAX)
		choices->items[choices->count++] = (struct choice){
			.name = kt_arena_printf(arena, "%s=%lld", parameter, (long long)value),
			.settings = settings,
		};
}

static void list_choices(struct kt_arena *arena, struct choices *choices)
{
	struct kt_slub_settings today = kt_slub_defaults(choices->machine.nr_cpus), other = today;

	for (int order = 0; order < today.max_order; order++) {
		other.max_order = order;
		add_choice(arena, choices, "slub_max_order", order, other);
	}
	other = today;
	for (int64_t objs = 4; objs <= 64; objs *= 2) {
		other.min_objs = objs;
		if (objs != today.min_objs)
			add_choice(arena, choices, "slub_min_objects", objs, other);
	}
}

/* Pages of a cache with another packing: as likely, at most, at least. */
struct pages {
	int64_t likely, most, least;
};

/*
 * Free slots stay, except in the slab of each CPU and node, which is half full: it is larger or
 * smaller then. It may as well be full or empty.
 */
static struct pages pages_of(const struct choices *choices, const struct kt_slab_counts *counts,
	const struct kt_packing *packing)
{
	int64_t nr_lists = choices->machine.nr_lists, slots = counts->nr_slots, change, half, whole;
	int64_t fewest = counts->least_objs; /* slots that are needed */

	nr_lists = nr_lists < counts->nr_slabs ? nr_lists : counts->nr_slabs;
	change = nr_lists * (packing->objs_per_slab - counts->objs_per_slab);
	half = slots + change / 2 > fewest ? slots + change / 2 : fewest;
	whole = slots + change > fewest ? slots + change : fewest;
	return (struct pages){ kt_packing_pages(packing, half),
		kt_packing_pages(packing, change > 0 ? whole : slots),
		kt_packing_pages(packing, change > 0 ? slots : whole) };
}

static bool is_same(const struct kt_packing *packing, const struct kt_slab_counts *counts)
{
	return packing->objs_per_slab == counts->objs_per_slab &&
	       packing->pages_per_slab == counts->pages_per_slab;
}

static void add_cache(struct choices *choices, const struct kt_slab_counts *counts)
{
	int64_t page = choices->machine.page_bytes;
	int64_t now = counts->nr_slabs * counts->pages_per_slab * page;

	for (size_t i = 0; i < choices->count; i++) {
		struct choice *choice = &choices->items[i];
		struct kt_packing packing =
			kt_slub_packing_with(counts->slot_bytes, page, &choice->settings);
		struct pages pages = is_same(&packing, counts)
					     ? (struct pages){ now / page, now / page, now / page }
					     : pages_of(choices, counts, &packing);

		choice->nr_slabs += pages.likely / packing.pages_per_slab;
		choice->bytes += pages.likely * page;
		choice->saves += now - pages.likely * page;
		choice->low += now - pages.most * page;
		choice->high += now - pages.least * page;
	}
	choices->nr_caches++;
	choices->nr_slabs += counts->nr_slabs;
	choices->bytes += now;
	choices->exact |= counts->is_exact;
}

static bool has_rule(const struct choices *choices, const struct kt_slab_counts *counts)
{
	struct kt_packing packing = kt_slub_packing(
		counts->slot_bytes, choices->machine.nr_cpus, choices->machine.page_bytes);

	return is_same(&packing, counts);
}

/* Adds all caches with slabs. False: a sum is impossible. */
static bool add_caches(const struct kt_snapshot *snap, struct choices *choices)
{
	for (size_t i = 0; i < snap->caches.count; i++) {
		struct kt_slab_counts counts;

		if (!kt_slab_counts(snap, &snap->caches.items[i], &counts)) {
			choices->nr_other++;
			continue;
		}
		if (!counts.nr_slabs)
			continue;
		if (kt_known_times(counts.nr_slabs * counts.pages_per_slab,
			    choices->machine.page_bytes) > KT_AMOUNT_MAX / 8 - choices->bytes)
			return false;
		if (has_rule(choices, &counts))
			add_cache(choices, &counts);
		else
			choices->nr_other++;
	}
	for (size_t i = 1; i < choices->count; i++) {
		if (choices->items[i].saves > choices->items[choices->best].saves)
			choices->best = i;
	}
	return true;
}

static int order_of(int64_t pages)
{
	int order = 0;

	for (; pages > 1; pages /= 2)
		order++;
	return order;
}

static void put_parts(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct choices *choices, struct kt_whatif_result *ret)
{
	const struct choice *best = &choices->items[choices->best];
	int64_t page = choices->machine.page_bytes;

	for (size_t i = 0; i < snap->caches.count; i++) {
		struct kt_slab_counts counts;
		struct kt_packing packing;
		int64_t now, then;

		if (!kt_slab_counts(snap, &snap->caches.items[i], &counts) || !counts.nr_slabs ||
			!has_rule(choices, &counts))
			continue;
		packing = kt_slub_packing_with(counts.slot_bytes, page, &best->settings);
		now = counts.nr_slabs * counts.pages_per_slab * page;
		then = pages_of(choices, &counts, &packing).likely * page;
		if (is_same(&packing, &counts) || then >= now)
			continue;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = counts.name,
				.count = counts.nr_slabs,
				.now_bytes = now,
				.then_bytes = then,
				.saves_bytes = now - then,
				.how = kt_arena_printf(arena, "order %d instead of %d",
					order_of(packing.pages_per_slab),
					order_of(counts.pages_per_slab)) });
	}
	kt_whatif_cut(arena, ret, "caches that would save");
}

static void put_points(
	struct kt_arena *arena, const struct choices *choices, struct kt_whatif_result *ret)
{
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ "today's slabs", choices->nr_slabs, choices->bytes, 0 });
	for (size_t i = 0; i < choices->count; i++) {
		const struct choice *choice = &choices->items[i];

		kt_whatif_point(arena, ret,
			(struct kt_whatif_point){ choice->name, choice->nr_slabs, choice->bytes,
				choice->saves < 0 ? KT_UNKNOWN : choice->saves });
	}
}

static void put_notes(
	struct kt_arena *arena, const struct choices *choices, struct kt_whatif_result *ret)
{
	const struct choice *best = &choices->items[choices->best];

	if (best->saves > 0)
		kt_whatif_note(arena, ret,
			"the parts are for %s; larger slabs need larger free blocks, smaller "
			"ones cost time, because a CPU needs another one more often",
			best->name);
	else
		kt_whatif_note(arena, ret, "no choice takes less than today's slabs");
	if (!choices->exact)
		kt_whatif_note(arena, ret,
			"--exact counts the objects in use, and makes the interval smaller");
	if (choices->nr_other)
		kt_whatif_note(arena, ret,
			"%zu of %zu caches are left out: their slabs are not as SLUB makes them "
			"without parameters, or a count is missing",
			choices->nr_other, choices->nr_other + choices->nr_caches);
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct choices choices = { .machine = kt_slabs_machine(snap) };
	const struct choice *best;
	int64_t page = snap->host.page_bytes;

	if (!snap->caches.count) {
		kt_whatif_lacks(ret, &kt_source_slabinfo);
		return;
	}
	if (kt_slabs_are_too_many(snap)) {
		kt_whatif_unknown(ret, KT_SLABS_TOO_MANY);
		return;
	}
	if (choices.machine.nr_cpus <= 0) /* whether it is right, today's slabs show */
		choices.machine.nr_cpus = snap->host.nr_cpus;
	if (choices.machine.nr_cpus <= 0) {
		kt_whatif_unknown(ret, "the number of CPUs is not known");
		return;
	}
	list_choices(arena, &choices);
	if (!add_caches(snap, &choices)) {
		kt_whatif_unknown(ret, "the counts of a slab cache are impossible");
		return;
	}
	if (choices.nr_caches <= choices.nr_other) {
		kt_whatif_unknown(ret,
			"most slabs are not as SLUB makes them without parameters, or have no "
			"counts");
		return;
	}
	best = &choices.items[choices.best];
	ret->now_bytes = choices.bytes;
	kt_whatif_input_count(arena, ret, "caches", (int64_t)choices.nr_caches, "slab caches");
	kt_whatif_input_bytes(arena, ret, "their slabs", choices.bytes, "slab caches");
	kt_whatif_input_count(arena, ret, "CPUs", choices.machine.nr_cpus, "present or online");
	kt_whatif_input_count(arena, ret, "lists of slabs partly filled", choices.machine.nr_lists,
		"CPUs and nodes");
	kt_whatif_saves(ret, best->saves, KT_ESTIMATE, page);
	kt_whatif_interval(ret, best->low, best->high, page);
	put_points(arena, &choices, ret);
	if (best->saves > 0)
		put_parts(arena, snap, &choices, ret);
	put_notes(arena, &choices, ret);
}

const struct kt_whatif kt_whatif_slab_orders = {
	.name = "slab-orders",
	.title = "slabs of another order",
	.needs = KT_WHATIF_REBOOT,
	.how = "slub_max_order= or slub_min_objects= at boot",
	.algorithm =
		"For each cache: the order and the objects of a slab that SLUB would choose "
		"(calculate_order()), and the slabs for today's slots, used and free. The slab of "
		"each CPU and node is half full; the interval has it full or empty. The largest "
		"saving of all choices counts.",
	.counted = "slabs",
	.parts_counted = "slabs today",
	.sources = KT_SOURCES(&kt_source_slabinfo, &kt_source_slabs),
	.exact = KT_SOURCES(&kt_source_slub),
	.compute = compute,
};
