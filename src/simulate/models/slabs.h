// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_MODELS_SLABS_H
#define KT_SIMULATE_MODELS_SLABS_H

#include "simulate/allocator.h"
#include "simulate/buddy.h"

/**
 * Slabs of all caches of a model, by number, and lists of them. Only how many objects of a slab are
 * free decides about pages, so a slab has no list of its free objects.
 */
struct kt_sim_slab_record {
	uint32_t next, prev; /* in a list; KT_SIM_NONE: none */
	uint32_t cache;
	uint32_t nr_objs, nr_free;
	uint32_t state; /* of the allocator's own */
	uint32_t block; /* its pages, if there is a page allocator */
	uint32_t stamp; /* no other slab has it; 0: the record is not in use */
};

struct kt_sim_slabs {
	struct kt_sim_slab_record *items;
	uint32_t count, room;
	uint32_t unused;   /* first of the records that may be taken again, plus 1; 0: none */
	uint64_t nr_slabs; /* in use */
	uint64_t nr_made;  /* so far */
	uint32_t last_stamp;
	struct kt_sim_buddy *buddy; /* NULL: where pages are does not matter */
};

/** Returns the number of a new slab, or KT_SIM_NONE when out of memory. */
uint32_t kt_sim_slab_new(
	struct kt_sim_slabs *slabs, uint32_t cache, uint32_t nr_free, uint32_t pages);
void kt_sim_slab_free(struct kt_sim_slabs *slabs, uint32_t slab);
/** The common part of a look. False: no slab has this number. */
bool kt_sim_slab_look(
	const struct kt_sim_slabs *slabs, uint32_t slab, struct kt_sim_slab_view *ret);
void kt_sim_slabs_fini(struct kt_sim_slabs *slabs);

/** Takes pages for an object of its own. False when out of memory. */
bool kt_sim_large_take(
	struct kt_sim_slabs *slabs, struct kt_sim_places *places, uint32_t object, uint64_t pages);
void kt_sim_large_give(
	struct kt_sim_slabs *slabs, const struct kt_sim_places *places, uint32_t object);

struct kt_sim_slab_list {
	uint32_t first, last, count;
};
#define KT_SIM_EMPTY_LIST ((struct kt_sim_slab_list){ KT_SIM_NONE, KT_SIM_NONE, 0 })

static inline void kt_sim_list_head(
	struct kt_sim_slabs *slabs, struct kt_sim_slab_list *list, uint32_t slab)
{
	struct kt_sim_slab_record *record = &slabs->items[slab];

	record->prev = KT_SIM_NONE;
	record->next = list->first;
	if (list->first != KT_SIM_NONE)
		slabs->items[list->first].prev = slab;
	else
		list->last = slab;
	list->first = slab;
	list->count++;
}

static inline void kt_sim_list_tail(
	struct kt_sim_slabs *slabs, struct kt_sim_slab_list *list, uint32_t slab)
{
	struct kt_sim_slab_record *record = &slabs->items[slab];

	record->next = KT_SIM_NONE;
	record->prev = list->last;
	if (list->last != KT_SIM_NONE)
		slabs->items[list->last].next = slab;
	else
		list->first = slab;
	list->last = slab;
	list->count++;
}

static inline void kt_sim_list_remove(
	struct kt_sim_slabs *slabs, struct kt_sim_slab_list *list, uint32_t slab)
{
	struct kt_sim_slab_record *record = &slabs->items[slab];

	if (record->prev != KT_SIM_NONE)
		slabs->items[record->prev].next = record->next;
	else
		list->first = record->next;
	if (record->next != KT_SIM_NONE)
		slabs->items[record->next].prev = record->prev;
	else
		list->last = record->prev;
	list->count--;
}

#endif
