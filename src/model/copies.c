// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/copies.h"

void kt_copies_fini(struct kt_copies *copies)
{
	kt_map_fini(&copies->by_key);
	kt_map_fini(&copies->by_name);
	kt_arena_fini(&copies->arena);
	*copies = (struct kt_copies){ 0 };
}

uint32_t kt_copies_of(struct kt_copies *copies, const char *key, const char *name)
{
	uint32_t *number, *last;
	bool added;

	if (copies->by_key.count >= KT_COPIES_MAX)
		kt_copies_fini(copies);
	number = kt_map_add(&copies->by_key, kt_span_str(key), &copies->arena, &added);
	if (!number || !added)
		return number ? *number : 0;
	last = kt_map_add(&copies->by_name, kt_span_str(name), &copies->arena, NULL);
	*number = last ? ++*last : 0;
	return *number;
}

const char *kt_copies_name(struct kt_arena *arena, const char *name, int64_t copy)
{
	return copy > 1 ? kt_arena_printf(arena, "%s#%lld", name, (long long)copy) : name;
}
