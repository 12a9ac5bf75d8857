// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_FUZZ_SIMULATED_H
#define KT_FUZZ_SIMULATED_H

#include "fuzz_record.h"

#include "simulate/allocator.h"
#include "simulate/simulate.h"

#define FUZZ_PAGES_MAX (1ull << 48) /* no input has so many: a number below zero is larger */

/* Whatever was replayed, an allocator holds at least what was asked for, and no count wraps. */
static inline void fuzz_holds_enough(const struct kt_sim_result *result)
{
	for (size_t i = 0; i < result->ends.count; i++) {
		for (size_t k = 0; k < kt_nr_sim_allocators; k++) {
			fuzz_must(result->ends.items[i].figures[k].held_bytes >=
					  result->ends.items[i].asked_bytes,
				"an allocator holds less than is asked for");
			fuzz_must(result->ends.items[i].figures[k].pages < FUZZ_PAGES_MAX,
				"an allocator holds less than nothing");
		}
	}
}

#endif
