// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/rings.h"

#include <math.h>
#include <string.h>

uint16_t kt_rings_pack(float value)
{
	uint32_t bits;

	if (!(value > 0))
		return 0;
	memcpy(&bits, &value, sizeof(bits));
	return (uint16_t)((bits + 0xffff) >> 16);
}

double kt_rings_unpack(uint16_t half)
{
	uint32_t bits = (uint32_t)half << 16;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return (double)value;
}

/* In a byte: quarters of powers of two from 256 bytes on, not below the value. */
static uint8_t pack_roughly(float value)
{
	int exponent;
	float part = frexpf(value, &exponent); /* 0.5 to 1 */
	int quarter = (int)ceilf((part - .5f) * 8), code = 4 * (exponent - 8) + quarter;

	if (!(value > 0))
		return 0;
	return (uint8_t)(code < 1 ? 1 : code > UINT8_MAX ? UINT8_MAX : code);
}

/* ldexp(.5 + code % 4 / 8., code / 4 + 8), which is too slow for each block of each series. */
static double unpack_roughly(uint8_t code)
{
	uint32_t bits = (uint32_t)(code / 4 + 134) << 23 | (uint32_t)(code % 4) << 21;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return code ? (double)value : 0;
}

static float larger(float x, float y)
{
	return x > y ? x : y;
}

static float smaller(float x, float y)
{
	return x < y ? x : y;
}

/* A floor of 10 min has closed. */
static void note_floor(struct kt_rings *rings, float floor)
{
	rings->high = larger(rings->high, floor);
	rings->peak = larger(rings->peak, floor);
	rings->fall = larger(rings->fall, rings->peak - floor);
	rings->day_high = larger(rings->day_high, floor);
	rings->day_peak = larger(rings->day_peak, floor);
	rings->day_fall = larger(rings->day_fall, rings->day_peak - floor);
}

/* Highest floor of 10 min, highest value and lowest floor of a closed block of 2 h. */
struct extremes {
	float high, top, low;
};

static struct extremes extremes_of(const struct kt_rings *rings, int place)
{
	float low = rings->floors[kt_levels[KT_LEVEL_TWO_HOURS].offset + place];

	return (struct extremes){ low + (float)kt_rings_unpack(rings->highs[place]),
		low + (float)unpack_roughly(rings->tops[place]), low };
}

static void widen_week(struct kt_rings *rings, const struct extremes *by)
{
	rings->week_high = larger(rings->week_high, by->high);
	rings->week_top = larger(rings->week_top, by->top);
	/* places without a block yet have -HUGE_VALF */
	if (by->low < rings->week_low && by->low > -HUGE_VALF)
		rings->week_low = by->low;
}

/* A block has come in place of another. All others are read only if that was the outermost one. */
static void note_week(struct kt_rings *rings, const struct extremes *gone, int place)
{
	struct extremes come = extremes_of(rings, place);
	bool narrows = (gone->high == rings->week_high && come.high < gone->high) ||
		       (gone->top == rings->week_top && come.top < gone->top) ||
		       (gone->low == rings->week_low && come.low > gone->low);

	if (!narrows) {
		widen_week(rings, &come);
		return;
	}
	rings->week_high = rings->week_top = -HUGE_VALF;
	rings->week_low = HUGE_VALF;
	for (int i = 0; i < KT_LEVEL_BLOCKS; i++) {
		struct extremes other = extremes_of(rings, i);

		widen_week(rings, &other);
	}
}

static void close_two_hours(struct kt_rings *rings, int slot, float floor, float next)
{
	int place = slot - kt_levels[KT_LEVEL_TWO_HOURS].offset;
	struct extremes gone = extremes_of(rings, place);

	rings->floors[slot] = floor;
	rings->tops[place] = pack_roughly(rings->top - floor);
	rings->highs[place] = kt_rings_pack(rings->high - floor);
	rings->falls[place] = pack_roughly(rings->fall);
	rings->top = rings->high = rings->peak = next;
	rings->fall = 0;
	note_week(rings, &gone, place);
}

static void close_day(struct kt_rings *rings, int slot, float floor, float next)
{
	int place = slot - kt_levels[KT_LEVEL_DAYS].offset;

	rings->floors[slot] = floor;
	rings->day_highs[place] = kt_rings_pack(rings->day_high - floor);
	rings->day_falls[place] = pack_roughly(rings->day_fall);
	rings->day_high = rings->day_peak = next;
	rings->day_fall = 0;
}

static void close_block(struct kt_rings *rings, int level, int slot, float floor)
{
	if (level == KT_LEVEL_DAYS) {
		close_day(rings, slot, floor, rings->value);
	} else if (level == KT_LEVEL_TWO_HOURS) {
		close_two_hours(rings, slot, floor, rings->value);
	} else {
		rings->floors[slot] = floor;
		if (level == KT_LEVEL_TWO_HOURS - 1)
			note_floor(rings, floor);
	}
}

/* Blocks without samples, or without a change: nothing else is kept of the shortest ones. */
static void repeat_value(struct kt_rings *rings, int level, int slot, int64_t count)
{
	const struct kt_level *about = &kt_levels[level];

	for (; count > 0; count--) {
		if (++slot == about->offset + about->kept)
			slot = about->offset;
		rings->floors[slot] = rings->value;
	}
}

