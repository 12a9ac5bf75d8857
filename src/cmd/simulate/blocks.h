// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_BLOCKS_H
#define KT_CMD_BLOCKS_H

#include "report/report.h"
#include "report/shape.h"
#include "simulate/simulate.h"

/** Tables of `simulate --buddy`: what the models leave of the memory below them. */

extern const struct kt_part kt_blocks_part_zones, kt_blocks_part_free;

void kt_blocks_put(struct kt_report *report, const struct kt_sim_allocator *const *allocators,
	size_t nr_allocators, const struct kt_sim_result *result, const char *phase);

#endif
