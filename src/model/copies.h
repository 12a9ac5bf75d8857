// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_COPIES_H
#define KT_MODEL_COPIES_H

#include "base/arena.h"
#include "base/map.h"

#define KT_COPIES_MAX 65536u /* remembered objects */

/**
 * Numbers of twins, objects that share a name, as they were first given: an object keeps its number
 * while its twins come and go, and no other object gets it. Zero-initialise; kt_copies_fini()
 * frees.
 */
struct kt_copies {
	struct kt_arena arena;
	struct kt_map by_key;  /* identity -> number */
	struct kt_map by_name; /* shared name -> largest number given */
};

/**
 * Returns the number of one object, from 1: `key` is its identity, `name` is shared with its twins.
 * 0 when out of memory.
 */
uint32_t kt_copies_of(struct kt_copies *copies, const char *key, const char *name);
void kt_copies_fini(struct kt_copies *copies);
/** Returns "name#2", or `name` itself for the first. */
const char *kt_copies_name(struct kt_arena *arena, const char *name, int64_t copy);

#endif
