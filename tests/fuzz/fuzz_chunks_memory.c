// SPDX-License-Identifier: GPL-2.0-or-later
//
// Chunks of per-CPU memory in damaged memory. The first byte chooses whether symbols lead to them,
// then the input is a list of changes to memory that was made by hand: a place in memory or in the
// memory map, and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/chunks_bytes.h"

#define READS_MAX 20000u /* more is no bounded walk */

static void fill(struct chunks_bytes *chunks)
{
	uint64_t first = chunks_add(chunks, 0, 0xffff88800f000000ull, 1);

	chunks_set(chunks, first + CHUNK_IMMUTABLE, 1, 1);
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t chunk =
			chunks_add(chunks, 1 + i / 2, 0xffffc90000000000ull + (i << 20), i);

		for (uint32_t k = 0; k < 8; k++)
			chunks_alloc(chunks, chunk, 100 * k, 10 * i + k + 1);
	}
}

static void damage(struct chunks_bytes *chunks, const uint8_t *data, size_t size)
{
	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at;
		uint64_t value = change.value;

		if (at >> 31)
			value = CHUNKS_BASE + value % chunks->used;
		at &= 0x7fffffff;
		if (at % 4 == 0)
			memcpy(chunks->map + at / 4 % (MAP_PAGES * OF_PAGE_BYTES - 8), &value,
				sizeof(value));
		else
			chunks_set(chunks, CHUNKS_BASE + at / 4 % (chunks->used - 8), value, 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_snapshot *snap;
	struct chunks_bytes chunks;

	if (!size)
		return 0;
	snap = kt_snapshot_new();
	if (!snap)
		abort();
	chunks_init(&chunks);
	fill(&chunks);
	if (data[0] & 1)
		chunks_symbols(&chunks, CHUNKS_BASE, 0);
	damage(&chunks, data + 1, size - 1);
	kt_err_free(kt_percpu_walk(chunks.target, &chunks.memmap, snap));
	for (size_t i = 0; i < snap->percpu_chunks.count; i++) {
		const struct kt_percpu_chunk *chunk = &snap->percpu_chunks.items[i];

		if (chunk->free_bytes > chunk->size_bytes ||
			chunk->largest_free_bytes > chunk->free_bytes ||
			chunk->fragment_bytes > chunk->free_bytes)
			abort();
	}
	if (chunks.target->nr_reads > READS_MAX)
		abort();
	chunks_fini(&chunks);
	kt_snapshot_free(snap);
	return 0;
}
