// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/states.h"

#include <math.h>

#define LEAST_BLOCKS 12
#define FALL_SHARE   .5 /* of the range, that empties it */
#define NEAR_LOWEST  .2 /* of the range */
#define RETURNED     .7 /* of the rise */
#define STEP_LEAVES  .2 /* of the squares, at most */
#define FILL_LEAVES  .1
#define STILL	     .1 /* of the range: the last quarter after a step */
#define MOVED	     .5 /* of the range, from first to last */
#define CHURN_TIMES  3.
#define CHURN_BLOCKS 4

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

/* How often it fell at once, by at least half of its range, to near its lowest floor. */
static int count_falls(const struct view *view)
{
	double least = FALL_SHARE * range_of(view), near = view->low + NEAR_LOWEST * range_of(view);
	int falls = 0;

	for (int i = 1; i < view->floors.count; i++) {
		double fall = view->floors.at[i - 1] - view->floors.at[i];

		if (view->level == KT_LEVEL_TWO_HOURS) {
			struct kt_rings_range range = kt_rings_range(view->of->rings,
				view->of->clock, view->level, view->floors.count - 1 - i);

			fall = fmax(fall, range.fall);
		}
		falls += fall >= least &&
			 fmin(view->floors.at[i], i + 1 < view->floors.count
							  ? view->floors.at[i + 1]
							  : view->floors.at[i]) <= near;
	}
	return falls;
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

/* Once up or down, and still since; or a fill that has nearly ended. */
static enum kt_verdict step_or_fill(const struct view *view, struct kt_state *state)
{
	int count = view->floors.count, last = count - count / 4;
	double low = HUGE_VAL, high = -HUGE_VAL;
	struct kt_shape_window window = { view->floors.at, count, view->of->grain, 8, -HUGE_VAL };
	struct kt_shape_basis basis;
	struct kt_shape shape;

	for (int i = last; i < count; i++) {
		low = fmin(low, view->floors.at[i]);
		high = fmax(high, view->floors.at[i]);
	}
	if (fabs(view->floors.at[count - 1] - view->floors.at[0]) < MOVED * range_of(view))
		return KT_VERDICT_NORMAL;
	kt_shape_begin(&basis, count);
	kt_shape_fit(&window, &basis, &shape);
	state->since_ms = start_of(view, shape.step_at);
	state->rise = shape.step_bytes;
	state->noise = sqrt(fmin(shape.step_rest, shape.rests[2]) / count);
	if (shape.rests[2] < shape.step_rest && shape.rests[2] < shape.rests[1] &&
		shape.rests[2] <= FILL_LEAVES * shape.rests[0]) {
		state->ceiling = shape.fill_end;
		state->rise = view->floors.at[count - 1] - view->floors.at[0];
		state->since_ms = start_of(view, 0);
		return KT_VERDICT_FILLING;
	}
	if (shape.step_rest > STEP_LEAVES * shape.rests[0] || shape.step_at > last ||
		high - low > STILL * range_of(view))
		return KT_VERDICT_NORMAL;
	return shape.step_bytes > 0 ? KT_VERDICT_STEP : KT_VERDICT_DROP;
}

/* Highest values that the floors know nothing of: often is churn, once a spike. */
static enum kt_verdict churn_or_spike(const struct view *view, struct kt_state *state)
{
	double excess[KT_LEVEL_BLOCKS], highest = 0;
	int high = 0, count = view->floors.count, last = 0;

	for (int i = 0; i < count; i++) {
		struct kt_rings_range range = kt_rings_range(
			view->of->rings, view->of->clock, view->level, count - 1 - i);

		excess[i] = range.top - range.low;
		highest = fmax(highest, excess[i]);
	}
	if (highest < kt_levels[view->level].rises[0] || highest < CHURN_TIMES * range_of(view))
		return KT_VERDICT_NORMAL;
	for (int i = 0; i < count; i++) {
		high += excess[i] >= highest / 2;
		last = excess[i] >= highest / 2 ? i : last;
	}
	state->rise = highest;
	state->since_ms = start_of(view, last);
	return high >= CHURN_BLOCKS ? KT_VERDICT_CHURN : KT_VERDICT_SPIKE;
}

static enum kt_verdict find_in(const struct view *view, struct kt_state *state)
{
	if (range_of(view) >= kt_levels[view->level].rises[0]) {
		if (count_falls(view) >= 2) {
			state->rise = range_of(view);
			state->since_ms = start_of(view, 0);
			return KT_VERDICT_SAW_TOOTH;
		}
		if (is_spike(view, state))
			return KT_VERDICT_SPIKE;
		enum kt_verdict verdict = step_or_fill(view, state);

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
	for (int level = KT_LEVEL_TWO_HOURS; level > 0; level--) {
		struct view view = { .of = of, .level = level, .low = HUGE_VAL, .high = -HUGE_VAL };

		kt_rings_floors(of->rings, of->clock, level, KT_LEVEL_BLOCKS, &view.floors);
		if (view.floors.count < LEAST_BLOCKS)
			continue;
		for (int i = 0; i < view.floors.count; i++) {
			view.low = fmin(view.low, view.floors.at[i]);
			view.high = fmax(view.high, view.floors.at[i]);
		}
		*ret_state = none;
		ret_state->verdict = find_in(&view, ret_state);
		ret_state->level = level;
		if (ret_state->verdict != KT_VERDICT_NORMAL)
			return;
	}
	*ret_state = none;
}
