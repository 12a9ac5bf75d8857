// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/series.h"

#include "record/pack.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN       24u	  /* bytes; malloc() gives no less */
#define SIZE_MAX_BYTES (1u << 28) /* bytes of operations; a longer series fails */

enum op { STEP, REPEAT, ABSENT, RAW };

#define STEP_MAX (UINT64_MAX >> 3) /* largest difference that fits into an operation's word */

void kt_series_init(struct kt_series *series)
{
	*series = (struct kt_series){ .absent = true };
}

static unsigned char *ops_of(struct kt_series *series)
{
	/* the analyzer takes the union's old pointer for the one that realloc() gave */
	return series->room ? series->ops.heap : series->ops.inside; // NOLINT
}

void kt_series_fini(struct kt_series *series)
{
	if (series->room)
		free(series->ops.heap); // NOLINT
	kt_series_init(series);
}

void kt_series_clear(struct kt_series *series)
{
	*series = (struct kt_series){ .ops = series->ops, .room = series->room, .absent = true };
}

/* Makes room for `more` bytes after the operations. Grows by half, rounded to sizes of malloc(). */
static unsigned char *reserve(struct kt_series *series, uint32_t more)
{
	uint32_t room = series->room ? series->room : sizeof(series->ops.inside);
	unsigned char *grown;

	if (series->failed || series->size > SIZE_MAX_BYTES)
		goto out;
	if (room - series->size < more) {
		room = series->room ? room + room / 2 : ROOM_MIN;
		room = room - series->size < more ? series->size + more : room;
		room = ((room + 7) & ~15u) + 8;
		grown = realloc(series->room ? series->ops.heap : NULL, room); // NOLINT
		if (!grown)
			goto out;
		if (!series->room)
			memcpy(grown, series->ops.inside, series->size);
		series->ops.heap = grown;
		series->room = room;
	}
	return ops_of(series) + series->size;
out:
	series->failed = true;
	return NULL;
}

static void put(struct kt_series *series, enum op op, uint64_t argument)
{
	unsigned char bytes[KT_VARINT_MAX], *to;
	size_t n = kt_varint(bytes, argument << 2 | op);

	to = reserve(series, (uint32_t)n);
	if (!to)
		return;
	memcpy(to, bytes, n);
	series->size += (uint32_t)n;
}

static void put_raw(struct kt_series *series, int64_t value)
{
	unsigned char *to = reserve(series, 9);

	if (!to)
		return;
	*to++ = RAW;
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)((uint64_t)value >> 8 * i);
	series->size += 9;
}

static void cover(struct kt_series *series, uint32_t index)
{
	if (index > series->covered)
		put(series, series->absent ? ABSENT : REPEAT, index - series->covered - 1);
	series->covered = index;
}

void kt_series_set(struct kt_series *series, uint32_t index, int64_t value)
{
	int64_t step;

	/* the first value that is set for a sample counts */
	if (index < series->covered || (!series->absent && value == series->value))
		return;
	cover(series, index);
	if (!__builtin_sub_overflow(value, series->value, &step) && kt_zigzag(step) <= STEP_MAX)
		put(series, STEP, kt_zigzag(step));
	else
		put_raw(series, value);
	series->covered = index + 1;
	series->absent = false;
	series->value = value;
}

void kt_series_set_absent(struct kt_series *series, uint32_t index)
{
	if (series->absent || index < series->covered)
		return;
	cover(series, index);
	series->absent = true;
}

/* Removes values of a sample that has not ended. */
static void drop_behind(struct kt_series *series, uint32_t nr_samples)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	struct kt_series first;
	uint32_t at = 0;

	kt_series_init(&first);
	kt_series_read(&reader, (struct kt_span){ (const char *)ops_of(series), series->size },
		series->covered);
	for (; at < nr_samples && kt_series_next(&reader, &run); at += run.count) {
		if (run.absent)
			kt_series_set_absent(&first, at);
		else
			kt_series_set(&first, at, run.value);
	}
	first.failed |= series->failed;
	kt_series_fini(series);
	*series = first;
}

struct kt_span kt_series_ops(struct kt_series *series, uint32_t nr_samples)
{
	unsigned char *last;
	size_t n = 0;

	if (series->covered > nr_samples)
		drop_behind(series, nr_samples);
	if (series->absent && series->covered < nr_samples) {
		last = reserve(series, KT_VARINT_MAX);
		if (!last)
			return (struct kt_span){ 0 };
		n = kt_varint(last, (uint64_t)(nr_samples - series->covered - 1) << 2 | ABSENT);
	}
	return (struct kt_span){ (const char *)ops_of(series), series->size + n };
}

/* ---- reading ---- */

void kt_series_read(struct kt_series_reader *reader, struct kt_span ops, uint32_t nr_samples)
{
	*reader = (struct kt_series_reader){ .rest = ops, .left = nr_samples, .absent = true };
}

static bool take_op(struct kt_series_reader *reader, uint64_t *ret_count)
{
	uint64_t word, raw;
	int64_t value;

	*ret_count = 1;
	if (!kt_take_varint(&reader->rest, &word))
		return false;
	switch ((enum op)(word & 3)) {
	case STEP:
		if (__builtin_add_overflow(reader->value, kt_unzigzag(word >> 2), &value))
			return false;
		reader->value = value;
		reader->absent = false;
		return true;
	case RAW:
		if (word >> 2 || !kt_take_u64(&reader->rest, &raw))
			return false;
		reader->value = (int64_t)raw;
		reader->absent = false;
		return true;
	case REPEAT: *ret_count = (word >> 2) + 1; return !reader->absent;
	case ABSENT:
		*ret_count = (word >> 2) + 1;
		reader->absent = true;
		return true;
	}
	return false;
}

bool kt_series_next(struct kt_series_reader *reader, struct kt_series_run *ret_run)
{
	uint64_t count = reader->left;

	if (!reader->left)
		return false;
	if (reader->rest.n && (!take_op(reader, &count) || count > reader->left)) {
		reader->left = 0;
		return false;
	}
	reader->left -= (uint32_t)count;
	*ret_run = (struct kt_series_run){ (uint32_t)count, reader->absent, reader->value };
	return true;
}

bool kt_series_check(struct kt_span ops, uint32_t nr_samples)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint64_t sum = 0;

	kt_series_read(&reader, ops, nr_samples);
	while (kt_series_next(&reader, &run))
		sum += run.count;
	return sum == nr_samples && !reader.rest.n;
}

bool kt_series_at(struct kt_span ops, uint32_t index, int64_t *ret_value)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0;

	kt_series_read(&reader, ops, UINT32_MAX);
	while (kt_series_next(&reader, &run)) {
		at += run.count;
		if (at <= index)
			continue;
		*ret_value = run.value;
		return !run.absent;
	}
	return false;
}
