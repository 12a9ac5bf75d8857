// SPDX-License-Identifier: GPL-2.0-or-later
#include "whatif/size_classes.h"

#include "base/arena.h"

#define LAST_ORDER    10 /* MAX_PAGE_ORDER */
#define SLOT_MIN      8	 /* bytes: a pointer to the next free object */
#define FRACTION_MOST 16

/* get_order(): the least order whose pages hold so many bytes. */
static int order_of(int64_t bytes, int64_t page_bytes)
{
	int order = 0;

	while (order <= LAST_ORDER && page_bytes << order < bytes)
		order++;
	return order;
}

/* fls(): the number of the highest bit that is set, from 1. */
static int highest_bit(int64_t number)
{
	int bit = 0;

	for (; number > 0; number >>= 1)
		bit++;
	return bit;
}

/* calc_slab_order(): the least order that leaves at most 1/fraction of the slab. */
static int order_with(int64_t slot_bytes, int from, int max_order, int fraction, int64_t page_bytes)
{
	int order = from;

	for (; order <= max_order; order++) {
		int64_t slab = page_bytes << order;

		if (slab % slot_bytes <= slab / fraction)
			break;
	}
	return order;
}

static int slab_order(
	int64_t slot_bytes, int64_t page_bytes, const struct kt_slub_settings *settings)
{
	int64_t objs = settings->min_objs, most = (page_bytes << settings->max_order) / slot_bytes;
	int least;

	most = most > 1 ? most : 1;
	objs = objs < most ? objs : most;
	least = order_of(objs * slot_bytes, page_bytes);
	for (int fraction = FRACTION_MOST; fraction > 1; fraction /= 2) {
		int order =
			order_with(slot_bytes, least, settings->max_order, fraction, page_bytes);

		if (order <= settings->max_order)
			return order;
	}
	return order_of(slot_bytes, page_bytes);
}

struct kt_slub_settings kt_slub_defaults(int64_t nr_cpus)
{
	return (struct kt_slub_settings){ .max_order = 3, /* PAGE_ALLOC_COSTLY_ORDER */
		.min_objs = 4ll * (highest_bit(nr_cpus) + 1) };
}

struct kt_packing kt_slub_packing_with(
	int64_t slot_bytes, int64_t page_bytes, const struct kt_slub_settings *settings)
{
	struct kt_packing packing = { 0 };
	int order;

	if (slot_bytes < SLOT_MIN || page_bytes <= 0 || slot_bytes > page_bytes << LAST_ORDER ||
		settings->max_order < 0 || settings->max_order > LAST_ORDER ||
		settings->min_objs <= 0)
		return packing;
	order = slab_order(slot_bytes, page_bytes, settings);
	packing.pages_per_slab = 1ll << order;
	packing.objs_per_slab = (page_bytes << order) / slot_bytes;
	return packing;
}

struct kt_packing kt_slub_packing(int64_t slot_bytes, int64_t nr_cpus, int64_t page_bytes)
{
	struct kt_slub_settings settings = kt_slub_defaults(nr_cpus);

	if (nr_cpus <= 0)
		return (struct kt_packing){ 0 };
	return kt_slub_packing_with(slot_bytes, page_bytes, &settings);
}

int64_t kt_packing_pages(const struct kt_packing *packing, int64_t nr_objs)
{
	if (packing->objs_per_slab <= 0)
		return 0;
	return (nr_objs + packing->objs_per_slab - 1) / packing->objs_per_slab *
	       packing->pages_per_slab;
}

int64_t kt_slabs_pages(
	const struct kt_slabs_of *machine, const struct kt_packing *packing, int64_t nr_objs)
{
	if (!nr_objs)
		return 0;
	return kt_packing_pages(packing, nr_objs) +
	       (machine->nr_lists * packing->pages_per_slab + 1) / 2;
}

/* ---- the best classes ---- */

#define NO_CLASS INT64_MAX /* pages: the sizes cannot have one class */

