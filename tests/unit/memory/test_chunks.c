// SPDX-License-Identifier: GPL-2.0-or-later
#include "chunks_bytes.h"
#include "random.h"
#include "test.h"

#define VMALLOC 0xffffc90000000000ull
#define BOOT	0xffff88800f000000ull

/* The first chunk, a full one, and one with gaps. */
static uint64_t fill(struct chunks_bytes *chunks)
{
	uint64_t first = chunks_add(chunks, 1, BOOT + 5 * 4096, 0);
	uint64_t full = chunks_add(chunks, 0, VMALLOC, UNIT_PAGES);
	uint64_t gaps = chunks_add(chunks, 3, VMALLOC + 0x100000, 3);

	/* the first 40 and the last 8 bytes are of other parts, and marked */
	chunks_set(chunks, first + CHUNK_IMMUTABLE, 1, 1);
	chunks_set(chunks, first + CHUNK_POPULATED, UNIT_PAGES, 4);
	/* the kernel fills the whole word */
	chunks_set(chunks, first + CHUNK_BITMAP, UINT64_MAX, 8);
	chunks_set(chunks, first + CHUNK_START, 40, 4);
	chunks_set(chunks, first + CHUNK_END, 8, 4);
	chunks_alloc(chunks, first, 0, 10);
	chunks_alloc(chunks, first, UNIT_BITS - 2, 2);
	chunks_alloc(chunks, first, 20, 100);
	for (uint32_t i = 0; i < UNIT_BITS / 64; i++)
		chunks_alloc(chunks, full, 64 * i, 64);
	chunks_alloc(chunks, gaps, 0, 2);
	chunks_alloc(chunks, gaps, 2, 1);
	chunks_alloc(chunks, gaps, 100, 28);
	chunks_alloc(chunks, gaps, 128, 200);
	chunks_alloc(chunks, gaps, 1000, 1);
	return first;
}

static void check(const struct kt_percpu_chunk *chunk, bool first, int64_t size, int64_t populated,
	int64_t nr_allocs, int64_t free)
{
	CHECK(chunk->first == first);
	CHECK(!chunk->reserved);
	CHECK_INT(chunk->size_bytes, size);
	CHECK_INT(chunk->populated_bytes, populated);
	CHECK_INT(chunk->nr_allocs, nr_allocs);
	CHECK_INT(chunk->free_bytes, free);
}

/* The three chunks, in the order of their addresses. */
static void check_all(const struct kt_snapshot *snap, size_t at)
{
	const struct kt_percpu_chunk *chunks = &snap->percpu_chunks.items[at];
	const int64_t unit = UNIT_BITS * 4ll;

	check(&chunks[0], true, unit - 48, unit, 1, unit - 48 - 400);
	CHECK_INT(chunks[0].fragment_bytes, 40);
	CHECK_INT(chunks[0].largest_free_bytes, unit - 480 - 8);
	check(&chunks[1], false, unit, unit, UNIT_BITS / 64, 0);
	CHECK_INT(chunks[1].fragment_bytes, 0);
	CHECK_INT(chunks[1].largest_free_bytes, 0);
	check(&chunks[2], false, unit, 3ll * 4096, 5, unit - 4ll * (3 + 228 + 1));
	CHECK_INT(chunks[2].fragment_bytes, 4 * (97 + 672));
	CHECK_INT(chunks[2].largest_free_bytes, unit - 4 * 1001);
	CHECK_INT(snap->percpu_walk.nr_torn, 0);
}

TEST(a_page_of_a_chunk_leads_to_all_chunks)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct chunks_bytes chunks;

	chunks_init(&chunks);
	fill(&chunks);
	/* pages of others, with an address where a chunk's page has its chunk */
	memcpy(chunks.map + OF_PAGE_PRIVATE, &(uint64_t){ CHUNKS_BASE + 4096 }, 8);
	memcpy(chunks.map + OF_PAGE_BYTES + OF_PAGE_PRIVATE, &(uint64_t){ UINT64_MAX - 7 }, 8);
	CHECK(!kt_percpu_walk(chunks.target, &chunks.memmap, snap));
	if (CHECK_INT(snap->percpu_chunks.count, 3))
		check_all(snap, 0);
	CHECK_INT(snap->percpu_walk.nr_units, CHUNKS_UNITS);
	CHECK_INT(snap->percpu_walk.nr_first_pages, KT_UNKNOWN);
	kt_snapshot_free(snap);
	chunks_fini(&chunks);
}

TEST(symbols_lead_to_all_chunks_and_to_the_reserve_of_modules)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct chunks_bytes chunks;
	uint64_t reserved;

	chunks_init(&chunks);
	fill(&chunks);
	reserved = chunks_add(&chunks, NR_SLOTS, BOOT, 0);
	chunks_set(&chunks, reserved + CHUNK_IMMUTABLE, 1, 1);
	chunks_symbols(&chunks, BOOT, reserved);
	CHECK(kt_percpu_has_symbols(chunks.target));
	CHECK(!kt_percpu_walk(chunks.target, NULL, snap));
	if (CHECK_INT(snap->percpu_chunks.count, 4)) {
		CHECK(snap->percpu_chunks.items[0].reserved);
		check_all(snap, 1);
	}
	CHECK_INT(snap->percpu_walk.nr_units, CHUNKS_UNITS + 1);
	CHECK_INT(snap->percpu_walk.nr_first_pages, 5 + UNIT_PAGES);
	kt_snapshot_free(snap);
	chunks_fini(&chunks);
}

