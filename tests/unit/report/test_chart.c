// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/chart.h"

#include "test.h"

#define MIB (1ll << 20)

TEST(ticks_are_round_in_every_binary_unit)
{
	char text[24];

	/* 500, 1000 and 1500 MiB were labelled as 500 MiB, 1000 MiB and 1.5 GiB */
	CHECK_INT(kt_chart_tick(1700 * MIB, 5), 512 * MIB);
	CHECK_INT(kt_chart_tick(0, 5), 1);
	CHECK_INT(kt_chart_tick(4, 5), 1);
	CHECK_INT(kt_chart_tick(5, 5), 2);
	CHECK(kt_chart_tick(INT64_MAX, 5) > 0);
	CHECK_STR(kt_chart_label(3 * 512 * MIB, text), "1.5 GiB");
	CHECK_STR(kt_chart_label(512 * MIB, text), "512 MiB");
	CHECK_STR(kt_chart_label(1280 * MIB, text), "1.25 GiB");
	CHECK_STR(kt_chart_label(1152 * MIB, text), "1.125 GiB");
	CHECK_STR(kt_chart_label(1024 * MIB, text), "1 GiB");
	CHECK_STR(kt_chart_label(0, text), "0");
	CHECK_STR(kt_chart_label(3, text), "3 B");
	CHECK_STR(kt_chart_label(10 * MIB, text), "10 MiB");
}

TEST(so_many_ticks_exceed_the_top)
{
	for (int64_t top = 1; top < INT64_MAX / 4; top = top * 3 + 1) {
		int64_t tick = kt_chart_tick(top, 5);

		CHECK(tick * 5 > top && (tick == 1 || tick * 5 / 2 <= top + tick));
	}
}
