// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/object_ages.h"

#include "model/unknown.h"

#include <string.h>

/* Seconds up to FINE are a class each; after that each power of two has FINE / 2 classes. */
#define FINE	32u
#define HALF	(FINE / 2)
#define AGE_MAX (1ll << 40)
#define CLASSES (FINE + 36u * HALF)

static unsigned class_of(int64_t age_s)
{
	unsigned shift = 0;

	while (age_s >> shift >= (int64_t)FINE)
		shift++;
	return shift * HALF + (unsigned)(age_s >> shift);
}

/* The middle of a class. */
static int64_t age_of(unsigned class)
{
	unsigned shift = class < FINE ? 0 : class / HALF - 1;
	int64_t first = (int64_t)(class - shift * HALF) << shift;

	return first + ((1ll << shift) - 1) / 2;
}

void kt_object_ages_add(struct kt_object_ages *ages, struct kt_arena *arena, int64_t age_s)
{
	age_s = age_s < 0 ? 0 : age_s < AGE_MAX ? age_s : AGE_MAX - 1;
	if (!ages->counts) {
		ages->counts = kt_arena_alloc(arena, CLASSES * sizeof(*ages->counts));
		if (!ages->counts)
			return;
		memset(ages->counts, 0, CLASSES * sizeof(*ages->counts));
	}
	ages->counts[class_of(age_s)]++;
	ages->nr_objs++;
	if (age_s > ages->oldest_s)
		ages->oldest_s = age_s;
}

int64_t kt_object_ages_median(const struct kt_object_ages *ages)
{
	int64_t sum = 0;

	for (unsigned i = 0; ages->counts && i < CLASSES; i++) {
		sum += ages->counts[i];
		if (2 * sum >= ages->nr_objs && sum)
			return age_of(i) < ages->oldest_s ? age_of(i) : ages->oldest_s;
	}
	return KT_UNKNOWN;
}
