// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_LOG_FORM_H
#define KT_LOG_FORM_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>

#define KT_LOG_HEAD_MAX (256u << 10) /* bytes by which the form is found */

enum kt_log_kind { KT_LOG_LINES, KT_LOG_JSON, KT_LOG_EXPORT, KT_LOG_VERBOSE };

struct kt_log_form {
	enum kt_log_kind kind;
	unsigned width; /* lines were wrapped at this width; 0: they were not */
	bool hard;	/* inside words and numbers too */
	bool stamped;	/* records begin with a time, a priority or a tag */
	bool newest_first;
	bool tight_quotes; /* quotes have no blank after the '>' */
	bool fragments;	   /* netconsole sent long records in parts */
	bool padded_tags;  /* logcat moves the colon after a message's first word */
	char host[64];	   /* between time and tag; empty: not there */
};

/** Finds the form of a log by its first bytes. */
void kt_log_find_form(struct kt_span head, struct kt_log_form *ret_form);
/** True where parsers can read the log as it is. */
bool kt_log_is_plain(const struct kt_log_form *form);
/** Describes for a note how such a log is mended: "lines wrapped at 72 columns are joined". */
void kt_log_describe(const struct kt_log_form *form, struct kt_buf *ret_text);

/** A line of a log as the file has it; private to src/log. */
struct kt_log_raw {
	struct kt_span text; /* without quotes, and without blanks at its end */
	size_t length;	     /* columns, with quotes */
	bool stamped;	     /* begins with a time, a priority or a tag */
};

struct kt_log_raw kt_log_raw_of(struct kt_span line, bool tight_quotes);
/** Does a record begin here, by the words that kernel messages begin with? */
bool kt_log_begins(struct kt_span text);
/** How the line goes on the one before: -1: it does not; else with so many blanks between. */
int kt_log_joint(
	const struct kt_log_form *form, size_t length_before, const struct kt_log_raw *raw);
/** True if most lines have an earlier time than the line before. */
bool kt_log_is_newest_first(struct kt_span text);

#endif
