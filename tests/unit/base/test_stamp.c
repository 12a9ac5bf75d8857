// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/attr.h"
#include "base/stamp.h"

#include "test.h"

#include <string.h>

#define AT   1795899901000ll /* 2026-11-28T21:05:01Z */
#define MIN  60000ll
#define HOUR 3600000ll

static uint64_t dice_state = 0x9e3779b97f4a7c15u;

static uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % sides;
}

/* A stamp in a line; ALONE: nothing else is in the line. */
enum { LOOSE, ALONE };

static const struct {
	const char *line;
	int64_t ms;
	int alone;
} times[] = {
	{ "Sat Nov 28 21:05:01 UTC 2026", AT, ALONE },
	{ "Sat Nov 28 21:05:01 2026", AT, ALONE },
	{ "Sat Nov 28 21:05:01 CET 2026", AT - HOUR, ALONE },
	{ "Sat Nov 28 21:05:01 CEST 2026", AT - 2 * HOUR, ALONE },
	{ "Sat Nov 28 21:05:01 +0530 2026", AT - 330 * MIN, ALONE },
	{ "Sat Nov  8 21:05:01 UTC 2026", AT - 480 * HOUR, ALONE },
	{ "Sat 28 Nov 2026 09:05:01 PM UTC", AT, ALONE },
	{ "Sat 28 Nov 2026 12:05:01 AM UTC", AT - 21 * HOUR, ALONE },
	{ "Sat Nov 28 09:05:01 PM EST 2026", AT + 5 * HOUR, ALONE },
	{ "Sat 28 Nov 21:05:01 GMT 2026", AT, ALONE },
	{ "Sa 28. Nov 21:05:01 CET 2026", AT - HOUR, ALONE },
	{ "sam. 28 nov. 2026 21:05:01 UTC", AT, ALONE },
	{ "Sat, 28 Nov 2026 21:05:01 +0000", AT, ALONE },
	{ "Sat, 28 Nov 2026 21:05:01 +0100", AT - HOUR, ALONE },
	{ "Sat, 28 Nov 2026 21:05:01 -0500 (EST)", AT + 5 * HOUR, LOOSE },
	{ "2026-11-28T21:05:01+00:00", AT, ALONE },
	{ "2026-11-28T21:05:01Z", AT, ALONE },
	{ "2026-11-28T21:05:01.250Z", AT + 250, ALONE },
	{ "2026-11-28 21:05:01,250", AT + 250, ALONE },
	{ "2026-11-28 21:05:01.123456789 +0100", AT + 123 - HOUR, ALONE },
	{ "2026-11-28T21:05+01", AT - HOUR - 1000, ALONE },
	{ "2026/11/28 21:05:01", AT, ALONE },
	{ "2026-11-28_21:05:01", AT, ALONE },
	{ "28.11.2026 21:05:01", AT, ALONE },
	{ "28.11.26, 21:05 Uhr", AT - 1000, ALONE },
	{ "28-Nov-2026 21:05:01", AT, ALONE },
	{ "[28/Nov/2026:21:05:01 +0100]", AT - HOUR, ALONE },
	{ "28/11/2026 21:05:01", AT, ALONE },
	{ "11/28/2026 09:05:01 PM", AT, ALONE },
	{ "11/28/26 21:05:01", AT, ALONE },
	{ "Nov 28, 2026 9:05:01 PM", AT, ALONE },
	{ "November 28, 2026 at 21:05:01", AT, ALONE },
	{ "28 novembre 2026 21:05:01", AT, ALONE },
	{ "20261128T210501Z", AT, ALONE },
	{ "20261128_2105", AT - 1000, ALONE },
	{ "20261128210501", AT, ALONE },
	{ "1795899901", AT, ALONE },
	{ "1795899901.250731", AT + 250, ALONE },
	{ "1795899901250", AT + 250, ALONE },
	{ "1795899901250731000", AT + 250, ALONE },
	{ "date=1795899901", AT, ALONE },
	{ "===== Sat Nov 28 21:05:01 UTC 2026 =====", AT, ALONE },
	{ "zzz ***Sat Nov 28 21:05:01 UTC 2026", AT, ALONE },
	{ "zzz <11/28/2026 21:05:01> subcount: 3", AT, LOOSE },
	{ "# sample 12 at 2026-11-28 21:05:01", AT, ALONE },
	{ "TIMESTAMP: 2026-11-28 21:05:01", AT, ALONE },
	{ "21:05:01 28/11/2026", AT, ALONE },
	{ "host1 2026-11-28 21:05:01 slab", AT, LOOSE },
	{ "Nov 28 21:05:01", AT, ALONE },
	{ "Nov 28 21:05:01 host kernel: x", AT, LOOSE },
	{ "21:05:01 up 3 days, 4:05, 1 user", AT, LOOSE },
	{ "2026-11-28", AT - 21 * HOUR - 5 * MIN - 1000, ALONE },
	{ "28 Nov 2026", AT - 21 * HOUR - 5 * MIN - 1000, ALONE },
	{ "Nov 28, 2026", AT - 21 * HOUR - 5 * MIN - 1000, ALONE },
	{ "Sa 28. November 2026", AT - 21 * HOUR - 5 * MIN - 1000, ALONE },
	{ "=== Nov 28 ===", AT - 21 * HOUR - 5 * MIN - 1000, ALONE },
};

