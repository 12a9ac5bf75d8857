// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_FUZZ_SIMULATED_H
#define KT_FUZZ_SIMULATED_H

#include "fuzz_record.h"

#include "simulate/allocator.h"
#include "simulate/simulate.h"

/* Whatever was replayed, an allocator holds at least what was asked for. */
static inline void fuzz_holds_enough(const struct kt_sim_result *result)
{
	for (size_t i = 0; i < result->ends.count; i++) {
		for (size_t k = 0; k < kt_nr_sim_allocators; k++)
			fuzz_must(result->ends.items[i].figures[k].held_bytes >=
					  result->ends.items[i].asked_bytes,
				"an allocator holds less than is asked for");
	}
}

#endif