TEST(chunks_that_contradict_themselves_are_torn_and_not_shown)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct chunks_bytes chunks;
	uint64_t chunk;

	chunks_init(&chunks);
	fill(&chunks);
	chunk = chunks_add(&chunks, 2, VMALLOC + 0x200000, 1);
	chunks_set(&chunks, chunk + CHUNK_FREE, UNIT_BITS * 4 - 4, 4);
	CHECK(!kt_percpu_walk(chunks.target, &chunks.memmap, snap));
	CHECK_INT(snap->percpu_chunks.count, 3);
	CHECK_INT(snap->percpu_walk.nr_torn, 1);
	kt_snapshot_free(snap);
	chunks_fini(&chunks);
}

TEST(without_a_page_of_a_chunk_and_without_symbols_there_is_an_error)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct chunks_bytes chunks;
	struct kt_err *err;

	chunks_init(&chunks);
	err = kt_percpu_walk(chunks.target, &chunks.memmap, snap);
	if (CHECK(err != NULL))
		CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	CHECK(!kt_percpu_has_symbols(chunks.target));
	kt_snapshot_free(snap);
	chunks_fini(&chunks);
}

/* The lists are read until a reading finds nothing new. A chunk is freed after the first one. */
static struct {
	struct chunks_bytes *chunks;
	const struct kt_target_ops *ops;
	uint64_t last, freed; /* chunks */
	unsigned nr_reads;    /* of `last` */
} freeing;

static bool read_and_free(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	struct chunks_bytes *chunks = freeing.chunks;
	uint64_t at = freeing.freed + CHUNK_LIST, next = chunks_get(chunks, at, 8);

	if (address == freeing.last && size > 8 && ++freeing.nr_reads == 3) {
		chunks_set(chunks, chunks_get(chunks, at + 8, 8), next, 8);
		chunks_set(chunks, next + 8, chunks_get(chunks, at + 8, 8), 8);
		chunks_set(chunks, at, 0xdead000000000100ull, 8);
		chunks_set(chunks, at + 8, 0xdead000000000122ull, 8);
	}
	return freeing.ops->read(target, address, to, size);
}

TEST(a_chunk_that_is_freed_before_the_lists_are_read_again_is_not_counted)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct chunks_bytes chunks;
	struct kt_target_ops ops;
	uint64_t reserved;

	chunks_init(&chunks);
	fill(&chunks);
	freeing.chunks = &chunks;
	freeing.ops = chunks.target->ops;
	freeing.nr_reads = 0;
	freeing.freed = chunks_add(&chunks, 2, VMALLOC + 0x200000, 2);
	freeing.last = chunks_add(&chunks, 4, VMALLOC + 0x300000, 0);
	reserved = chunks_add(&chunks, NR_SLOTS, BOOT, 0);
	chunks_set(&chunks, reserved + CHUNK_IMMUTABLE, 1, 1);
	chunks_symbols(&chunks, BOOT, reserved);
	ops = *freeing.ops;
	ops.read = read_and_free;
	chunks.target->ops = &ops;
	CHECK(!kt_percpu_walk(chunks.target, &chunks.memmap, snap));
	CHECK(freeing.nr_reads > 3);
	CHECK_INT(snap->percpu_walk.nr_torn, 0);
	CHECK_INT(snap->percpu_chunks.count, 5);
	for (size_t i = 0; i < snap->percpu_chunks.count; i++)
		CHECK(snap->percpu_chunks.items[i].populated_bytes != 2ll * 4096);
	kt_snapshot_free(snap);
	chunks_fini(&chunks);
}

TEST(damaged_memory_ends_the_walk_over_chunks)
{
	struct chunks_bytes chunks;

	chunks_init(&chunks);
	fill(&chunks);
	for (unsigned i = 0; i < 10000; i++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		bool in_map = dice(4) == 0;
		char *memory = in_map ? chunks.map : chunks.memory;
		size_t at = in_map ? dice((uint64_t)MAP_PAGES * OF_PAGE_BYTES - 8)
				   : 4096 + dice(chunks.used - 4096);
		uint64_t before,
			value = dice(2) ? dice(UINT64_MAX) : CHUNKS_BASE + dice(chunks.used);

		/* the memory map is searched in the first ones */
		if (i == 2500)
			chunks_symbols(&chunks, BOOT, 0);
		/* half of the changes are in the heads of lists and the first chunk */
		if (!in_map && dice(2))
			at = 4096 + dice(384);
		memcpy(&before, memory + at, sizeof(before));
		memcpy(memory + at, &value, 1ull << dice(4));
		chunks.target->nr_reads = 0;
		kt_err_free(kt_percpu_walk(chunks.target, &chunks.memmap, snap));
		for (size_t k = 0; k < snap->percpu_chunks.count; k++) {
			const struct kt_percpu_chunk *chunk = &snap->percpu_chunks.items[k];

			CHECK(chunk->free_bytes <= chunk->size_bytes);
			CHECK(chunk->largest_free_bytes <= chunk->free_bytes);
			CHECK(chunk->fragment_bytes <= chunk->free_bytes);
			CHECK(chunk->populated_bytes >= 0);
		}
		CHECK(chunks.target->nr_reads < 3000);
		memcpy(memory + at, &before, sizeof(before));
		kt_snapshot_free(snap);
	}
	chunks_fini(&chunks);
}
