// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/growth.h"

#include "verdict/numbers.h"
#include "verdict/verdict.h"

#include <math.h>
#include <string.h>

#define DAY_MS	       86400000.
#define SEEN_LEAST     .75  /* of the blocks of a window that have samples */
#define STAIRS_LEAST   .9   /* of the ring, that has to be growth */
#define FILL_NO_BETTER -.5  /* nats: irregular growth must not slow down */
#define IRREGULAR      40.  /* deviations in a rise: a more even one is for the shape to judge */
#define SLOWS	       -2.5 /* nats: a line that is as much worse than a fill is none */
#define EVENT_NATS     2.3  /* one of ten events fits by chance */
#define SLOWS_LONG     -.1  /* the same in blocks of 2 h and days */
#define DAILY_LEAST    3    /* days */
#define DAILY_EVEN     1.25 /* the largest day, in smallest ones */
#define DAILY_STILL    .15  /* of a day's growth: the day before it */
#define DAILY_RISE     4.   /* times what growth in long blocks has to be */
#define DAILY_OFF      .15  /* of the blocks, that are near a stair */
#define DAILY_FALL     .05  /* of the rise */
#define DAY_PARTS      6
#define PARTS_GROW     3.3 /* of these, that hold the growth */
#define LEAST_BLOCKS   6
#define LEAST_MINUTES  8   /* of growth in blocks of a minute, or of ten */
#define WARM_UP	       .15 /* of the uptime */
#define RAM_PART       4096.

const double *kt_growth_window(const struct kt_growth *growth)
{
	return growth->floors.at + growth->floors.count - growth->blocks;
}

static double least_rise(const struct kt_growth_of *of, int level, int window)
{
	double rise = kt_levels[level].rises[window];

	return level == 0 ? fmax(rise, of->ram_bytes / RAM_PART) : rise;
}

/* The longest fill to refute: time constants of a day, and of more than a window after a boot. */
static double fill_max(const struct kt_growth_of *of, int level, int blocks)
{
	double length = (double)(blocks * kt_levels[level].step_ms);
	double longest = fmin(fmax(DAY_MS / length, 1), kt_levels[level].fill_max);
	double uptime = (double)of->clock->uptime_ms;

	if (uptime >= 0 && uptime - length < WARM_UP * uptime)
		longest = fmax(longest, 2);
	return longest;
}

static void set_window(
	const struct kt_growth_of *of, struct kt_growth *growth, int level, int blocks)
{
	const double *floors;

	growth->level = level;
	growth->blocks = blocks;
	growth->onset_ms = of->clock->start_ms[level] - blocks * kt_levels[level].step_ms;
	floors = kt_growth_window(growth);
	growth->rise = floors[blocks - 1] - floors[0];
}

/* `steps`: the most to compare with; `least`: a lower score needs no comparison. */
static void fit_window(
	const struct kt_growth_of *of, struct kt_growth *growth, int steps, double least)
{
	const struct kt_level *level = &kt_levels[growth->level];
	struct kt_shape_window window = { kt_growth_window(growth), growth->blocks, growth->grain,
		fill_max(of, growth->level, growth->blocks), least, steps };
	double day = DAY_MS / (double)level->step_ms;
	struct kt_shape_basis basis;

	kt_shape_begin(&basis, growth->blocks);
	kt_shape_fit(&window, &basis, &growth->shape);
	if (growth->level == KT_LEVEL_TWO_HOURS && growth->blocks >= 3 * day) {
		struct kt_shape without;

		kt_shape_take_out_days(&basis, day);
		kt_shape_fit(&window, &basis, &without);
		if (without.score > growth->shape.score)
			growth->shape = without;
	}
	growth->noise = growth->shape.noise;
}

static void seek_stairs(const struct kt_growth_of *of, struct kt_growth *growth)
{
	const struct kt_level *level = &kt_levels[growth->level];
	int last = growth->floors.count - 1;
	struct kt_stairs stairs;

	if (growth->level == 0 || growth->floors.count < level->kept)
		return;
	kt_stairs_fit(&growth->floors, 0, growth->grain, &stairs);
	if (!stairs.steady || last - stairs.onset < STAIRS_LEAST * level->kept ||
		stairs.rise < level->rises[0])
		return;
	set_window(of, growth, growth->level, growth->floors.count - stairs.onset);
	fit_window(of, growth, KT_SHAPE_STEPS, -HUGE_VAL);
	growth->rise = stairs.rise;
	growth->stairs = growth->sought = true;
	growth->positive = growth->shape.slowing >= FILL_NO_BETTER;
	/* even growth that does not beat a fill has bent: a logarithm of the age, in long blocks */
	if (growth->level >= KT_LEVEL_TWO_HOURS)
		growth->positive &= IRREGULAR * growth->noise >= stairs.rise;
}

