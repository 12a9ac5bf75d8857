// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/territory.h"

#include "verdict/larger.h"

#include <math.h>

#define DAY_MS	    86400000.
#define PAST_MS	    (14 * 86400000ll)
#define NEARLY	    .4 /* of the greatest fall */
#define OFTEN	    .6 /* of the blocks */
#define OFTEN_LEAST 6

/* The floors of one level in blocks that end before a time, and begin after another. */
static void add_level(const struct kt_growth_of *of, int level, bool tops, int64_t from_ms,
	int64_t to_ms, struct kt_territory *territory)
{
	int64_t step = kt_levels[level].step_ms, newest = of->clock->block[level] - 1;
	int count = kt_rings_count(of->rings, of->clock, level);
	double high = -HUGE_VAL;

	for (int ago = count - 1; ago >= 0; ago--) {
		int64_t start = (newest - ago) * step;
		struct kt_rings_range range = { .low = kt_rings_floor(
							of->rings, of->clock, level, ago) };

		if (start < from_ms || start + step > to_ms)
			continue;
		range.high = range.low;
		if (level >= KT_LEVEL_TWO_HOURS)
			range = kt_rings_range(of->rings, of->clock, level, ago);
		if (tops && level == KT_LEVEL_TWO_HOURS) {
			range.fall = fmax(range.fall, range.top - range.low);
			range.high = range.top;
		}
		territory->fall =
			kt_larger(territory->fall, kt_larger(range.fall, high - range.low));
		high = kt_larger(high, range.high);
	}
	territory->high = fmax(territory->high, high);
}

void kt_territory_before(const struct kt_growth_of *of, int level, int64_t time_ms,
	struct kt_territory *ret_territory)
{
	struct kt_territory territory = { .high = -HUGE_VAL };

	territory.days = (double)(time_ms - of->rings->begun_ms) / DAY_MS;
	/*
	 * Short blocks reach up to the time, days back for two weeks: blocks of 2 h forget the last
	 * run of a weekly job while this one grows. A job of minutes has no
	 * floor of 10 min: growth in short blocks is compared with the highest values.
	 */
	for (int k = level; k < KT_NR_LEVELS; k++)
		add_level(of, k, level < 2, time_ms - PAST_MS, time_ms, &territory);
	*ret_territory = territory;
}

bool kt_territory_falls_often(const struct kt_growth_of *of, int64_t time_ms, double fall)
{
	int64_t step = kt_levels[KT_LEVEL_TWO_HOURS].step_ms;
	int64_t newest = of->clock->block[KT_LEVEL_TWO_HOURS] - 1;
	int count = kt_rings_count(of->rings, of->clock, KT_LEVEL_TWO_HOURS), all = 0, falls = 0;

	for (int ago = 0; ago < count; ago++) {
		if ((newest - ago) * step + step > time_ms)
			continue;
		all++;
		falls += kt_rings_range(of->rings, of->clock, KT_LEVEL_TWO_HOURS, ago).fall >=
			 NEARLY * fall;
	}
	return all >= OFTEN_LEAST && falls >= OFTEN * all;
}
