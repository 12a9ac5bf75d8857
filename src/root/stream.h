// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_STREAM_H
#define KT_ROOT_STREAM_H

#include "root/root.h"

/**
 * A file of a root, read piece by piece in bounded memory, however long it is:
 *
 *	struct kt_err *err = kt_root_stream(root, "proc/vmallocinfo", 0, &stream);
 *	while (!err && kt_stream_next(stream, &piece))
 *		while (kt_span_line(&piece, &line))
 *			...
 *	if (!err)
 *		err = kt_stream_err(stream);
 *	kt_stream_free(stream);
 *
 * A piece consists of whole lines, except that a line longer than KT_STREAM_LINE_MAX is
 * handed out in parts, and that the last line of the file may have no newline.
 */
#define KT_STREAM_PIECE	   (256u << 10) /* bytes; largest piece */
#define KT_STREAM_LINE_MAX (128u << 10) /* bytes; a longer line may come in parts */

/** A stream of text in memory, which must outlive it. */
struct kt_err *kt_stream_of_span(
	struct kt_span text, const char *path, struct kt_stream **ret_stream) KT_MUST_CHECK;
/** Takes over the text of a file that was read whole; the stream begins `offset` bytes into it. */
struct kt_err *kt_stream_of_text(
	struct kt_text *text, uint64_t offset, struct kt_stream **ret_stream) KT_MUST_CHECK;

/** How a descriptor is read: from its position on; as /dev/kmsg, one record a read; by pread(). */
enum kt_stream_kind { KT_STREAM_BYTES, KT_STREAM_RECORDS, KT_STREAM_AT };
/**
 * Makes a stream of an open file; KT_STREAM_AT reads from its beginning. Takes `fd` over, even
 * after an error.
 */
struct kt_err *kt_stream_of_fd(int fd, enum kt_stream_kind kind, const char *path,
	struct kt_stream **ret_stream) KT_MUST_CHECK;
/** Sets the offset of the first piece, before it is handed out. */
void kt_stream_begin(struct kt_stream *stream, uint64_t offset);

/** Returns the next piece, valid until the next call; false at the end or after an error. */
bool kt_stream_next(struct kt_stream *stream, struct kt_span *ret_piece);
/** Returns the bytes of the file before the last piece, or at the end, all of its bytes. */
uint64_t kt_stream_offset(const struct kt_stream *stream);
/** Returns the error that ended the stream early, which then belongs to the caller; NULL: none. */
struct kt_err *kt_stream_err(struct kt_stream *stream) KT_MUST_CHECK;
void kt_stream_free(struct kt_stream *stream); /* accepts NULL */
void kt_stream_cleanup(struct kt_stream **stream);

#endif
