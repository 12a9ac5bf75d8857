// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

static int64_t number_of(const struct kt_snapshot *snap, enum kt_metric metric)
{
	struct kt_val val = kt_snapshot_get(snap, metric, KT_NO_NODE);

	return kt_ok(val) ? val.value : -1;
}

TEST(shares_are_hundredths_of_a_percent)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, pressure, "proc/pressure/memory",
			  "some avg10=12.34 avg60=1.05 avg300=0.00 total=84234\n"
			  "full avg10=100.00 avg60=0.50 avg300=0.07 total=9\n"),
		NO_ERROR);
	CHECK_INT(number_of(snap, KT_PRESSURE_SOME_10S), 1234);
	CHECK_INT(number_of(snap, KT_PRESSURE_SOME_60S), 105);
	CHECK_INT(number_of(snap, KT_PRESSURE_SOME_300S), 0);
	CHECK_INT(number_of(snap, KT_PRESSURE_SOME_US), 84234);
	CHECK_INT(number_of(snap, KT_PRESSURE_FULL_10S), 10000);
	CHECK_INT(number_of(snap, KT_PRESSURE_FULL_60S), 50);
	CHECK_INT(number_of(snap, KT_PRESSURE_FULL_300S), 7);
	CHECK_INT(number_of(snap, KT_PRESSURE_FULL_US), 9);
}

TEST(a_missing_line_is_not_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, pressure, "proc/pressure/memory",
			  "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
		NO_ERROR);
	CHECK_INT(number_of(snap, KT_PRESSURE_SOME_10S), 0);
	CHECK_INT(number_of(snap, KT_PRESSURE_FULL_10S), -1);
}

TEST(what_is_no_share_of_time_adds_nothing)
{
	static const char *const texts[] = {
		"",
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=-1\n",
		"some avg10=0.0 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.000 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=100.01 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=1 avg60=0.00 avg300=0.00 total=1\n",
		"some avg60=0.00 avg10=0.00 avg300=0.00 total=1\n",
		"some avg10=18446744073709551615.00 avg60=0.00 avg300=0.00 total=1\n",
	};

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, pressure, "proc/pressure/memory", texts[i]), KT_ERR_PARSE);
		CHECK_INT(number_of(snap, KT_PRESSURE_SOME_10S), -1);
	}
}
