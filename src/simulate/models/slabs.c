// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/models/slabs.h"

#include <stdlib.h>

uint32_t kt_sim_slab_new(
	struct kt_sim_slabs *slabs, uint32_t cache, uint32_t nr_free, uint32_t pages)
{
	uint32_t slab = slabs->unused - 1, block = KT_SIM_BLOCK_BEYOND;

	if (slabs->buddy)
		block = kt_sim_buddy_take(slabs->buddy, pages);
	if (block == KT_SIM_BLOCK_NONE)
		return KT_SIM_NONE;

	if (slabs->unused) {
		slabs->unused = slabs->items[slab].next;
	} else {
		struct kt_sim_slab_record *grown = kt_sim_more(
			slabs->items, slabs->count, &slabs->room, sizeof(*slabs->items));

		if (!grown)
			return KT_SIM_NONE;
		slabs->items = grown;
		slab = slabs->count++;
	}
	slabs->items[slab] = (struct kt_sim_slab_record){ .next = KT_SIM_NONE,
		.prev = KT_SIM_NONE,
		.cache = cache,
		.nr_objs = nr_free,
		.nr_free = nr_free,
		.block = block,
		.stamp = ++slabs->last_stamp };
	slabs->nr_slabs++;
	slabs->nr_made++;
	return slab;
}

void kt_sim_slab_free(struct kt_sim_slabs *slabs, uint32_t slab)
{
	if (slabs->buddy)
		kt_sim_buddy_give(slabs->buddy, slabs->items[slab].block);
	slabs->items[slab].stamp = 0;
	slabs->items[slab].next = slabs->unused;
	slabs->unused = slab + 1;
	slabs->nr_slabs--;
}

bool kt_sim_slab_look(const struct kt_sim_slabs *slabs, uint32_t slab, struct kt_sim_slab_view *ret)
{
	const struct kt_sim_slab_record *record = &slabs->items[slab];

	if (slab >= slabs->count || !record->stamp)
		return false;
	*ret = (struct kt_sim_slab_view){ .cache = record->cache,
		.stamp = record->stamp,
		.nr_objs = record->nr_objs,
		.nr_free = record->nr_free,
		.cpu = KT_SIM_NONE,
		.state = !record->nr_free		      ? KT_SLAB_FULL
			 : record->nr_free == record->nr_objs ? KT_SLAB_EMPTY
							      : KT_SLAB_PARTIAL };
	return true;
}

void kt_sim_slabs_fini(struct kt_sim_slabs *slabs)
{
	free(slabs->items);
	*slabs = (struct kt_sim_slabs){ 0 };
}

bool kt_sim_large_take(
	struct kt_sim_slabs *slabs, struct kt_sim_places *places, uint32_t object, uint64_t pages)
{
	uint32_t block;

	if (!slabs->buddy)
		return true;
	block = kt_sim_buddy_take(slabs->buddy, pages);
	return block != KT_SIM_BLOCK_NONE && kt_sim_place(places, object, block);
}

void kt_sim_large_give(
	struct kt_sim_slabs *slabs, const struct kt_sim_places *places, uint32_t object)
{
	if (slabs->buddy && object < places->room)
		kt_sim_buddy_give(slabs->buddy, places->items[object]);
}
