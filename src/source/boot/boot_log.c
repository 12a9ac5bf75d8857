// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines of the boot in a log that is the only file there is, however long: of a long one
// only what follows "Linux version" is kept, until the boot is over.

#include "base/buf.h"
#include "base/searcher.h"
#include "source/boot/kmsg.h"
#include "source/mended.h"
#include "source/source.h"

#include <stdlib.h>

#define WHOLE_MAX (2u << 20) /* bytes of a log that is read whole */
#define KEPT_MAX  (4u << 20)
#define BOOT_MAX  20000u /* lines */

static const char *const starts[] = { "Linux version " };

struct boots {
	struct kt_searcher search;
	struct kt_buf text;
	struct kt_kmsg_end end;
	size_t nr_left; /* lines that are kept */
	uint64_t size;	/* of the log so far */
};

/* The start of the line that precedes the line at `at`. */
static size_t line_before(struct kt_span text, size_t at)
{
	for (int newlines = 0; at; at--) {
		if (text.p[at - 1] == '\n' && ++newlines == 2)
			break;
	}
	return at;
}

static void keep_line(struct boots *boots, struct kt_span line)
{
	struct kt_log_record record;

	kt_log_parse(line, &record);
	if (kt_span_starts(record.message, starts[0])) {
		boots->end = (struct kt_kmsg_end){ 0 };
		boots->nr_left = BOOT_MAX;
	}
	if (boots->text.size > KEPT_MAX)
		boots->text.size = 0;
	kt_buf_add(&boots->text, line.p, line.n);
	kt_buf_puts(&boots->text, "\n");
	boots->nr_left -= boots->nr_left > 0;
	if (kt_kmsg_is_behind(&boots->end, &record))
		boots->nr_left = 0;
}

static void on_piece(struct boots *boots, struct kt_span piece)
{
	bool whole = boots->size + piece.n <= WHOLE_MAX;
	struct kt_span line;
	size_t at;

	boots->size += piece.n;
	if (whole) {
		kt_buf_add(&boots->text, piece.p, piece.n);
		return;
	}
	while (piece.n) {
		at = boots->nr_left ? 0 : kt_searcher_find(&boots->search, piece);
		if (at == piece.n && !boots->nr_left)
			return;
		piece = kt_span_from(piece, boots->nr_left ? 0 : line_before(piece, at));
		/* the line before a start shows whether the clock went back */
		boots->nr_left = boots->nr_left ? boots->nr_left : 2;
		while (boots->nr_left && kt_span_line(&piece, &line))
			keep_line(boots, line);
	}
}

static struct kt_err *parse_kept(struct kt_snapshot *snap, struct kt_span kept)
{
	struct kt_text text = {
		.data = (char *)kept.p, .size = kept.n, .path = KT_ROOT_MEMORY_LOG
	};

	/* a report of an earlier run of the machine is of another memory map */
	return kt_source_kmsg.parse(snap, &text); /* cppcheck-suppress returnDanglingLifetime */
}

static struct kt_err *read_stream(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct boots *boots = calloc(1, sizeof(*boots));
	struct kt_span piece;
	struct kt_err *err;

	if (!boots)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_searcher_init(&boots->search, starts, KT_LEN(starts));
	err = kt_root_stream(root, KT_ROOT_MEMORY_LOG, 0, &stream);
	while (!err && kt_stream_next(stream, &piece))
		on_piece(boots, piece);
	if (!err)
		err = kt_stream_err(stream);
	if (!err && boots->text.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = parse_kept(snap, (struct kt_span){ boots->text.data, boots->text.size });
	kt_buf_cleanup(&boots->text);
	free(boots);
	return err;
}

static struct kt_err *read_log(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_mended mended = { 0 };
	struct kt_err *err;

	if (kt_root_kind(root) != KT_ROOT_SINGLE || kt_root_has(root, KT_ROOT_BOOT_LOG))
		return kt_err_new(KT_ERR_ABSENT, "it is read from a kernel log alone");
	err = kt_root_stream(root, KT_ROOT_MEMORY_LOG, 0, &stream);
	if (!err)
		err = kt_mend_log(stream, &mended);
	if (!err)
		err = mended.mender ? parse_kept(snap, mended.text) : read_stream(root, snap);
	kt_mended_note(&mended, "the log", snap);
	kt_mended_cleanup(&mended);
	return err;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	return kt_source_kmsg.parse(snap, text);
}

const struct kt_source kt_source_boot_log = {
	.name = "boot_log",
	.summary = "the boot's lines of a kernel log",
	.paths = { KT_ROOT_MEMORY_LOG },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "nothing, where there are files of /proc",
	.gives = "a kernel log given with -s",
	.parse = parse,
	.read = read_log,
};
