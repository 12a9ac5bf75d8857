// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_PHASES_H
#define KT_SIMULATE_PHASES_H

#include "simulate/event.h"

/**
 * The four phases of Bonwick's measurement of 1994, made up from a seed: a boot; a spike of 256
 * processes with a socket each; a find that runs a program on every file; a mix of processes as
 * many users start them. The paper names these steps. Sizes of objects, in the range of a 32-bit
 * SunOS, and how often each step happens are assumed.
 */
struct kt_sim_phases;

/**
 * `scale`: how many times as many steps the last two phases have; 1 is usual. Equal arguments give
 * equal events. NULL when out of memory.
 */
struct kt_sim_phases *kt_sim_phases_new(uint64_t seed, uint32_t nr_cpus, uint32_t scale);
/** NULL is allowed. */
void kt_sim_phases_free(struct kt_sim_phases *phases);
/** The events: a stream is read once. */
struct kt_sim_stream kt_sim_phases_stream(struct kt_sim_phases *phases);

#endif
