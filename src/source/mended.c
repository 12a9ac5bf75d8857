// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/mended.h"

#include <stdio.h>
#include <string.h>

static struct kt_err *nomem(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static size_t nr_lines(struct kt_span text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.n; i++)
		count += text.p[i] == '\n';
	return count;
}

static struct kt_err *feed_all(
	struct kt_stream *stream, struct kt_span piece, struct kt_mended *mended)
{
	do {
		if (!kt_log_mender_feed(mended->mender, piece))
			return kt_err_new(KT_ERR_PARSE,
				"its records are wrapped, reversed or in a form of the journal, "
				"and have more than %u MiB: give the part of the log that matters",
				KT_LOG_MENDED_MAX >> 20);
	} while (kt_stream_next(stream, &piece));
	return kt_stream_err(stream);
}

struct kt_err *kt_mend_log(struct kt_stream *stream, struct kt_mended *ret_mended)
{
	const struct kt_log_form *after;
	struct kt_mended mended = { 0 };
	struct kt_log_form form;
	struct kt_span piece;
	struct kt_err *err;

	*ret_mended = mended;
	if (!kt_stream_next(stream, &piece))
		return kt_stream_err(stream);
	kt_log_find_form(piece, &form);
	if (kt_log_is_plain(&form))
		return NULL;
	mended.mender = kt_log_mender_new(&form);
	if (!mended.mender)
		return nomem();
	err = feed_all(stream, piece, &mended);
	if (!err) {
		mended.text = kt_log_mender_end(mended.mender);
		after = kt_log_mender_form(mended.mender);
		if (!after)
			err = nomem();
		else if (after->newest_first)
			mended.reversed_lines = nr_lines(mended.text);
	}
	if (err)
		kt_mended_cleanup(&mended);
	*ret_mended = mended;
	return err;
}

void kt_mended_note(const struct kt_mended *mended, const char *what, struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char note[512];
	size_t n;

	if (!mended->mender)
		return;
	kt_log_describe(kt_log_mender_form(mended->mender), &text);
	if (text.failed || !text.size || text.size > sizeof(note) - 100)
		return;
	n = (size_t)snprintf(note, sizeof(note), "%s: %.*s", what, (int)text.size, text.data);
	for (size_t i = 0; i < snap->notes.count; i++) {
		if (strncmp(snap->notes.items[i], note, n + 1) == 0)
			return;
	}
	kt_snapshot_note(snap, "%s", note);
}

void kt_mended_cleanup(struct kt_mended *mended)
{
	kt_log_mender_free(mended->mender);
	*mended = (struct kt_mended){ 0 };
}
