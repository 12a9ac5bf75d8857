// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/chart.h"

#include <stdio.h>

int64_t kt_chart_value(const struct kt_chart *chart, size_t band, size_t moment)
{
	int64_t value = moment < chart->bands.items[band].values.count
				? chart->bands.items[band].values.items[moment]
				: KT_CHART_MISSING;

	return value == KT_CHART_MISSING ? 0 : value;
}

int64_t kt_chart_top(const struct kt_chart *chart)
{
	int64_t top = 1;

	for (size_t i = 0; i < chart->times_ms.count; i++) {
		int64_t sum = 0;

		for (size_t k = 0; k < chart->bands.count; k++) {
			int64_t value = kt_chart_value(chart, k, i);

			if (!chart->stacked || __builtin_add_overflow(sum, value, &sum))
				sum = value;
			top = sum > top ? sum : top;
		}
	}
	return top;
}

int64_t kt_chart_tick(int64_t top, int count)
{
	int64_t tick = 1;

	while (top / tick >= count && tick <= INT64_MAX / 2)
		tick *= 2;
	return tick;
}

const char *kt_chart_label(int64_t bytes, char ret[24])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)bytes;
	size_t unit = 0, end;

	while (size >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	/* multiples of a power of two have few binary places, and as many decimal ones */
	end = (size_t)snprintf(ret, 24, "%.*f", unit ? 4 : 0, size);
	while (unit && ret[end - 1] == '0')
		end--;
	end -= ret[end - 1] == '.';
	snprintf(ret + end, 24 - end, bytes ? " %s" : "", units[unit]);
	return ret;
}

size_t kt_chart_moment(const struct kt_chart *chart, double share)
{
	size_t count = chart->times_ms.count, low = 0, high = count ? count - 1 : 0;
	int64_t first, last, wanted;

	if (count < 2)
		return 0;
	first = chart->times_ms.items[0];
	last = chart->times_ms.items[count - 1];
	wanted = first + (int64_t)((double)(last - first) * share);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (chart->times_ms.items[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0 &&
		chart->times_ms.items[low] - wanted > wanted - chart->times_ms.items[low - 1])
		low--;
	return low;
}
