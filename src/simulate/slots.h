// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_SLOTS_H
#define KT_SIMULATE_SLOTS_H

#include "base/arena.h"
#include "model/cache.h"
#include "simulate/allocator.h"

/**
 * The slot that each object of one cache has in its slab. A model decides about slabs alone; the
 * slots follow: of a slab, the object that was freed last is allocated first.
 */
struct kt_sim_slots;

/**
 * Follows the objects of a cache. `shuffled`: the free objects of a new slab are in a random order,
 * as with CONFIG_SLAB_FREELIST_RANDOM. NULL when out of memory.
 */
struct kt_sim_slots *kt_sim_slots_new(const struct kt_sim_allocator *allocator,
	const struct kt_sim_model *model, uint32_t cache, bool shuffled);
/** NULL is allowed. */
void kt_sim_slots_free(struct kt_sim_slots *slots);
/** Call it when the model has done what an event of the cache says. False when out of memory. */
bool kt_sim_slots_follow(struct kt_sim_slots *slots, const struct kt_sim_event *event);
/**
 * Draws up to KT_DRAWN_SLABS slabs, by objects in use, and one of a CPU. The numbers of slabs are
 * in `pfn`, and there are no addresses. False when out of memory.
 */
bool kt_sim_slots_draw(
	struct kt_sim_slots *slots, struct kt_arena *arena, struct kt_slab_drawing *ret);

#endif
