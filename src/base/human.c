// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/human.h"
#include "base/attr.h"

#include <stddef.h>
#include <stdio.h>

void kt_human_bytes(int64_t bytes, char ret[24])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes, size = value < 0 ? -value : value;
	size_t unit = 0;

	while (size >= 1023.95 && unit + 1 < KT_LEN(units)) {
		size /= 1024;
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		snprintf(ret, 24, "%lld B", (long long)bytes);
	else
		snprintf(ret, 24, "%.1f %s", value, units[unit]);
}
