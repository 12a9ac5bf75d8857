// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_VMALLOC_H
#define KT_CMD_VMALLOC_H

#include "analysis/vmalloc.h"
#include "cmd/cmd.h"

/** The list "rows" of a report, by caller. NULL when out of memory. */
struct kt_table *kt_vmalloc_put_callers(
	struct kt_report *report, const struct kt_options *options, const struct kt_snapshot *snap);

#endif
