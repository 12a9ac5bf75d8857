// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/states.h"

#include "verdict/larger.h"

#include <math.h>
#include <string.h>

#define LEAST_BLOCKS 12
#define LEAST_FILL   8
#define LEAST_BYTES  (8 * 1048576.) /* smaller changes are not worth a word */
#define FALL_SHARE   .5		    /* of the range, that empties it */
#define NEAR_LOWEST  .2		    /* of the range */
#define SLOWLY	     .35	    /* of the range, in a block */
#define RETURNED     .7		    /* of the rise */
#define STEP_LEAVES  .2		    /* of the squares, at most */
#define FILL_LEAVES  .1
#define FILL_BETTER  .5 /* of the squares that a line leaves */
#define STILL	     .1 /* of the range: the last quarter after a step */
#define MOVED	     .5 /* of the range, from first to last */
#define CHURN_TIMES  3. /* of the range of the floors: less is noise */
#define CHURN_SHARE  .5 /* of the blocks */
#define CHURN_RISES  5
#define CHURN_WAIT   5	 /* blocks from rise to rise */
#define TOPS_LEAST   .8	 /* of a kept top, which is rounded up */
#define SPIKE_TIMES  2.5 /* of the usual rise */
#define SPIKE_BLOCKS 12	 /* a spike is reported for a day */

/* Range of the floors of one level. */
struct view {
	const struct kt_growth_of *of;
	int level;
	struct kt_floors floors;
	double low, high;
};

static double range_of(const struct view *view)
{
	return view->high - view->low;
}

static int64_t start_of(const struct view *view, int block)
{
	return view->of->clock->start_ms[view->level] -
	       (view->floors.count - block) * kt_levels[view->level].step_ms;
}

/*
 * Teeth: at least twice it fell at once, by half of its range, to near its lowest floor, and rose
 * slowly. What rises as fast as it falls is a phase or noise.
 */
static bool has_teeth(const struct view *view)
{
	double least = FALL_SHARE * range_of(view), near = view->low + NEAR_LOWEST * range_of(view);
	double fastest = 0;
	int falls = 0;

	for (int i = 1; i < view->floors.count; i++) {
		double by = view->floors.at[i] - view->floors.at[i - 1];

		fastest = kt_larger(fastest, by);
		falls += -by >= least && view->floors.at[i] <= near;
	}
	return falls >= 2 && fastest <= SLOWLY * range_of(view);
}

/* A cache that fills again since it was last emptied. */
static bool fills_since_lowest(const struct view *view, struct kt_state *state)
{
	int lowest = 0, count = view->floors.count;
	struct kt_shape_window window = {
		.grain = view->of->grain, .fill_max = 8, .least = -HUGE_VAL
	};
	struct kt_shape_basis basis;
	struct kt_shape shape, step;

	for (int i = 0; i < count; i++)
		lowest = view->floors.at[i] <= view->low + STILL * range_of(view) / 2 ? i : lowest;
	window.floors = view->floors.at + lowest;
	window.count = count - lowest;
	if (window.count < LEAST_FILL ||
		view->floors.at[count - 1] - view->floors.at[lowest] < MOVED * range_of(view))
		return false;
	kt_shape_begin(&basis, window.count);
	kt_shape_fit(&window, &basis, &shape);
	if (shape.rests[2] > FILL_BETTER * shape.rests[1] ||
		shape.rests[2] > FILL_LEAVES * shape.rests[0])
		return false;
	kt_shape_fit_step(&window, &basis, &step);
	if (shape.rests[2] >= step.step_rest)
		return false;
	state->ceiling = shape.fill_end;
	state->rise = view->floors.at[count - 1] - view->floors.at[lowest];
	state->noise = sqrt(shape.rests[2] / window.count);
	state->since_ms = start_of(view, lowest);
	return true;
}

/* Up and back, once. */
static bool is_spike(const struct view *view, struct kt_state *state)
{
	const double *w = view->floors.at;
	int count = view->floors.count, above = 0, runs = 0, first = 0;
	double middle = view->low + range_of(view) / 2, rise = view->high - w[0];

	for (int i = 0; i < count; i++) {
		bool is = w[i] > middle, was = i && w[i - 1] > middle;

		above += is;
		if (is && !was && !runs++)
			first = i;
	}
	if (runs != 1 || above > count / 2 || rise < RETURNED * range_of(view) ||
		w[count - 1] > view->high - RETURNED * rise)
		return false;
	state->since_ms = start_of(view, first);
	state->rise = rise;
	return true;
}

