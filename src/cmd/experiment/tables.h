// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_EXPERIMENT_TABLES_H
#define KT_CMD_EXPERIMENT_TABLES_H

#include "cmd/experiment/moment.h"

#define KT_MOMENTS_MAX 8

/** Moments of an experiment in the order of time. */
struct kt_moments {
	struct kt_arena arena;
	struct kt_moment items[KT_MOMENTS_MAX];
	size_t count;
};

extern const struct kt_part kt_moments_part, kt_changes_part, kt_forecasts_part, kt_paper_part;

/** Adds the moments, and what changed in each cache from one moment to the next. */
void kt_moments_put(struct kt_report *report, const struct kt_moments *moments);
/** Adds the figures of the paper of 2006 next to those of this machine. */
struct kt_err *kt_paper_put(struct kt_report *report, const struct kt_machine_opts *opts,
	const struct kt_moments *moments) KT_MUST_CHECK;

#endif
