// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 16384u

struct kt_arena_chunk {
	struct kt_arena_chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

void *kt_arena_alloc(struct kt_arena *arena, size_t size)
{
	struct kt_arena_chunk *chunk = arena->chunks;
	size_t need = (size + 15u) & ~(size_t)15u;
	void *memory;

	if (need < size || arena->failed)
		goto out;
	if (!chunk || chunk->size - chunk->used < need) {
		size_t room = need > CHUNK_BYTES ? need : CHUNK_BYTES;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			goto out;
		*chunk = (struct kt_arena_chunk){ .next = arena->chunks, .size = room };
		arena->chunks = chunk;
	}
	memory = memset(chunk->data + chunk->used, 0, need);
	chunk->used += need;
	return memory;
out:
	arena->failed = true;
	return NULL;
}

const char *kt_arena_name(struct kt_arena *arena, struct kt_span name)
{
	char *copy = kt_arena_alloc(arena, name.n + 1);

	if (!copy)
		return "";
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		copy[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	return copy;
}

const char *kt_arena_printf(struct kt_arena *arena, const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = n < 0 ? NULL : kt_arena_alloc(arena, (size_t)n + 1);
	if (!text)
		return "";
	va_start(args, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, args);
	va_end(args);
	return text;
}

void *kt_arena_push(
	struct kt_arena *arena, void *array, size_t *count, size_t *room, size_t element_size)
{
	void **items = array;

	if (*count == *room) {
		size_t more = *room ? *room * 2 : 8;
		void *grown = kt_arena_alloc(arena, more * element_size);

		if (!grown)
			return NULL;
		if (*count)
			memcpy(grown, *items, *count * element_size);
		*items = grown;
		*room = more;
	}
	return (char *)*items + (*count)++ * element_size;
}

void kt_arena_fini(struct kt_arena *arena)
{
	struct kt_arena_chunk *chunk = arena->chunks;

	while (chunk) {
		struct kt_arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	*arena = (struct kt_arena){ 0 };
}
