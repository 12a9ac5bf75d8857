// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_CHUNKS_BYTES_H
#define KT_TEST_CHUNKS_BYTES_H

/** A kernel made by hand with chunks of per-CPU memory, and the struct pages of their pages. */

#include "kernel_bytes.h"

#include "memory/percpu.h"

#define CHUNKS_BASE  0xffff888000000000ull
#define CHUNKS_BYTES (1u << 18)
#define CHUNKS_MAP   0xffffea0000000000ull
#define CHUNKS_UNITS 3u
#define MAP_PAGES    64u /* of RAM */
#define UNIT_PAGES   8u
#define UNIT_BITS    (UNIT_PAGES * 1024u)
#define NR_SLOTS     5u

/* Places of members. */
enum {
	CHUNK_LIST = 8,
	CHUNK_FREE = 24,
	CHUNK_BASE = 32,
	CHUNK_MAP = 40,
	CHUNK_BOUNDS = 48,
	CHUNK_IMMUTABLE = 56,
	CHUNK_START = 60,
	CHUNK_END = 64,
	CHUNK_PAGES = 68,
	CHUNK_POPULATED = 72,
	CHUNK_BITMAP = 80,
	CHUNK_BYTES = 96,
	OF_PAGE_FLAGS = 0,
	OF_PAGE_PRIVATE = 40,
	OF_PAGE_BYTES = 64,
};

struct chunks_bytes {
	char *memory, *map, *types;
	uint32_t used, next_page;
	uint64_t slots; /* heads of lists */
	struct kt_target_piece pieces[2];
	struct kt_target *target;
	struct kt_memmap memmap;
	struct kt_pfn_range range;
};

static inline void chunks_set(
	struct chunks_bytes *chunks, uint64_t address, uint64_t value, size_t size)
{
	memcpy(chunks->memory + (address - CHUNKS_BASE), &value, size);
}

static inline uint64_t chunks_get(const struct chunks_bytes *chunks, uint64_t address, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, chunks->memory + (address - CHUNKS_BASE), size);
	return value;
}

static inline uint64_t chunks_take(struct chunks_bytes *chunks, uint32_t bytes)
{
	uint64_t address = CHUNKS_BASE + chunks->used;

	chunks->used += (bytes + 63) / 64 * 64;
	if (chunks->used > CHUNKS_BYTES)
		abort();
	return address;
}

