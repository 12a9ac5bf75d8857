// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_ACCOUNT_EXPLAIN_CASE_H
#define KT_CMD_ACCOUNT_EXPLAIN_CASE_H

#include "cases/cases.h"
#include "report/shape.h"

/** Shows a known case: how it is recognised, what decides, what helps, what that costs. */
void kt_explain_case(struct kt_report *report, const struct kt_case *one);
/** Lists the known cases. */
void kt_explain_cases(struct kt_report *report, const struct kt_cases *cases);

extern const struct kt_column kt_case_columns[], kt_case_list_columns[];
#define KT_CASE_COLUMNS	     16
#define KT_CASE_LIST_COLUMNS 2

#endif
