// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/states.h"

#include "verdict/larger.h"

#include <math.h>

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
#define CHURN_TIMES  3.
#define CHURN_SHARE  .66 /* of the blocks */
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
		.grain = view->of->grain, .fill_max = 8, .least = -HUGE_VAL, .steps = 1
	};
	struct kt_shape_basis basis;
	struct kt_shape shape;

	for (int i = 0; i < count; i++)
		lowest = view->floors.at[i] <= view->low + STILL * range_of(view) / 2 ? i : lowest;
	window.floors = view->floors.at + lowest;
	window.count = count - lowest;
	if (window.count < LEAST_FILL ||
		view->floors.at[count - 1] - view->floors.at[lowest] < MOVED * range_of(view))
		return false;
	kt_shape_begin(&basis, window.count);
	kt_shape_fit(&window, &basis, &shape);
	if (shape.rests[2] >= shape.step_rest || shape.rests[2] > FILL_BETTER * shape.rests[1] ||
		shape.rests[2] > FILL_LEAVES * shape.rests[0])
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
	kt_shape_fit(&window, &basis, &shape);
	if (shape.step_rest > STEP_LEAVES * shape.rests[0] || shape.step_at > last)
		return KT_VERDICT_NORMAL;
	state->since_ms = start_of(view, shape.step_at);
	state->rise = shape.step_bytes;
	state->noise = sqrt(shape.step_rest / count);
	return shape.step_bytes > 0 ? KT_VERDICT_STEP : KT_VERDICT_DROP;
}

/* Highest values that the floors know nothing of: nearly always is churn, once a spike. */
static enum kt_verdict churn_or_spike(const struct view *view, struct kt_state *state)
{
	const struct kt_rings *rings = view->of->rings;
	double excess[KT_LEVEL_BLOCKS + 1], highest = 0, now = (double)rings->value;
	double low = view->floors.at[view->floors.count - 1];
	int churns = 0, count = view->floors.count, last = 0;

	for (int i = 0; i < count; i++) {
		struct kt_rings_range range =
			kt_rings_range(rings, view->of->clock, view->level, count - 1 - i);

		excess[i] = range.top - range.low;
	}
	excess[count] = (double)rings->top - (double)rings->open[view->level];
	/* a rise in the newest block, or in the open one, may not have come back */
	for (int i = count - 1; i <= count; i++, low = fmin(low, (double)rings->open[view->level]))
		if (now - low > (1 - RETURNED) * excess[i])
			excess[i] = 0;
	for (int i = 0; i <= count; i++)
		highest = kt_larger(highest, excess[i]);
	if (highest < LEAST_BYTES || highest < CHURN_TIMES * range_of(view))
		return KT_VERDICT_NORMAL;
	for (int i = 0; i <= count; i++) {
		churns += excess[i] >= highest / 4;
		last = excess[i] >= kt_larger(highest / 4, LEAST_BYTES) ? i : last;
	}
	state->rise = highest;
	state->since_ms = start_of(view, last);
	if (churns >= CHURN_SHARE * (count + 1))
		return KT_VERDICT_CHURN;
	return count - last <= SPIKE_BLOCKS ? KT_VERDICT_SPIKE : KT_VERDICT_NORMAL;
}

static enum kt_verdict find_in(const struct view *view, struct kt_state *state)
{
	if (range_of(view) >= LEAST_BYTES) {
		if (fills_since_lowest(view, state))
			return KT_VERDICT_FILLING;
		if (view->level > 1 && has_teeth(view)) {
			state->rise = range_of(view);
			state->since_ms = start_of(view, 0);
			return KT_VERDICT_SAW_TOOTH;
		}
		if (is_spike(view, state))
			return KT_VERDICT_SPIKE;
		enum kt_verdict verdict = find_step(view, state);

		if (verdict != KT_VERDICT_NORMAL)
			return verdict;
	}
	if (view->level == KT_LEVEL_TWO_HOURS)
		return churn_or_spike(view, state);
	return KT_VERDICT_NORMAL;
}

void kt_states_find(const struct kt_growth_of *of, struct kt_state *ret_state)
{
	const struct kt_state none = { KT_VERDICT_NORMAL, -1, -1, 0, NAN, NAN };

	*ret_state = none;
	/* most amounts move less than any state needs */
	if (kt_rings_week_range(of->rings) < LEAST_BYTES)
		return;
	for (int level = KT_LEVEL_TWO_HOURS; level > 0; level--) {
		struct view view = { .of = of, .level = level, .low = HUGE_VAL, .high = -HUGE_VAL };

		kt_rings_floors(of->rings, of->clock, level, KT_LEVEL_BLOCKS, &view.floors);
		if (view.floors.count < LEAST_BLOCKS)
			continue;
		for (int i = 0; i < view.floors.count; i++) {
			view.low = kt_smaller(view.low, view.floors.at[i]);
			view.high = kt_larger(view.high, view.floors.at[i]);
		}
		*ret_state = none;
		ret_state->verdict = find_in(&view, ret_state);
		ret_state->level = level;
		if (ret_state->verdict != KT_VERDICT_NORMAL)
			return;
	}
	*ret_state = none;
}
