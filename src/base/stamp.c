// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/stamp.h"

#include "base/attr.h"
#include "base/stamp_words.h"
#include "base/when.h"

#include <string.h>

#define DAY_MS	    86400000ll
#define EPOCH_FIRST 915148800ll	 /* 1999; a smaller number is no time of a log */
#define EPOCH_LAST  4102444800ll /* 2100 */
#define YEAR_FIRST  1970
#define YEAR_LAST   2099
#define BETWEEN	    " \t.-/" /* characters between a day and its month */

/* ---- characters ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

static size_t digits_at(struct kt_span text)
{
	size_t n = 0;

	while (n < text.n && is_digit(text.p[n]))
		n++;
	return n;
}

static bool take_char(struct kt_span *rest, const char *any)
{
	if (!rest->n || !rest->p[0] || !strchr(any, rest->p[0]))
		return false;
	*rest = kt_span_from(*rest, 1);
	return true;
}

static size_t take_all(struct kt_span *rest, const char *any)
{
	size_t n = 0;

	while (take_char(rest, any))
		n++;
	return n;
}

/* Takes a number that has `least` to `most` digits, and no more digits after them. */
static bool take_number(struct kt_span *rest, size_t least, size_t most, int *ret_value)
{
	size_t n = digits_at(*rest);
	int value = 0;

	if (n < least || n > most || n > 9)
		return false;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (rest->p[i] - '0');
	*rest = kt_span_from(*rest, n);
	*ret_value = value;
	return true;
}

/* Takes the first `n` digits of a longer run. */
static int take_digits(struct kt_span *rest, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n && i < rest->n; i++)
		value = value * 10 + (rest->p[i] - '0');
	*rest = kt_span_from(*rest, n);
	return value;
}

static struct kt_span word_at(struct kt_span text)
{
	size_t n = 0;

	while (n < text.n && is_letter(text.p[n]))
		n++;
	return (struct kt_span){ text.p, n };
}

static bool is_word(struct kt_span word, const char *lower)
{
	if (word.n != strlen(lower))
		return false;
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != lower[i])
			return false;
	}
	return true;
}

/* ---- words ---- */

/* Only marks and labels, and short numbers after a label: "sample 12". */
static bool is_decoration(struct kt_span text)
{
	bool labelled = false;

	while (text.n) {
		struct kt_span word = word_at(text);
		size_t nr_digits = digits_at(text);

		if (word.n && !kt_stamp_is_label(word))
			return false;
		if (nr_digits && (!labelled || nr_digits > 6))
			return false;
		labelled |= word.n > 0;
		text = kt_span_from(text, word.n ? word.n : nr_digits ? nr_digits : 1);
	}
	return true;
}

/* ---- zones ---- */

static void name_zone(struct kt_span word, struct kt_stamp *stamp)
{
	stamp->zone = KT_ZONE_UNKNOWN;
	memcpy(stamp->zone_name, word.p, word.n);
	stamp->zone_name[word.n] = '\0';
	if (kt_stamp_zone(word, &stamp->zone_minutes))
		stamp->zone = KT_ZONE_NAME;
}

/* Takes "+01:00", "+0100" or "+01". */
static bool take_offset(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	bool west = copy.n && copy.p[0] == '-';
	size_t nr_digits;
	int hours, minutes = 0;

	if (!take_char(&copy, "+-"))
		return false;
	nr_digits = digits_at(copy);
	if (nr_digits != 2 && nr_digits != 4)
		return false;
	hours = take_digits(&copy, 2);
	if (nr_digits == 4)
		minutes = take_digits(&copy, 2);
	else if (copy.n >= 3 && copy.p[0] == ':' && digits_at(kt_span_from(copy, 1)) == 2) {
		copy = kt_span_from(copy, 1);
		minutes = take_digits(&copy, 2);
	}
	if (hours > 14 || minutes > 59)
		return false;
	stamp->zone = KT_ZONE_KNOWN;
	stamp->zone_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
	*rest = copy;
	return true;
}

