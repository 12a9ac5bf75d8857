// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_ARENA_H
#define KT_BASE_ARENA_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Memory that is freed all at once. A failed allocation returns NULL and sets `failed`, which
 * sticks, so that a long sequence of allocations is checked once, at its end.
 */
struct kt_arena {
	struct kt_arena_chunk *chunks;
	bool failed;
};

void *kt_arena_alloc(struct kt_arena *arena, size_t size); /* zeroed */
/**
 * Copies a name and replaces control characters with '?', so that foreign names are safe to print.
 */
const char *kt_arena_name(struct kt_arena *arena, struct kt_span name);
const char *kt_arena_printf(struct kt_arena *arena, const char *fmt, ...) KT_PRINTF(2, 3);
struct kt_buf;
/** Moves a text into the arena and empties the buffer; "" when either is out of memory. */
const char *kt_arena_text(struct kt_arena *arena, struct kt_buf *text);
/**
 * Frees an error that the caller can ignore, such as a missing file. KT_ERR_NOMEM is not ignored:
 * it marks the arena as failed.
 */
void kt_arena_ignore(struct kt_arena *arena, struct kt_err *err);
void kt_arena_fini(struct kt_arena *arena);

/**
 * Returns room for one more element in an array that grows by doubling; NULL when out of memory.
 */
void *kt_arena_push(
	struct kt_arena *arena, void *array, size_t *count, size_t *room, size_t element_size);

/**
 * Allocates room for `more` elements at once when their number is known. A failure is not an error.
 */
void kt_arena_reserve(struct kt_arena *arena, void *array, size_t count, size_t *room, size_t more,
	size_t element_size);

/** A typed array in an arena: KT_LIST(struct foo) foos; kt_list_push(arena, &foos). */
#define KT_LIST(type)               \
	struct {                    \
		type *items;        \
		size_t count, room; \
	}
#define kt_list_push(arena, list)                  \
	((__typeof__((list)->items))kt_arena_push( \
		(arena), &(list)->items, &(list)->count, &(list)->room, sizeof(*(list)->items)))

#define kt_list_reserve(arena, list, more)                                              \
	kt_arena_reserve((arena), &(list)->items, (list)->count, &(list)->room, (more), \
		sizeof(*(list)->items))

#endif
