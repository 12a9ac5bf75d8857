// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_LOGLINE_H
#define KT_SOURCE_LOGLINE_H

#include "base/span.h"

/**
 * A line of any log of the kernel, taken apart: dmesg with or without times, /dev/kmsg,
 * syslog, journal, a serial console, a mail that quotes one of them.
 */
struct kt_logline {
	struct kt_span message; /* without blanks around it */
	struct kt_span time;	/* as the log has it; empty where it has none */
	uint64_t caller;	/* task or CPU that printed it; 0 where the log does not say */
	size_t number;		/* of the line in the file, from 1 */
};

#define KT_LOGLINE_MAX 8192 /* longer lines are not cleaned of what colours them */

/** Walks a log. Start with `rest` set to the text and everything else 0. */
struct kt_loglines {
	struct kt_span rest, pieces;
	size_t number, time_n;
	uint64_t caller;
	char time[64], clean[KT_LOGLINE_MAX];
};

/**
 * The next line, or piece of a line where a log daemon joined several by "#012" or "\x0a".
 * A piece without time and caller has those of the one before it. What `ret_line` points to
 * is valid until the next call. False at the end.
 */
bool kt_logline_next(struct kt_loglines *lines, struct kt_logline *ret_line);

#endif
