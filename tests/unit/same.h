// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_SAME_H
#define KT_TEST_SAME_H

/** Compares records of two snapshots that were read in different ways. */

#include "model/snapshot.h"

#include <string.h>

static inline bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool same_entry(const struct kt_entry *a, const struct kt_entry *b)
{
	return a->metric == b->metric && a->node == b->node && a->unit == b->unit &&
	       a->state == b->state && a->quality == b->quality && a->rank == b->rank &&
	       a->raw == b->raw && a->next == b->next && same_text(a->path, b->path) &&
	       same_text(a->field, b->field);
}

static inline bool same_zone(const struct kt_zone *a, const struct kt_zone *b)
{
	return same_text(a->name, b->name) && a->node == b->node && a->free == b->free &&
	       a->pcp == b->pcp && a->present == b->present && a->managed == b->managed &&
	       a->threshold == b->threshold;
}

static inline bool same_cache(const struct kt_cache *a, const struct kt_cache *b)
{
	return same_text(a->name, b->name) && a->nr_slabs == b->nr_slabs &&
	       a->active_objs == b->active_objs;
}

#endif
