// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/column.h"

#include "record/pack.h"

#include <endian.h>
#include <string.h>

/*
 * Control bytes. The class of a number is its length in bits; the bits below the topmost bit are in
 * the stream of low bits.
 */
enum {
	STEP = 0,	 /* 0..129: class * 2, plus 1 for a decrease */
	REPEAT = 130,	 /* 130..161: 1 to 32 samples like the last sample */
	REPEAT_32 = 161, /* 162..188: plus the class of the number of samples above 32 */
	ABSENT = 193,	 /* 194..220: plus the class of the number of samples without a value */
	LATE = 221,	 /* 222..248: the same, before the first value */
	NEVER = 253,	 /* the series never has a value */
	ABSENT_END = 254,
	REPEAT_END = 255,
};

#define REPEATS	   32u /* longest run with a control byte of its own */
#define CLASS_MAX  64u
#define COUNT_BITS 27u /* bits; enough for any number of samples */

void kt_columns_cleanup(struct kt_columns *columns)
{
	kt_buf_cleanup(&columns->firsts);
	kt_buf_cleanup(&columns->controls);
	kt_buf_cleanup(&columns->low);
}

bool kt_columns_failed(const struct kt_columns *columns)
{
	return columns->firsts.failed || columns->controls.failed || columns->low.failed;
}

static unsigned class_of(uint64_t number)
{
	return number ? CLASS_MAX - (unsigned)__builtin_clzll(number) : 0;
}

/* ---- writing ---- */

static void put_byte(struct kt_buf *buf, unsigned byte)
{
	char c = (char)byte;

	kt_buf_add(buf, &c, 1);
}

static void put_bits(struct kt_columns *columns, uint64_t bits, unsigned nr_bits)
{
	while (nr_bits) {
		unsigned n = nr_bits < 32 ? nr_bits : 32;

		columns->bits |= (bits & ((1ull << n) - 1)) << columns->nr_bits;
		columns->nr_bits += n;
		bits >>= n;
		nr_bits -= n;
		for (; columns->nr_bits >= 8; columns->nr_bits -= 8, columns->bits >>= 8)
			put_byte(&columns->low, (unsigned char)columns->bits);
	}
}

/*
 * Writes the class of a number as a control byte in its range, and the bits below the topmost bit.
 */
static void put_number(struct kt_columns *columns, unsigned control, uint64_t number)
{
	unsigned class = class_of(number);

	put_byte(&columns->controls, control);
	if (class > 1)
		put_bits(columns, number, class - 1);
}

static void put_repeats(struct kt_column *column)
{
	if (column->count > REPEATS)
		put_number(column->to, REPEAT_32 + class_of(column->count - REPEATS),
			column->count - REPEATS);
	else if (column->count)
		put_byte(&column->to->controls, REPEAT + (unsigned)column->count - 1);
	column->count = 0;
}

static void put_pending(struct kt_column *column)
{
	if (!column->absent)
		put_repeats(column);
	else if (column->count)
		put_number(column->to, (column->begun ? ABSENT : LATE) + class_of(column->count),
			column->count);
	column->count = 0;
}

static void put_step(struct kt_column *column, int64_t value)
{
	int64_t step = (int64_t)((uint64_t)value - (uint64_t)column->value);
	uint64_t size = step < 0 ? -(uint64_t)step : (uint64_t)step;

	if (column->begun)
		put_number(column->to, STEP + class_of(size) * 2 + (step < 0), size);
	else
		kt_pack_varint(&column->to->firsts, kt_zigzag(value));
	column->begun = true;
	column->value = value;
}

void kt_column_begin(struct kt_column *column, struct kt_columns *to)
{
	*column = (struct kt_column){ .to = to, .absent = true };
}

void kt_column_run(struct kt_column *column, const struct kt_series_run *run)
{
	bool same = run->absent == column->absent && (run->absent || run->value == column->value);

	if (!same || (!column->begun && !run->absent)) {
		put_pending(column);
		column->absent = run->absent;
		if (!run->absent)
			put_step(column, run->value);
		column->count = run->count - !run->absent;
		return;
	}
	column->count += run->count;
}

void kt_column_end(struct kt_column *column)
{
	if (!column->begun)
		put_byte(&column->to->controls, NEVER);
	else
		put_byte(&column->to->controls, column->absent ? ABSENT_END : REPEAT_END);
}

void kt_columns_end(struct kt_columns *columns)
{
	if (columns->nr_bits)
		put_byte(&columns->low, (unsigned char)columns->bits);
	columns->bits = columns->nr_bits = 0;
}

/* ---- reading ---- */

