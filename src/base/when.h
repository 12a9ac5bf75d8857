// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_WHEN_H
#define KT_BASE_WHEN_H

#include "base/span.h"

/**
 * Zone of a time that is written without one. The C library knows the local zone: TZ, else
 * /etc/localtime.
 */
enum kt_when_zone { KT_WHEN_UTC, KT_WHEN_LOCAL };

/**
 * Parses a time as users write it, to milliseconds since 1970:
 *
 *   2026-01-31T23:59:59Z   also without seconds, with a blank for the T, +02:00 for Z
 *   2026-01-31T23:59       in `zone`
 *   2026-01-31             the beginning of the day
 *   23:59  23:59:59        on the day of `now_ms`, or the day before if that would be later
 *   -90m  -2h  -3d  -30s   before `now_ms`
 *   1769903999             seconds since 1970; also 1769903999.250
 *   now                    `now_ms`
 *
 * A local time that occurs twice, because clocks are set back, is the earlier one; one that clocks
 * skip is as much later as they skip. False if the text has none of these forms.
 */
bool kt_when(struct kt_span text, enum kt_when_zone zone, int64_t now_ms, int64_t *ret_ms);
/** Parses "90", "90s", "15m", "2h" or "3d" to milliseconds. */
bool kt_duration(struct kt_span text, int64_t *ret_ms);
/**
 * Writes "2026-01-31T23:59:59Z" into `ret`, which has room for 32 characters: the form of data.
 * Returns `ret`.
 */
const char *kt_when_text(int64_t ms, char ret[32]);
#define KT_WHEN_ROOM 48
/** Writes "2026-01-31 23:59:59 CET", in the local zone: the form for people. Returns `ret`. */
const char *kt_when_local(int64_t ms, char ret[KT_WHEN_ROOM]);
/** Writes the same form in a zone of this name, so many minutes east of UTC. Returns `ret`. */
const char *kt_when_in(int64_t ms, int minutes_east, const char *zone, char ret[KT_WHEN_ROOM]);
/** Writes the name of the local zone at a time, which may be empty, and returns its minutes east of
 * UTC. */
int kt_when_zone_at(int64_t ms, char ret_name[KT_WHEN_ROOM]);
/** Writes "23:59:59", or with its date "01-31 23:59", in the local zone. Returns `ret`. */
const char *kt_when_clock(int64_t ms, bool dated, char ret[KT_WHEN_ROOM]);
/** Writes a time of kt_when_text() in the form for people; any other text stays as it is. */
const char *kt_when_of_data(const char *text, char ret[KT_WHEN_ROOM]);
/** Returns the days from 1970-01-01 to a date of the Gregorian calendar. */
int64_t kt_when_days(int64_t year, int64_t month, int64_t day);
/** Returns the number of days in a month. */
int kt_when_days_in(int64_t year, int64_t month);

#endif
