// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/pack.h"
#include "record/series.h"

#include "test.h"

#include <stdlib.h>

#define SAMPLES 500

/* A small generator of its own: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static int64_t random_value(uint64_t *state, int64_t last)
{
	switch (next_random(state) % 6) {
	case 0: return last;
	case 1: return (int64_t)((uint64_t)last + 1);
	case 2: return (int64_t)(next_random(state) % 1000);
	case 3: return INT64_MAX - (int64_t)(next_random(state) % 3);
	case 4: return INT64_MIN + (int64_t)(next_random(state) % 3);
	default: return -(int64_t)next_random(state);
	}
}

TEST(every_value_and_every_gap_comes_back)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct kt_series series;
		int64_t values[SAMPLES], last = 0, found;
		bool absent[SAMPLES];
		uint64_t state = seed;
		int wrong = 0;

		kt_series_init(&series);
		for (uint32_t i = 0; i < SAMPLES; i++) {
			absent[i] = next_random(&state) % 8 == 0;
			values[i] = last = random_value(&state, last);
			if (absent[i])
				kt_series_set_absent(&series, i);
			else
				kt_series_set(&series, i, values[i]);
		}
		struct kt_span span = kt_series_ops(&series, SAMPLES);

		CHECK(kt_series_check(span, SAMPLES));
		for (uint32_t i = 0; i < SAMPLES; i++) {
			bool there = kt_series_at(span, i, &found);

			wrong += there == absent[i] || (there && found != values[i]);
		}
		CHECK_INT(wrong, 0);
		kt_series_fini(&series);
	}
}

TEST(a_number_that_never_changes_costs_its_value_once)
{
	struct kt_series series;

	kt_series_init(&series);
	for (uint32_t i = 0; i < 10000; i++)
		kt_series_set(&series, i, 42);
	CHECK_INT(series.size, 2);
	kt_series_fini(&series);
}

TEST(the_first_value_of_a_sample_counts)
{
	struct kt_series series;
	int64_t found = 0;

	kt_series_init(&series);
	kt_series_set(&series, 0, 1);
	kt_series_set(&series, 0, 2);
	kt_series_set_absent(&series, 0);
	kt_series_set(&series, 1, 3);
	struct kt_span ops = kt_series_ops(&series, 2);

	CHECK(kt_series_check(ops, 2));
	CHECK(kt_series_at(ops, 0, &found));
	CHECK_INT(found, 1);
	kt_series_fini(&series);
}

/* A writer that ends in the middle of a sample has set some of its numbers. */
TEST(what_is_known_of_a_sample_that_was_not_ended_is_left_out)
{
	for (uint32_t nr_samples = 0; nr_samples <= 4; nr_samples++) {
		struct kt_series series;
		int64_t found = 0;

		kt_series_init(&series);
		kt_series_set(&series, 1, 5);
		kt_series_set_absent(&series, 2);
		kt_series_set(&series, 3, 7);
		struct kt_span span = kt_series_ops(&series, nr_samples);

		CHECK(kt_series_check(span, nr_samples));
		CHECK(!kt_series_at(span, 0, &found));
		CHECK(nr_samples < 3 || !kt_series_at(span, 2, &found));
		CHECK(nr_samples < 2 || (kt_series_at(span, 1, &found) && found == 5));
		CHECK(nr_samples < 4 || (kt_series_at(span, 3, &found) && found == 7));
		kt_series_fini(&series);
	}
}

TEST(what_is_no_series_is_found_out)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
		{ "\x05", 1 },	       /* repeats what was never there */
		{ "\x80", 1 },	       /* half a number */
		{ "\x03\x01\x02", 3 }, /* half of eight bytes */
		{ "\x06", 1 },	       /* absent for longer than there are samples */
		{ "\x08\x08\x08", 3 }, /* one value too many */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 },
	};

	for (size_t i = 0; i < KT_LEN(bad); i++) {
		if (!CHECK(!kt_series_check(
			    (struct kt_span){ bad[i].bytes, bad[i].size }, i == 3 ? 1 : 2)))
			printf("  for %zu\n", i);
	}
	CHECK(kt_series_check((struct kt_span){ "", 0 }, 7));
}

TEST(numbers_of_any_size_are_packed_and_never_read_past_the_end)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 1ull << 32, UINT64_MAX - 1, UINT64_MAX };

	for (size_t i = 0; i < KT_LEN(values); i++) {
		KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
		struct kt_span rest;
		uint64_t found = 0;

		kt_pack_varint(&bytes, values[i]);
		for (size_t cut = 0; cut < bytes.size; cut++) {
			rest = (struct kt_span){ bytes.data, cut };
			CHECK(!kt_take_varint(&rest, &found));
		}
		rest = (struct kt_span){ bytes.data, bytes.size };
		CHECK(kt_take_varint(&rest, &found) && found == values[i] && !rest.n);
		CHECK(kt_unzigzag(kt_zigzag((int64_t)values[i])) == (int64_t)values[i]);
	}
}

TEST(the_checksum_is_the_one_that_others_compute)
{
	static char many[40003];
	uint32_t sum = 0;

	/* RFC 3720, B.4 */
	CHECK_INT(kt_crc32c(0, "123456789", 9), 0xe3069283);
	CHECK_INT(kt_crc32c(0, "", 0), 0);
	CHECK_INT(kt_crc32c(kt_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	/* many bytes at once may be summed up by an instruction */
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = (char)(i * i % 251);
	for (size_t i = 0; i < sizeof(many); i += 1000)
		sum = kt_crc32c(sum, many + i, sizeof(many) - i < 1000 ? sizeof(many) - i : 1000);
	CHECK_INT(kt_crc32c(0, many, sizeof(many)), sum);
}
