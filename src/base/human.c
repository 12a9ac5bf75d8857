// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/human.h"
#include "base/attr.h"
#include "base/buf.h"

#include <stddef.h>
#include <stdio.h>

#define GROUPED_FROM 10000

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

void kt_human_count(int64_t number, char ret[KT_HUMAN_COUNT])
{
	bool grouped = number >= GROUPED_FROM || number <= -GROUPED_FROM;
	char digits[KT_NUMBER_MAX];
	size_t n = kt_number_text(number, digits), sign = number < 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		if (grouped && i > sign && (n - i) % 3 == 0)
			ret[at++] = ',';
		ret[at++] = digits[i];
	}
	ret[at] = '\0';
}
