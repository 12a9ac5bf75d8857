// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fills the gaps of the times of one input. A gap is filled the same way for all of them: 3/4/2026
// alone has two readings, next to 28/4/2026 it has one.

#include "base/when.h"
#include "import/kind.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS	86400000ll
#define YEAR_MS (366 * DAY_MS)
#define HOUR_MS 3600000ll

/* ---- the list ---- */

struct kt_err *kt_dates_add(struct kt_dates *dates, const char *path, const struct kt_dated *dated)
{
	if (dates->count == KT_IMPORT_SAMPLES_MAX)
		return kt_err_new(
			KT_ERR_LIMIT, "%s: more than %u times", path, KT_IMPORT_SAMPLES_MAX);
	if (dates->count == dates->room) {
		size_t room = dates->room ? dates->room * 2 : 64;
		void *grown = realloc(dates->items, room * sizeof(*dates->items));

		if (!grown)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		dates->items = grown;
		dates->room = room;
	}
	dates->items[dates->count++] = *dated;
	return NULL;
}

/* ---- day and month ---- */

/* Whether all dates exist and none is before the one before it, or after the file. */
static bool is_steady(const struct kt_import_input *input, const struct kt_dated *dated,
	size_t count, bool day_first)
{
	struct kt_stamp_gaps gaps = input->gaps;
	int64_t before = 0, ms;

	gaps.day_first = day_first;
	for (size_t i = 0; i < count; i++) {
		if (!kt_stamp_ms(&dated[i].stamp, &gaps, &ms) || ms < before - DAY_MS / 2 ||
			ms > input->file_ms + 2 * DAY_MS)
			return false;
		before = ms;
	}
	return true;
}

static struct kt_err *two_readings(
	const struct kt_import_input *input, const struct kt_dated *dated, bool contradict)
{
	if (contradict)
		return kt_err_new(KT_ERR_REFUSED,
			"%s: some dates have the day first and others the month; import them apart",
			input->path);
	return kt_err_new(KT_ERR_REFUSED,
		"%s: line %llu: %d/%d may be day and month, or month and day; give --dates dmy or "
		"--dates mdy",
		input->path, (unsigned long long)dated->line, dated->stamp.month, dated->stamp.day);
}

static struct kt_err *settle_order(struct kt_import *import, struct kt_import_input *input,
	const struct kt_dated *dated, size_t count)
{
	const struct kt_dated *open = NULL;
	bool day_first = false, month_first = false, differ = false;

	for (size_t i = 0; i < count; i++) {
		if (!dated[i].stamp.open)
			continue;
		open = open ? open : &dated[i];
		day_first |= dated[i].stamp.month > 12;
		month_first |= dated[i].stamp.day > 12;
		differ |= dated[i].stamp.month != dated[i].stamp.day;
	}
	if (!open)
		return NULL;
	if (day_first && month_first)
		return two_readings(input, open, true);
	if (!day_first && !month_first && import->opts.dates != KT_DATES_AUTO)
		day_first = import->opts.dates == KT_DATES_DAY_FIRST;
	else if (!day_first && !month_first && differ) {
		bool day = is_steady(input, dated, count, true);
		bool month = is_steady(input, dated, count, false);

		if (day == month)
			return two_readings(input, open, false);
		day_first = day;
	}
	input->gaps.day_first = day_first;
	if (differ)
		kt_import_note(import, "%s: dates are read with the %s first", input->path,
			day_first ? "day" : "month");
	return NULL;
}

/* ---- a missing year, a missing day ---- */

static int year_of(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;

	return gmtime_r(&seconds, &parts) ? parts.tm_year + 1900 : 1970;
}

/* Counts the steps back of more than half a year from December to January. */
static void settle_years(struct kt_import *import, struct kt_import_input *input,
	struct kt_dated *dated, size_t count)
{
	struct kt_stamp_gaps gaps = input->gaps;
	int64_t before = INT64_MIN, ms = 0;
	int nr_years = 0, last;
	bool any = false;

