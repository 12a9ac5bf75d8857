// SPDX-License-Identifier: GPL-2.0-or-later

#include "rng.h"

#include <math.h>

static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t state = seed;

	state = mix(&state) ^ stream;
	for (int i = 0; i < 4; i++)
		rng->state[i] = mix(&state);
}

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state, next = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return next;
}

double rng_unit(struct rng *rng)
{
	return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

double rng_between(struct rng *rng, double low, double high)
{
	return low + (high - low) * rng_unit(rng);
}

double rng_log_between(struct rng *rng, double low, double high)
{
	return low * exp(log(high / low) * rng_unit(rng));
}

bool rng_chance(struct rng *rng, double chance)
{
	return rng_unit(rng) < chance;
}

double rng_exponential(struct rng *rng, double mean)
{
	return -mean * log(1 - rng_unit(rng));
}

double rng_normal(struct rng *rng)
{
	double sum = 0;

	/* eight uniform numbers of 16 bits each: a variance of 8 / 12 */
	for (int i = 0; i < 2; i++) {
		uint64_t bits = rng_next(rng);

		for (int k = 0; k < 4; k++)
			sum += (double)(bits >> 16 * k & 0xffff);
	}
	return (sum / 65536 - 4) * 1.2247448713915890;
}

size_t rng_pick(struct rng *rng, const double *weights, size_t count)
{
	double sum = 0, at;

	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	at = rng_unit(rng) * sum;
	for (size_t i = 0; i + 1 < count; i++) {
		if (at < weights[i])
			return i;
		at -= weights[i];
	}
	return count - 1;
}