static bool take_bits(struct kt_columns_reader *reader, unsigned nr_bits, uint64_t *ret_bits)
{
	unsigned done = 0;

	*ret_bits = 0;
	if (reader->low.n * 8 < (uint64_t)reader->nr_bits + nr_bits)
		return false;
	if (reader->low.n >= sizeof(uint64_t) && reader->nr_bits + nr_bits <= 56) {
		uint64_t word;

		memcpy(&word, reader->low.p, sizeof(word));
		*ret_bits = le64toh(word) >> reader->nr_bits & ((1ull << nr_bits) - 1);
		reader->nr_bits += nr_bits;
		reader->low.p += reader->nr_bits / 8;
		reader->low.n -= reader->nr_bits / 8;
		reader->nr_bits %= 8;
		return true;
	}
	while (done < nr_bits) {
		unsigned there = 8 - reader->nr_bits, left = nr_bits - done;
		unsigned n = left < there ? left : there;
		unsigned byte = (unsigned char)reader->low.p[0] >> reader->nr_bits;

		*ret_bits |= (uint64_t)(byte & ((1u << n) - 1)) << done;
		done += n;
		reader->nr_bits += n;
		if (reader->nr_bits == 8) {
			reader->low = kt_span_from(reader->low, 1);
			reader->nr_bits = 0;
		}
	}
	return true;
}

static bool take_number(struct kt_columns_reader *reader, unsigned class, uint64_t *ret_number)
{
	uint64_t bits = 0;

	if (class > CLASS_MAX || (class > 1 && !take_bits(reader, class - 1, &bits)))
		return false;
	*ret_number = bits;
	if (class)
		*ret_number |= 1ull << ((class - 1) % CLASS_MAX);
	return true;
}

static bool take_byte(struct kt_span *rest, unsigned *ret_byte)
{
	if (!rest->n)
		return false;
	*ret_byte = (unsigned char)rest->p[0];
	*rest = kt_span_from(*rest, 1);
	return true;
}

struct cursor {
	struct kt_columns_reader *reader;
	struct kt_series *series;
	uint32_t at, nr_samples;
	int64_t value;
	bool begun, absent; /* whether a value came before; whether there is none now */
};

/* Sets the value of the next sample; false: no sample is left. */
static bool set(struct cursor *cursor, int64_t value)
{
	if (cursor->at >= cursor->nr_samples)
		return false;
	cursor->value = value;
	cursor->begun = true;
	cursor->absent = false;
	if (cursor->series)
		kt_series_set(cursor->series, cursor->at, value);
	cursor->at++;
	return true;
}

static bool pass(struct cursor *cursor, uint64_t count, bool absent)
{
	if (count > cursor->nr_samples - cursor->at)
		return false;
	if (absent && count) {
		cursor->absent = true;
		if (cursor->series)
			kt_series_set_absent(cursor->series, cursor->at);
	}
	cursor->at += (uint32_t)count;
	return true;
}

static bool is_count(unsigned control, unsigned kind)
{
	return control > kind && control <= kind + COUNT_BITS;
}

/*
 * Takes the first value, which has no control byte. It comes first, or after the control byte of a
 * late start.
 */
static bool take_first(struct cursor *cursor)
{
	struct kt_columns_reader *reader = cursor->reader;
	unsigned control;
	uint64_t number;

	if (!reader->controls.n)
		return false;
	control = (unsigned char)reader->controls.p[0];
	if (control == NEVER)
		return true;
	if (is_count(control, LATE)) {
		reader->controls = kt_span_from(reader->controls, 1);
		if (!take_number(reader, control - LATE, &number) || !pass(cursor, number, true))
			return false;
	}
	return kt_take_varint(&reader->firsts, &number) && set(cursor, kt_unzigzag(number));
}

static bool take_control(struct cursor *cursor, unsigned control)
{
	struct kt_columns_reader *reader = cursor->reader;
	uint64_t number;

	if (control < REPEAT) {
		if (!take_number(reader, control / 2, &number))
			return false;
		return set(cursor,
			(int64_t)((uint64_t)cursor->value + (control % 2 ? -number : number)));
	}
	if (is_count(control, ABSENT))
		return take_number(reader, control - ABSENT, &number) && pass(cursor, number, true);
	if (cursor->absent)
		return false;
	if (control <= REPEAT_32)
		return pass(cursor, control - REPEAT + 1, false);
	return is_count(control, REPEAT_32) && take_number(reader, control - REPEAT_32, &number) &&
	       pass(cursor, number + REPEATS, false);
}

bool kt_column_read(
	struct kt_columns_reader *reader, uint32_t nr_samples, struct kt_series *ret_series)
{
	struct cursor cursor = { .reader = reader, .series = ret_series, .nr_samples = nr_samples };
	unsigned control;

	if (ret_series)
		kt_series_clear(ret_series);
	if (!take_first(&cursor))
		return false;
	for (;;) {
		if (!take_byte(&reader->controls, &control))
			return false;
		if (control == NEVER)
			return !cursor.begun;
		if (control == ABSENT_END)
			return pass(&cursor, nr_samples - cursor.at, true);
		if (control == REPEAT_END)
			return !cursor.absent;
		if (!take_control(&cursor, control))
			return false;
	}
}