/* Does every time of day have that growth since the day before? */
static bool is_even_all_day(const struct kt_floors *floors, int day, int days, double by)
{
	int off = 0;

	for (int i = floors->count - (days - 1) * day; i < floors->count; i++) {
		double grown = floors->at[i] - floors->at[i - day];

		off += grown > DAILY_EVEN * by || DAILY_EVEN * grown < by;
	}
	return off <= DAILY_OFF * (days - 1) * day;
}

/*
 * As much each day, for days in a row after a day without growth, and nothing of it came back: a
 * job that leaks at each of its runs makes too few stairs to be seen in parts.
 */
static void seek_daily(const struct kt_growth_of *of, struct kt_growth *growth)
{
	const struct kt_level *level = &kt_levels[growth->level];
	int day = (int)(DAY_MS / (double)level->step_ms), last = growth->floors.count - 1, days = 0;
	double least = HUGE_VAL, most = 0, by = 0;
	struct kt_stairs stairs;

	if (growth->level != KT_LEVEL_TWO_HOURS)
		return;
	for (; (days + 1) * day <= last; days++) {
		const double *at = growth->floors.at + last - (ptrdiff_t)days * day;

		by = at[0] - at[-day];
		if (by < DAILY_STILL * most)
			break;
		least = fmin(least, by);
		most = fmax(most, by);
		if (most > DAILY_EVEN * least)
			return;
	}
	if (days < DAILY_LEAST || (days + 1) * day > last || by < -DAILY_STILL * most ||
		days * least < DAILY_RISE * level->rises[0] ||
		!is_even_all_day(&growth->floors, day, days, (least + most) / 2))
		return;
	kt_stairs_fit(&growth->floors, last - days * day, growth->grain, &stairs);
	if (stairs.fall > DAILY_FALL * stairs.rise)
		return;
	set_window(of, growth, growth->level, days * day + 1);
	fit_window(of, growth, 0, level->score);
	growth->stairs = growth->sought = growth->positive = true;
}

/* The floor still rises, and is where it has not been before the shortest window. */
bool kt_growth_gate(const struct kt_growth_of *of, int level)
{
	const struct kt_level *about = &kt_levels[level];
	int there = kt_rings_count(of->rings, of->clock, level), shortest = about->windows[0];
	struct kt_territory before;
	double newest;

	if (there < shortest)
		return false;
	newest = kt_rings_floor(of->rings, of->clock, level, 0);
	if (newest - kt_rings_floor(of->rings, of->clock, level, there - 1) < about->rises[0] / 2 ||
		newest <= kt_rings_floor(of->rings, of->clock, level, shortest / 2))
		return false;
	if (level >= KT_LEVEL_TWO_HOURS)
		return true;
	if (newest <= (double)of->rings->week_high)
		return false;
	kt_territory_before(
		of, level, of->clock->start_ms[level] - shortest * about->step_ms, &before);
	return newest > before.high;
}

/*
 * A window that begins before the growth has a knee, which hides that the growth slows down. All
 * of the growth in short blocks is tested again from its onset on. The first minutes of a fill are
 * as straight as a leak, and the rest of the window makes them bend upwards: they have to wait.
 */
static bool slows_since_onset(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	const struct kt_level *level = &kt_levels[growth->level];
	struct kt_growth whole = *growth;
	struct kt_stairs stairs;

	if (growth->level >= KT_LEVEL_TWO_HOURS)
		return false;
	kt_stairs_fit(&growth->floors, 0, growth->grain, &stairs);
	/* the block of the onset is not all growth */
	stairs.onset++;
	if (growth->floors.count - stairs.onset < (growth->level ? LEAST_MINUTES : LEAST_BLOCKS))
		return growth->level > 0;
	set_window(of, &whole, growth->level, growth->floors.count - stairs.onset);
	fit_window(of, &whole, 0, level->score);
	return whole.shape.slowing < SLOWS;
}

/* The floors where an event has happened equally often in between; false: not that often. */
static bool warp(const double *counts, const double *floors, int blocks, double *ret_floors)
{
	double each = (counts[blocks - 1] - counts[0]) / (blocks - 1);
	int from = 0;

	if (!(each >= 1))
		return false;
	for (int i = 0; i < blocks; i++) {
		double at = counts[0] + i * each, length;

		while (from < blocks - 2 && counts[from + 1] < at)
			from++;
		length = counts[from + 1] - counts[from];
		at = length > 0 ? fmin((at - counts[from]) / length, 1) : 0;
		ret_floors[i] = floors[from] + at * (floors[from + 1] - floors[from]);
	}
	return true;
}

