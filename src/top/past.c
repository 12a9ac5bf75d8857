// SPDX-License-Identifier: GPL-2.0-or-later
//
// History in braille characters, two by four points per cell, so that a row one line high still
// shows a trend.

#include "top/past.h"

#define NOISE_SHARE 100		/* of the amount: a change of less than 1 % is flat */
#define NOISE_BYTES (256 << 10) /* bytes; an idle machine changes as much */

/*
 * Fills small gaps of late samples: a value holds for two steps, or two samples. Samples come a
 * little late or early, and a step would now and then have none. Real gaps, such as a suspend, stay
 * empty.
 */
static void fill_gaps(const struct kt_watch *watch, int64_t step_ms, struct kt_top_past *past)
{
	int64_t apart = 0;
	int held = 0, hold;

	if (kt_watch_nr(watch) > 1)
		apart = kt_watch_time_ms(watch, 0) - kt_watch_time_ms(watch, 1);
	hold = (int)((apart < 60000 ? apart * 2 : 0) / step_ms) + 1;
	for (int i = 1; i < past->nr; i++) {
		if (past->values[i] != KT_TOP_PAST_MISSING)
			held = 0;
		else if (past->values[i - 1] != KT_TOP_PAST_MISSING && held++ < hold)
			past->values[i] = past->values[i - 1];
	}
}

/* The newest sample of a step wins, so that the last point agrees with the number next to it. */
void kt_top_past_of(const struct kt_watch *watch, const char *key, int nr, int64_t step_ms,
	struct kt_top_past *ret_past)
{
	int64_t last = kt_watch_time_ms(watch, 0) / step_ms;

	ret_past->nr = nr < 0 ? 0 : nr > KT_TOP_PAST_MAX ? KT_TOP_PAST_MAX : nr;
	for (int i = 0; i < ret_past->nr; i++)
		ret_past->values[i] = KT_TOP_PAST_MISSING;
	for (size_t ago = 0; ago < kt_watch_nr(watch); ago++) {
		int64_t back = last - kt_watch_time_ms(watch, ago) / step_ms, value;

		if (back >= ret_past->nr)
			break;
		/* the clock was set back: older samples are not shown */
		if (back < 0)
			break;
		if (ret_past->values[ret_past->nr - 1 - back] == KT_TOP_PAST_MISSING &&
			kt_watch_value(watch, key, ago, &value))
			ret_past->values[ret_past->nr - 1 - back] = value;
	}
	fill_gaps(watch, step_ms, ret_past);
}

/*
 * Computes the scale; false if there are no values. A scale from 0 would draw every large row flat;
 * a scale without a least height would draw noise as mountains.
 */
static bool scale(const struct kt_top_past *past, int64_t *ret_low, int64_t *ret_high)
{
	int64_t low = INT64_MAX, high = INT64_MIN, least;

	for (int i = 0; i < past->nr; i++) {
		if (past->values[i] == KT_TOP_PAST_MISSING)
			continue;
		low = past->values[i] < low ? past->values[i] : low;
		high = past->values[i] > high ? past->values[i] : high;
	}
	if (high < low)
		return false;
	least = high / NOISE_SHARE;
	least = least < NOISE_BYTES ? NOISE_BYTES : least;
	if (high - low < least) /* cannot overflow: amounts are far from the limits of int64_t */
		high = low + least;
	*ret_low = low;
	*ret_high = high;
	return true;
}

/*
 * Points from the floor to a value, 1 to `dots`. The lowest value gets one point, because no point
 * means no sample.
 */
static int level(int64_t value, int64_t low, int64_t high, int dots)
{
	return 1 + (int)((double)(value - low) / (double)(high - low) * (dots - 1) + 0.5);
}

/* Returns the ASCII character for both points of a cell. */
static uint32_t plain_sign(int left, int right)
{
	static const char signs[] = " .:||";
	int dots = left > right ? left : right;

	return (uint32_t)signs[dots < 0 ? 0 : dots > 4 ? 4 : dots];
}

static uint32_t sign(int left, int right)
{
	static const uint8_t left_bits[] = { 0, 0x40, 0x44, 0x46, 0x47 },
			     right_bits[] = { 0, 0x80, 0xa0, 0xb0, 0xb8 };

	left = left < 0 ? 0 : left > 4 ? 4 : left;
	right = right < 0 ? 0 : right > 4 ? 4 : right;
	return 0x2800u | left_bits[left] | right_bits[right];
}

void kt_top_past_draw(struct kt_screen *screen, int y, int x, int width, int height,
	const struct kt_top_past *past, int64_t *ret_low, int64_t *ret_high)
{
	*ret_low = *ret_high = KT_TOP_PAST_MISSING;
	if (!scale(past, ret_low, ret_high))
		return;
	for (int column = 0; column < width && column * 2 + 1 < past->nr; column++) {
		int dots[2];

		for (int i = 0; i < 2; i++) {
			int64_t value = past->values[column * 2 + i];

			dots[i] = value == KT_TOP_PAST_MISSING
					  ? 0
					  : level(value, *ret_low, *ret_high, height * 4);
		}
		for (int row = 0; row < height; row++) {
			int below = (height - 1 - row) * 4;

			if (dots[0] <= below && dots[1] <= below)
				continue;
			kt_screen_put_char(screen, y + row, x + column, KT_STYLE_PAST,
				screen->unicode ? sign(dots[0] - below, dots[1] - below)
						: plain_sign(dots[0] - below, dots[1] - below));
		}
	}
}
