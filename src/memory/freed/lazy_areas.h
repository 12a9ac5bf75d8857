// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FREED_LAZY_AREAS_H
#define KT_MEMORY_FREED_LAZY_AREAS_H

#include "kernel/target.h"
#include "model/area.h"

/**
 * Reads the areas of vmalloc that were freed and whose addresses are not purged yet, and the sizes
 * that callers asked for, where the kernel keeps them. ABSENT: the kernel names none of the
 * variables that lead there, or its type data does not describe areas.
 */
struct kt_err *kt_lazy_areas_walk(
	struct kt_target *target, struct kt_lazy_areas *ret_areas) KT_MUST_CHECK;

#endif
