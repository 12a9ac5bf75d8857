// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/columns.h"

#include "record/column.h"
#include "record/guess.h"
#include "record/pack.h"

#include <string.h>

#define WORK_MAX (1u << 28) /* runs; bounds the additions while a block is decoded */

/* ---- writing ---- */

struct encoder {
	const struct kt_columns_source *source;
	struct kt_columns columns;
	struct kt_buf guesses;
	size_t last; /* the last series with a guess, plus one */
};

/*
 * Writes the distance to the last series with a guess, and after each term whether another follows.
 */
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

static struct kt_span ops_of(const struct kt_columns_source *source, size_t number)
{
	return source->series(source->arg, number);
}

static void put_series(struct encoder *encoder, size_t index, const struct kt_guess *guess)
{
	struct kt_span ops[1 + KT_GUESS_TERMS] = { ops_of(encoder->source, index) };
	struct kt_guess_reader reader;
	struct kt_column column;
	struct kt_series_run run;

	for (uint32_t i = 0; i < guess->nr_terms; i++)
		ops[i + 1] = ops_of(encoder->source, guess->terms[i].series);
	if (guess->nr_terms)
		put_guess(encoder, index, guess);
	kt_guess_read(&reader, guess, false, ops, encoder->source->nr_samples);
	kt_column_begin(&column, &encoder->columns);
	while (kt_guess_next(&reader, &run))
		kt_column_run(&column, &run);
	kt_column_end(&column);
}

static struct kt_span span_of(const struct kt_buf *buf)
{
	return (struct kt_span){ buf->data, buf->size };
}

void kt_columns_encode(const struct kt_columns_source *source, struct kt_buf *ret_bytes)
{
	struct encoder encoder = { .source = source };
	struct kt_guesser *guesser = kt_guesser_new(source->nr_samples);

	ret_bytes->failed |= !guesser;
	for (size_t i = 0; guesser && i < source->count; i++) {
		struct kt_guess guess = kt_guesser_next(guesser, ops_of(source, i));

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
 * Index of the series of a block. A query for one slab cache over a month needs a few series of
 * each block. So a block is checked as a whole, and a series is decoded when it is first used.
 * Guesses refer to few series in a chain, because each of those must be decoded too.
 */
struct stored {
	struct kt_columns_reader at;
	struct kt_guess guess;
	bool done;
	struct kt_span ops;
};

struct kt_columns_index {
	struct kt_arena arena; /* holds the decoded series */
	uint64_t work;	       /* runs that were added so far */
	uint64_t nr_bytes;     /* bytes of operations */
	struct kt_series difference, series;
	bool no_memory; /* out of memory, not a damaged block, is why a series is missing */
	uint32_t nr_samples;
	size_t count;
	struct stored stored[];
};

struct decoder {
	struct kt_columns_index *index;
	struct kt_columns_reader reader;
	struct kt_span guesses;
	uint64_t next; /* the next series with a guess */
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

/* Finds the next series that has a guess. */
static bool take_next(struct decoder *decoder, size_t behind)
{
	uint64_t distance;

	if (!decoder->guesses.n) {
		decoder->next = UINT64_MAX;
		return true;
	}
	if (!kt_take_varint(&decoder->guesses, &distance) || distance > KT_COLUMNS_SERIES_MAX)
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

bool kt_columns_decode(struct kt_span bytes, size_t count, uint32_t nr_samples,
	struct kt_arena *arena, struct kt_columns_index **ret_index)
{
	struct decoder decoder = { 0 };
	struct kt_columns_index *index;
	bool good;

	*ret_index = NULL;
	index = kt_arena_alloc(arena, sizeof(*index) + count * sizeof(index->stored[0]));
	if (!index)
		return false;
	kt_series_init(&index->difference);
	kt_series_init(&index->series);
	index->nr_samples = nr_samples;
	index->count = count;
	decoder.index = index;
	good = take_streams(&decoder, bytes);
	for (size_t i = 0; good && i < count; i++) {
		index->stored[i].at = decoder.reader;
		good = take_guess(&decoder, i) && kt_column_read(&decoder.reader, nr_samples, NULL);
	}
	if (!good || !is_at_end(&decoder))
		return false;
	*ret_index = index;
	return true;
}

void kt_columns_free(struct kt_columns_index *index)
{
	if (!index)
		return;
	kt_series_fini(&index->difference);
	kt_series_fini(&index->series);
	kt_arena_fini(&index->arena);
}

bool kt_columns_no_memory(const struct kt_columns_index *index)
{
	return index->no_memory;
}

bool kt_columns_are_whole(const struct kt_columns_index *index)
{
	return !index->arena.failed;
}

/* ---- decoding a series ---- */

/* Adds the difference and the guess, whose series are decoded already. */
static bool add_up(struct kt_columns_index *index, const struct kt_guess *guess)
{
	struct kt_span ops[1 + KT_GUESS_TERMS] = { kt_series_ops(
		&index->difference, index->nr_samples) };
	struct kt_guess_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	for (uint32_t i = 0; i < guess->nr_terms; i++)
		ops[i + 1] = index->stored[guess->terms[i].series].ops;
	kt_series_clear(&index->series);
	kt_guess_read(&reader, guess, true, ops, index->nr_samples);
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

/*
 * Keeps operations at a fixed address, because the operations of later series may be added to them.
 */
static bool keep(struct kt_columns_index *index, struct kt_series *series, struct stored *stored)
{
	struct kt_span ops = kt_series_ops(series, index->nr_samples);
	char *copy;

	index->nr_bytes += ops.n;
	if (series->failed || index->nr_bytes > KT_COLUMNS_BYTES_MAX)
		return false;
	copy = kt_arena_alloc(&index->arena, ops.n);
	if (copy && ops.n)
		memcpy(copy, ops.p, ops.n);
	stored->ops = (struct kt_span){ copy, copy ? ops.n : 0 };
	index->no_memory |= !copy;
	return copy != NULL;
}

static bool put_together(struct kt_columns_index *index, struct stored *stored)
{
	struct kt_columns_reader at = stored->at;

	if (!kt_column_read(&at, index->nr_samples, &index->difference))
		return false;
	if (!stored->guess.nr_terms)
		return keep(index, &index->difference, stored);
	return add_up(index, &stored->guess) && keep(index, &index->series, stored);
}

struct kt_span kt_columns_series(struct kt_columns_index *index, size_t number)
{
	struct stored *stored = &index->stored[number];

	if (stored->done)
		return stored->ops;
	stored->done = true;
	for (uint32_t i = 0; i < stored->guess.nr_terms; i++)
		kt_columns_series(index, stored->guess.terms[i].series);
	if (!put_together(index, stored))
		index->arena.failed = true;
	index->no_memory |= index->difference.failed || index->series.failed;
	return stored->ops;
}
