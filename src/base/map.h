// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_MAP_H
#define KT_BASE_MAP_H

#include "base/arena.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * A hash map from text to a number, usually the index of an element in an array of the caller. Two
 * keys are equal only if their bytes are equal. Each process uses its own random hash key, so that
 * no file can be written to make lookups slow.
 *
 *	struct kt_map map = { 0 };
 *	uint32_t *value = kt_map_add(&map, key, NULL, &added);
 *	if (value && added)
 *		*value = index;
 *	kt_map_fini(&map);
 */
struct kt_map {
	struct kt_map_slot *slots;
	uint32_t count, room; /* keys; slots: 0 or a power of two */
	bool failed;	      /* out of memory; sticks until kt_map_fini() */
};

#define KT_MAP_MAX (1u << 30) /* keys; more keys count as out of memory */

/** Returns the value of a key, or NULL if the key is missing. Valid until the next kt_map_add(). */
uint32_t *kt_map_find(const struct kt_map *map, struct kt_span key);
/**
 * Returns the value of a key; a missing key is added with the value 0. The bytes of a new key are
 * copied into `arena`; with NULL they are not copied and must outlive the map. `ret_added` may be
 * NULL. Returns NULL when out of memory.
 */
uint32_t *kt_map_add(
	struct kt_map *map, struct kt_span key, struct kt_arena *arena, bool *ret_added);
/** Removes all keys and keeps the memory. */
void kt_map_clear(struct kt_map *map);
void kt_map_fini(struct kt_map *map);
void kt_map_cleanup(struct kt_map *map);

/** Keyed hash of bytes; stable only within one process. */
uint64_t kt_map_hash(struct kt_span key);

#endif
