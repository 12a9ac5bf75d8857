// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/when.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS	 86400000ll
#define YEAR_MAX 9999u

int64_t kt_when_days(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t past = year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return past * 365 + past / 4 - past / 100 + past / 400 - 719162 + before[month - 1] +
	       (leap && month > 2) + day - 1;
}

int kt_when_days_in(int64_t year, int64_t month)
{
	return (int)(month == 12 ? 31
				 : kt_when_days(year, month + 1, 1) - kt_when_days(year, month, 1));
}

/* Takes exactly `digits` digits from the front. */
static bool take(struct kt_span *rest, size_t digits, int64_t *ret_value)
{
	uint64_t value;

	if (rest->n < digits || !kt_span_u64((struct kt_span){ rest->p, digits }, &value))
		return false;
	*rest = kt_span_from(*rest, digits);
	*ret_value = (int64_t)value;
	return true;
}

static bool take_date(struct kt_span *rest, int64_t *ret_ms)
{
	struct kt_span copy = *rest;
	int64_t year, month, day;

	if (!take(&copy, 4, &year) || !kt_span_skip(&copy, "-") || !take(&copy, 2, &month) ||
		!kt_span_skip(&copy, "-") || !take(&copy, 2, &day) || year < 1970 || month < 1 ||
		month > 12 || day < 1 || day > kt_when_days_in(year, month))
		return false;
	*ret_ms = kt_when_days(year, month, day) * DAY_MS;
	*rest = copy;
	return true;
}

static bool take_clock(struct kt_span *rest, int64_t *ret_ms)
{
	struct kt_span copy = *rest;
	int64_t hour, minute, second = 0;

	if (!take(&copy, 2, &hour) || !kt_span_skip(&copy, ":") || !take(&copy, 2, &minute) ||
		(kt_span_skip(&copy, ":") && !take(&copy, 2, &second)) || hour > 23 ||
		minute > 59 || second > 60)
		return false;
	*ret_ms = ((hour * 60 + minute) * 60 + second) * 1000;
	*rest = copy;
	return true;
}

/* Milliseconds that local time is ahead of UTC. */
static int64_t ahead_ms(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm parts;

	return localtime_r(&seconds, &parts) ? parts.tm_gmtoff * 1000ll : 0;
}

/*
 * Converts what a local clock shows, as milliseconds of a day in UTC. Clocks are set once within
 * two days, so one of the two offsets around the time is right, or none of them is.
 */
static int64_t of_local(int64_t shown_ms)
{
	int64_t before = shown_ms - ahead_ms(shown_ms - DAY_MS),
		after = shown_ms - ahead_ms(shown_ms + DAY_MS);
	int64_t first = before < after ? before : after, second = before < after ? after : before;

	if (first + ahead_ms(first) == shown_ms)
		return first;
	return second + ahead_ms(second) == shown_ms ? second : before;
}

/* Takes "Z" or "+02:00"; a time without a zone is in `zone`. */
static bool take_zone(struct kt_span *rest, enum kt_when_zone zone, int64_t *ms)
{
	int sign = kt_span_skip(rest, "+") ? -1 : kt_span_skip(rest, "-") ? 1 : 0;
	int64_t away;

	if (!sign) {
		if (!kt_span_skip(rest, "Z") && zone == KT_WHEN_LOCAL)
			*ms = of_local(*ms);
		return true;
	}
	if (!take_clock(rest, &away))
		return false;
	*ms += sign * away;
	return true;
}

bool kt_duration(struct kt_span text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "m", 60000 }, { "min", 60000 },
		{ "h", 3600000 }, { "d", DAY_MS }, { "w", 7 * DAY_MS } };
	uint64_t number;

	if (!kt_span_take_u64(&text, &number) || number > 1000000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (kt_span_eq(text, units[i].unit)) {
			*ret_ms = (int64_t)number * units[i].ms;
			return true;
		}
	}
	return false;
}

/* Parses "1769903999" or "1769903999.250". */
static bool take_epoch(struct kt_span text, int64_t *ret_ms)
{
	uint64_t seconds, part = 0;

	if (!kt_span_take_u64(&text, &seconds) || seconds >= 1ull << 38)
		return false;
	if (kt_span_skip(&text, ".") && (text.n != 3 || !kt_span_take_u64(&text, &part)))
		return false;
	*ret_ms = (int64_t)(seconds * 1000 + part);
	return !text.n;
}

