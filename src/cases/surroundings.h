// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_SURROUNDINGS_H
#define KT_CASES_SURROUNDINGS_H

#include "cases/facts.h"
#include "report/report.h"

/**
 * Adds a note that says against which surroundings amounts are judged: hardware, workload, history
 * and environment. An amount that is usual on one machine is far too much on another.
 */
void kt_surroundings_put(const struct kt_facts *facts, struct kt_report *report);

#endif
