// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/columns.h"

#include "record/column.h"
#include "record/guess.h"
#include "record/pack.h"

#include <string.h>

#define CLOCKS	 KT_COLUMNS_CLOCKS
#define WORK_MAX (1u << 28) /* runs that are added up while a block is decoded */

static struct kt_span ops_of(const struct kt_block *block, size_t index)
{
	if (index < CLOCKS)
		return index ? block->boot_ms : block->real_ms;
	return kt_block_series(block, index - CLOCKS);
}

/* ---- writing ---- */

struct encoder {
	const struct kt_block *block;
	struct kt_columns columns;
	struct kt_buf guesses;
	size_t last; /* series that has a guess, plus one */
};

/* How far behind the last one with a guess; and for each term, whether another follows. */
static void put_guess(struct encoder *encoder, size_t index, const struct kt_guess *guess)
{
	kt_pack_varint(&encoder->guesses, index - encoder->last);
	encoder->last = index + 1;
	for (uint32_t i = 0; i < guess->nr_terms; i++) {
		const struct kt_guess_term *term = &guess->terms[i];

		kt_pack_varint(&encoder->guesses, kt_zigzag(term->times) << 2 |
							  (uint64_t)term->divided << 1 |
							  (i + 1 < guess->nr_terms));
		kt_pack_varint(&encoder->guesses, index - term->series);
	}
}

static void put_series(struct encoder *encoder, size_t index, const struct kt_guess *guess)
{
	struct kt_span ops[1 + KT_GUESS_TERMS] = { ops_of(encoder->block, index) };
	struct kt_guess_reader reader;
	struct kt_column column;
	struct kt_series_run run;

	for (uint32_t i = 0; i < guess->nr_terms; i++)
		ops[i + 1] = ops_of(encoder->block, guess->terms[i].series);
	if (guess->nr_terms)
		put_guess(encoder, index, guess);
	kt_guess_read(&reader, guess, false, ops, encoder->block->nr_samples);
	kt_column_begin(&column, &encoder->columns);
	while (kt_guess_next(&reader, &run))
		kt_column_run(&column, &run);
	kt_column_end(&column);
}

static struct kt_span span_of(const struct kt_buf *buf)
{
	return (struct kt_span){ buf->data, buf->size };
}

void kt_columns_encode(const struct kt_block *block, struct kt_buf *ret_bytes)
{
	struct encoder encoder = { .block = block };
	struct kt_guesser *guesser = kt_guesser_new(block->nr_samples);

	ret_bytes->failed |= !guesser;
	for (size_t i = 0; guesser && i < kt_block_nr_series(block) + CLOCKS; i++) {
		struct kt_guess guess = kt_guesser_next(guesser, ops_of(block, i));

		put_series(&encoder, i, &guess);
	}
	kt_guesser_free(guesser);
	kt_columns_end(&encoder.columns);
	kt_pack_text(ret_bytes, span_of(&encoder.guesses));
	kt_pack_text(ret_bytes, span_of(&encoder.columns.firsts));
	kt_pack_text(ret_bytes, span_of(&encoder.columns.controls));
	kt_buf_add(ret_bytes, encoder.columns.low.data, encoder.columns.low.size);
	ret_bytes->failed |= encoder.guesses.failed || kt_columns_failed(&encoder.columns);
	kt_buf_cleanup(&encoder.guesses);
	kt_columns_cleanup(&encoder.columns);
}

/* ---- reading ---- */

/*
 * Whoever looks at a slab cache over a month wants a few series of each block. So a block is
 * checked whole, and a series is put together when it is asked for. Guesses lead back through
 * a few series at most, because each of them would be put together too.
 */
struct stored {
	struct kt_columns_reader at;
	struct kt_guess guess;
	bool done;
	struct kt_span ops;
};

struct kt_columns_index {
	struct kt_arena arena; /* of what is put together */
	uint64_t work;	       /* runs that were added up */
	uint64_t nr_bytes;     /* of operations */
	struct kt_series difference, series;
	size_t count;
	struct stored stored[];
};

struct decoder {
	struct kt_columns_index *index;
	struct kt_columns_reader reader;
	struct kt_span guesses;
	uint64_t next; /* series that has one */
};

static bool take_term(struct decoder *decoder, size_t index, struct kt_guess *guess, bool *ret_more)
{
	struct kt_guess_term *term = &guess->terms[guess->nr_terms];
	uint64_t word, distance;
	int64_t times;

	if (guess->nr_terms >= KT_GUESS_TERMS || !kt_take_varint(&decoder->guesses, &word) ||
		!kt_take_varint(&decoder->guesses, &distance) || !distance || distance > index)
		return false;
	times = kt_unzigzag(word >> 2);
	if (!times || times > KT_GUESS_TIMES_MAX || times < -KT_GUESS_TIMES_MAX ||
		(word & 2 && times < 2))
		return false;
	*term = (struct kt_guess_term){ (uint32_t)(index - distance), (int32_t)times,
		(word & 2) != 0 };
	guess->nr_terms++;
	*ret_more = word & 1;
	return true;
}

/* The number of the next series that has a guess. */
static bool take_next(struct decoder *decoder, size_t behind)
{
	uint64_t distance;

	if (!decoder->guesses.n) {
		decoder->next = UINT64_MAX;
		return true;
	}
	if (!kt_take_varint(&decoder->guesses, &distance) || distance > KT_BLOCK_SERIES_MAX)
		return false;
	decoder->next = behind + distance;
	return true;
}