/* The last time up to `now_ms` at which a clock shows `clock_ms`. */
static int64_t last_time(int64_t clock_ms, enum kt_when_zone zone, int64_t now_ms)
{
	int64_t shown_ms = zone == KT_WHEN_LOCAL ? now_ms + ahead_ms(now_ms) : now_ms;
	int64_t at_ms = shown_ms / DAY_MS * DAY_MS + clock_ms;

	for (int back = 0; back < 2; back++, at_ms -= DAY_MS) {
		int64_t ms = zone == KT_WHEN_LOCAL ? of_local(at_ms) : at_ms;

		if (ms <= now_ms)
			return ms;
	}
	return zone == KT_WHEN_LOCAL ? of_local(at_ms) : at_ms;
}

bool kt_when(struct kt_span text, enum kt_when_zone zone, int64_t now_ms, int64_t *ret_ms)
{
	struct kt_span rest = kt_span_trim(text);
	int64_t clock = 0, back;

	if (kt_span_eq(rest, "now")) {
		*ret_ms = now_ms;
		return true;
	}
	if (take_epoch(rest, ret_ms))
		return true;
	if (kt_span_skip(&rest, "-")) {
		if (!kt_duration(rest, &back))
			return false;
		*ret_ms = now_ms - back;
		return true;
	}
	if (take_date(&rest, ret_ms)) {
		if ((kt_span_skip(&rest, "T") || kt_span_skip(&rest, " ")) &&
			!take_clock(&rest, &clock))
			return false;
		*ret_ms += clock;
		return take_zone(&rest, zone, ret_ms) && !rest.n;
	}
	if (!take_clock(&rest, &clock))
		return false;
	if (kt_span_skip(&rest, "Z"))
		zone = KT_WHEN_UTC;
	*ret_ms = last_time(clock, zone, now_ms);
	return !rest.n;
}

static bool local_parts(int64_t ms, struct tm *ret_parts)
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));

	return localtime_r(&seconds, ret_parts) != NULL;
}

const char *kt_when_local(int64_t ms, char ret[KT_WHEN_ROOM])
{
	struct tm parts;

	if (!local_parts(ms, &parts) ||
		!strftime(ret, KT_WHEN_ROOM, "%Y-%m-%d %H:%M:%S %Z", &parts))
		snprintf(ret, KT_WHEN_ROOM, "?");
	return ret;
}

const char *kt_when_in(int64_t ms, int minutes_east, const char *zone, char ret[KT_WHEN_ROOM])
{
	char text[32];

	/* "2026-01-31T23:59:59Z" */
	kt_when_text(ms + minutes_east * 60000ll, text);
	if (strlen(text) != 20)
		snprintf(ret, KT_WHEN_ROOM, "?");
	else
		snprintf(ret, KT_WHEN_ROOM, "%.10s %.8s %s", text, text + 11, zone);
	return ret;
}

int kt_when_zone_at(int64_t ms, char ret_name[KT_WHEN_ROOM])
{
	struct tm parts;

	ret_name[0] = '\0';
	if (!local_parts(ms, &parts) || !strftime(ret_name, KT_WHEN_ROOM, "%Z", &parts))
		return 0;
	return (int)(parts.tm_gmtoff / 60);
}

const char *kt_when_clock(int64_t ms, bool dated, char ret[KT_WHEN_ROOM])
{
	struct tm parts;

	if (!local_parts(ms, &parts) || !(dated ? strftime(ret, KT_WHEN_ROOM, "%m-%d %H:%M", &parts)
						: strftime(ret, KT_WHEN_ROOM, "%H:%M:%S", &parts)))
		snprintf(ret, KT_WHEN_ROOM, "?");
	return ret;
}

const char *kt_when_of_data(const char *text, char ret[KT_WHEN_ROOM])
{
	struct kt_span span = kt_span_str(text), rest = span;
	int64_t ms;

	if (take_date(&rest, &ms) && kt_span_ends(span, "Z") && kt_when(span, KT_WHEN_UTC, 0, &ms))
		return kt_when_local(ms, ret);
	snprintf(ret, KT_WHEN_ROOM, "%s", text);
	return ret;
}

const char *kt_when_text(int64_t ms, char ret[32])
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) || !strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts))
		snprintf(ret, 32, "?");
	return ret;
}
