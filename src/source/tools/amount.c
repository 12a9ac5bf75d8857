// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/tools/amount.h"

#include "model/metric.h"

#define DECIMALS_MAX 3

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* Takes digits off the front as a part of a number; false: none, or too many. */
static bool take_digits(struct kt_span *rest, int64_t *number, unsigned *ret_count)
{
	for (*ret_count = 0; rest->n && is_digit(rest->p[0]); ++*ret_count) {
		if (__builtin_mul_overflow(*number, 10, number) ||
			__builtin_add_overflow(*number, rest->p[0] - '0', number))
			return false;
		*rest = kt_span_from(*rest, 1);
	}
	return *ret_count > 0;
}

static bool scale(int64_t number, int64_t unit_bytes, int64_t tenths, struct kt_amount *ret_amount)
{
	int64_t bytes;

	if (__builtin_mul_overflow(number, unit_bytes, &bytes) || bytes / tenths > KT_AMOUNT_MAX)
		return false;
	*ret_amount =
		(struct kt_amount){ (bytes / tenths) + (bytes % tenths >= tenths / 2 && tenths > 1),
			tenths > 1 ? (unit_bytes + tenths) / (2 * tenths) + 1 : 0 };
	return true;
}

bool kt_amount_of(struct kt_span word, int64_t unit_bytes, struct kt_amount *ret_amount)
{
	int64_t number = 0, tenths = 1;
	unsigned count;

	if (!take_digits(&word, &number, &count))
		return false;
	if (word.n && (word.p[0] == '.' || word.p[0] == ',')) {
		word = kt_span_from(word, 1);
		if (!take_digits(&word, &number, &count) || count > DECIMALS_MAX)
			return false;
		while (count--)
			tenths *= 10;
	}
	return !word.n && scale(number, unit_bytes, tenths, ret_amount);
}

bool kt_amount_grouped(struct kt_span word, int64_t unit_bytes, struct kt_amount *ret_amount)
{
	int64_t number = 0;
	unsigned count;

	if (!take_digits(&word, &number, &count))
		return false;
	while (word.n && word.p[0] == ',') {
		if (count > 3)
			return false;
		word = kt_span_from(word, 1);
		if (!take_digits(&word, &number, &count) || count != 3)
			return false;
	}
	return !word.n && scale(number, unit_bytes, 1, ret_amount);
}

bool kt_amount_sized(struct kt_span word, int64_t unit_bytes, struct kt_amount *ret_amount)
{
	int64_t unit = word.n ? kt_amount_unit((char)(word.p[word.n - 1] & ~0x20)) : 0;

	if (unit)
		word.n--;
	else
		unit = unit_bytes;
	if (!unit || !kt_amount_of(word, unit, ret_amount))
		return false;
	if (unit > 1 << 10 && !ret_amount->error && ret_amount->bytes)
		ret_amount->error = unit;
	return true;
}

struct kt_amount kt_amount_sum(struct kt_amount a, struct kt_amount b)
{
	return (struct kt_amount){ a.bytes + b.bytes, a.error + b.error };
}

int64_t kt_amount_unit(char letter)
{
	switch (letter) {
	case 'B': return 1;
	case 'k':
	case 'K': return 1ll << 10;
	case 'M': return 1ll << 20;
	case 'G': return 1ll << 30;
	case 'T': return 1ll << 40;
	case 'P': return 1ll << 50;
	default: return 0;
	}
}
