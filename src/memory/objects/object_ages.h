// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECTS_OBJECT_AGES_H
#define KT_MEMORY_OBJECTS_OBJECT_AGES_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/** Ages of the objects of a kind, in a few bytes however many they are. Zero-initialise. */
struct kt_object_ages {
	uint32_t *counts; /* by classes of ages; NULL: there are none */
	int64_t nr_objs, oldest_s;
};

/** Adds an age in seconds; negative ones are 0. */
void kt_object_ages_add(struct kt_object_ages *ages, struct kt_arena *arena, int64_t age_s);
/** Age in seconds that half of the objects have reached, to 5 %; KT_UNKNOWN: there are none. */
int64_t kt_object_ages_median(const struct kt_object_ages *ages);

#endif
