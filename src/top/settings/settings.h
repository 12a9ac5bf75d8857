// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_SETTINGS_SETTINGS_H
#define KT_TOP_SETTINGS_SETTINGS_H

#include "base/buf.h"
#include "base/span.h"
#include "top/settings/marks.h"

#include <stdint.h>

#define KT_SETTINGS_LISTS  6	      /* lists at most */
#define KT_SETTINGS_MAX	   (64 << 10) /* bytes of a text that is parsed */
#define KT_INTERVAL_MIN_MS 100
#define KT_INTERVAL_MAX_MS 3600000

/**
 * Settings that the terminal view keeps for its next start. A setting that was never changed has no
 * value, and is not written.
 */
struct kt_settings {
	size_t list;	     /* the open list, from 1; 0: not changed */
	int64_t interval_ms; /* 0: not changed */
	struct {
		char sort[32]; /* key of the column; empty: not changed */
		bool inverted;
		struct kt_marks
			marks; /* of the account, the first list: folded rows; else pinned */
	} lists[KT_SETTINGS_LISTS];
};

/**
 * Parses the text of the file. `names`: the lists, as words. Lines that are not understood are
 * ignored, as is a text of more than KT_SETTINGS_MAX bytes: a file of a newer version, or a
 * damaged one, is no reason not to start.
 */
void kt_settings_parse(struct kt_span text, const char *names, struct kt_settings *ret_settings);
/** Writes the text; kt_settings_parse() gives the same settings from it. */
void kt_settings_write(
	const struct kt_settings *settings, const char *names, struct kt_buf *ret_text);

#endif