/* Once up or down, and still since. */
static enum kt_verdict find_step(const struct view *view, struct kt_state *state)
{
	int count = view->floors.count, last = count - count / 4;
	double low = HUGE_VAL, high = -HUGE_VAL;
	struct kt_shape_window window = { view->floors.at, count, view->of->grain, 8, -HUGE_VAL,
		1 };
	struct kt_shape_basis basis;
	struct kt_shape shape;

	for (int i = last; i < count; i++) {
		low = kt_smaller(low, view->floors.at[i]);
		high = kt_larger(high, view->floors.at[i]);
	}
	if (high - low > STILL * range_of(view) ||
		fabs(view->floors.at[count - 1] - view->floors.at[0]) < MOVED * range_of(view))
		return KT_VERDICT_NORMAL;
	kt_shape_begin(&basis, count);
	kt_shape_fit_step(&window, &basis, &shape);
	if (shape.step_rest > STEP_LEAVES * shape.rests[0] || shape.step_at > last)
		return KT_VERDICT_NORMAL;
	state->since_ms = start_of(view, shape.step_at);
	state->rise = shape.step_bytes;
	state->noise = sqrt(shape.step_rest / count);
	return shape.step_bytes > 0 ? KT_VERDICT_STEP : KT_VERDICT_DROP;
}

/*
 * Highest values above the floors before and after: what rose and came back within hours. A step
 * has not come back, nor has what is still up in the open block. Returns the highest.
 */
static double find_rises(const struct view *view, double *ret_rises)
{
	const struct kt_rings *rings = view->of->rings;
	const double *floors = view->floors.at;
	int count = view->floors.count;
	double highest = 0;

	for (int i = 0; i <= count; i++) {
		double before = i > 0 ? floors[i - 1] : floors[0], after = (double)rings->value;
		double top = (double)rings->top, least = top;

		if (i < count) {
			const struct kt_rings_range range =
				kt_rings_range(rings, view->of->clock, view->level, count - 1 - i);

			top = range.top;
			least = range.low + TOPS_LEAST * (range.top - range.low);
			after = i + 1 < count ? floors[i + 1] : (double)rings->open[view->level];
		}
		ret_rises[i] =
			least > kt_larger(before, after) ? top - kt_larger(before, after) : 0;
		highest = kt_larger(highest, ret_rises[i]);
	}
	return highest;
}

/* The value at place `n` if all were sorted; their order changes. */
static double nth(double *values, int count, int n)
{
	int low = 0, high = count - 1;

	while (low < high) {
		double middle = values[(low + high) / 2];
		int i = low, j = high;

		while (i <= j) {
			while (values[i] < middle)
				i++;
			while (values[j] > middle)
				j--;
			if (i <= j) {
				double value = values[i];

				values[i++] = values[j];
				values[j--] = value;
			}
		}
		if (n <= j)
			high = j;
		else if (n >= i)
			low = i;
		else
			break;
	}
	return count > 0 ? values[n] : 0;
}

/* Range of the floors without their highest and lowest tenth: long rises are no noise. */
static double usual_range(const struct view *view)
{
	double floors[KT_LEVEL_BLOCKS], high;
	int count = view->floors.count;

	memcpy(floors, view->floors.at, (size_t)count * sizeof(*floors));
	high = nth(floors, count, count - 1 - count / 10);
	return high - nth(floors, count, count / 10);
}

/* Blocks with a rise, and how often they begin anew: one rise may reach into the next block. */
struct rises {
	int blocks, runs, last;
	int waits[KT_LEVEL_BLOCKS + 1]; /* blocks from one to the next */
};

static void count_rises(const double *rises, int count, double least, struct rises *ret_rises)
{
	int begun = 0;

	*ret_rises = (struct rises){ .last = -1 };
	for (int i = 0; i < count; i++) {
		if (rises[i] < least)
			continue;
		ret_rises->blocks++;
		ret_rises->last = i;
		if (i > 0 && rises[i - 1] >= least)
			continue;
		if (ret_rises->runs++)
			ret_rises->waits[ret_rises->runs - 2] = i - begun;
		begun = i;
	}
}

/* Another rise usually comes within hours. */
static bool comes_often(const struct rises *rises)
{
	int soon = 0;

	for (int i = 0; i + 1 < rises->runs; i++)
		soon += rises->waits[i] <= CHURN_WAIT;
	return rises->runs >= CHURN_RISES && 2 * soon > rises->runs - 1;
}