static void close_level(struct kt_rings *rings, const struct kt_clock *clock, int level)
{
	int64_t open = clock->block[level];
	int64_t block = kt_clock_block_of(clock, level, rings->last_ms);
	int slot =
		block == open - 1 ? kt_clock_closed(clock, level, 0) : kt_clock_slot(level, block);

	close_block(rings, level, slot, rings->open[level]);
	rings->open[level] = rings->value;
	if (block == open - 1)
		return;
	if (open - block > kt_levels[level].kept + 1)
		block = open - kt_levels[level].kept - 1;
	if (level < KT_LEVEL_TWO_HOURS - 1)
		repeat_value(rings, level, kt_clock_slot(level, block), open - block - 1);
	else
		for (block++; block < open; block++)
			close_block(rings, level, kt_clock_slot(level, block), rings->value);
}

void kt_rings_close(struct kt_rings *rings, const struct kt_clock *clock)
{
	/* a level whose block is still open has only open blocks above it */
	for (int level = clock->shortest; level < KT_NR_LEVELS; level++) {
		if (rings->last_ms >= clock->start_ms[level])
			break;
		close_level(rings, clock, level);
	}
	if (clock->shortest > 0)
		rings->open[0] = rings->value;
	rings->last_ms = clock->now_ms;
}

void kt_rings_begin(struct kt_rings *rings, const struct kt_clock *clock, int64_t bytes)
{
	memset(rings, 0, sizeof(*rings));
	rings->week_high = rings->week_top = -HUGE_VALF;
	rings->week_low = HUGE_VALF;
	for (int i = 0; i < KT_LEVEL_BLOCKS; i++)
		rings->floors[kt_levels[KT_LEVEL_TWO_HOURS].offset + i] = -HUGE_VALF;
	rings->origin = bytes;
	rings->begun_ms = rings->last_ms = clock->now_ms;
}

bool kt_rings_put(struct kt_rings *rings, const struct kt_clock *clock, int64_t bytes)
{
	float value = (float)((double)bytes - (double)rings->origin);

	if (value == rings->value)
		return false;
	kt_rings_close(rings, clock);
	rings->value = value;
	rings->top = clock->first[KT_LEVEL_TWO_HOURS] ? value : larger(rings->top, value);
	for (int level = 0; level < KT_NR_LEVELS; level++)
		rings->open[level] =
			clock->first[level] ? value : smaller(value, rings->open[level]);
	return true;
}

int kt_rings_count(const struct kt_rings *rings, const struct kt_clock *clock, int level)
{
	return rings->begun_ms < 0 ? 0 : kt_clock_blocks(clock, level, rings->begun_ms);
}

void kt_rings_floors_from(const struct kt_rings *rings, const struct kt_clock *clock, int level,
	int ago, int count, double *ret_floors)
{
	const struct kt_level *about = &kt_levels[level];
	int slot = count > 0 ? kt_clock_closed(clock, level, ago + count - 1) : 0;

	for (int i = 0; i < count; i++) {
		ret_floors[i] = (double)rings->floors[slot];
		if (++slot == about->offset + about->kept)
			slot = about->offset;
	}
}

void kt_rings_floors(const struct kt_rings *rings, const struct kt_clock *clock, int level,
	int count, struct kt_floors *ret_floors)
{
	int there = kt_rings_count(rings, clock, level);

	ret_floors->count = count < there ? count : there;
	kt_rings_floors_from(rings, clock, level, 0, ret_floors->count, ret_floors->at);
}

double kt_rings_week_range(const struct kt_rings *rings)
{
	float low = rings->open[KT_LEVEL_TWO_HOURS];

	low = low < rings->week_low ? low : rings->week_low;
	return (double)larger(rings->week_top, rings->top) - (double)low;
}

int64_t kt_rings_bytes(const struct kt_rings *rings, double above)
{
	double bytes = (double)rings->origin + above;

	if (bytes >= 0x1p62)
		return 1ll << 62;
	if (bytes <= -0x1p62)
		return -(1ll << 62);
	/* exact where a double would round the origin */
	return fabs(above) < 0x1p53 ? rings->origin + (int64_t)above : (int64_t)bytes;
}

struct kt_rings_range kt_rings_range(
	const struct kt_rings *rings, const struct kt_clock *clock, int level, int ago)
{
	int slot = kt_clock_closed(clock, level, ago);
	int place = slot - kt_levels[level].offset;
	struct kt_rings_range range = { .low = (double)rings->floors[slot] };

	if (level == KT_LEVEL_DAYS) {
		range.high = range.low + kt_rings_unpack(rings->day_highs[place]);
		range.fall = unpack_roughly(rings->day_falls[place]);
		range.top = range.high;
	} else {
		range.high = range.low + kt_rings_unpack(rings->highs[place]);
		range.fall = unpack_roughly(rings->falls[place]);
		range.top = range.low + unpack_roughly(rings->tops[place]);
	}
	return range;
}
