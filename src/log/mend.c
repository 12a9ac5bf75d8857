// SPDX-License-Identifier: GPL-2.0-or-later
#include "log/mend.h"

#include "log/journal.h"

#include <stdlib.h>
#include <string.h>

struct kt_log_mender {
	struct kt_log_form form;
	struct kt_buf text, reversed;
	size_t *groups; /* where the records begin that may change places */
	size_t nr_groups, room;
	size_t lines_in, lines_out;
	size_t before; /* columns of the line before; 0: it was empty */
	bool open;     /* the line that is written may go on */
	bool failed;
	struct kt_journal journal;
};

static bool is_full(const struct kt_log_mender *mender)
{
	return mender->failed || mender->text.failed || mender->text.size > KT_LOG_MENDED_MAX;
}

/* The line that is written ends; joined lines leave empty lines. */
static void end_line(struct kt_log_mender *mender, size_t lines)
{
	if (mender->open) {
		kt_buf_puts(&mender->text, "\n");
		mender->lines_out++;
	}
	mender->open = false;
	while (mender->lines_out < lines && !is_full(mender)) {
		kt_buf_puts(&mender->text, "\n");
		mender->lines_out++;
	}
}

static void start_group(struct kt_log_mender *mender)
{
	size_t room = mender->room ? mender->room * 2 : 256;
	size_t *groups;

	if (mender->nr_groups == mender->room) {
		groups = reallocarray(mender->groups, room, sizeof(*groups));
		if (!groups) {
			mender->failed = true;
			return;
		}
		mender->groups = groups;
		mender->room = room;
	}
	mender->groups[mender->nr_groups++] = mender->text.size;
}

static bool on_record(void *context)
{
	struct kt_log_mender *mender = context;

	end_line(mender, 0);
	if (is_full(mender))
		return false;
	start_group(mender);
	mender->open = true;
	return true;
}

struct kt_log_mender *kt_log_mender_new(const struct kt_log_form *form)
{
	struct kt_log_mender *mender = calloc(1, sizeof(*mender));

	if (!mender)
		return NULL;
	mender->form = *form;
	mender->journal.kind = form->kind;
	mender->journal.time_us = -1;
	mender->journal.to = &mender->text;
	mender->journal.on_record = on_record;
	mender->journal.context = mender;
	return mender;
}

/* ---- lines ---- */

/* "[    5.1] host kernel: text" becomes "[    5.1] text"; another tag is a program's. */
static bool add_without_host(struct kt_log_mender *mender, struct kt_span text)
{
	size_t at = kt_span_find(text, "] ");
	struct kt_span rest = kt_span_from(text, at + 2);

	if (!mender->form.host[0] || at == text.n || !kt_span_skip(&rest, mender->form.host) ||
		!kt_span_skip(&rest, " "))
		return false;
	if (kt_span_skip(&rest, "kernel: ")) {
		kt_buf_add(&mender->text, text.p, at + 2);
		kt_buf_add(&mender->text, rest.p, rest.n);
	}
	return true;
}

/* "… W percpu  : Embedded" becomes "… W percpu: Embedded" */
static bool add_without_padding(struct kt_log_mender *mender, struct kt_span text)
{
	size_t at = kt_span_find(text, " : "), n = at;

	if (!mender->form.padded_tags || at > 56 || at == text.n)
		return false;
	while (n && text.p[n - 1] == ' ')
		n--;
	kt_buf_add(&mender->text, text.p, n);
	/* a single letter is the level: the message has no tag */
	kt_buf_puts(&mender->text, n > 1 && text.p[n - 2] == ' ' ? " " : ": ");
	text = kt_span_from(text, at + 3);
	kt_buf_add(&mender->text, text.p, text.n);
	return true;
}

/* "6,416,1758426,-,ncfrag=100/200;text": all but the first part of a record */
static bool is_fragment(struct kt_span *text)
{
	size_t at = kt_span_find(*text, ",ncfrag="), end = kt_span_find(*text, ";");

	if (at > end || end == text->n || kt_span_starts(kt_span_from(*text, at), ",ncfrag=0/"))
		return false;
	*text = kt_span_from(*text, end + 1);
	return true;
}

static void on_line(struct kt_log_mender *mender, struct kt_span line)
{
	struct kt_log_raw raw = kt_log_raw_of(line, mender->form.tight_quotes);
	struct kt_span text = raw.text;
	int joint = mender->open ? kt_log_joint(&mender->form, mender->before, &raw) : -1;

	if (joint < 0 && mender->open && mender->form.fragments && is_fragment(&text))
		joint = 0;
	mender->before = raw.length;
	if (joint >= 0) {
		if (joint)
			text = kt_span_trim(text);
		kt_buf_repeat(&mender->text, " ", (size_t)joint);
		kt_buf_add(&mender->text, text.p, text.n);
		mender->lines_in++;
		return;
	}
	end_line(mender, mender->lines_in);
	mender->lines_in++;
	if (raw.stamped)
		start_group(mender);
	mender->open = true;
	if (!add_without_host(mender, text) && !add_without_padding(mender, text))
		kt_buf_add(&mender->text, text.p, text.n);
}

static size_t nr_lines(struct kt_span piece)
{
	size_t count = 0;

	for (size_t i = 0; i < piece.n; i++)
		count += piece.p[i] == '\n';
	return count;
}

bool kt_log_mender_feed(struct kt_log_mender *mender, struct kt_span piece)
{
	struct kt_span line;

	if (mender->form.kind == KT_LOG_LINES) {
		while (!is_full(mender) && kt_span_line(&piece, &line))
			on_line(mender, line);
		return !is_full(mender);
	}
	/* a line at a time, so that the numbers of lines stay */
	while (!is_full(mender) && kt_span_line(&piece, &line)) {
		struct kt_span whole = { line.p, line.n + (line.p + line.n < piece.p) };

		kt_journal_feed(&mender->journal, whole);
		mender->lines_in += nr_lines(whole);
		end_line(mender, mender->lines_in);
	}
	return !is_full(mender);
}

/* ---- the end ---- */

static struct kt_span reverse(struct kt_log_mender *mender)
{
	struct kt_span text = { mender->text.data, mender->text.size };
	size_t end = text.n;

	for (size_t i = mender->nr_groups; i-- > 0;) {
		kt_buf_add(&mender->reversed, text.p + mender->groups[i], end - mender->groups[i]);
		end = mender->groups[i];
	}
	if (mender->reversed.failed)
		mender->failed = true;
	return (struct kt_span){ mender->reversed.data, mender->reversed.size };
}

struct kt_span kt_log_mender_end(struct kt_log_mender *mender)
{
	struct kt_span text;

	if (mender->form.kind != KT_LOG_LINES)
		kt_journal_end(&mender->journal);
	end_line(mender, mender->lines_in);
	text = (struct kt_span){ mender->text.data, mender->text.size };
	if (mender->form.kind != KT_LOG_LINES)
		mender->form.newest_first = kt_log_is_newest_first(text);
	return mender->form.newest_first && mender->nr_groups ? reverse(mender) : text;
}

const struct kt_log_form *kt_log_mender_form(const struct kt_log_mender *mender)
{
	return mender->failed || mender->text.failed ? NULL : &mender->form;
}

void kt_log_mender_free(struct kt_log_mender *mender)
{
	if (!mender)
		return;
	kt_buf_cleanup(&mender->text);
	kt_buf_cleanup(&mender->reversed);
	free(mender->groups);
	free(mender);
}
