// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines of a file of any size, each with its place.

#include "base/open.h"
#include "import/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (256u << 10)

/* Opens what the input is read from: its file, or its text in memory. */
static struct kt_err *open_input(const struct kt_import_input *input, struct kt_lines *lines)
{
	lines->fd = -1;
	lines->text = (struct kt_span){ input->text.data, input->text.size };
	if (lines->text.n)
		return NULL;
	lines->fd = kt_open_kind(AT_FDCWD, input->path, KT_OPEN_FILE, O_RDONLY);
	return lines->fd < 0 ? kt_err_os(errno, "%s", input->path) : NULL;
}

/* Reads as pread() does. */
static ssize_t read_at(const struct kt_lines *lines, uint64_t offset, char *to, size_t room)
{
	struct kt_span rest = lines->text;
	ssize_t n;

	if (rest.n) {
		rest = kt_span_from(rest, offset < rest.n ? (size_t)offset : rest.n);
		rest.n = rest.n < room ? rest.n : room;
		memcpy(to, rest.p, rest.n);
		return (ssize_t)rest.n;
	}
	do
		n = pread(lines->fd, to, room, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

struct kt_err *kt_lines_open(
	const struct kt_import_input *input, uint64_t offset, struct kt_lines *ret_lines)
{
	struct kt_err *err;

	*ret_lines = (struct kt_lines){ .offset = offset, .from = offset, .to = offset };
	err = open_input(input, ret_lines);
	if (err)
		return err;
	ret_lines->data = malloc(PIECE_BYTES);
	return ret_lines->data ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* Moves the rest of the piece to its beginning and reads on; false: there is nothing more. */
static bool fill(struct kt_lines *lines)
{
	ssize_t n;

	memmove(lines->data, lines->data + lines->at, lines->size - lines->at);
	lines->offset += lines->at;
	lines->size -= lines->at;
	lines->at = 0;
	if (lines->size == PIECE_BYTES)
		return false;
	n = read_at(lines, lines->offset + lines->size, lines->data + lines->size,
		PIECE_BYTES - lines->size);
	if (n < 0)
		lines->errnum = errno;
	if (n > 0)
		lines->size += (size_t)n;
	return n > 0;
}

/* Takes a line of `n` bytes, and `end` bytes for its newline. */
static bool take(struct kt_lines *lines, size_t n, size_t end, struct kt_span *ret_line)
{
	const char *p = lines->data + lines->at;

	*ret_line = (struct kt_span){ p, n && p[n - 1] == '\r' ? n - 1 : n };
	lines->from = lines->offset + lines->at;
	lines->at += n + end;
	lines->to = lines->offset + lines->at;
	return true;
}

bool kt_lines_next(struct kt_lines *lines, struct kt_span *ret_line)
{
	for (;;) {
		const char *from = lines->data + lines->at;
		size_t left = lines->size - lines->at;
		const char *end = left ? memchr(from, '\n', left) : NULL;

		if (end && lines->skipping) { /* the rest of a line that was cut */
			lines->at += (size_t)(end - from) + 1;
			lines->skipping = false;
			continue;
		}
		if (end) {
			lines->line++;
			return take(lines, (size_t)(end - from), 1, ret_line);
		}
		if (lines->skipping)
			lines->at = lines->size;
		if (fill(lines))
			continue;
		left = lines->size - lines->at;
		if (!left || lines->skipping)
			return false;
		lines->skipping = left == PIECE_BYTES;
		lines->line++;
		return take(lines, left, 0, ret_line);
	}
}

struct kt_err *kt_lines_err(const struct kt_lines *lines, const char *path)
{
	return lines->errnum ? kt_err_os(lines->errnum, "%s", path) : NULL;
}

void kt_lines_cleanup(struct kt_lines *lines)
{
	if (lines->fd >= 0)
		close(lines->fd);
	free(lines->data);
}

struct kt_err *kt_lines_bytes(const struct kt_import_input *input, uint64_t offset, uint64_t size,
	struct kt_buf *ret_text)
{
	size_t room = size > KT_IMPORT_SAMPLE_MAX ? KT_IMPORT_SAMPLE_MAX : (size_t)size;
	struct kt_lines lines = { 0 };
	struct kt_err *err = open_input(input, &lines);
	char *to = err ? NULL : kt_buf_reserve(ret_text, room);

	if (!err && !to)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	while (to && !err && room) {
		ssize_t n = read_at(&lines, offset, to, room);

		if (n < 0)
			err = kt_err_os(errno, "%s", input->path);
		if (n <= 0)
			break;
		to += n;
		room -= (size_t)n;
		offset += (uint64_t)n;
		ret_text->size += (size_t)n;
	}
	kt_lines_cleanup(&lines);
	return err;
}