static bool take_guess(struct decoder *decoder, size_t index)
{
	struct stored *stored = &decoder->index->stored[index];
	bool more = decoder->next == index;

	while (more) {
		const struct kt_guess_term *term = &stored->guess.terms[stored->guess.nr_terms];
		uint32_t depth;

		if (!take_term(decoder, index, &stored->guess, &more))
			return false;
		depth = decoder->index->stored[term->series].guess.depth + 1;
		if (depth > stored->guess.depth)
			stored->guess.depth = depth;
	}
	return stored->guess.depth <= KT_GUESS_DEPTH_MAX &&
	       (!stored->guess.nr_terms || take_next(decoder, index + 1));
}

static bool take_streams(struct decoder *decoder, struct kt_span bytes)
{
	struct kt_columns_reader *reader = &decoder->reader;

	if (!kt_take_text(&bytes, &decoder->guesses) || !kt_take_text(&bytes, &reader->firsts) ||
		!kt_take_text(&bytes, &reader->controls))
		return false;
	reader->low = bytes;
	return take_next(decoder, 0);
}

static bool is_at_end(const struct decoder *decoder)
{
	const struct kt_columns_reader *reader = &decoder->reader;

	return !reader->controls.n && !reader->firsts.n &&
	       reader->low.n == (reader->nr_bits ? 1 : 0) && decoder->next == UINT64_MAX;
}

bool kt_columns_decode(struct kt_span bytes, size_t count, struct kt_block *block)
{
	struct decoder decoder = { 0 };
	struct kt_columns_index *index;
	bool good;

	count += CLOCKS;
	index = kt_arena_alloc(&block->arena, sizeof(*index) + count * sizeof(index->stored[0]));
	if (!index)
		return false;
	kt_series_init(&index->difference);
	kt_series_init(&index->series);
	index->count = count;
	decoder.index = index;
	good = take_streams(&decoder, bytes);
	for (size_t i = 0; good && i < count; i++) {
		index->stored[i].at = decoder.reader;
		good = take_guess(&decoder, i) &&
		       kt_column_read(&decoder.reader, block->nr_samples, NULL);
	}
	if (!good || !is_at_end(&decoder))
		return false;
	block->columns = index;
	block->real_ms = kt_columns_series(block, 0);
	block->boot_ms = kt_columns_series(block, 1);
	return kt_columns_are_whole(index);
}

void kt_columns_free(struct kt_columns_index *index)
{
	if (!index)
		return;
	kt_series_fini(&index->difference);
	kt_series_fini(&index->series);
	kt_arena_fini(&index->arena);
}

bool kt_columns_are_whole(const struct kt_columns_index *index)
{
	return !index->arena.failed;
}

/* ---- putting together ---- */

/* The difference and the guess, whose series are there. */
static bool add_up(const struct kt_block *block, const struct kt_guess *guess)
{
	struct kt_columns_index *index = block->columns;
	struct kt_span ops[1 + KT_GUESS_TERMS] = { kt_series_ops(
		&index->difference, block->nr_samples) };
	struct kt_guess_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	for (uint32_t i = 0; i < guess->nr_terms; i++)
		ops[i + 1] = index->stored[guess->terms[i].series].ops;
	kt_series_clear(&index->series);
	kt_guess_read(&reader, guess, true, ops, block->nr_samples);
	for (; kt_guess_next(&reader, &run); at += run.count) {
		if (++index->work > WORK_MAX)
			return false;
		if (run.absent)
			kt_series_set_absent(&index->series, at);
		else
			kt_series_set(&index->series, at, run.value);
	}
	return true;
}

/* Operations that stay where they are: those of later series may be added to them. */
static bool keep(const struct kt_block *block, struct kt_series *series, struct stored *stored)
{
	struct kt_span ops = kt_series_ops(series, block->nr_samples);
	char *copy;

	block->columns->nr_bytes += ops.n;
	if (series->failed || block->columns->nr_bytes > KT_BLOCK_BYTES_MAX)
		return false;
	copy = kt_arena_alloc(&block->columns->arena, ops.n);
	if (copy && ops.n)
		memcpy(copy, ops.p, ops.n);
	stored->ops = (struct kt_span){ copy, copy ? ops.n : 0 };
	return copy != NULL;
}

static bool put_together(const struct kt_block *block, struct stored *stored)
{
	struct kt_columns_index *index = block->columns;
	struct kt_columns_reader at = stored->at;

	if (!kt_column_read(&at, block->nr_samples, &index->difference))
		return false;
	if (!stored->guess.nr_terms)
		return keep(block, &index->difference, stored);
	return add_up(block, &stored->guess) && keep(block, &index->series, stored);
}

struct kt_span kt_columns_series(const struct kt_block *block, size_t number)
{
	struct stored *stored = &block->columns->stored[number];

	if (stored->done)
		return stored->ops;
	stored->done = true;
	for (uint32_t i = 0; i < stored->guess.nr_terms; i++)
		kt_columns_series(block, stored->guess.terms[i].series);
	if (!put_together(block, stored))
		block->columns->arena.failed = true;
	return stored->ops;
}
