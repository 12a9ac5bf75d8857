// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/clock.h"

#include <string.h>

#define TIME_MAX  (1ll << 52) /* ms: no date of use is later */
#define FAR_APART 2.5	      /* blocks of the shortest level, between samples */
#define ROUNDS_MS 90000	      /* imported times are rounded to minutes */

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

int kt_clock_slot(int level, int64_t block)
{
	return kt_levels[level].offset + (int)(block % kt_levels[level].kept);
}

/* Time since the sample before; the machine's clock is believed unless uptime contradicts it. */
static int64_t passed_ms(const struct kt_clock *clock, int64_t time_ms, int64_t uptime_ms)
{
	int64_t passed = time_ms - clock->time_ms;

	if (uptime_ms >= 0 && clock->uptime_ms >= 0 && uptime_ms >= clock->uptime_ms) {
		int64_t up = uptime_ms - clock->uptime_ms;

		if (passed - up > ROUNDS_MS || up - passed > ROUNDS_MS)
			passed = up;
	}
	return passed < 0 ? 0 : passed;
}

/* Samples of a minute say nothing of 10 s: such blocks would only repeat them. */
static void find_shortest(struct kt_clock *clock, int64_t before_ms)
{
	bool far = (double)(clock->now_ms - before_ms) > FAR_APART * (double)kt_levels[0].step_ms;

	clock->shortest = far;
	if (far || !clock->running)
		clock->dense_ms = clock->now_ms;
}

static void enter_blocks(struct kt_clock *clock)
{
	for (int level = 0; level < KT_NR_LEVELS; level++) {
		const struct kt_level *about = &kt_levels[level];
		int64_t block = clock->now_ms / about->step_ms, before = clock->block[level];

		clock->first[level] = !clock->running || block != before;
		if (!clock->first[level])
			continue;
		if (!clock->running || block - before > about->kept)
			before = block - about->kept;
		for (int64_t gone = before + 1; gone < block; gone++)
			if (gone >= 0)
				clock->seen[kt_clock_slot(level, gone)] = false;
		clock->seen[kt_clock_slot(level, block)] = true;
		clock->block[level] = block;
		clock->open[level] = kt_clock_slot(level, block) - about->offset;
		clock->start_ms[level] = block * about->step_ms;
	}
}

bool kt_clock_advance(struct kt_clock *clock, int64_t time_ms, int64_t uptime_ms)
{
	bool booted = clock->running && uptime_ms >= 0 && uptime_ms < clock->uptime_ms - ROUNDS_MS;
	int64_t before_ms = clock->now_ms;

	time_ms = clamp(time_ms, 0, TIME_MAX);
	uptime_ms = clamp(uptime_ms, -1, TIME_MAX);
	if (!clock->running)
		clock->now_ms = clock->begun_ms = time_ms;
	else
		clock->now_ms = clamp(
			clock->now_ms + passed_ms(clock, time_ms, uptime_ms), 0, 2 * TIME_MAX);
	find_shortest(clock, clock->running ? before_ms : clock->now_ms);
	clock->time_ms = time_ms;
	clock->uptime_ms = uptime_ms;
	enter_blocks(clock);
	clock->running = true;
	return booted;
}

void kt_clock_boot(struct kt_clock *clock)
{
	clock->begun_ms = clock->now_ms;
}

int kt_clock_blocks(const struct kt_clock *clock, int level, int64_t since_ms)
{
	const struct kt_level *about = &kt_levels[level];

	if (level == 0 && since_ms < clock->dense_ms)
		since_ms = clock->dense_ms;
	/* nearly always, and without a division */
	if (since_ms < clock->start_ms[level] - about->kept * about->step_ms)
		return about->kept;
	return (int)clamp(clock->block[level] - since_ms / about->step_ms, 0, about->kept);
}

int kt_clock_seen(const struct kt_clock *clock, int level, int count)
{
	int seen = 0, there = (int)clamp(clock->block[level], 0, count);

	for (int i = 0; i < there; i++)
		seen += clock->seen[kt_clock_closed(clock, level, i)];
	return seen;
}
