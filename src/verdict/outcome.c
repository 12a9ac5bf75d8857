// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/outcome.h"

#include <math.h>

int kt_outcome_rank(enum kt_verdict verdict, enum kt_veto veto)
{
	switch (verdict) {
	case KT_VERDICT_LEAK: return 6;
	case KT_VERDICT_OUT_OF_PROPORTION: return 5;
	case KT_VERDICT_GROWING: return veto == KT_VETO_SHAPE ? 1 : 4;
	case KT_VERDICT_FOLLOWS: return 3;
	case KT_VERDICT_FILLING:
	case KT_VERDICT_SAW_TOOTH: return 2;
	default: return 0;
	}
}

static void set(struct kt_outcome *outcome, enum kt_verdict verdict, enum kt_veto veto)
{
	outcome->verdict = verdict;
	outcome->veto = veto;
}

/* A rider on the caches of inodes fills and empties with them. */
static enum kt_verdict verdict_of_driver(const struct kt_driven *driven)
{
	if (driven->too_much)
		return KT_VERDICT_OUT_OF_PROPORTION;
	return driven->driver == KT_DRIVER_INODES_KIB ? KT_VERDICT_FILLING : KT_VERDICT_FOLLOWS;
}

/* A line is at least possible, and no growth at all is not. */
static void judge_undecided(const struct kt_growth_of *of, const struct kt_machine_numbers *numbers,
	const struct kt_growth *growth, struct kt_outcome *outcome)
{
	const struct kt_shape *shape = &growth->shape;
	const struct kt_level *level = &kt_levels[growth->level];

	if (!growth->sought || shape->flat < level->score || shape->rise < level->rises[0] ||
		shape->steps < 0 || kt_veto_territory(of, growth))
		return;
	kt_drivers_explain(of, numbers->drivers, growth, &outcome->driven);
	if (outcome->driven.driver != KT_NR_DRIVERS)
		set(outcome, verdict_of_driver(&outcome->driven), KT_VETO_DRIVER);
	else if (of->reclaimable)
		set(outcome, KT_VERDICT_FILLING, KT_VETO_RECLAIMABLE);
	else if (shape->fill < 0)
		set(outcome, KT_VERDICT_FILLING, KT_VETO_SHAPE);
	else
		set(outcome, KT_VERDICT_GROWING, KT_VETO_SHAPE);
}

static bool below_before(const struct kt_growth_of *of, const struct kt_growth *growth)
{
	const double *floors = kt_growth_window(growth);
	struct kt_territory before;

	kt_territory_before(of, growth->level, growth->onset_ms, &before);
	return floors[growth->blocks - 1] <= before.high;
}

void kt_outcome_of(const struct kt_growth_of *of, const struct kt_machine_numbers *numbers,
	const struct kt_growth *growth, struct kt_outcome *ret_outcome)
{
	struct kt_outcome outcome = { .verdict = KT_VERDICT_NORMAL,
		.driven = { KT_NR_DRIVERS, NAN, NAN, false },
		.ridden = UINT32_MAX };

	if (!growth->positive) {
		judge_undecided(of, numbers, growth, &outcome);
	} else if (below_before(of, growth)) {
		set(&outcome, KT_VERDICT_NORMAL, KT_VETO_TERRITORY);
	} else if (of->reclaimable && kt_veto_reclaimable(growth, &numbers->pressures)) {
		set(&outcome, KT_VERDICT_FILLING, KT_VETO_RECLAIMABLE);
	} else {
		kt_drivers_explain(of, numbers->drivers, growth, &outcome.driven);
		if (outcome.driven.driver != KT_NR_DRIVERS)
			set(&outcome, verdict_of_driver(&outcome.driven), KT_VETO_DRIVER);
		else if (kt_veto_territory(of, growth))
			set(&outcome, KT_VERDICT_GROWING, KT_VETO_TERRITORY);
		else if (kt_veto_deceleration(of, growth))
			set(&outcome, KT_VERDICT_FILLING, KT_VETO_DECELERATION);
		else if (kt_veto_history(of, growth))
			set(&outcome, KT_VERDICT_GROWING, KT_VETO_HISTORY);
		else
			set(&outcome, KT_VERDICT_LEAK, KT_VETO_NONE);
	}
	if (outcome.verdict == KT_VERDICT_FILLING && kt_states_have_teeth(of))
		outcome.verdict = KT_VERDICT_SAW_TOOTH;
	*ret_outcome = outcome;
}

/*
 * A number that went up at the same time, and without it nothing moved either: the whole ring has
 * to fit.
 */
void kt_outcome_of_state(const struct kt_growth_of *of, const struct kt_machine_numbers *numbers,
	const struct kt_state *state, struct kt_outcome *ret_outcome)
{
	struct kt_outcome outcome = { .verdict = state->verdict,
		.driven = { KT_NR_DRIVERS, NAN, NAN, false },
		.ridden = UINT32_MAX };
	struct kt_growth growth = { .level = state->level, .grain = of->grain };
	const struct kt_level *level;

	*ret_outcome = outcome;
	if (of->reclaimable ||
		(state->verdict != KT_VERDICT_STEP && state->verdict != KT_VERDICT_FILLING))
		return;
	level = &kt_levels[state->level];
	kt_rings_floors(of->rings, of->clock, state->level, level->kept, &growth.floors);
	growth.blocks = growth.floors.count;
	growth.onset_ms = of->clock->start_ms[state->level] - growth.blocks * level->step_ms;
	growth.rise = state->rise;
	growth.shape.rests[1] = growth.blocks * state->noise * state->noise;
	kt_drivers_explain(of, numbers->drivers, &growth, &outcome.driven);
	/* more for each unit than before is said of growth only: a step may have come by chance */
	if (outcome.driven.driver == KT_NR_DRIVERS || outcome.driven.too_much)
		return;
	set(&outcome, verdict_of_driver(&outcome.driven), KT_VETO_DRIVER);
	*ret_outcome = outcome;
}
