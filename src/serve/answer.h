// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_ANSWER_H
#define KT_SERVE_ANSWER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/** An answer to clients. Made once and shared: by clients, by the cache, by threads. */
struct kt_answer {
	int nr_users; /* atomic; references */
	unsigned status;
	const char *type;
	char etag[24]; /* empty: none */
	size_t size;
	char data[];
};

#define KT_TYPE_JSON "application/json; charset=utf-8"
#define KT_TYPE_HTML "text/html; charset=utf-8"
#define KT_TYPE_TEXT "text/plain; charset=utf-8"

/** Makes an answer. NULL: out of memory, or building the text failed. */
struct kt_answer *kt_answer_new(unsigned status, const char *type, const struct kt_buf *text);
/** Same with a text that outlives the answer. */
struct kt_answer *kt_answer_copy(unsigned status, const char *type, struct kt_span text);
/** Makes {"error": "..."}. NULL: out of memory. */
struct kt_answer *kt_answer_problem(unsigned status, const char *why);
/** Same from an error, whose code decides the status. Frees the error. */
struct kt_answer *kt_answer_err(struct kt_err *err);
/** Adds a reference and returns `answer`, which may be NULL. Any thread may call it. */
struct kt_answer *kt_answer_ref(struct kt_answer *answer);
/** Drops a reference; the last one frees the answer. NULL: does nothing. */
void kt_answer_unref(struct kt_answer *answer);

/** Appends `text` as a JSON string. */
void kt_put_json(struct kt_buf *buf, const char *text);
/** Appends `text` with all characters escaped that have a meaning in HTML. */
void kt_put_html(struct kt_buf *buf, const char *text);

#endif
