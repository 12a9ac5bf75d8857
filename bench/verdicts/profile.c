// SPDX-License-Identifier: GPL-2.0-or-later

#include "profile.h"

#include <math.h>

#define WEEK_H 168.0

static double in_week(const struct profile *profile, double hours)
{
	double in = fmod(hours + profile->shift_h, WEEK_H);

	return in < 0 ? in + WEEK_H : in;
}

void profile_make(struct profile *profile, struct rng *rng, double depth)
{
	double peak = rng_between(rng, 10, 18), second = rng_between(rng, 0, .4);
	double weekend = rng_chance(rng, .7) ? rng_between(rng, .3, 1) : 1, sum = 0;

	profile->shift_h = floor(rng_between(rng, 0, WEEK_H));
	for (int i = 0; i < PROFILE_SLOTS; i++) {
		double hour = i / 6.0, turn = 2 * M_PI * (hour - peak) / 24;
		double load =
			1 + depth * (cos(turn) + second * cos(2 * turn + peak)) / (1 + second);

		if (hour >= 120)
			load *= 1 - depth * (1 - weekend);
		profile->slots[i] = (float)load;
		sum += load;
	}
	for (int i = 0; i < PROFILE_SLOTS; i++)
		profile->slots[i] *= (float)(PROFILE_SLOTS / sum);
}

double profile_at(const struct profile *profile, double hours)
{
	double at = in_week(profile, hours) * 6;
	size_t slot = (size_t)at % PROFILE_SLOTS;
	double part = at - floor(at);

	return profile->slots[slot] * (1 - part) +
	       profile->slots[(slot + 1) % PROFILE_SLOTS] * part;
}

bool profile_working(const struct profile *profile, double hours)
{
	double in = in_week(profile, hours), hour = fmod(in, 24);

	return in < 120 && hour >= 9 && hour < 18;
}
