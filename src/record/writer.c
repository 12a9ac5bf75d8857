// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/writer.h"

#include "record/frame.h"
#include "record/recording.h"
#include "record/tail.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct kt_writer {
	struct kt_writer_opts opts;
	char *path, *tail_path;
	int fd, tail_fd;
	uint64_t size, tail_size; /* up to here everything is good */
	bool tail_begun;	  /* has it a head? There may have been no room for it */
	uint64_t sequence;	  /* of the draft's first sample */
	struct kt_draft draft;
};

/* All or nothing: what was written of a piece that does not fit is taken back. */
static struct kt_err *append(int fd, uint64_t *size, struct kt_span bytes, const char *path)
{
	size_t done = 0;

	while (done < bytes.n) {
		ssize_t n = pwrite(fd, bytes.p + done, bytes.n - done, (off_t)(*size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int errnum = n < 0 ? errno : ENOSPC;

			if (ftruncate(fd, (off_t)*size) < 0 && errno != EINTR)
				return kt_err_os(errno, "%s: taking back half a piece", path);
			return kt_err_os(errnum, "%s", path);
		}
		done += (size_t)n;
	}
	*size += bytes.n;
	return NULL;
}

static struct kt_err *sync_to_disk(const struct kt_writer *writer, int fd, const char *path)
{
	if (writer->opts.sync && fdatasync(fd) < 0)
		return kt_err_os(errno, "%s", path);
	return NULL;
}

/* What the disk did not take for sure was not written. */
static struct kt_err *append_for_good(const struct kt_writer *writer, int fd, uint64_t *size,
	struct kt_span bytes, const char *path)
{
	uint64_t before = *size;
	struct kt_err *err = append(fd, size, bytes, path);

	if (err)
		return err;
	err = sync_to_disk(writer, fd, path);
	if (err && ftruncate(fd, (off_t)before) == 0)
		*size = before;
	return err;
}

static struct kt_err *begin_tail(struct kt_writer *writer)
{
	KT_CLEANUP(buf) struct kt_buf head = { 0 };
	struct kt_err *err;

	writer->tail_begun = false;
	if (ftruncate(writer->tail_fd, 0) < 0)
		return kt_err_os(errno, "%s", writer->tail_path);
	writer->tail_size = 0;
	kt_tail_put_head(writer->sequence, &head);
	if (head.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = append(writer->tail_fd, &writer->tail_size, (struct kt_span){ head.data, head.size },
		writer->tail_path);
	writer->tail_begun = !err;
	return err;
}

/* Where the last good block ends, and with which sample. */
static struct kt_err *find_end(struct kt_writer *writer, uint64_t *ret_end)
{
	struct kt_recording *recording;
	struct kt_err *err = kt_recording_open(writer->path, &recording);
	struct stat status;

	*ret_end = 0;
	if (err)
		return err;
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_frame *frame = kt_recording_frame(recording, i);

		if (frame->offset == UINT64_MAX)
			continue;
		if (frame->offset + KT_FRAME_HEAD + frame->stored_size > *ret_end)
			*ret_end = frame->offset + KT_FRAME_HEAD + frame->stored_size;
		writer->sequence = frame->sequence + frame->nr_samples;
	}
	kt_recording_free(recording);
	if (fstat(writer->fd, &status) < 0)
		return kt_err_os(errno, "%s", writer->path);
	writer->size = (uint64_t)status.st_size;
	return NULL;
}

static struct kt_err *write_block(struct kt_writer *writer)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err;

	kt_draft_finish(&writer->draft);
	if (kt_draft_failed(&writer->draft))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_frame_write(&writer->draft.block, writer->sequence, &bytes);
	return err ? err
		   : append_for_good(writer, writer->fd, &writer->size,
			     (struct kt_span){ bytes.data, bytes.size }, writer->path);
}

static struct kt_err *read_tail(const struct kt_writer *writer, struct kt_buf *ret_bytes)
{
	struct stat status;
	ssize_t n;

	if (fstat(writer->tail_fd, &status) < 0)
		return kt_err_os(errno, "%s", writer->tail_path);
	if (!S_ISREG(status.st_mode) || status.st_size > KT_TAIL_BYTES_MAX)
		return kt_err_new(KT_ERR_REFUSED, "%s: not a tail", writer->tail_path);
	if (!kt_buf_reserve(ret_bytes, (size_t)status.st_size + 1))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	n = pread(writer->tail_fd, ret_bytes->data, (size_t)status.st_size, 0);
	if (n < 0)
		return kt_err_os(errno, "%s", writer->tail_path);
	ret_bytes->size = (size_t)n;
	return NULL;
}

/*
 * What a writer that died has left in the tail becomes a block. Of that block there may be
 * a part behind the last good one, which is cut off: the tail has its samples. Other damage
 * stays as it is.
 */
static struct kt_err *take_over_tail(struct kt_writer *writer, uint64_t end)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err = read_tail(writer, &bytes);
	uint64_t sequence = 0;

	if (err)
		return err;
	if (kt_tail_replay((struct kt_span){ bytes.data, bytes.size }, &writer->draft, &sequence) &&
		sequence == writer->sequence && writer->size > end) {
		if (ftruncate(writer->fd, (off_t)end) < 0)
			return kt_err_os(errno, "%s", writer->path);
		writer->size = end;
	}
	if (writer->draft.block.nr_samples && sequence >= writer->sequence) {
		writer->sequence = sequence;
		return kt_writer_turn(writer);
	}
	kt_draft_fini(&writer->draft);
	kt_draft_init(&writer->draft);
	return begin_tail(writer);
}

