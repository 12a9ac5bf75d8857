// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump_map.h"

#include <endian.h>
#include <stdlib.h>

#define WORD_BITS  64u
#define RANK_WORDS (KT_KDUMP_RANK / WORD_BITS)
#define READ_RANKS 64u /* that are read at once */

/* Bit i of a bitmap is bit i % 8 of byte i / 8. */
struct bits {
	uint64_t words[RANK_WORDS];
};

/* Clears the bits outside of page frames `first` to `end`; the bits are those from `at` on. */
static void limit(struct bits *bits, uint64_t at, uint64_t first, uint64_t end)
{
	for (unsigned i = 0; i < RANK_WORDS; i++) {
		uint64_t from = at + (uint64_t)i * WORD_BITS, to = from + WORD_BITS;

		bits->words[i] = le64toh(bits->words[i]);
		if (to <= first || from >= end)
			bits->words[i] = 0;
		if (from < first && first < to)
			bits->words[i] &= ~0ull << (first - from);
		if (from < end && end < to)
			bits->words[i] &= ~(~0ull << (end - from));
	}
}

typedef struct kt_err *(*bits_fn)(void *arg, uint64_t at, const struct bits *bits);

/* Calls with the bits of page frames `first` to `end`, the others of 0 to `last` clear. */
static struct kt_err *each_bits(struct kt_dump_file *file, uint64_t bitmap, uint64_t first,
	uint64_t end, uint64_t last, bits_fn fn, void *arg)
{
	struct bits *block = malloc(READ_RANKS * sizeof(*block));
	uint64_t nr_ranks = (last + KT_KDUMP_RANK - 1) / KT_KDUMP_RANK;
	struct kt_err *err = NULL;

	if (!block)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (uint64_t rank = 0; !err && rank < nr_ranks; rank += READ_RANKS) {
		uint64_t count = nr_ranks - rank, bytes;

		if (count > READ_RANKS)
			count = READ_RANKS;
		bytes = (last - rank * KT_KDUMP_RANK + 7) / 8;
		if (bytes > count * sizeof(*block))
			bytes = count * sizeof(*block);
		memset(block, 0, count * sizeof(*block));
		if (!kt_dump_file_read(file, bitmap + rank * sizeof(*block), block, bytes))
			err = kt_err_new(KT_ERR_PARSE, "the file is cut off in its bitmaps");
		for (uint64_t i = 0; !err && i < count; i++) {
			uint64_t at = (rank + i) * KT_KDUMP_RANK;

			limit(&block[i], at, first, end);
			err = fn(arg, at, &block[i]);
		}
	}
	free(block);
	return err;
}

static uint64_t count_bits(const struct bits *bits)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < RANK_WORDS; i++)
		count += (unsigned)__builtin_popcountll(bits->words[i]);
	return count;
}

/* ---- ranges ---- */

struct ranging {
	struct kt_physical *physical;
	uint32_t block_bytes;
	uint64_t first, end; /* page frames of the range that may go on */
	uint64_t count;
};

static struct kt_err *end_range(struct ranging *ranging)
{
	uint64_t bytes = ranging->block_bytes;

	if (ranging->end == ranging->first ||
		kt_physical_add(ranging->physical, ranging->first * bytes,
			(ranging->end - ranging->first) * bytes,
			(ranging->end - ranging->first) * bytes))
		return NULL;
	return kt_err_new(KT_ERR_LIMIT, "its memory has too many ranges");
}

/* Takes the runs of ones of a word. */
static struct kt_err *take_word(struct ranging *ranging, uint64_t at, uint64_t word)
{
	struct kt_err *err = NULL;