	gaps.year = 2000; /* has a 29 February */
	for (size_t i = 0; i < count; i++) {
		struct kt_stamp *stamp = &dated[i].stamp;

		if (stamp->form == KT_STAMP_EPOCH || stamp->form == KT_STAMP_CLOCK ||
			stamp->year >= 0 || !kt_stamp_ms(stamp, &gaps, &ms))
			continue;
		nr_years += any && ms < before - YEAR_MS / 2;
		before = ms;
		any = true;
		stamp->year = -2 - nr_years; /* until the last year is known */
	}
	if (!any)
		return;
	last = year_of(input->file_ms);
	gaps.year = last;
	for (size_t i = count; i-- > 0;) {
		if (dated[i].stamp.year > -2)
			continue;
		dated[i].stamp.year = -1;
		if (kt_stamp_ms(&dated[i].stamp, &gaps, &ms) && ms > input->file_ms + DAY_MS)
			last--;
		dated[i].stamp.year = -2 - nr_years;
		break;
	}
	for (size_t i = 0; i < count; i++) {
		if (dated[i].stamp.year <= -2)
			dated[i].stamp.year = last - nr_years + (-2 - dated[i].stamp.year);
	}
	kt_import_note(import,
		"%s: its times have no year; the last one is taken as of %d, the year of the "
		"file's "
		"own time",
		input->path, last);
}

static void settle_days(struct kt_import *import, struct kt_import_input *input,
	struct kt_dated *dated, size_t count)
{
	int64_t before = INT64_MIN, last = 0, day_ms = input->gaps.day_ms;
	int64_t nr_days = 0;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct kt_stamp *stamp = &dated[i].stamp;

		if (stamp->form != KT_STAMP_CLOCK)
			continue;
		nr_days += any && stamp->clock_ms < before - HOUR_MS;
		last = before = stamp->clock_ms;
		any = true;
	}
	if (!any)
		return;
	if (!day_ms) { /* the last time is not after the file's own */
		int64_t file_ms = input->file_ms + input->gaps.zone_minutes * 60000ll;

		day_ms = file_ms - file_ms % DAY_MS;
		day_ms -= day_ms + last > file_ms + 60000 ? DAY_MS : 0;
		day_ms -= nr_days * DAY_MS;
		kt_import_note(import,
			"%s: its times have no date; the last one is taken as of the day of the "
			"file's own time",
			input->path);
	}
	before = INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		struct kt_dated *one = &dated[i];

		if (one->stamp.form != KT_STAMP_CLOCK)
			continue;
		day_ms += before > INT64_MIN && one->stamp.clock_ms < before - HOUR_MS ? DAY_MS : 0;
		before = one->stamp.clock_ms;
		input->gaps.day_ms = day_ms;
		if (kt_stamp_ms(&one->stamp, &input->gaps, &one->ms)) {
			one->stamp.form = KT_STAMP_EPOCH;
			one->stamp.epoch_ms = one->ms;
		}
	}
}

/* ---- zones ---- */

static void say_zones(struct kt_import *import, const struct kt_import_input *input,
	const struct kt_dated *dated, size_t count)
{
	const struct kt_stamp *name = NULL, *missing = NULL, *unknown = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct kt_stamp *stamp = &dated[i].stamp;

		if (stamp->form == KT_STAMP_EPOCH)
			continue;
		name = !name && stamp->zone == KT_ZONE_NAME ? stamp : name;
		missing = !missing && stamp->zone == KT_ZONE_MISSING ? stamp : missing;
		unknown = !unknown && stamp->zone == KT_ZONE_UNKNOWN ? stamp : unknown;
	}
	if (name)
		kt_import_note(import,
			"%s: %s is taken as UTC%+03d:%02d; the name alone is ambiguous",
			input->path, name->zone_name, name->zone_minutes / 60,
			(name->zone_minutes < 0 ? -name->zone_minutes : name->zone_minutes) % 60);
	if (unknown)
		kt_import_note(import, "%s: the zone %s is not known; its times are taken as UTC",
			input->path, unknown->zone_name);
	if (missing && !import->opts.zone_minutes)
		kt_import_note(import,
			"%s: times without a zone are taken as UTC; --zone +01:00 changes it",
			input->path);
}

struct kt_err *kt_import_settle(struct kt_import *import, struct kt_import_input *input,
	struct kt_dated *dated, size_t count)
{
	struct kt_err *err;

	input->gaps.zone_minutes = import->opts.zone_minutes;
	err = settle_order(import, input, dated, count);
	if (err)
		return err;
	say_zones(import, input, dated, count);
	settle_years(import, input, dated, count);
	settle_days(import, input, dated, count);
	return NULL;
}