static struct kt_err *lock(int fd, const char *path)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return NULL;
	return kt_err_new(KT_ERR_REFUSED,
		"%s: another ktally is recording into it; one file has one writer", path);
}

/* Between opening and locking, the file may have got another one in its place. */
static bool is_in_place(const struct kt_writer *writer)
{
	struct stat here, there;

	return fstat(writer->fd, &here) == 0 && stat(writer->path, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* The tail has a lock of its own: a FILE that was removed has no other hold on it. */
static struct kt_err *open_files(struct kt_writer *writer)
{
	struct kt_err *err;
	struct stat status;

	writer->fd = open(writer->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); // NOLINT
	if (writer->fd < 0 || fstat(writer->fd, &status) < 0)
		return kt_err_os(errno, "%s", writer->path);
	err = lock(writer->fd, writer->path);
	if (err)
		return err;
	if (!is_in_place(writer))
		return kt_err_new(KT_ERR_REFUSED,
			"%s: it was replaced while it was opened; try again", writer->path);
	if (!S_ISREG(status.st_mode) || (status.st_size && !kt_is_recording(writer->path)))
		return kt_err_new(KT_ERR_PARSE,
			"%s: this is no recording, or its beginning is damaged; it is left as it "
			"is",
			writer->path);
	writer->tail_fd = open(writer->tail_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return writer->tail_fd < 0 ? kt_err_os(errno, "%s", writer->tail_path)
				   : lock(writer->tail_fd, writer->tail_path);
}

static void writer_free(struct kt_writer *writer)
{
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->tail_fd >= 0)
		close(writer->tail_fd);
	kt_draft_fini(&writer->draft);
	free(writer->path);
	free(writer->tail_path);
	free(writer);
}

struct kt_err *kt_writer_open(
	const char *path, const struct kt_writer_opts *opts, struct kt_writer **ret_writer)
{
	struct kt_writer *writer = calloc(1, sizeof(*writer));
	struct kt_err *err = NULL;
	uint64_t end;

	*ret_writer = NULL;
	if (!writer)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*writer = (struct kt_writer){ .opts = *opts, .fd = -1, .tail_fd = -1 };
	kt_draft_init(&writer->draft);
	writer->path = strdup(path);
	if (!writer->path || asprintf(&writer->tail_path, "%s%s", path, KT_TAIL_SUFFIX) < 0)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = open_files(writer);
	if (!err)
		err = find_end(writer, &end);
	if (!err)
		err = take_over_tail(writer, end);
	if (err) {
		writer_free(writer);
		return err;
	}
	*ret_writer = writer;
	return NULL;
}

struct kt_draft *kt_writer_draft(struct kt_writer *writer)
{
	return &writer->draft;
}

bool kt_writer_is_full(const struct kt_writer *writer)
{
	return writer->draft.block.nr_samples >= writer->opts.samples_max ||
	       writer->draft.nr_bytes >= writer->opts.bytes_max;
}

struct kt_err *kt_writer_flush(struct kt_writer *writer)
{
	KT_CLEANUP(buf) struct kt_buf piece = { 0 };
	struct kt_buf *log = &writer->draft.log;
	struct kt_err *err;

	if (kt_draft_failed(&writer->draft))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!log->size)
		return NULL;
	err = writer->tail_begun ? NULL : begin_tail(writer);
	if (err)
		return err;
	kt_tail_put_piece((struct kt_span){ log->data, log->size }, &piece);
	if (piece.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = append_for_good(writer, writer->tail_fd, &writer->tail_size,
		(struct kt_span){ piece.data, piece.size }, writer->tail_path);
	if (!err)
		log->size = 0;
	return err;
}

/* What compressing took is not needed for an hour; a recorder is there all the time. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

struct kt_err *kt_writer_turn(struct kt_writer *writer)
{
	struct kt_err *err;

	if (!writer->draft.block.nr_samples)
		return NULL;
	err = write_block(writer);
	if (err)
		return err;
	writer->sequence += writer->draft.block.nr_samples;
	kt_draft_fini(&writer->draft);
	kt_draft_init(&writer->draft);
	give_back_memory();
	/* the draft is a new one whatever becomes of the tail; the next flush begins it again */
	kt_err_free(begin_tail(writer));
	return NULL;
}

/* The new file is locked before it takes the old one's name: nobody can come in between. */
static struct kt_err *take_place(struct kt_writer *writer, const char *new_path)
{
	int fd = open(new_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || rename(new_path, writer->path) < 0) {
		struct kt_err *err = kt_err_os(errno, "%s", new_path);

		if (fd >= 0)
			close(fd);
		return err;
	}
	close(writer->fd);
	writer->fd = fd;
	writer->size = (uint64_t)size;
	return NULL;
}

struct kt_err *kt_writer_keep(struct kt_writer *writer, const struct kt_keep *keep)
{
	struct kt_err *err;
	char *new_path;
	bool due;

	err = kt_keep_is_due(writer->path, keep, &due);
	if (err || !due)
		return err;
	if (asprintf(&new_path, "%s.new", writer->path) < 0)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	unlink(new_path); /* of a writer that died while it made it */
	err = kt_keep_rewrite(writer->path, new_path, keep);
	if (!err)
		err = take_place(writer, new_path);
	if (err)
		unlink(new_path);
	free(new_path);
	return err;
}

struct kt_err *kt_writer_close(struct kt_writer *writer)
{
	struct kt_err *err = kt_writer_flush(writer);

	writer_free(writer);
	return err;
}

uint64_t kt_writer_size(const struct kt_writer *writer)
{
	return writer->size;
}