	for (unsigned bit = 0; !err && bit < WORD_BITS && word >> bit;) {
		unsigned from = bit + (unsigned)__builtin_ctzll(word >> bit);
		uint64_t rest = ~(word >> from);
		unsigned run = rest ? (unsigned)__builtin_ctzll(rest) : WORD_BITS;

		if (run > WORD_BITS - from)
			run = WORD_BITS - from;
		if (at + from != ranging->end) {
			err = end_range(ranging);
			ranging->first = at + from;
		}
		ranging->end = at + from + run;
		bit = from + run;
	}
	return err;
}

static struct kt_err *take_ranges(void *arg, uint64_t at, const struct bits *bits)
{
	struct ranging *ranging = arg;
	struct kt_err *err = NULL;

	ranging->count += count_bits(bits);
	for (unsigned i = 0; !err && i < RANK_WORDS; i++)
		err = take_word(ranging, at + (uint64_t)i * WORD_BITS, bits->words[i]);
	return err;
}

static struct kt_err *take_count(void *arg, uint64_t at, const struct bits *bits)
{
	(void)at;
	*(uint64_t *)arg += count_bits(bits);
	return NULL;
}

struct kt_err *kt_kdump_ranges(struct kt_kdump_part *part, uint64_t nr_frames, uint32_t block_bytes,
	struct kt_physical *physical, struct kt_kdump_counts *ret_counts)
{
	struct ranging ranging = { physical, block_bytes, 0, 0, 0 };
	struct kt_err *err;

	*ret_counts = (struct kt_kdump_counts){ 0 };
	err = each_bits(
		&part->file, part->memory_at, 0, nr_frames, nr_frames, take_ranges, &ranging);
	if (!err)
		err = end_range(&ranging);
	if (!err)
		err = each_bits(&part->file, part->here_at, 0, nr_frames, nr_frames, take_count,
			&ret_counts->here);
	ret_counts->memory = ranging.count;
	return err;
}

/* ---- ranks ---- */

static struct kt_err *take_rank(void *arg, uint64_t at, const struct bits *bits)
{
	struct kt_kdump_part *part = arg;

	part->ranks[at / KT_KDUMP_RANK] = part->nr_here;
	part->nr_here += count_bits(bits);
	return NULL;
}

struct kt_err *kt_kdump_rank(struct kt_kdump_part *part)
{
	part->ranks = calloc(part->end / KT_KDUMP_RANK + 1, sizeof(*part->ranks));
	if (!part->ranks)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return each_bits(
		&part->file, part->here_at, part->first, part->end, part->end, take_rank, part);
}

static bool read_bit(struct kt_kdump_part *part, uint64_t bitmap, uint64_t frame, bool *ret_set)
{
	unsigned char byte;

	if (!kt_dump_file_read(&part->file, bitmap + frame / 8, &byte, 1))
		return false;
	*ret_set = byte >> frame % 8 & 1;
	return true;
}

/* Counts the pages of the part before a page frame of its range. */
static bool rank(struct kt_kdump_part *part, uint64_t frame, uint64_t *ret_index)
{
	uint64_t at = frame / KT_KDUMP_RANK * KT_KDUMP_RANK;
	struct bits bits = { 0 };

	if (!kt_dump_file_read(&part->file, part->here_at + at / 8, &bits, (frame - at + 7) / 8))
		return false;
	limit(&bits, at, part->first, frame);
	*ret_index = part->ranks[frame / KT_KDUMP_RANK] + count_bits(&bits);
	return true;
}

enum kt_kdump_where kt_kdump_place(struct kt_kdump_part *part, uint64_t frame, uint64_t *ret_index)
{
	bool set;

	if (!read_bit(part, part->here_at, frame, &set))
		return KT_KDUMP_CUT;
	if (set)
		return frame >= part->first && frame < part->end && rank(part, frame, ret_index)
			       ? KT_KDUMP_HERE
			       : KT_KDUMP_CUT;
	if (!read_bit(part, part->memory_at, frame, &set))
		return KT_KDUMP_CUT;
	return set ? KT_KDUMP_LEFT_OUT : KT_KDUMP_NO_MEMORY;
}
