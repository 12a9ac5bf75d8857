// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_ANSWER_H
#define KT_SERVE_ANSWER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/** What a client gets. Made once and shared: by clients, by the cache, by threads. */
struct kt_answer {
	int nr_users; /* atomic */
	unsigned status;
	const char *type;
	char etag[24]; /* empty: none */
	size_t size;
	char data[];
};

#define KT_TYPE_JSON "application/json; charset=utf-8"
#define KT_TYPE_HTML "text/html; charset=utf-8"
#define KT_TYPE_TEXT "text/plain; charset=utf-8"

/** NULL when out of memory, and where the text has failed. */
struct kt_answer *kt_answer_new(unsigned status, const char *type, const struct kt_buf *text);
/** The same of a text that stays where it is. */
struct kt_answer *kt_answer_copy(unsigned status, const char *type, struct kt_span text);
/** {"error": "..."}. NULL when out of memory. */
struct kt_answer *kt_answer_problem(unsigned status, const char *why);
/** The same of an error, whose code decides the status. Frees it. */
struct kt_answer *kt_answer_err(struct kt_err *err);
struct kt_answer *kt_answer_ref(struct kt_answer *answer);
void kt_answer_unref(struct kt_answer *answer);

/** Appends `text` as a JSON string. */
void kt_put_json(struct kt_buf *buf, const char *text);
/** Appends `text` with everything escaped that means something in HTML. */
void kt_put_html(struct kt_buf *buf, const char *text);

#endif
