// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_LIST_VMALLOC_EXACT_H
#define KT_CMD_LIST_VMALLOC_EXACT_H

#include "model/snapshot.h"
#include "report/report.h"
#include "report/shape.h"

extern const struct kt_part kt_vmalloc_lazy_part, kt_vmalloc_requested_part;

/** Adds what kernel memory has of the areas: freed ones, and the sizes that callers asked for. */
void kt_vmalloc_put_exact(struct kt_report *report, const struct kt_snapshot *snap);

#endif