/* The line in the events that explain the window best, if it has the shape of a leak. */
static void fit_events(const struct kt_growth_of *of, struct kt_growth *growth)
{
	const struct kt_level *level = &kt_levels[growth->level];
	double counts[KT_LEVEL_BLOCKS] = { 0 }, floors[KT_LEVEL_BLOCKS];
	struct kt_shape_window window = { floors, growth->blocks, growth->grain,
		fill_max(of, growth->level, growth->blocks), level->score, KT_SHAPE_STEPS };
	double least = level->score + EVENT_NATS;

	for (int i = 0; i < KT_NR_EVENTS; i++) {
		struct kt_shape_basis basis;
		struct kt_shape shape;

		if (!kt_number_starts(
			    &of->events[i], of->clock, growth->level, growth->blocks, counts) ||
			!warp(counts, kt_growth_window(growth), growth->blocks, floors))
			continue;
		kt_shape_begin(&basis, growth->blocks);
		kt_shape_fit(&window, &basis, &shape);
		if (shape.score < least || shape.slowing < SLOWS_LONG ||
			shape.rise < level->rises[0])
			continue;
		/* drivers are compared with a line in time */
		memcpy(shape.rests, growth->shape.rests, sizeof(shape.rests));
		growth->shape = shape;
		growth->positive = growth->by_event = true;
		least = shape.score;
	}
}

/*
 * A leak at each packet or write grows with the load, by day and not by night. It is a straight
 * line where time is counted in such events, and a fill bends there too.
 */
static void seek_by_event(const struct kt_growth_of *of, struct kt_growth *best)
{
	const struct kt_level *level = &kt_levels[best->level];
	struct kt_growth found = *best;

	if (!of->events || best->level < KT_LEVEL_TWO_HOURS || !best->sought ||
		best->shape.flat < level->score / 2)
		return;
	for (int k = 0; k < KT_LEVEL_WINDOWS && level->windows[k]; k++) {
		struct kt_growth growth = *best;

		if (growth.floors.count < level->windows[k])
			break;
		set_window(of, &growth, best->level, level->windows[k]);
		if (growth.rise < least_rise(of, best->level, k) / 2)
			continue;
		fit_window(of, &growth, 0, level->score);
		fit_events(of, &growth);
		if (growth.positive && (!found.positive || growth.shape.score > found.shape.score))
			found = growth;
	}
	*best = found;
}

/* A few steps in as many days look like a line: growth of days has to go on in most parts of them.
 */
static bool is_few_steps(const struct kt_growth *growth)
{
	const double *floors = kt_growth_window(growth);
	double sum = 0, squares = 0;

	if (growth->level < KT_LEVEL_DAYS)
		return false;
	for (int k = 0; k < DAY_PARTS; k++) {
		int from = k * (growth->blocks - 1) / DAY_PARTS;
		int to = (k + 1) * (growth->blocks - 1) / DAY_PARTS;

		sum += floors[to] - floors[from];
		squares += (floors[to] - floors[from]) * (floors[to] - floors[from]);
	}
	return sum * sum < PARTS_GROW * squares;
}

void kt_growth_seek(const struct kt_growth_of *of, int level, struct kt_growth *ret_growth)
{
	const struct kt_level *about = &kt_levels[level];
	struct kt_growth best = { .level = level, .grain = of->grain }, growth;

	kt_rings_floors(of->rings, of->clock, level, about->kept, &best.floors);
	for (int k = 0; k < KT_LEVEL_WINDOWS && about->windows[k]; k++) {
		int m = about->windows[k];
		double least = least_rise(of, level, k);

		if (best.floors.count < m ||
			best.floors.at[best.floors.count - 1] -
					best.floors.at[best.floors.count - m] <
				least / 2 ||
			kt_clock_seen(of->clock, level, m) < SEEN_LEAST * m)
			continue;
		growth = best;
		set_window(of, &growth, level, m);
		fit_window(of, &growth, KT_SHAPE_STEPS, about->score);
		growth.sought = true;
		growth.positive =
			growth.shape.score >= about->score && growth.shape.rise >= least &&
			growth.shape.slowing >= (level < KT_LEVEL_TWO_HOURS ? SLOWS : SLOWS_LONG);
		if (!best.sought || growth.positive > best.positive ||
			(growth.positive == best.positive && growth.shape.score > best.shape.score))
			best = growth;
	}
	if (!best.positive)
		seek_by_event(of, &best);
	if (!best.positive)
		seek_stairs(of, &best);
	if (!best.positive)
		seek_daily(of, &best);
	if (best.positive && (slows_since_onset(of, &best) || is_few_steps(&best)))
		best.positive = false;
	/* of growth that is no line, and large enough, it still matters whether it is one step */
	if (best.sought && !best.stairs && !best.positive && !best.shape.stepped &&
		best.shape.flat >= about->score && best.shape.rise >= about->rises[0])
		fit_window(of, &best, KT_SHAPE_STEPS, -HUGE_VAL);
	*ret_growth = best;
}
