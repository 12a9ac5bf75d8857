// SPDX-License-Identifier: GPL-2.0-or-later
#include "verdict/sisters.h"

#include "test.h"

#include <math.h>
#include <string.h>

#define HOUR 3600000
#define MIB  1048576.

/* A cache and what may ride on it, in several samples an hour. */
struct ride {
	struct kt_clock clock;
	struct kt_series cache, rider;
};

static void put(struct ride *ride, struct kt_series *series, double hour, double mib)
{
	if (hour == 0)
		kt_rings_begin(&series->rings, &ride->clock, (int64_t)(mib * MIB));
	else
		kt_rings_put(&series->rings, &ride->clock, (int64_t)(mib * MIB));
}

static void make(struct ride *ride, double (*cache)(double hour), double (*rider)(double hour),
	int hours, int often)
{
	memset(ride, 0, sizeof(*ride));
	ride->rider.grain = ride->cache.grain = 4096;
	for (int i = 0; i <= often * hours; i++) {
		double hour = (double)i / often;

		kt_clock_advance(&ride->clock, (int64_t)(hour * HOUR), -1);
		put(ride, &ride->cache, hour, cache(hour));
		put(ride, &ride->rider, hour, rider(hour));
	}
	kt_rings_close(&ride->cache.rings, &ride->clock);
	kt_rings_close(&ride->rider.rings, &ride->clock);
}

static double after(double hour, double onset)
{
	return hour > onset ? hour - onset : 0;
}

static double fill(double hour)
{
	return 100 + 400 * (1 - exp(-after(hour, 60) / 100));
}

/* Noise of the cache only, which its rider does not have. */
static double noisy_fill(double hour)
{
	return fill(hour) + 5 * sin(hour * 97);
}

static double rider(double hour)
{
	return 20 + .1 * fill(hour);
}

/* Off by a thirtieth of its growth for an hour, where nothing was off before. */
static double uneven_rider(double hour)
{
	return rider(hour) - (hour >= 62 && hour < 63 ? .06 : 0);
}

static double later(double hour)
{
	return 20 + .3 * after(hour, 100);
}

TEST(growth_of_days_rides_too)
{
	struct ride ride;

	make(&ride, fill, rider, 192, 2);
	CHECK(kt_rides(&ride.rider, &ride.cache, &ride.clock, KT_LEVEL_TWO_HOURS, 60));
	CHECK(kt_rides(&ride.rider, &ride.cache, &ride.clock, KT_LEVEL_DAYS, 7));
	make(&ride, fill, later, 192, 2);
	CHECK(!kt_rides(&ride.rider, &ride.cache, &ride.clock, KT_LEVEL_DAYS, 7));
}

TEST(a_rider_has_no_noise_of_its_cache)
{
	struct ride ride;

	make(&ride, noisy_fill, rider, 77, 2);
	CHECK(kt_rides(&ride.rider, &ride.cache, &ride.clock, KT_LEVEL_TWO_HOURS, 8));
	make(&ride, noisy_fill, later, 130, 2);
	CHECK(!kt_rides(&ride.rider, &ride.cache, &ride.clock, KT_LEVEL_TWO_HOURS, 8));
}

TEST(growth_that_goes_with_a_cache_exactly_needs_no_noise_before)
{
	struct ride ride;

	make(&ride, fill, uneven_rider, 66, 6);
	CHECK(kt_rides(&ride.rider, &ride.cache, &ride.clock, 2, 24));
}