/*
 * Rises that come back: in most blocks, or usually within hours of the last time, is churn,
 * though there is none at night; else a spike, for a day. Noise is the same in all blocks.
 */
static enum kt_verdict churn_or_spike(const struct view *view, struct kt_state *state)
{
	double each[KT_LEVEL_BLOCKS + 1], copy[KT_LEVEL_BLOCKS + 1], least, usual;
	double highest = find_rises(view, each);
	int count = view->floors.count + 1;
	struct rises rises;

	if (highest < LEAST_BYTES || (highest < CHURN_TIMES * range_of(view) &&
					     highest < CHURN_TIMES * usual_range(view)))
		return KT_VERDICT_NORMAL;
	least = kt_larger(highest / 10, LEAST_BYTES);
	count_rises(each, count, least, &rises);
	state->rise = highest;
	state->since_ms = start_of(view, rises.last);
	if (rises.blocks >= CHURN_SHARE * count)
		return KT_VERDICT_CHURN;
	memcpy(copy, each, sizeof(copy[0]) * (size_t)count);
	usual = nth(copy, count, count / 2);
	count_rises(each, count, kt_larger(least, SPIKE_TIMES * usual), &rises);
	if (comes_often(&rises))
		return KT_VERDICT_CHURN;
	state->since_ms = start_of(view, rises.last);
	return rises.last >= 0 && count - 1 - rises.last <= SPIKE_BLOCKS ? KT_VERDICT_SPIKE
									 : KT_VERDICT_NORMAL;
}

/* Emptied again and again, or filling since the last time. */
static enum kt_verdict teeth_or_fill(const struct view *view, struct kt_state *state)
{
	if (view->level > 1 && has_teeth(view)) {
		state->rise = range_of(view);
		state->since_ms = start_of(view, 0);
		return KT_VERDICT_SAW_TOOTH;
	}
	return fills_since_lowest(view, state) ? KT_VERDICT_FILLING : KT_VERDICT_NORMAL;
}

static enum kt_verdict find_in(const struct view *view, struct kt_state *state)
{
	const bool moves = range_of(view) >= LEAST_BYTES;
	struct kt_state risen = *state;
	enum kt_verdict verdict = KT_VERDICT_NORMAL, rises = KT_VERDICT_NORMAL;

	if (moves)
		verdict = teeth_or_fill(view, state);
	if (verdict != KT_VERDICT_NORMAL)
		return verdict;
	if (view->level == KT_LEVEL_TWO_HOURS)
		rises = churn_or_spike(view, &risen);
	if (moves && rises != KT_VERDICT_CHURN) {
		if (is_spike(view, state))
			return KT_VERDICT_SPIKE;
		verdict = find_step(view, state);
		if (verdict != KT_VERDICT_NORMAL)
			return verdict;
	}
	*state = risen;
	return rises;
}

static bool look_at(const struct kt_growth_of *of, int level, struct view *ret_view)
{
	*ret_view = (struct view){ .of = of, .level = level, .low = HUGE_VAL, .high = -HUGE_VAL };
	kt_rings_floors(of->rings, of->clock, level, KT_LEVEL_BLOCKS, &ret_view->floors);
	for (int i = 0; i < ret_view->floors.count; i++) {
		ret_view->low = kt_smaller(ret_view->low, ret_view->floors.at[i]);
		ret_view->high = kt_larger(ret_view->high, ret_view->floors.at[i]);
	}
	return ret_view->floors.count >= LEAST_BLOCKS;
}

bool kt_states_have_teeth(const struct kt_growth_of *of)
{
	struct view view;

	return look_at(of, KT_LEVEL_TWO_HOURS, &view) && range_of(&view) >= LEAST_BYTES &&
	       has_teeth(&view);
}

void kt_states_find(const struct kt_growth_of *of, struct kt_state *ret_state)
{
	const struct kt_state none = { KT_VERDICT_NORMAL, -1, -1, 0, NAN, NAN };

	*ret_state = none;
	/* most amounts move less than any state needs */
	if (kt_rings_week_range(of->rings) < LEAST_BYTES)
		return;
	for (int level = KT_LEVEL_TWO_HOURS; level > 0; level--) {
		struct view view;

		if (!look_at(of, level, &view))
			continue;
		*ret_state = none;
		ret_state->verdict = find_in(&view, ret_state);
		ret_state->level = level;
		if (ret_state->verdict != KT_VERDICT_NORMAL)
			return;
	}
	*ret_state = none;
}