/* Takes a zone, if there is one: after blanks, in brackets, or at once. */
static void take_zone(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest, word;
	size_t nr_blanks = take_all(&copy, " \t");
	int minutes;

	if (stamp->zone != KT_ZONE_MISSING)
		return;
	/* "21:05:01 -5" is no zone, "21:05:01 -0500" is one */
	if (take_offset(&copy, stamp)) {
		*rest = copy;
		return;
	}
	take_char(&copy, "(");
	word = word_at(copy);
	if (is_word(word, "z") || kt_span_eq(word, "UTC") || kt_span_eq(word, "GMT")) {
		stamp->zone = KT_ZONE_KNOWN;
		copy = kt_span_from(copy, word.n);
		take_offset(&copy, stamp); /* "GMT+1" has one digit and stays open */
		*rest = copy;
		return;
	}
	if (!nr_blanks || word.n < 3 || word.n > 5 || word.n >= sizeof(stamp->zone_name))
		return;
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] < 'A' || word.p[i] > 'Z')
			return;
	}
	/* nearly all names end in "time", and other words in capitals do not */
	if (word.p[word.n - 1] != 'T' && !kt_stamp_zone(word, &minutes))
		return;
	name_zone(word, stamp);
	*rest = kt_span_from(copy, word.n);
	take_char(rest, ")");
}

/* ---- the time of day ---- */

/* Takes a fraction of a second as milliseconds. */
static int32_t take_fraction(struct kt_span *rest)
{
	static const int32_t tens[] = { 100, 10, 1 };
	struct kt_span copy = *rest;
	int32_t ms = 0;
	size_t n;

	if (!take_char(&copy, ".,") || !(n = digits_at(copy)) || n > 9)
		return 0;
	for (size_t i = 0; i < n && i < KT_LEN(tens); i++)
		ms += (copy.p[i] - '0') * tens[i];
	*rest = kt_span_from(copy, n);
	return ms;
}

/* Takes AM or PM, and changes the hour; false: the hour has no such half. */
static bool take_half(struct kt_span *rest, int *hour)
{
	struct kt_span copy = *rest, word;
	bool pm;

	take_all(&copy, " \t");
	word = word_at(copy);
	pm = is_word(word, "pm");
	if (!pm && !is_word(word, "am"))
		return true;
	if (*hour < 1 || *hour > 12)
		return false;
	*hour = *hour % 12 + (pm ? 12 : 0);
	*rest = kt_span_from(copy, word.n);
	return true;
}

/* Takes "21:05", "21:05:01", "9:05:01 PM", with a fraction and a zone. */
static bool take_clock(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	int hour, minute, second = 0;
	int32_t ms = 0;

	if (!take_number(&copy, 1, 2, &hour) || !take_char(&copy, ":") ||
		!take_number(&copy, 2, 2, &minute))
		return false;
	if (copy.n && copy.p[0] == ':') {
		copy = kt_span_from(copy, 1);
		if (!take_number(&copy, 2, 2, &second))
			return false;
		ms = take_fraction(&copy);
	}
	if (!take_half(&copy, &hour) || hour > 23 || minute > 59 || second > 60)
		return false;
	stamp->clock_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
	take_zone(&copy, stamp);
	*rest = copy;
	return true;
}

/* ---- dates ---- */

static bool set_date(struct kt_stamp *stamp, int year, int month, int day)
{
	if ((year >= 0 && (year < YEAR_FIRST || year > YEAR_LAST)) || month < 1 || day < 1 ||
		month > 12 || day > 31)
		return false;
	stamp->year = year;
	stamp->month = month;
	stamp->day = day;
	return true;
}

/* Takes "2026-11-28", "2026/11/28", "2026.11.28". */
static bool take_iso(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	char sep[2] = { 0 };
	int year, month, day;

	if (!take_number(&copy, 4, 4, &year) || !copy.n || !strchr("-/.", copy.p[0]))
		return false;
	sep[0] = copy.p[0];
	if (!sep[0] || !take_char(&copy, sep) || !take_number(&copy, 1, 2, &month) ||
		!take_char(&copy, sep) || !take_number(&copy, 1, 2, &day) ||
		!set_date(stamp, year, month, day))
		return false;
	*rest = copy;
	return true;
}

