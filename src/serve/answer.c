// SPDX-License-Identifier: GPL-2.0-or-later
//
// Answers are immutable and counted: a response that libmicrohttpd still sends, the cache and the
// worker may hold the same one. Only the count is atomic, so no lock is needed.

#include "serve/answer.h"

#include "base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The ETag is a hash of the content. It need not resist attacks: a client that forges it only fools
 * itself. A counter would change at each restart although the content is the same.
 */
struct kt_answer *kt_answer_copy(unsigned status, const char *type, struct kt_span text)
{
	struct kt_answer *answer = malloc(sizeof(*answer) + text.n);
	uint64_t hash = kt_span_hash(KT_HASH_START, text);

	if (!answer)
		return NULL;
	*answer =
		(struct kt_answer){ .nr_users = 1, .status = status, .type = type, .size = text.n };
	if (text.n)
		memcpy(answer->data, text.p, text.n);
	snprintf(answer->etag, sizeof(answer->etag), "\"%016llx\"", (unsigned long long)hash);
	return answer;
}

struct kt_answer *kt_answer_new(unsigned status, const char *type, const struct kt_buf *text)
{
	return text->failed
		       ? NULL
		       : kt_answer_copy(status, type, (struct kt_span){ text->data, text->size });
}

struct kt_answer *kt_answer_problem(unsigned status, const char *why)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_puts(&text, "{\"error\": ");
	kt_put_json(&text, why);
	kt_buf_puts(&text, "}\n");
	return kt_answer_new(status, KT_TYPE_JSON, &text);
}

/*
 * A status must show whether asking again can help: 4xx means that the request must change, 503
 * that the same request may work later.
 */
struct kt_answer *kt_answer_err(struct kt_err *err)
{
	struct kt_answer *answer;
	unsigned status = 500;

	switch (kt_err_code(err)) {
	case KT_ERR_USAGE: status = 400; break;
	case KT_ERR_ABSENT: status = 404; break;
	case KT_ERR_DENIED: status = 403; break;
	/* may pass: the client may try again */
	case KT_ERR_LIMIT:
	case KT_ERR_NOMEM: status = 503; break;
	default: break;
	}
	answer = kt_answer_problem(status, kt_err_text(err));
	kt_err_free(err);
	return answer;
}

struct kt_answer *kt_answer_ref(struct kt_answer *answer)
{
	if (answer)
		/* no ordering needed: the caller holds a reference, so the answer stays */
		__atomic_add_fetch(&answer->nr_users, 1, __ATOMIC_RELAXED);
	return answer;
}

void kt_answer_unref(struct kt_answer *answer)
{
	/* every use by other threads happens before the memory is freed */
	if (answer && __atomic_sub_fetch(&answer->nr_users, 1, __ATOMIC_ACQ_REL) == 0)
		free(answer);
}

void kt_put_json(struct kt_buf *buf, const char *text)
{
	kt_buf_json(buf, text);
}

void kt_put_html(struct kt_buf *buf, const char *text)
{
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };

	/* names come from untrusted files, and HTML does not allow all control characters */
	kt_buf_printable(&clean, kt_span_str(text), 0);
	buf->failed |= clean.failed;
	for (size_t i = 0; i < clean.size; i++) {
		switch (clean.data[i]) {
		case '&': kt_buf_puts(buf, "&amp;"); break;
		case '<': kt_buf_puts(buf, "&lt;"); break;
		case '>': kt_buf_puts(buf, "&gt;"); break;
		case '"': kt_buf_puts(buf, "&quot;"); break;
		case '\'': kt_buf_puts(buf, "&#39;"); break;
		default: kt_buf_add(buf, clean.data + i, 1);
		}
	}
}
