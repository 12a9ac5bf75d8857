// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef VERDICTS_PROFILE_H
#define VERDICTS_PROFILE_H

#include "rng.h"

#define PROFILE_SLOTS 1008 /* of a week, ten minutes each */

/** Load over a week that begins on Monday at 0:00, with a mean of 1. */
struct profile {
	float slots[PROFILE_SLOTS];
	double shift_h; /* hours after Monday 0:00 at which recordings begin */
};

/** `depth`: 0 is flat, 1 rests at night. */
void profile_make(struct profile *profile, struct rng *rng, double depth);
double profile_at(const struct profile *profile, double hours);
/** Whether it is Monday to Friday, 9 to 18 o'clock. */
bool profile_working(const struct profile *profile, double hours);

#endif
