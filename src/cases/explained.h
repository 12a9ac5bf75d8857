// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_EXPLAINED_H
#define KT_CASES_EXPLAINED_H

#include "report/findings.h"

/**
 * Drops findings about memory that another finding of the report explains: rows above their usual
 * share by any other finding, and cases by growth whose holder is known. Growth keeps the gravest
 * severity of what it explains.
 */
void kt_explained_drop(struct kt_report *report);

#endif
