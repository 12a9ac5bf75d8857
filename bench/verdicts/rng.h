// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_RNG_H
#define VERDICTS_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Random numbers that are the same on every machine: xoshiro256** by Blackman and Vigna. */
struct rng {
	uint64_t state[4];
};

/** Begins the numbers of a seed; streams of one seed are independent. */
void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
double rng_unit(struct rng *rng); /* 0 to below 1 */
double rng_between(struct rng *rng, double low, double high);
double rng_log_between(struct rng *rng, double low, double high); /* even in the logarithm */
bool rng_chance(struct rng *rng, double chance);
double rng_exponential(struct rng *rng, double mean);
/** A number of deviation 1: a sum of uniform numbers, cheap, without tails over 5. */
double rng_normal(struct rng *rng);
/** An index, chosen by the weights. */
size_t rng_pick(struct rng *rng, const double *weights, size_t count);

#endif
