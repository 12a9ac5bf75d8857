// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/numbers.h"

#include <math.h>
#include <string.h>

#define HIGHS_FROM (KT_LEVEL_FLOORS - KT_NUMBER_HIGHS) /* floors of the shorter levels */

void kt_number_begin(struct kt_number *number, bool counts)
{
	memset(number, 0, sizeof(*number));
	number->counts = counts;
	number->begun_ms = -1;
}

void kt_number_begin_highs(struct kt_number *number, struct kt_number_highs *highs)
{
	kt_number_begin(number, false);
	number->highs = highs;
	for (int i = 0; i < KT_NR_LEVELS - KT_LEVEL_TWO_HOURS; i++)
		highs->open[i] = -HUGE_VALF;
}

static void set_block(struct kt_number *number, int slot, double value, double high)
{
	number->blocks[slot] = (float)(value - number->origin);
	if (number->highs && slot >= HIGHS_FROM)
		number->highs->above[slot - HIGHS_FROM] = kt_rings_pack((float)(high - value));
}

/* Highest value in the open block of a level, which ends. */
static double take_high(struct kt_number *number, int level, double value)
{
	float *open;
	double high;

	if (!number->highs || level < KT_LEVEL_TWO_HOURS)
		return value;
	open = &number->highs->open[level - KT_LEVEL_TWO_HOURS];
	high = (double)*open + number->origin;
	*open = -HUGE_VALF;
	return high;
}

static void close_level(struct kt_number *number, const struct kt_clock *clock, int level)
{
	int64_t open = clock->block[level];
	int64_t block = kt_clock_block_of(clock, level, number->last_ms);
	double value = number->value, high;

	if (!number->counts && number->samples[level] > 0)
		value = number->sum[level] / number->samples[level];
	number->sum[level] = number->samples[level] = 0;
	high = take_high(number, level, value);
	if (block == open - 1) {
		set_block(number, kt_clock_closed(clock, level, 0), value, high);
		return;
	}
	set_block(number, kt_clock_slot(level, block), value, high);
	if (open - block > kt_levels[level].kept + 1)
		block = open - kt_levels[level].kept - 1;
	for (block++; block < open; block++)
		set_block(number, kt_clock_slot(level, block), number->value, number->value);
}

static void close_blocks(struct kt_number *number, const struct kt_clock *clock)
{
	/* nothing has ended since the value of the same sample */
	if (number->last_ms == clock->now_ms)
		return;
	/* a level whose block is still open has only open blocks above it */
	for (int level = clock->shortest; level < KT_NR_LEVELS; level++) {
		if (number->last_ms >= clock->start_ms[level])
			break;
		close_level(number, clock, level);
	}
	if (clock->shortest > 0)
		number->sum[0] = number->samples[0] = 0;
	number->last_ms = clock->now_ms;
}

void kt_number_put(struct kt_number *number, const struct kt_clock *clock, double value)
{
	if (number->begun_ms < 0) {
		number->begun_ms = number->last_ms = clock->now_ms;
		number->origin = value;
	} else {
		close_blocks(number, clock);
	}
	if (number->counts && value + number->lost < number->value)
		number->lost = number->value;
	number->value = number->counts ? value + number->lost : value;
}

static void note_high(struct kt_number_highs *highs, float above)
{
	for (int i = 0; i < KT_NR_LEVELS - KT_LEVEL_TWO_HOURS; i++)
		if (above > highs->open[i])
			highs->open[i] = above;
}

void kt_number_end(struct kt_number *number, const struct kt_clock *clock)
{
	if (number->begun_ms < 0)
		return;
	close_blocks(number, clock);
	if (number->highs)
		note_high(number->highs, (float)(number->value - number->origin));
	if (number->counts)
		return;
	for (int level = 0; level < KT_NR_LEVELS; level++) {
		number->sum[level] += number->value;
		number->samples[level]++;
	}
}

bool kt_number_blocks(const struct kt_number *number, const struct kt_clock *clock, int level,
	int ago, int count, double *ret_blocks)
{
	const struct kt_level *about = &kt_levels[level];
	int slot;

	if (number->begun_ms < 0 || ago < 0 ||
		ago + count > kt_clock_blocks(clock, level, number->begun_ms))
		return false;
	slot = count > 0 ? kt_clock_closed(clock, level, ago + count - 1) : 0;
	for (int i = 0; i < count; i++) {
		ret_blocks[i] = (double)number->blocks[slot];
		if (++slot == about->offset + about->kept)
			slot = about->offset;
	}
	return true;
}

bool kt_number_highs(const struct kt_number *number, const struct kt_clock *clock, int level,
	int ago, int count, double *ret_blocks)
{
	const struct kt_level *about = &kt_levels[level];
	int slot;

	if (!kt_number_blocks(number, clock, level, ago, count, ret_blocks))
		return false;
	if (!number->highs || level < KT_LEVEL_TWO_HOURS)
		return true;
	slot = count > 0 ? kt_clock_closed(clock, level, ago + count - 1) : 0;
	for (int i = 0; i < count; i++) {
		ret_blocks[i] += kt_rings_unpack(number->highs->above[slot - HIGHS_FROM]);
		if (++slot == about->offset + about->kept)
			slot = about->offset;
	}
	return true;
}

/* Blocks of a counter have its value at their end. */
bool kt_number_starts(const struct kt_number *number, const struct kt_clock *clock, int level,
	int count, double *ret_counts)
{
	return kt_number_blocks(number, clock, level, 1, count, ret_counts) ||
	       kt_number_blocks(number, clock, level, 0, count, ret_counts);
}
