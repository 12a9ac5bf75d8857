// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_CASES_NEEDS_H
#define KT_CMD_CASES_NEEDS_H

#include "machine/machine.h"

/** Sources of facts for cases, in addition to the sources of the account. */
const struct kt_needs *kt_cases_needs_of(const struct kt_machine_opts *opts);
/** Likewise, with every process: for machines that kt_cases_want_tasks() picks out. */
extern const struct kt_needs kt_cases_needs_tasks;
bool kt_cases_want_tasks(const struct kt_snapshot *snap);

#endif
