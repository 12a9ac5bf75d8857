// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/step.h"

static struct kt_input *noted(
	const struct kt_snapshot *snap, enum kt_metric of, enum kt_metric input)
{
	for (size_t i = 0; i < snap->inputs.count; i++) {
		struct kt_input *one = &snap->inputs.items[i];

		if (one->of == of && one->input == input)
			return one;
	}
	return NULL;
}

/*
 * Notes an input, unless the rule makes it: a rule may check whether a file already states what it
 * makes.
 */
static void note_input(const struct kt_step *step, enum kt_metric input, bool presence)
{
	struct kt_snapshot *snap = step->snap;
	struct kt_input *slot;

	if (step->node != KT_NO_NODE)
		return;
	for (const enum kt_metric *of = step->makes; *of != KT_METRIC_NONE; of++) {
		if (*of == input)
			continue;
		slot = noted(snap, *of, input);
		if (slot)
			slot->presence &= presence;
		else if ((slot = kt_list_push(&snap->arena, &snap->inputs)))
			*slot = (struct kt_input){ *of, input, presence };
	}
}

void kt_step_run(struct kt_snapshot *snap, int node, const struct kt_rule *rules, size_t nr_rules)
{
	for (size_t i = 0; i < nr_rules; i++) {
		struct kt_step step = { snap, node, rules[i].makes };

		if (rules[i].machine && node != KT_NO_NODE)
			continue;
		note_input(&step, KT_METRIC_NONE, true);
		rules[i].run(&step);
	}
}

struct kt_val kt_step_get(struct kt_step *step, enum kt_metric metric)
{
	note_input(step, metric, false);
	return kt_snapshot_get(step->snap, metric, step->node);
}

struct kt_val kt_step_get_machine(struct kt_step *step, enum kt_metric metric)
{
	note_input(step, metric, false);
	return kt_snapshot_get(step->snap, metric, KT_NO_NODE);
}

struct kt_val kt_step_get_rank(struct kt_step *step, enum kt_metric metric, enum kt_rank rank)
{
	note_input(step, metric, false);
	return kt_snapshot_get_rank(step->snap, metric, step->node, rank);
}

bool kt_step_has(const struct kt_step *step, enum kt_metric metric)
{
	note_input(step, metric, true);
	return kt_ok(kt_snapshot_get(step->snap, metric, step->node));
}

void kt_step_put(struct kt_step *step, enum kt_metric metric, struct kt_val val, const char *how)
{
	kt_snapshot_derive_val(step->snap, metric, step->node, val, how);
}

void kt_step_put_bytes(struct kt_step *step, enum kt_metric metric, int64_t bytes,
	enum kt_quality quality, const char *how)
{
	kt_snapshot_derive(step->snap, metric, step->node, bytes, quality, how);
}

void kt_step_lack(struct kt_step *step, enum kt_metric metric, enum kt_state state, const char *why)
{
	kt_snapshot_lack(step->snap, metric, step->node, state, why);
}

void kt_step_none(struct kt_step *step, enum kt_metric metric, const char *why)
{
	kt_snapshot_none(step->snap, metric, step->node, why);
}
