// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_LOG_RECORD_H
#define KT_LOG_RECORD_H

#include "base/span.h"

#define KT_LOG_NO_TIME (-1)
#define KT_LOG_USER    1 /* any facility that is not the kernel's */

/**
 * A record of any log of the kernel: dmesg with or without times, /dev/kmsg, syslog, journal,
 * a serial console, a mail that quotes one of them. Parsers see records, never lines.
 */
struct kt_log_record {
	struct kt_span message; /* without blanks around it */
	struct kt_span time;	/* as the log has it; empty where it has none */
	int64_t time_us;	/* since the kernel started, or KT_LOG_NO_TIME */
	int level;		/* 0: emergency, to 7: debug; -1: the log does not say */
	int facility;		/* 0: the kernel's own; KT_LOG_USER: a program's; -1: not said */
	bool program;		/* a log daemon had the line from a program, not from the kernel */
	uint64_t caller;	/* task or CPU that printed it; 0 where the log does not say */
	size_t number;		/* of the line in the file, from 1 */
};

/** Takes one line apart, by itself; `number` stays 0. */
void kt_log_parse(struct kt_span line, struct kt_log_record *ret_record);

#define KT_LOG_LINE_MAX 8192 /* longer lines are not cleaned of what colours them */

/** Lines for which a time and a caller hold that are not repeated. */
#define KT_LOG_REACH 1000

/** Time and caller of the lines before, for a line that has neither. */
struct kt_log_state {
	size_t number; /* lines so far */
	uint64_t caller;
	size_t time_n, time_number,
		caller_number; /* length of the time; line numbers of the last time and caller */
	char time[64];
};

/**
 * Walks a log. Start with `rest` set to the text and all else 0. For a log in pieces of whole
 * lines, set `rest` to the next piece to continue.
 */
struct kt_log_reader {
	struct kt_span rest, pieces;
	struct kt_log_state state;
	char clean[KT_LOG_LINE_MAX];
};

/**
 * The next line, or piece of a line where a log daemon joined several by "#012" or "\x0a".
 * A piece without time and caller has the time and caller of the piece before it. What `ret_record`
 * points to is valid until the next call. False at the end.
 */
bool kt_log_next(struct kt_log_reader *reader, struct kt_log_record *ret_record);

/**
 * Whether the line has a time of its own, so that lines before it do not matter. `line` has no
 * escapes.
 */
bool kt_log_is_timed(struct kt_span line);

#endif
