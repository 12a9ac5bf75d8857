// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_DRIVERS_H
#define KT_VERDICT_DRIVERS_H

#include "verdict/growth.h"
#include "verdict/numbers.h"
#include "verdict/verdict.h"

/** Growth that a number of the machine explains: an object for each socket, for each inode. */

struct kt_driven {
	enum kt_driver driver; /* KT_NR_DRIVERS: none explains it */
	double per_unit;       /* bytes for each unit, in the growth */
	double before;	       /* the same before the growth; NAN: unknown */
	bool too_much;	       /* more for each unit than before, or than is plausible */
};

/** `drivers`: KT_NR_DRIVERS numbers. */
void kt_drivers_explain(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven);

/**
 * Does the rise of a driver explain most of the growth, by the bytes that each unit is known to
 * take? `per_unit` comes from a longer past than the window of the growth.
 */
bool kt_drivers_go_on(const struct kt_growth_of *of, const struct kt_number *driver,
	double per_unit, const struct kt_growth *growth);

/**
 * The number that the amount followed for a day or more until it grew: other units, which take
 * more, explain growth too. `.per_unit` is of all units now, `.too_much`: far more than before.
 */
void kt_drivers_left(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven);

/**
 * Does a number of what holds memory go with the growth, if not more closely than time does?
 * Changes `ret_driven` only then.
 */
bool kt_drivers_go_with(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven);

/**
 * A number that the amount has followed until the growth, and whose rise takes part in it: what the
 * rise leaves of the growth is no more than the amount has always been off.
 */
void kt_drivers_followed(const struct kt_growth_of *of, const struct kt_number *drivers,
	const struct kt_growth *growth, struct kt_driven *ret_driven);

#endif
