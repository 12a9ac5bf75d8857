// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_EXPERIMENT_TABLES_H
#define KT_CMD_EXPERIMENT_TABLES_H

#include "cmd/experiment/stage.h"

#define KT_STAGES_MAX 8

/** Stages of an experiment in the order of time. */
struct kt_stages {
	struct kt_arena arena;
	struct kt_stage items[KT_STAGES_MAX];
	size_t count;
};

extern const struct kt_part kt_stages_part, kt_changes_part, kt_forecasts_part, kt_paper_part;

/** Adds the stages, and what changed in each cache from one stage to the next. */
void kt_stages_put(struct kt_report *report, const struct kt_stages *stages);
/** Adds the figures of the paper of 2006, and the same figures of this machine. */
struct kt_err *kt_paper_put(struct kt_report *report, const struct kt_machine_opts *opts,
	const struct kt_stages *stages) KT_MUST_CHECK;

#endif