struct search {
	const struct kt_size_count *sizes;
	size_t count;
	const struct kt_slabs_of *machine;
	int64_t *alone;	    /* count rows, by the last size: pages of one class from each size on */
	int64_t *pages;	    /* most rows of count numbers */
	uint32_t *previous; /* likewise: the class below, plus 1; 0: none */
};

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The least size of a class for sizes `first` to `last`. */
static int64_t class_for(const struct search *search, size_t first, size_t last)
{
	int64_t bytes = search->sizes[last].bytes, align = 1;

	for (size_t i = first; i <= last; i++)
		align = larger(align, search->sizes[i].align_bytes);
	return (bytes + align - 1) / align * align;
}

static int64_t pages_of(
	const struct search *search, int64_t bytes, const int64_t nr_objs[KT_FAMILIES_MAX])
{
	const struct kt_slabs_of *machine = search->machine;
	struct kt_packing packing = kt_slub_packing(bytes, machine->nr_cpus, machine->page_bytes);
	int64_t pages = 0;

	for (size_t i = 0; i < KT_FAMILIES_MAX; i++)
		pages += kt_slabs_pages(machine, &packing, nr_objs[i]);
	return pages;
}

/* Fills the row of classes that end with size `last`; none may reach the size after it. */
static void fill_alone(const struct search *search, size_t last)
{
	const struct kt_size_count *sizes = search->sizes;
	int64_t next = last + 1 < search->count ? sizes[last + 1].bytes : INT64_MAX;
	int64_t nr_objs[KT_FAMILIES_MAX] = { 0 }, align = 1;

	for (size_t first = last + 1; first-- > 0;) {
		int64_t bytes;

		align = larger(align, sizes[first].align_bytes);
		bytes = (sizes[last].bytes + align - 1) / align * align;
		for (size_t i = 0; i < KT_FAMILIES_MAX; i++)
			nr_objs[i] += sizes[first].nr_objs[i];
		search->alone[last * search->count + first] =
			bytes < next ? pages_of(search, bytes, nr_objs) : NO_CLASS;
	}
}

/* Fills the row for k + 1 classes, of which the one with size `last` is the largest. */
static void fill(const struct search *search, size_t k, size_t last)
{
	const int64_t *alone = &search->alone[last * search->count];
	int64_t *best = &search->pages[k * search->count + last];
	uint32_t *previous = &search->previous[k * search->count + last];

	*best = NO_CLASS;
	if (k == 0) {
		*best = alone[0];
		return;
	}
	for (size_t below = k - 1; below < last; below++) {
		int64_t pages = search->pages[(k - 1) * search->count + below];

		if (pages == NO_CLASS || alone[below + 1] == NO_CLASS)
			continue;
		pages += alone[below + 1];
		if (pages < *best) {
			*best = pages;
			*previous = (uint32_t)below + 1;
		}
	}
}

/* Follows the choices back from the largest class. */
static void take_classes(const struct search *search, size_t k, int64_t ret[KT_CLASSES_MAX])
{
	size_t last = search->count - 1;

	for (size_t i = k + 1; i > 0; i--) {
		size_t below = search->previous[(i - 1) * search->count + last];

		ret[i - 1] = class_for(search, below, last);
		last = below - 1;
	}
}

bool kt_classes_best(struct kt_arena *arena, const struct kt_size_count *sizes, size_t count,
	size_t most, const struct kt_slabs_of *machine, struct kt_classes *ret)
{
	struct search search = { .sizes = sizes, .count = count, .machine = machine };

	most = most < KT_CLASSES_MAX ? most : KT_CLASSES_MAX;
	most = most < count ? most : count;
	*ret = (struct kt_classes){ .count = most };
	search.alone = kt_arena_alloc(arena, (count * count + 1) * sizeof(*search.alone));
	search.pages = kt_arena_alloc(arena, (most * count + 1) * sizeof(*search.pages));
	search.previous = kt_arena_alloc(arena, (most * count + 1) * sizeof(*search.previous));
	if (!search.alone || !search.pages || !search.previous)
		return false;
	for (size_t last = 0; last < count; last++)
		fill_alone(&search, last);
	for (size_t k = 0; k < most; k++) {
		for (size_t last = k; last < count; last++)
			fill(&search, k, last);
		ret->pages[k] = search.pages[k * count + count - 1];
		take_classes(&search, k, ret->bytes[k]);
	}
	return true;
}