/* Takes "28.11.2026", whose order is known, and "28/11/2026", whose order may be open. */
static bool take_numeric(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	char sep[2] = { 0 };
	size_t nr_digits;
	int first, second, year;

	if (!take_number(&copy, 1, 2, &first) || !copy.n || !strchr("-/.", copy.p[0]))
		return false;
	sep[0] = copy.p[0];
	if (!sep[0] || !take_char(&copy, sep) || !take_number(&copy, 1, 2, &second) ||
		!take_char(&copy, sep))
		return false;
	nr_digits = digits_at(copy);
	/* "26-11-28" may begin with the year */
	if ((nr_digits != 4 && (nr_digits != 2 || sep[0] == '-')) ||
		!take_number(&copy, 2, 4, &year))
		return false;
	if (nr_digits == 2)
		year += year < 70 ? 2000 : 1900;
	if (sep[0] == '.') {
		if (!set_date(stamp, year, second, first))
			return false;
	} else {
		if ((first > 12 && second > 12) || !set_date(stamp, year, 1, 1) || first < 1 ||
			second < 1 || first > 31 || second > 31)
			return false;
		stamp->open = true;
		stamp->month = first;
		stamp->day = second;
	}
	*rest = copy;
	return true;
}

/* Takes a year after a date, if there is one; "2026:21:05" is of web servers. */
static void take_year(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	int year;

	take_all(&copy, " \t,./-");
	if (stamp->year < 0 && take_number(&copy, 4, 4, &year) && year >= YEAR_FIRST &&
		year <= YEAR_LAST && (!copy.n || !is_letter(copy.p[0]))) {
		stamp->year = year;
		*rest = copy;
	}
}

/* Takes "28 Nov 2026", "28-Nov-2026", "28. Nov" and "28/Nov/2026". */
static bool take_day_month(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest, word;
	int day, month;

	if (!take_number(&copy, 1, 2, &day))
		return false;
	take_all(&copy, BETWEEN);
	word = word_at(copy);
	month = kt_stamp_month(word);
	if (!month || !set_date(stamp, -1, month, day))
		return false;
	*rest = kt_span_from(copy, word.n);
	take_char(rest, ".");
	take_year(rest, stamp);
	return true;
}

/* Takes "Nov 28" and "Nov 28, 2026". */
static bool take_month_day(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest, word = word_at(copy);
	int day, month = kt_stamp_month(word);

	if (!month)
		return false;
	copy = kt_span_from(copy, word.n);
	if (!take_all(&copy, BETWEEN) || !take_number(&copy, 1, 2, &day) ||
		(copy.n && copy.p[0] == ':') || !set_date(stamp, -1, month, day))
		return false;
	*rest = copy;
	take_year(rest, stamp);
	return true;
}

static bool take_date(struct kt_span *rest, struct kt_stamp *stamp)
{
	stamp->open = false;
	return take_iso(rest, stamp) || take_numeric(rest, stamp) || take_day_month(rest, stamp) ||
	       take_month_day(rest, stamp);
}

/* ---- numbers ---- */

/* Takes "20261128T210501", "20261128_2105", "20261128210501". */
static bool take_compact(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	size_t nr_digits = digits_at(copy), nr_clock = nr_digits > 8 ? nr_digits - 8 : 0;
	int year, month, day, hour = 0, minute = 0, second = 0;

	if (nr_digits != 8 && nr_digits != 12 && nr_digits != 14)
		return false;
	year = take_digits(&copy, 4);
	month = take_digits(&copy, 2);
	day = take_digits(&copy, 2);
	if (!set_date(stamp, year, month, day))
		return false;
	stamp->form = KT_STAMP_DATE;
	*rest = copy;
	if (!nr_clock && take_char(&copy, "T_-. "))
		nr_clock = digits_at(copy);
	if (nr_clock != 4 && nr_clock != 6)
		return true;
	hour = take_digits(&copy, 2);
	minute = take_digits(&copy, 2);
	if (nr_clock == 6)
		second = take_digits(&copy, 2);
	if (hour > 23 || minute > 59 || second > 60)
		return nr_digits == 8;
	stamp->form = KT_STAMP_FULL;
	stamp->clock_ms = ((hour * 60 + minute) * 60 + second) * 1000;
	take_zone(&copy, stamp);
	*rest = copy;
	return true;
}

/* Takes "1764363900", "1764363900.250" and "1764363900250". */
static bool take_epoch(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy = *rest;
	size_t n = digits_at(copy);
	int64_t value = 0;

	if (n != 10 && n != 13 && n != 19)
		return false;
	for (size_t i = 0; i < n && i < 13; i++)
		value = value * 10 + (copy.p[i] - '0');
	copy = kt_span_from(copy, n);
	stamp->epoch_ms = n == 10 ? value * 1000 + take_fraction(&copy) : value;
	if (stamp->epoch_ms < EPOCH_FIRST * 1000 || stamp->epoch_ms >= EPOCH_LAST * 1000)
		return false;
	stamp->form = KT_STAMP_EPOCH;
	*rest = copy;
	return true;
}

