// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/attr.h"
#include "base/when.h"

#include "test.h"

#include <stdlib.h>
#include <time.h>

#define NOW 1769990399000ll /* 2026-02-01T23:59:59Z */

TEST(moments_are_read_as_people_write_them)
{
	static const struct {
		const char *text;
		int64_t ms;
	} moments[] = {
		{ "2026-01-31T23:59:59Z", 1769903999000 },
		{ "2026-01-31 23:59:59", 1769903999000 },
		{ "2026-01-31T23:59", 1769903940000 },
		{ "2026-01-31", 1769817600000 },
		{ "2024-02-29", 1709164800000 },
		{ "2000-03-01T00:00Z", 951868800000 },
		{ "1970-01-01", 0 },
		{ "2026-02-01T01:59:59+02:00", 1769903999000 },
		{ "2026-01-31T18:59:59-05:00", 1769903999000 },
		{ "1769903999", 1769903999000 },
		{ "1769903999.250", 1769903999250 },
		{ "now", NOW },
		{ "-90s", NOW - 90000 },
		{ "-2h", NOW - 7200000 },
		{ "-3d", NOW - 3 * 86400000ll },
		{ "23:00", NOW - 3599000 },
		{ "23:59:59", NOW },
	};
	int64_t ms;

	for (size_t i = 0; i < KT_LEN(moments); i++) {
		ms = -1;
		if (!CHECK(kt_when(kt_span_str(moments[i].text), KT_WHEN_UTC, NOW, &ms)) ||
			!CHECK_INT(ms, moments[i].ms))
			printf("  for %s\n", moments[i].text);
	}
	/* later in the day than now: it was yesterday */
	CHECK(kt_when(KT_SPAN("12:00"), KT_WHEN_UTC, 1769904000000, &ms));
	CHECK_INT(ms, 1769860800000);
}

TEST(what_is_no_moment_is_refused)
{
	static const char *const texts[] = { "", "yesterday", "2026-02-30", "2026-13-01", "24:00",
		"12:60", "2026-01-31T", "2026-01-31T25:00", "-", "-3x", "-2hh", "2026-1-1",
		"12:00:00:00", "99999999999999", "2026-01-31T00:00+99:00", "1969-12-31" };
	int64_t ms;

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		if (!CHECK(!kt_when(kt_span_str(texts[i]), KT_WHEN_UTC, NOW, &ms)))
			printf("  for '%s'\n", texts[i]);
	}
}

TEST(a_moment_is_written_as_it_is_read)
{
	char text[32];

	CHECK_STR(kt_when_text(1769903999000, text), "2026-01-31T23:59:59Z");
	CHECK_STR(kt_when_text(0, text), "1970-01-01T00:00:00Z");
}

/* ---- the local zone ---- */

/* Clocks in Berlin go from 02:00 to 03:00 on 2026-03-29, and from 03:00 to 02:00 on 2026-10-25. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void in_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* Checks a typed time against the same one in UTC. */
static void is_same(const char *typed, const char *utc, const char *now_utc)
{
	int64_t now_ms, ms = -1, wanted_ms = -2;

	CHECK(kt_when(kt_span_str(now_utc), KT_WHEN_UTC, 0, &now_ms));
	CHECK(kt_when(kt_span_str(typed), KT_WHEN_LOCAL, now_ms, &ms));
	CHECK(kt_when(kt_span_str(utc), KT_WHEN_UTC, 0, &wanted_ms));
	if (!CHECK_INT(ms, wanted_ms))
		printf("  for %s\n", typed);
}

TEST(a_typed_time_is_in_the_local_zone)
{
	static const char now[] = "2026-07-10T12:30:00Z";

	in_zone(BERLIN);
	is_same("2026-07-01T12:00", "2026-07-01T10:00Z", now);
	is_same("2026-01-01T12:00", "2026-01-01T11:00Z", now);
	is_same("2026-07-01T12:00Z", "2026-07-01T12:00Z", now);
	is_same("2026-07-01T12:00-05:00", "2026-07-01T17:00Z", now);
	is_same("2026-07-01", "2026-06-30T22:00Z", now);
	is_same("14:29", "2026-07-10T12:29Z", now);
	is_same("14:31", "2026-07-09T12:31Z", now);
	is_same("12:29Z", "2026-07-10T12:29Z", now);
	is_same("12:31Z", "2026-07-09T12:31Z", now);
	is_same("-2h", "2026-07-10T10:30Z", now);
	is_same("1769903999", "2026-01-31T23:59:59Z", now);
	in_zone("NZST-12NZDT,M9.5.0,M4.1.0/3");
	is_same("00:10", "2026-07-10T12:10Z", now);
	is_same("23:59", "2026-07-10T11:59Z", now);
	in_zone("<-0930>9:30");
	is_same("02:59", "2026-07-10T12:29Z", now);
	is_same("23:59", "2026-07-10T09:29Z", now);
	in_zone("UTC0");
}

TEST(clocks_that_are_set_give_one_time)
{
	static const char now[] = "2026-11-01T00:00:00Z";

	in_zone(BERLIN);
	/* 02:30 does not exist: half an hour after the change */
	is_same("2026-03-29T01:59", "2026-03-29T00:59Z", now);
	is_same("2026-03-29T02:30", "2026-03-29T01:30Z", now);
	is_same("2026-03-29T03:00", "2026-03-29T01:00Z", now);
	/* 02:30 exists twice: the earlier one */
	is_same("2026-10-25T01:59", "2026-10-24T23:59Z", now);
	is_same("2026-10-25T02:30", "2026-10-25T00:30Z", now);
	is_same("2026-10-25T02:30+01:00", "2026-10-25T01:30Z", now);
	is_same("2026-10-25T03:00", "2026-10-25T02:00Z", now);
	/* a day of 25 hours ago */
	is_same("12:00", "2026-10-25T11:00Z", "2026-10-25T11:00:00Z");
	is_same("12:01", "2026-10-24T10:01Z", "2026-10-25T11:00:00Z");
	in_zone("EST5EDT,M3.2.0,M11.1.0");
	is_same("2026-11-01T01:30", "2026-11-01T05:30Z", "2026-12-01T00:00:00Z");
	is_same("2026-03-08T02:30", "2026-03-08T07:30Z", "2026-12-01T00:00:00Z");
	in_zone("UTC0");
}

TEST(people_get_times_with_their_zone)
{
	char text[KT_WHEN_ROOM];

	in_zone(BERLIN);
	CHECK_STR(kt_when_local(1769903999000, text), "2026-02-01 00:59:59 CET");
	CHECK_STR(kt_when_local(1782900000000, text), "2026-07-01 12:00:00 CEST");
	/* the hour that is there twice */
	CHECK_STR(kt_when_local(1792888200000, text), "2026-10-25 02:30:00 CEST");
	CHECK_STR(kt_when_local(1792891800000, text), "2026-10-25 02:30:00 CET");
	CHECK_STR(kt_when_clock(1769903999000, false, text), "00:59:59");
	CHECK_STR(kt_when_clock(1769903999000, true, text), "02-01 00:59");
	CHECK_STR(kt_when_of_data("2026-01-31T23:59:59Z", text), "2026-02-01 00:59:59 CET");
	CHECK_STR(kt_when_of_data("last Tuesday", text), "last Tuesday");
	in_zone("UTC0");
	CHECK_STR(kt_when_local(1769903999000, text), "2026-01-31 23:59:59 UTC");
}
