// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_ARENA_H
#define KT_BASE_ARENA_H

#include "base/attr.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Memory that lives and dies together. A failed allocation returns NULL and sets
 * `failed`, which sticks, so that a long sequence is checked once, at its end.
 */
struct kt_arena {
	struct kt_arena_chunk *chunks;
	bool failed;
};

void *kt_arena_alloc(struct kt_arena *arena, size_t size); /* zeroed */
/** Copies; control characters become '?', so that foreign names are safe to print. */
const char *kt_arena_name(struct kt_arena *arena, struct kt_span name);
const char *kt_arena_printf(struct kt_arena *arena, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_arena_fini(struct kt_arena *arena);

/** Room for one more element in an array that grows by doubling; NULL when out of memory. */
void *kt_arena_push(
	struct kt_arena *arena, void *array, size_t *count, size_t *room, size_t element_size);

/** A typed array in an arena: KT_LIST(struct foo) foos; kt_list_push(arena, &foos). */
#define KT_LIST(type)               \
	struct {                    \
		type *items;        \
		size_t count, room; \
	}
#define kt_list_push(arena, list)                  \
	((__typeof__((list)->items))kt_arena_push( \
		(arena), &(list)->items, &(list)->count, &(list)->room, sizeof(*(list)->items)))

#endif