/* ---- a time ---- */

/* Takes what is between date and time of day. */
static void take_between(struct kt_span *rest)
{
	struct kt_span copy = *rest, word;

	if (copy.n > 1 && (copy.p[0] == 'T' || copy.p[0] == ':' || copy.p[0] == '_') &&
		is_digit(copy.p[1])) {
		*rest = kt_span_from(copy, 1);
		return;
	}
	take_all(&copy, " \t,-_");
	word = word_at(copy);
	if (is_word(word, "at") || is_word(word, "um")) {
		copy = kt_span_from(copy, word.n);
		take_all(&copy, " \t");
	}
	*rest = copy;
}

static bool take_dated(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy;

	if (!take_date(rest, stamp))
		return false;
	stamp->form = KT_STAMP_DATE;
	copy = *rest;
	take_between(&copy);
	if (take_clock(&copy, stamp)) {
		stamp->form = KT_STAMP_FULL;
		take_year(&copy, stamp);
		take_zone(&copy, stamp);
		*rest = copy;
	}
	return true;
}

/* Takes "21:05:01 28/11/2026", or the time of day alone. */
static bool take_clocked(struct kt_span *rest, struct kt_stamp *stamp)
{
	struct kt_span copy;

	if (!take_clock(rest, stamp))
		return false;
	stamp->form = KT_STAMP_CLOCK;
	copy = *rest;
	if (take_all(&copy, " \t,;-") && take_date(&copy, stamp)) {
		stamp->form = KT_STAMP_FULL;
		*rest = copy;
		take_zone(rest, stamp);
	}
	return true;
}

static struct kt_stamp no_stamp(void)
{
	return (struct kt_stamp){ .year = -1 };
}

static bool take_stamp(struct kt_span *rest, struct kt_stamp *stamp)
{
	static bool (*const forms[])(struct kt_span *, struct kt_stamp *) = { take_compact,
		take_epoch, take_dated, take_clocked };

	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct kt_span copy = *rest;

		*stamp = no_stamp();
		/* "2026-11-28x" and "kmalloc-64:12:34" are no times */
		if (forms[i](&copy, stamp) && (!copy.n || !is_digit(copy.p[0])) &&
			(!copy.n || !strchr("/:", copy.p[0]) || copy.n == 1 ||
				!is_digit(copy.p[1]))) {
			*rest = copy;
			return true;
		}
	}
	return false;
}

/* Whether a word is next to a number that may be a day, as a month is. */
static bool is_at_day(struct kt_span line, size_t from, size_t to)
{
	struct kt_span after = kt_span_from(line, to);
	size_t nr_digits;

	take_all(&after, BETWEEN);
	nr_digits = digits_at(after);
	while (from && line.p[from - 1] && strchr(BETWEEN, line.p[from - 1]))
		from--;
	return nr_digits == 1 || nr_digits == 2 || (from && is_digit(line.p[from - 1]));
}

/* Most lines have neither "1:2", nor "1-", "1/" or "1.2", nor eight digits, nor a month. */
static bool may_have(struct kt_span line)
{
	size_t nr_digits = 0;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];

		if (is_digit(c)) {
			if (++nr_digits == 8)
				return true;
			continue;
		}
		if (nr_digits && i + 1 < line.n && is_digit(line.p[i + 1]) &&
			(c == ':' || c == '-' || c == '/' || c == '.'))
			return true;
		if (nr_digits && (c == '-' || c == '/'))
			return true;
		nr_digits = 0;
		if (is_letter(c)) {
			struct kt_span word = word_at(kt_span_from(line, i));

			if (is_at_day(line, i, i + word.n) && kt_stamp_month(word))
				return true;
			i += word.n - 1;
		}
	}
	return false;
}

/* At the beginning of a word that is no part of a number, a path or another time. */
static bool may_begin(struct kt_span line, size_t at)
{
	char c = line.p[at], before = at ? line.p[at - 1] : ' ';

	if ((!is_digit(c) && !is_letter(c)) || is_digit(before) || is_letter(before))
		return false;
	return at < 2 || !strchr("-+./:", before) || !is_digit(line.p[at - 2]);
}

