// SPDX-License-Identifier: GPL-2.0-or-later
//
// Series as a block stores them: what goes in comes out, and what says the same twice is
// kept once.

#include "record/block.h"
#include "record/columns.h"
#include "test.h"

#define SAMPLES 200u
#define SERIES	12u

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* A block of series; its operations are those of `series`. */
struct made {
	struct kt_block block;
	struct kt_series series[SERIES + 2];
};

static void make(struct made *made, uint32_t nr_samples)
{
	made->block = (struct kt_block){ .nr_samples = nr_samples, .values_per_number = 1 };
	for (size_t i = 0; i < SERIES + 2; i++)
		kt_series_init(&made->series[i]);
}

static void finish(struct made *made)
{
	uint32_t nr_samples = made->block.nr_samples;
	struct kt_block_line *line;

	made->block.real_ms = kt_series_ops(&made->series[SERIES], nr_samples);
	made->block.boot_ms = kt_series_ops(&made->series[SERIES + 1], nr_samples);
	line = kt_list_push(&made->block.arena, &made->block.lines);
	*line = (struct kt_block_line){ .text = "", .nr_numbers = SERIES };
	for (size_t i = 0; i < SERIES; i++) {
		struct kt_span *ops = kt_list_push(&made->block.arena, &made->block.series);

		*ops = kt_series_ops(&made->series[i], nr_samples);
	}
}

static void drop(struct made *made)
{
	for (size_t i = 0; i < SERIES + 2; i++)
		kt_series_fini(&made->series[i]);
	kt_block_cleanup(&made->block);
}

/* Samples in which the two series differ. */
static uint32_t differences(struct kt_span a, struct kt_span b, uint32_t nr_samples)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < nr_samples; i++) {
		int64_t one = 0, other = 0;
		bool there = kt_series_at(a, i, &one);

		wrong += kt_series_at(b, i, &other) != there || (there && one != other);
	}
	return wrong;
}

static struct kt_span series_of(const void *arg, size_t number)
{
	const struct made *made = arg;

	return made->block.series.items[number];
}

/* Encodes and decodes; bytes that it took, or 0 where something else came back. */
static size_t round_trip(struct made *made)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	uint32_t wrong = 0, nr_samples = made->block.nr_samples;
	struct kt_columns_source source = { nr_samples, SERIES, series_of, made };
	struct kt_columns_index *index;
	struct kt_arena arena = { 0 };

	kt_columns_encode(&source, &bytes);
	if (kt_columns_decode((struct kt_span){ bytes.data, bytes.size }, SERIES, nr_samples,
		    &arena, &index)) {
		for (size_t i = 0; i < SERIES; i++)
			wrong += differences(
				series_of(made, i), kt_columns_series(index, i), nr_samples);
		wrong += !kt_columns_are_whole(index);
	} else
		wrong = 1;
	kt_columns_free(index);
	kt_arena_fini(&arena);
	return wrong ? 0 : bytes.size;
}

TEST(every_value_and_every_gap_of_every_series_comes_back)
{
	for (uint64_t seed = 1; seed <= 400; seed++) {
		static struct made made;
		uint64_t state = seed;
		/* from all the same to the whole range, with gaps or without */
		unsigned bits = (unsigned)(seed % 65), gaps = seed % 3 ? 0 : 1 + seed % 7;

		make(&made, 1 + (uint32_t)seed % SAMPLES);
		for (size_t i = 0; i < SERIES + 2; i++) {
			for (uint32_t k = 0; k < made.block.nr_samples; k++) {
				uint64_t value = next_random(&state) << 33 ^ next_random(&state);

				value = bits < 64 ? value & ((1ull << bits) - 1) : value;
				if (gaps && next_random(&state) % gaps == 0)
					kt_series_set_absent(&made.series[i], k);
				else if (next_random(&state) % 3)
					kt_series_set(&made.series[i], k, (int64_t)value);
			}
		}
		finish(&made);
		CHECK(round_trip(&made) > 0);
		drop(&made);
	}
}

/* MemFree in KiB, nr_free_pages of the machine, of its node, and a sum of two others. */
TEST(what_the_kernel_says_several_times_is_kept_once)
{
	static struct made once, often;
	size_t alone, all;

	for (int turn = 0; turn < 2; turn++) {
		struct made *made = turn ? &often : &once;
		uint64_t state = 1;
		int64_t pages = 1 << 20, other = 1 << 18;

		make(made, SAMPLES);
		for (uint32_t k = 0; k < SAMPLES; k++) {
			pages += (int64_t)(next_random(&state) % 20000) - 10000;
			other += (int64_t)(next_random(&state) % 20000) - 10000;
			kt_series_set(&made->series[0], k, pages);
			kt_series_set(&made->series[1], k, other);
			if (!turn)
				continue;
			kt_series_set(&made->series[2], k, pages);
			kt_series_set(&made->series[3], k, pages * 4);
			kt_series_set(&made->series[4], k, (pages + other) * 4);
			kt_series_set(&made->series[5], k, pages * 4 / 64);
			kt_series_set(&made->series[6], k, -pages);
			kt_series_set(&made->series[7], k, other * 192);
		}
		finish(made);
	}
	alone = round_trip(&once);
	all = round_trip(&often);
	CHECK(alone > 0 && all > 0);
	CHECK(all < alone + 8ul * 12); /* some bytes for each, and none for their samples */
	drop(&once);
	drop(&often);
}
