// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_COUNTERS_EVENTS_H
#define KT_MEMORY_COUNTERS_EVENTS_H

#include "kernel/target.h"

/**
 * Called with the name and amount of a counter or an event of /proc/vmstat. Counters are pages, but
 * for nr_kernel_stack.
 */
typedef void (*kt_counter_fn)(void *arg, const char *name, int64_t amount);

/**
 * Gives the machine's sum of each event of /proc/vmstat. `first`: index of its first name in the
 * kernel's array, after the counters of zones and nodes and the NUMA events. The first event is
 * known by its name, "pgpgin": if it is elsewhere, no event is given, and if one cannot be read.
 * NOMEM
 */
struct kt_err *kt_events_each(
	struct kt_target *target, uint32_t first, kt_counter_fn fn, void *arg) KT_MUST_CHECK;

#endif