#define LINE_MAX 256u /* bytes of a line in which a time is looked for */

bool kt_stamp_find(struct kt_span line, struct kt_stamp *ret_stamp)
{
	struct kt_stamp date_only = no_stamp();
	bool any = false;

	if (line.n > LINE_MAX)
		line.n = LINE_MAX;
	if (!may_have(line))
		return false;
	for (size_t i = 0; i < line.n; i++) {
		struct kt_span rest = kt_span_from(line, i);
		struct kt_stamp stamp;

		if (!may_begin(line, i) || !take_stamp(&rest, &stamp))
			continue;
		stamp.from = i;
		stamp.to = line.n - rest.n;
		stamp.alone = is_decoration((struct kt_span){ line.p, i }) && is_decoration(rest);
		if (stamp.form != KT_STAMP_DATE) {
			*ret_stamp = stamp;
			return true;
		}
		if (!any)
			date_only = stamp;
		any = true;
	}
	*ret_stamp = date_only;
	return any;
}

/* ---- names of files ---- */

/* Finds "2105", "210501", "21:05:01", "21-05-01" or "21h05" after a date. */
static bool take_name_clock(struct kt_span rest, struct kt_stamp *stamp)
{
	for (size_t i = 0; i < rest.n; i++) {
		struct kt_span copy = kt_span_from(rest, i);
		size_t nr_digits = digits_at(copy);
		int hour, minute, second = 0;

		if (!nr_digits || (i && is_digit(rest.p[i - 1])))
			continue;
		if (nr_digits != 2 && nr_digits != 4 && nr_digits != 6)
			return false;
		hour = take_digits(&copy, 2);
		if (nr_digits == 2 && (!take_char(&copy, ":.-_h") || digits_at(copy) != 2))
			return false;
		minute = take_digits(&copy, 2);
		if (nr_digits == 6 ||
			(nr_digits == 2 && take_char(&copy, ":.-_m") && digits_at(copy) == 2))
			second = take_digits(&copy, 2);
		if (hour > 23 || minute > 59 || second > 60)
			return false;
		stamp->form = KT_STAMP_FULL;
		stamp->clock_ms = ((hour * 60 + minute) * 60 + second) * 1000;
		take_zone(&copy, stamp);
		return true;
	}
	return false;
}

bool kt_stamp_of_name(struct kt_span name, struct kt_stamp *ret_stamp)
{
	for (size_t i = 0; i < name.n; i++) {
		struct kt_span rest = kt_span_from(name, i);

		if (!is_digit(name.p[i]) || (i && is_digit(name.p[i - 1])))
			continue;
		*ret_stamp = no_stamp();
		if (take_epoch(&rest, ret_stamp))
			return true;
		*ret_stamp = no_stamp();
		if (!take_iso(&rest, ret_stamp) && !take_compact(&rest, ret_stamp))
			continue;
		if (ret_stamp->form == KT_STAMP_FULL && ret_stamp->clock_ms)
			return true;
		ret_stamp->form = KT_STAMP_DATE;
		take_name_clock(rest, ret_stamp);
		return true;
	}
	return false;
}

/* ---- to milliseconds ---- */

bool kt_stamp_ms(const struct kt_stamp *stamp, const struct kt_stamp_gaps *gaps, int64_t *ret_ms)
{
	bool swap = stamp->open && gaps->day_first;
	int month = swap ? stamp->day : stamp->month, day = swap ? stamp->month : stamp->day;
	int year = stamp->year < 0 ? gaps->year : stamp->year;
	int zone = stamp->zone == KT_ZONE_MISSING ? gaps->zone_minutes : stamp->zone_minutes;

	if (stamp->form == KT_STAMP_EPOCH) {
		*ret_ms = stamp->epoch_ms;
		return true;
	}
	if (stamp->form == KT_STAMP_CLOCK) {
		*ret_ms = gaps->day_ms + stamp->clock_ms - zone * 60000ll;
		return true;
	}
	if (month < 1 || month > 12 || day < 1 || day > kt_when_days_in(year, month))
		return false;
	*ret_ms = kt_when_days(year, month, day) * DAY_MS + stamp->clock_ms - zone * 60000ll;
	return true;
}
