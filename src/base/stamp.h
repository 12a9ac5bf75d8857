// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_STAMP_H
#define KT_BASE_STAMP_H

#include "base/span.h"

/**
 * Times as programs and scripts write them into logs: date(1) in its forms and common locales,
 * ISO 8601, RFC 2822, syslog, seconds since 1970, names of files. Other than base/when.h, a stamp
 * may have gaps (no year, no zone, no day) and two readings (3/4/2026).
 */

/** Parts that a stamp has. */
enum kt_stamp_form {
	KT_STAMP_EPOCH, /* seconds since 1970 */
	KT_STAMP_FULL,	/* date and time of day */
	KT_STAMP_DATE,	/* date only */
	KT_STAMP_CLOCK, /* time of day only */
};

enum kt_stamp_zone {
	KT_ZONE_MISSING,
	KT_ZONE_KNOWN,	 /* "Z", "UTC", "+0100" */
	KT_ZONE_NAME,	 /* "CET": minutes as most readers take it */
	KT_ZONE_UNKNOWN, /* a name that is not known; minutes are 0 */
};

struct kt_stamp {
	enum kt_stamp_form form;
	int64_t epoch_ms; /* of KT_STAMP_EPOCH */
	int year;	  /* -1: missing */
	int month, day;	  /* while `open`: first and second number */
	bool open;	  /* day and month may be the other way round */
	int32_t clock_ms; /* since midnight; 0 without a time of day */
	enum kt_stamp_zone zone;
	int zone_minutes; /* east of UTC */
	char zone_name[8];
	/** The line has only this time, with marks, a day of the week and words such as "date". */
	bool alone;
	size_t from, to; /* bytes of the line */
};

/** Fills the gaps of a stamp. */
struct kt_stamp_gaps {
	bool day_first;	  /* 3/4/2026 is 3 April */
	int year;	  /* without a year */
	int64_t day_ms;	  /* without a date: midnight of the day */
	int zone_minutes; /* without a zone */
};

/** Finds the first time in a line; false: there is none. */
bool kt_stamp_find(struct kt_span line, struct kt_stamp *ret_stamp);
/** Finds the time in the name of a file, such as "2026-11-28/meminfo.2105". */
bool kt_stamp_of_name(struct kt_span name, struct kt_stamp *ret_stamp);
/** Returns the milliseconds since 1970; false: there is no such day. */
bool kt_stamp_ms(const struct kt_stamp *stamp, const struct kt_stamp_gaps *gaps, int64_t *ret_ms);

#endif
