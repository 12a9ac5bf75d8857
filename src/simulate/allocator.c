// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/allocator.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

const struct kt_sim_allocator *const kt_sim_allocators[] = { &kt_sim_slub, &kt_sim_sheaves,
	&kt_sim_slab, &kt_sim_magazines, &kt_sim_slob, &kt_sim_sunos, &kt_sim_bsd, &kt_sim_svr4 };
const size_t kt_nr_sim_allocators = KT_LEN(kt_sim_allocators);

const struct kt_sim_allocator *kt_sim_allocator_find(const char *name)
{
	for (size_t i = 0; i < kt_nr_sim_allocators; i++) {
		if (strcmp(kt_sim_allocators[i]->name, name) == 0)
			return kt_sim_allocators[i];
	}
	return NULL;
}

void *kt_sim_more(void *items, uint32_t count, uint32_t *room, size_t element_size)
{
	uint32_t more = *room ? *room * 2 : 64;
	char *grown;

	if (count < *room)
		return items;
	if (more <= *room || more > KT_SIM_OBJECTS_MAX * 2)
		return NULL;
	grown = reallocarray(items, more, element_size);
	if (!grown)
		return NULL;
	memset(grown + *room * element_size, 0, (more - *room) * element_size);
	*room = more;
	return grown;
}

bool kt_sim_places_grow(struct kt_sim_places *places, uint32_t object)
{
	while (object >= places->room) {
		uint32_t *grown = kt_sim_more(
			places->items, places->room, &places->room, sizeof(*places->items));

		if (!grown)
			return false;
		places->items = grown;
	}
	return true;
}
