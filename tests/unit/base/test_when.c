// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/attr.h"
#include "base/when.h"

#include "test.h"

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
		if (!CHECK(kt_when(kt_span_str(moments[i].text), NOW, &ms)) ||
			!CHECK_INT(ms, moments[i].ms))
			printf("  for %s\n", moments[i].text);
	}
	/* later in the day than now: it was yesterday */
	CHECK(kt_when(KT_SPAN("12:00"), 1769904000000, &ms));
	CHECK_INT(ms, 1769860800000);
}

TEST(what_is_no_moment_is_refused)
{
	static const char *const texts[] = { "", "yesterday", "2026-02-30", "2026-13-01", "24:00",
		"12:60", "2026-01-31T", "2026-01-31T25:00", "-", "-3x", "-2hh", "2026-1-1",
		"12:00:00:00", "99999999999999", "2026-01-31T00:00+99:00", "1969-12-31" };
	int64_t ms;

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		if (!CHECK(!kt_when(kt_span_str(texts[i]), NOW, &ms)))
			printf("  for '%s'\n", texts[i]);
	}
}

TEST(a_moment_is_written_as_it_is_read)
{
	char text[32];

	CHECK_STR(kt_when_text(1769903999000, text), "2026-01-31T23:59:59Z");
	CHECK_STR(kt_when_text(0, text), "1970-01-01T00:00:00Z");
}