TEST(times_are_read_in_the_forms_of_logs)
{
	for (size_t i = 0; i < KT_LEN(times); i++) {
		struct kt_stamp stamp;
		struct kt_stamp_gaps gaps = { .year = 2026 };
		int64_t ms = -1;

		gaps.day_ms = AT - 21 * HOUR - 5 * MIN - 1000;
		if (!CHECK(kt_stamp_find(kt_span_str(times[i].line), &stamp))) {
			printf("  %s\n", times[i].line);
			continue;
		}
		gaps.day_first = stamp.open && stamp.month > 12;
		if (!CHECK(kt_stamp_ms(&stamp, &gaps, &ms)) || !CHECK(ms == times[i].ms) ||
			!CHECK(stamp.alone == (times[i].alone == ALONE)))
			printf("  %s: %lld, alone %d\n", times[i].line,
				(long long)(ms - times[i].ms), stamp.alone);
	}
}

TEST(lines_of_the_kernels_files_have_no_time)
{
	static const char *const lines[] = { "", "MemTotal:       24689012 kB",
		"kmalloc-64          1234   1280     64   64    1 : tunables    0    0    0",
		"0xffffb1d440000000-0xffffb1d440005000   20480 irq_init+0x6d/0xf0 pages=4",
		"pgfault 1764363900", "nr_free_pages 5121003", "Node 0, zone   Normal  1 2 3",
		"4096 1 mm/slub.c:1234 func:alloc_slab", "2026-13-28 21:05:01", "2026-11-28x",
		"2026-11-28 24:05:01x 1", "13:61:01", "1:2:3", "28-11-26 ", "99/99/2026 21:05:01",
		"1.2.3.4:5678", "123456789", "12345678901", "3.10.0-1160.el7", "0000:00:1f.2" };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		struct kt_stamp stamp;
		bool found = kt_stamp_find(kt_span_str(lines[i]), &stamp) &&
			     (stamp.alone || stamp.form == KT_STAMP_FULL);

		if (!CHECK(!found))
			printf("  %s\n", lines[i]);
	}
}

/* Texts of which lines with and without times consist. */
static const char *const pieces[] = { " ", " ", " ", ":", "-", "/", ".", ",", ", ", "T", "_", "28",
	"11", "7", "0", "2026", "26", "1970", "Nov", "nov.", "November", "m\303\244rz", "mai",
	"dez", "Sat", "kB", "MemTotal", "node", "21:05:01", "9:05", "PM", "UTC", "CET", "+0100",
	"at", "um", "20261128", "210501", "1795899901", "1795899901250", ".250", "x" };

/*
 * Most lines are left early, by their digits and marks. The same line is searched to its end after
 * "1-", which is no time: a time that is found there is found without it.
 */
TEST(no_time_is_left_out_early)
{
	size_t nr_found = 0;

	for (int i = 0; i < 300000; i++) {
		char text[128] = "1- x ";
		struct kt_stamp early, late;
		bool is, was;

		for (size_t n = 1 + dice(7); n; n--)
			strcat(text, pieces[dice(KT_LEN(pieces))]);
		was = kt_stamp_find(kt_span_str(text), &late) && late.from >= 5;
		is = kt_stamp_find(kt_span_str(text + 5), &early);
		nr_found += is;
		if (!CHECK(is == was) || (is && !CHECK(early.form == late.form))) {
			printf("  %s\n", text + 5);
			break;
		}
	}
	CHECK(nr_found > 1000);
}

