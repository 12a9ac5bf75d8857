// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
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
	char *text, small[128]; /* most texts are short, and formatting costs more than copying */
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	text = n < 0 ? NULL : kt_arena_alloc(arena, (size_t)n + 1);
	if (!text)
		return "";
	if ((size_t)n < sizeof(small))
		return memcpy(text, small, (size_t)n + 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, args);
	va_end(args);
	return text;
}

const char *kt_arena_text(struct kt_arena *arena, struct kt_buf *text)
{
	char *copy = text->failed ? NULL : kt_arena_alloc(arena, text->size + 1);

	arena->failed |= text->failed;
	if (copy && text->size)
		memcpy(copy, text->data, text->size);
	kt_buf_cleanup(text);
	return copy ? copy : "";
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

void kt_arena_reserve(struct kt_arena *arena, void *array, size_t count, size_t *room, size_t more,
	size_t element_size)
{
	void **items = array, *grown;

	if (*room - count >= more || more > SIZE_MAX / 2 / element_size - count)
		return;
	grown = kt_arena_alloc(arena, (count + more) * element_size);
	if (!grown)
		return;
	if (count)
		memcpy(grown, *items, count * element_size);
	*items = grown;
	*room = count + more;
}

void kt_arena_ignore(struct kt_arena *arena, struct kt_err *err)
{
	if (err && kt_err_code(err) == KT_ERR_NOMEM)
		arena->failed = true;
	kt_err_free(err);
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
