// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/columns.h"

#include "record/column.h"
#include "record/guess.h"
#include "record/pack.h"

#include <string.h>

#define CLOCKS	 2u
#define WORK_MAX (1u << 28) /* runs that are added up while a block is decoded */

static struct kt_span ops_of(const struct kt_block *block, size_t index)
{
	if (index < CLOCKS)
		return index ? block->boot_ms : block->real_ms;
	return block->series.items[index - CLOCKS];
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
	for (size_t i = 0; guesser && i < block->series.count + CLOCKS; i++) {
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

struct decoder {
	struct kt_block *block;
	struct kt_columns_reader reader;
	struct kt_span guesses;
	uint64_t next; /* series that has one */
	struct kt_series difference, series;
	uint64_t work, nr_bytes;
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

static bool take_guess(struct decoder *decoder, size_t index, struct kt_guess *ret_guess)
{
	bool more = decoder->next == index;

	*ret_guess = (struct kt_guess){ 0 };
	while (more) {
		if (!take_term(decoder, index, ret_guess, &more))
			return false;
	}
	return !ret_guess->nr_terms || take_next(decoder, index + 1);
}

/* The difference and the guess. */
static bool add_up(struct decoder *decoder, const struct kt_guess *guess)
{
	uint32_t nr_samples = decoder->block->nr_samples, at = 0;
	struct kt_span ops[1 + KT_GUESS_TERMS] = { kt_series_ops(
		&decoder->difference, nr_samples) };
	struct kt_guess_reader reader;
	struct kt_series_run run;

	for (uint32_t i = 0; i < guess->nr_terms; i++)
		ops[i + 1] = ops_of(decoder->block, guess->terms[i].series);
	kt_series_clear(&decoder->series);
	kt_guess_read(&reader, guess, true, ops, nr_samples);
	for (; kt_guess_next(&reader, &run); at += run.count) {
		if (++decoder->work > WORK_MAX)
			return false;
		if (run.absent)
			kt_series_set_absent(&decoder->series, at);
		else
			kt_series_set(&decoder->series, at, run.value);
	}
	return true;
}

/* Operations that stay where they are: those of later series may be added to them. */
static bool keep(struct decoder *decoder, struct kt_series *series, struct kt_span *ret_ops)
{
	struct kt_span ops = kt_series_ops(series, decoder->block->nr_samples);
	char *copy;

	decoder->nr_bytes += ops.n;
	if (series->failed || decoder->nr_bytes > KT_BLOCK_BYTES_MAX)
		return false;
	copy = kt_arena_alloc(&decoder->block->arena, ops.n);
	if (copy && ops.n)
		memcpy(copy, ops.p, ops.n);
	*ret_ops = (struct kt_span){ copy, ops.n };
	return copy != NULL;
}

static bool take_series(struct decoder *decoder, size_t index, struct kt_span *ret_ops)
{
	struct kt_guess guess;

	if (!take_guess(decoder, index, &guess) ||
		!kt_column_read(&decoder->reader, decoder->block->nr_samples, &decoder->difference))
		return false;
	if (!guess.nr_terms)
		return keep(decoder, &decoder->difference, ret_ops);
	return add_up(decoder, &guess) && keep(decoder, &decoder->series, ret_ops);
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

bool kt_columns_decode(struct kt_span bytes, size_t count, struct kt_block *block)
{
	struct decoder decoder = { .block = block };
	bool good;

	kt_series_init(&decoder.difference);
	kt_series_init(&decoder.series);
	good = take_streams(&decoder, bytes) && take_series(&decoder, 0, &block->real_ms) &&
	       take_series(&decoder, 1, &block->boot_ms);
	for (size_t i = 0; good && i < count; i++) {
		struct kt_span *ops = kt_list_push(&block->arena, &block->series);

		good = ops && take_series(&decoder, i + CLOCKS, ops);
	}
	kt_series_fini(&decoder.difference);
	kt_series_fini(&decoder.series);
	return good && !decoder.reader.controls.n && !decoder.reader.firsts.n &&
	       decoder.reader.low.n == (decoder.reader.nr_bits ? 1 : 0) &&
	       decoder.next == UINT64_MAX;
}
