// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_LOG_JOURNAL_H
#define KT_LOG_JOURNAL_H

#include "log/form.h"
#include "log/record.h"

/** The journal's own forms: JSON (also from "dmesg --json"), export, verbose. */

#define KT_JOURNAL_TEXT_MAX KT_LOG_LINE_MAX

struct kt_journal_text {
	char data[KT_JOURNAL_TEXT_MAX];
	size_t n;
	bool cut;
};

struct kt_journal {
	enum kt_log_kind kind;
	struct kt_buf *to;
	bool (*on_record)(void *context); /* before each record */
	void *context;
	/* the entry that is read */
	struct kt_journal_text key, value, message;
	bool has_message, has_transport, foreign;
	int64_t time_us;
	unsigned priority, facility;
	bool has_priority, from_source;
	/* where in the text */
	bool in_string, escaped, in_value, in_array, line_start;
	int nr_hex;
	unsigned hex;
	int size_bytes; /* of a binary field that are still to come */
	uint64_t size;
	enum { LINE_KEY, LINE_VALUE, LINE_SIZE, LINE_DATA, LINE_AFTER, LINE_SKIP } state;
	size_t indent;
};

void kt_journal_feed(struct kt_journal *journal, struct kt_span piece);
void kt_journal_end(struct kt_journal *journal);

#endif
