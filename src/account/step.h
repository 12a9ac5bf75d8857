// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ACCOUNT_STEP_H
#define KT_ACCOUNT_STEP_H

#include "model/snapshot.h"

/**
 * A rule of the derivation while it runs, for the machine or a node. A rule reads and stores values
 * through these functions only. So each value that it reads is noted as an input of the values that
 * it makes (kt_snapshot.inputs).
 */
struct kt_step {
	struct kt_snapshot *snap;
	int node;		     /* node number; KT_NO_NODE: the machine */
	const enum kt_metric *makes; /* ends with KT_METRIC_NONE */
};

/** Computes some metrics from other metrics. */
struct kt_rule {
	void (*run)(struct kt_step *step);
	const enum kt_metric *makes; /* ends with KT_METRIC_NONE */
	bool machine;		     /* for the machine only, not for a node */
};

#define KT_MAKES(...)                                 \
	(const enum kt_metric[])                      \
	{                                             \
		__VA_ARGS__, KT_METRIC_NONE /* end */ \
	}

/** Runs rules in their order: a rule reads only values of files and of rules before it. */
void kt_step_run(struct kt_snapshot *snap, int node, const struct kt_rule *rules, size_t nr_rules);

/** Returns a value of the node or machine of this step, and notes it as an input. */
struct kt_val kt_step_get(struct kt_step *step, enum kt_metric metric);
/** Returns the machine's value, also while the step is for a node; notes it as an input. */
struct kt_val kt_step_get_machine(struct kt_step *step, enum kt_metric metric);
/** Returns the value that one file has; notes it as an input. */
struct kt_val kt_step_get_rank(struct kt_step *step, enum kt_metric metric, enum kt_rank rank);
/** Whether there is a value. Noted as looked at only: a presence check adds nothing to a value. */
bool kt_step_has(const struct kt_step *step, enum kt_metric metric);

/** Stores a value that the rule makes, or the state and reason of a missing value. */
void kt_step_put(struct kt_step *step, enum kt_metric metric, struct kt_val val, const char *how);
void kt_step_put_bytes(struct kt_step *step, enum kt_metric metric, int64_t bytes,
	enum kt_quality quality, const char *how);
/** Stores why a value is missing: its state and a reason. */
void kt_step_lack(
	struct kt_step *step, enum kt_metric metric, enum kt_state state, const char *why);
/** Stores that the machine has none of a quantity. */
void kt_step_none(struct kt_step *step, enum kt_metric metric, const char *why);

#endif
