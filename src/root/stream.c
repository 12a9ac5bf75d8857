// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX 8192u /* bytes; above PRINTKRB_RECORD_MAX (kernel/printk/printk.c) */

struct kt_stream {
	enum kt_stream_kind kind;
	int fd;		     /* -1: everything is in `rest` */
	struct kt_span rest; /* text in memory that was not returned yet */
	struct kt_text text; /* owned text that `rest` points into, or empty */
	struct kt_err *err;
	char *path;
	uint64_t offset, next_offset; /* offset of the last piece; of the next piece */
	/* bytes read from the descriptor and not returned yet, from `start` on */
	size_t start, size;
	bool at_end;
	char buf[];
};

static struct kt_err *stream_new(const char *path, size_t room, struct kt_stream **ret_stream)
{
	struct kt_stream *stream = malloc(sizeof(*stream) + room);

	if (stream)
		*stream = (struct kt_stream){ .fd = -1, .path = strdup(path) };
	if (!stream || !stream->path) {
		free(stream);
		return kt_err_new(KT_ERR_NOMEM, "%s: out of memory", path);
	}
	*ret_stream = stream;
	return NULL;
}

struct kt_err *kt_stream_of_fd(
	int fd, enum kt_stream_kind kind, const char *path, struct kt_stream **ret_stream)
{
	struct kt_err *err = stream_new(path, KT_STREAM_PIECE, ret_stream);

	if (err) {
		close(fd);
		return err;
	}
	(*ret_stream)->fd = fd;
	(*ret_stream)->kind = kind;
	return NULL;
}

struct kt_err *kt_stream_of_span(
	struct kt_span text, const char *path, struct kt_stream **ret_stream)
{
	struct kt_err *err = stream_new(path, 0, ret_stream);

	if (!err)
		(*ret_stream)->rest = text;
	return err;
}

struct kt_err *kt_stream_of_text(
	struct kt_text *text, uint64_t offset, struct kt_stream **ret_stream)
{
	struct kt_err *err = stream_new(text->path, 0, ret_stream);

	if (err)
		return err;
	(*ret_stream)->text = *text;
	(*ret_stream)->rest = kt_span_from(kt_text_span(text), (size_t)offset);
	*text = (struct kt_text){ 0 };
	return NULL;
}

void kt_stream_begin(struct kt_stream *stream, uint64_t offset)
{
	stream->offset = stream->next_offset = offset;
}

/* Fills the buffer; sets `at_end` at the end of the file and after an error. */
static void fill(struct kt_stream *stream)
{
	bool records = stream->kind == KT_STREAM_RECORDS;

	memmove(stream->buf, stream->buf + stream->start, stream->size - stream->start);
	stream->size -= stream->start;
	stream->start = 0;
	while (!stream->at_end && KT_STREAM_PIECE - stream->size >= (records ? RECORD_MAX : 1)) {
		char *to = stream->buf + stream->size;
		size_t room = KT_STREAM_PIECE - stream->size;
		ssize_t n = stream->kind == KT_STREAM_AT
				    ? pread(stream->fd, to, room,
					      (off_t)(stream->next_offset + stream->size))
				    : read(stream->fd, to, room);

		/* EPIPE: a record of /dev/kmsg was overwritten before it was read */
		if (n < 0 && (errno == EINTR || (records && errno == EPIPE)))
			continue;
		if (n < 0 && !(records && errno == EAGAIN))
			stream->err = kt_err_os(errno, "%s", stream->path);
		stream->at_end = n <= 0;
		stream->size += n > 0 ? (size_t)n : 0;
	}
}

/* Returns the bytes up to the last newline; all bytes at the end, or if a line is too long. */
static size_t whole_lines(struct kt_span text, bool at_end)
{
	const char *newline = at_end || !text.n ? NULL : memrchr(text.p, '\n', text.n);
	size_t n = newline ? (size_t)(newline - text.p) + 1 : 0;

	return n && text.n - n <= KT_STREAM_LINE_MAX ? n : text.n;
}

static bool next_in_memory(struct kt_stream *stream, struct kt_span *ret_piece)
{
	struct kt_span head = stream->rest;

	if (head.n > KT_STREAM_PIECE)
		head.n = KT_STREAM_PIECE;
	head.n = whole_lines(head, head.n == stream->rest.n);
	*ret_piece = head;
	stream->rest = kt_span_from(stream->rest, head.n);
	return head.n > 0;
}

bool kt_stream_next(struct kt_stream *stream, struct kt_span *ret_piece)
{
	bool more;

	stream->offset = stream->next_offset;
	if (stream->fd < 0) {
		more = next_in_memory(stream, ret_piece);
	} else {
		fill(stream);
		*ret_piece = (struct kt_span){ stream->buf, stream->size };
		ret_piece->n = whole_lines(*ret_piece, stream->at_end);
		stream->start = ret_piece->n;
		more = ret_piece->n > 0;
	}
	stream->next_offset += ret_piece->n;
	return more;
}

uint64_t kt_stream_offset(const struct kt_stream *stream)
{
	return stream->offset;
}

struct kt_err *kt_stream_err(struct kt_stream *stream)
{
	struct kt_err *err = stream->err;

	stream->err = NULL;
	return err;
}

void kt_stream_free(struct kt_stream *stream)
{
	if (!stream)
		return;
	if (stream->fd >= 0)
		close(stream->fd);
	kt_text_cleanup(&stream->text);
	kt_err_free(stream->err);
	free(stream->path);
	free(stream);
}

void kt_stream_cleanup(struct kt_stream **stream)
{
	kt_stream_free(*stream);
}