static inline char *chunks_types(size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t number = made_int(&made, "int", 4), word = made_int(&made, "long", 8);
	uint32_t flag = made_int(&made, "bool", 1), pointer = made_pointer(&made, 0);
	uint32_t bitmap = made_array(&made, word, 0);
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	const struct made_member of_chunk[] = { { "list", list, CHUNK_LIST * 8, 0 },
		{ "free_bytes", number, CHUNK_FREE * 8, 0 },
		{ "base_addr", pointer, CHUNK_BASE * 8, 0 },
		{ "alloc_map", pointer, CHUNK_MAP * 8, 0 },
		{ "bound_map", pointer, CHUNK_BOUNDS * 8, 0 },
		{ "immutable", flag, CHUNK_IMMUTABLE * 8, 0 },
		{ "start_offset", number, CHUNK_START * 8, 0 },
		{ "end_offset", number, CHUNK_END * 8, 0 },
		{ "nr_pages", number, CHUNK_PAGES * 8, 0 },
		{ "nr_populated", number, CHUNK_POPULATED * 8, 0 },
		{ "populated", bitmap, CHUNK_BITMAP * 8, 0 } };
	const struct made_member of_page[] = { { "flags", word, OF_PAGE_FLAGS * 8, 0 },
		{ "slab_cache", pointer, 64, 0 }, { "freelist", pointer, 128, 0 },
		{ "objects", number, 192, 0 }, { "inuse", number, 224, 0 },
		{ "private", word, OF_PAGE_PRIVATE * 8, 0 } };
	char *file;

	made_struct(&made, "pcpu_chunk", CHUNK_BYTES, of_chunk, KT_LEN(of_chunk));
	made_struct(&made, "page", OF_PAGE_BYTES, of_page, KT_LEN(of_page));
	made_enum(&made, "pagetype", "PGTY_slab", 0xf5);
	made_enum(&made, "pageflags", "__NR_PAGEFLAGS", 22);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

static inline void chunks_link(struct chunks_bytes *chunks, uint64_t head, uint64_t element)
{
	uint64_t last = chunks_get(chunks, head + 8, 8);

	chunks_set(chunks, element, head, 8);
	chunks_set(chunks, element + 8, last, 8);
	chunks_set(chunks, last, element, 8);
	chunks_set(chunks, head + 8, element, 8);
}

/* A chunk with nothing in it, of whose pages the first `populated` exist. */
static inline uint64_t chunks_add(
	struct chunks_bytes *chunks, uint32_t slot, uint64_t base, uint32_t populated)
{
	uint64_t chunk = chunks_take(chunks, CHUNK_BYTES);

	chunks_set(chunks, chunk + CHUNK_BASE, base, 8);
	chunks_set(chunks, chunk + CHUNK_MAP, chunks_take(chunks, UNIT_BITS / 8), 8);
	chunks_set(chunks, chunk + CHUNK_BOUNDS, chunks_take(chunks, UNIT_BITS / 8 + 8), 8);
	chunks_set(chunks, chunk + CHUNK_PAGES, UNIT_PAGES, 4);
	chunks_set(chunks, chunk + CHUNK_POPULATED, populated, 4);
	chunks_set(chunks, chunk + CHUNK_BITMAP, (1u << populated) - 1, 8);
	chunks_set(chunks, chunk + CHUNK_FREE, UNIT_BITS * 4, 4);
	if (slot < NR_SLOTS)
		chunks_link(chunks, chunks->slots + 16ull * slot, chunk + CHUNK_LIST);
	for (uint32_t i = 0; i < populated * CHUNKS_UNITS; i++)
		memcpy(chunks->map + chunks->next_page++ * OF_PAGE_BYTES + OF_PAGE_PRIVATE, &chunk,
			sizeof(chunk));
	if (chunks->next_page > MAP_PAGES)
		abort();
	return chunk;
}

static inline void chunks_bits(
	struct chunks_bytes *chunks, uint64_t map, uint32_t first, uint32_t count)
{
	for (uint32_t bit = first; bit < first + count; bit++)
		chunks->memory[map - CHUNKS_BASE + bit / 8] |= (char)(1u << bit % 8);
}

/* An allocation, in bits. */
static inline void chunks_alloc(
	struct chunks_bytes *chunks, uint64_t chunk, uint32_t first, uint32_t count)
{
	uint64_t bounds = chunks_get(chunks, chunk + CHUNK_BOUNDS, 8);

	chunks_bits(chunks, chunks_get(chunks, chunk + CHUNK_MAP, 8), first, count);
	chunks_bits(chunks, bounds, first, 1);
	chunks_bits(chunks, bounds, first + count, 1);
	chunks_set(chunks, chunk + CHUNK_FREE,
		chunks_get(chunks, chunk + CHUNK_FREE, 4) - 4ull * count, 4);
}

static inline void chunks_init(struct chunks_bytes *chunks)
{
	const struct kt_page_sample sample = { .address = CHUNKS_MAP };
	size_t size;

	*chunks = (struct chunks_bytes){ .memory = calloc(1, CHUNKS_BYTES),
		.map = calloc(MAP_PAGES, OF_PAGE_BYTES),
		.types = chunks_types(&size),
		.used = 4096,
		.next_page = 4,
		.range = { 0, MAP_PAGES } };
	chunks->pieces[0] = (struct kt_target_piece){ CHUNKS_BASE, chunks->memory, CHUNKS_BYTES };
	chunks->pieces[1] = (struct kt_target_piece){ CHUNKS_MAP, chunks->map,
		(size_t)MAP_PAGES * OF_PAGE_BYTES };
	if (!chunks->memory || !chunks->map ||
		kt_target_of_bytes(chunks->pieces, 2, &chunks->target) ||
		kt_types_init(&chunks->target->types, (struct kt_span){ chunks->types, size }, 8) ||
		kt_memmap_open(chunks->target, &sample, &chunks->range, 1, &chunks->memmap))
		abort();
	chunks->target->nr_cpus = CHUNKS_UNITS;
	chunks->slots = chunks_take(chunks, 16 * NR_SLOTS);
	chunks->used += 64; /* the array ends here */
	for (uint32_t i = 0; i < NR_SLOTS; i++) {
		chunks_set(chunks, chunks->slots + 16ull * i, chunks->slots + 16ull * i, 8);
		chunks_set(chunks, chunks->slots + 16ull * i + 8, chunks->slots + 16ull * i, 8);
	}
}

/* Symbols of a kernel that names its variables. */
static inline void chunks_symbols(struct chunks_bytes *chunks, uint64_t first, uint64_t reserved)
{
	struct kt_symbols *symbols = &chunks->target->symbols;
	uint64_t at = chunks_take(chunks, 64);

	chunks_set(chunks, at, chunks->slots, 8);
	chunks_set(chunks, at + 8, CHUNKS_UNITS + 1, 4);
	chunks_set(chunks, at + 16, first, 8);
	chunks_set(chunks, at + 24, reserved, 8);
	kt_symbols_add(symbols, KT_SPAN("pcpu_chunk_lists"), at);
	kt_symbols_add(symbols, KT_SPAN("pcpu_nr_units"), at + 8);
	kt_symbols_add(symbols, KT_SPAN("pcpu_base_addr"), at + 16);
	kt_symbols_add(symbols, KT_SPAN("pcpu_reserved_chunk"), at + 24);
}

static inline void chunks_fini(struct chunks_bytes *chunks)
{
	kt_target_close(chunks->target);
	free(chunks->memory);
	free(chunks->map);
	free(chunks->types);
}

#endif