TEST(days_that_no_month_has_are_refused)
{
	struct kt_stamp stamp;
	struct kt_stamp_gaps gaps = { .year = 2026 };
	int64_t ms;

	CHECK(kt_stamp_find(kt_span_str("2026-02-30 10:00:00"), &stamp));
	CHECK(!kt_stamp_ms(&stamp, &gaps, &ms));
	CHECK(kt_stamp_find(kt_span_str("Feb 29 10:00:00"), &stamp));
	CHECK(stamp.year < 0);
	CHECK(!kt_stamp_ms(&stamp, &gaps, &ms));
	gaps.year = 2024;
	CHECK(kt_stamp_ms(&stamp, &gaps, &ms));
}

TEST(an_open_order_of_day_and_month_is_the_readers_choice)
{
	struct kt_stamp stamp;
	struct kt_stamp_gaps gaps = { .day_first = true };
	int64_t ms;

	CHECK(kt_stamp_find(kt_span_str("03/04/2026 00:00:00"), &stamp));
	CHECK(stamp.open);
	CHECK(kt_stamp_ms(&stamp, &gaps, &ms));
	CHECK_INT(ms, 1775174400000ll); /* 3 April */
	gaps.day_first = false;
	CHECK(kt_stamp_ms(&stamp, &gaps, &ms));
	CHECK_INT(ms, 1772582400000ll); /* 4 March */
	CHECK(kt_stamp_find(kt_span_str("03.04.2026 00:00:00"), &stamp));
	CHECK(!stamp.open);
}

TEST(zones_by_name_are_marked_as_such)
{
	struct kt_stamp stamp;

	CHECK(kt_stamp_find(kt_span_str("Sat Nov 28 21:05:01 CET 2026"), &stamp));
	CHECK_INT(stamp.zone, KT_ZONE_NAME);
	CHECK_STR(stamp.zone_name, "CET");
	CHECK(kt_stamp_find(kt_span_str("Sat Nov 28 21:05:01 XYZT 2026"), &stamp));
	CHECK_INT(stamp.zone, KT_ZONE_UNKNOWN);
	CHECK(kt_stamp_find(kt_span_str("Sat Nov 28 21:05:01 2026"), &stamp));
	CHECK_INT(stamp.zone, KT_ZONE_MISSING);
	CHECK(kt_stamp_find(kt_span_str("2026-11-28T21:05:01Z"), &stamp));
	CHECK_INT(stamp.zone, KT_ZONE_KNOWN);
}

TEST(names_of_files_have_times)
{
	static const struct {
		const char *name;
		int64_t ms;
	} names[] = {
		{ "meminfo.2026-11-28_2105", AT - 1000 },
		{ "meminfo-1795899901.txt", AT },
		{ "slabinfo_20261128-210501.log", AT },
		{ "slabinfo.20261128210501", AT },
		{ "2026-11-28/meminfo.2105", AT - 1000 },
		{ "20261128/21-05-01/meminfo", AT },
		{ "mem-2026-11-28T21:05:01+01:00.txt", AT - HOUR },
		{ "mem_2026-11-28_21h05", AT - 1000 },
		{ "2026-11-28.txt", AT - 21 * HOUR - 5 * MIN - 1000 },
	};
	struct kt_stamp_gaps gaps = { 0 };
	struct kt_stamp stamp;

	for (size_t i = 0; i < KT_LEN(names); i++) {
		int64_t ms = -1;

		CHECK(kt_stamp_of_name(kt_span_str(names[i].name), &stamp));
		CHECK(kt_stamp_ms(&stamp, &gaps, &ms));
		if (!CHECK(ms == names[i].ms))
			printf("  %s: %lld\n", names[i].name, (long long)(ms - names[i].ms));
	}
	CHECK(!kt_stamp_of_name(KT_SPAN("meminfo"), &stamp));
	CHECK(!kt_stamp_of_name(KT_SPAN("meminfo.1"), &stamp));
	CHECK(!kt_stamp_of_name(KT_SPAN("kernel-5.10.0/meminfo"), &stamp));
}
