// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/writer.h"

#include "base/memory.h"
#include "base/place.h"
#include "record/frame.h"
#include "record/recording.h"
#include "record/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPILL_BYTES (64u << 10) /* bytes of steps that wait in memory within a sample */
#define ALL_BYTES_MAX \
	(KT_BLOCK_BYTES_MAX / 2) /* bytes, estimated; readers accept no larger block */

struct kt_writer {
	struct kt_writer_opts opts;
	char *path, *tail_path;
	int fd, tail_fd;
	uint64_t size, tail_size; /* bytes; valid data ends here */
	bool tail_begun;   /* the tail has a header; without room on the disk it may have none */
	uint64_t sequence; /* number of the draft's first sample */
	struct kt_draft draft;
	/* the rewrite in progress; NULL: none */
	struct kt_rewrite *rewrite;
	struct kt_unnamed rewritten;
	char *rewritten_path;
	size_t nr_due; /* blocks that the last rewrite could not make smaller */
};

/* Appends all bytes or none: a part that was written before an error is removed. */
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
				return kt_err_os(errno, "%s: removing an incomplete piece", path);
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

/* If the file cannot be truncated, later bytes overwrite the incomplete ones. */
static void take_back(int fd, uint64_t *size, uint64_t before)
{
	*size = before;
	if (ftruncate(fd, (off_t)before) < 0)
		return;
}

/* Bytes that were not synced count as not written. */
static struct kt_err *append_for_good(const struct kt_writer *writer, int fd, uint64_t *size,
	struct kt_span bytes, const char *path)
{
	uint64_t before = *size;
	struct kt_err *err = append(fd, size, bytes, path);

	if (err)
		return err;
	err = sync_to_disk(writer, fd, path);
	if (err)
		take_back(fd, size, before);
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

/* Finds the end of the last valid block, and its last sample. */
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
 * Makes a block of the samples that a dead writer left in the tail. A part of that block may
 * already follow the last valid block; it is cut off, because the tail has its samples. Other
 * damage stays unchanged.
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

static struct kt_err *sync_place(const struct kt_writer *writer, const char *path)
{
	return writer->opts.sync ? kt_place_sync(path) : NULL;
}

/* Opens and locks the file. Another file may have replaced it between opening and locking. */
static struct kt_err *open_file(struct kt_writer *writer, bool *ret_made)
{
	struct kt_err *err = kt_place_open(writer->path, &writer->fd, ret_made);
	struct stat status;

	if (!err)
		err = lock(writer->fd, writer->path);
	if (err)
		return err;
	if (!kt_place_holds(writer->path, writer->fd) || fstat(writer->fd, &status) < 0)
		return kt_err_new(KT_ERR_REFUSED,
			"%s: it was replaced while it was opened; try again", writer->path);
	if (status.st_size && !kt_is_recording(writer->path))
		return kt_err_new(KT_ERR_PARSE,
			"%s: not a recording, or its beginning is damaged; it was not changed",
			writer->path);
	return NULL;
}

/*
 * Whether the file is a tail. After a crash some of the first bytes, or all of them, may be
 * unwritten, and a bad disk may change some. A file that has less than half of them is something
 * else, and is not overwritten.
 */
static bool is_tail(int fd)
{
	char head[KT_TAIL_MAGIC_SIZE];
	ssize_t n = pread(fd, head, sizeof(head), 0), nr_alike = 0;

	for (ssize_t i = 0; i < n; i++)
		nr_alike += !head[i] || head[i] == KT_TAIL_MAGIC[i];
	return n >= 0 && nr_alike * 2 >= n;
}

/*
 * Opens the tail. The process that has locked FILE is its writer. If another process has locked the
 * tail, that tail belongs to a file that was renamed. Its writer keeps the open file, so the name
 * is free.
 */
static struct kt_err *open_tail(struct kt_writer *writer, bool *ret_made)
{
	struct kt_err *err = kt_place_open(writer->tail_path, &writer->tail_fd, ret_made);

	if (!err && !*ret_made && flock(writer->tail_fd, LOCK_EX | LOCK_NB) < 0) {
		close(writer->tail_fd);
		writer->tail_fd = -1;
		unlink(writer->tail_path);
		err = kt_place_open(writer->tail_path, &writer->tail_fd, ret_made);
	}
	if (!err)
		err = lock(writer->tail_fd, writer->tail_path);
	if (!err && !is_tail(writer->tail_fd))
		err = kt_err_new(KT_ERR_REFUSED, "%s: not a tail", writer->tail_path);
	return err;
}

static struct kt_err *open_files(struct kt_writer *writer)
{
	bool made = false, made_tail = false;
	struct kt_err *err = open_file(writer, &made);

	if (!err)
		err = open_tail(writer, &made_tail);
	if (!err && (made || made_tail))
		err = sync_place(writer, writer->path);
	if (!err)
		return NULL;
	if (made)
		unlink(writer->path);
	if (made_tail)
		unlink(writer->tail_path);
	return err;
}

static void end_rewrite(struct kt_writer *writer)
{
	kt_rewrite_free(writer->rewrite);
	writer->rewrite = NULL;
	kt_unnamed_close(&writer->rewritten);
	free(writer->rewritten_path);
	writer->rewritten_path = NULL;
}

static void writer_free(struct kt_writer *writer)
{
	end_rewrite(writer);
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

	kt_memory_keep_small();
	*ret_writer = NULL;
	if (!writer)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*writer = (struct kt_writer){
		.opts = *opts, .fd = -1, .tail_fd = -1, .rewritten = KT_UNNAMED_NONE
	};
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

/*
 * Does not count the first sample. It brings all the text, which costs the same in any block, so a
 * machine with much text would get a block for each sample.
 */
bool kt_writer_is_full(const struct kt_writer *writer)
{
	return writer->draft.block.nr_samples >= writer->opts.samples_max ||
	       kt_draft_growth(&writer->draft) >= writer->opts.bytes_max ||
	       (writer->draft.block.nr_samples && writer->draft.nr_bytes >= ALL_BYTES_MAX);
}

static struct kt_err *write_steps(struct kt_writer *writer, bool for_good)
{
	KT_CLEANUP(buf) struct kt_buf head = { 0 };
	const struct kt_buf *log = &writer->draft.log;
	struct kt_span steps = { log->data, log->size };
	uint64_t before;
	struct kt_err *err;

	if (kt_draft_failed(&writer->draft))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!log->size)
		return NULL;
	err = writer->tail_begun ? NULL : begin_tail(writer);
	if (err)
		return err;
	kt_tail_put_piece_head(steps, &head);
	if (head.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	before = writer->tail_size;
	err = append(writer->tail_fd, &writer->tail_size, (struct kt_span){ head.data, head.size },
		writer->tail_path);
	if (!err)
		err = append(writer->tail_fd, &writer->tail_size, steps, writer->tail_path);
	if (!err && for_good)
		err = sync_to_disk(writer, writer->tail_fd, writer->tail_path);
	if (!err)
		kt_draft_empty_log(&writer->draft);
	else
		take_back(writer->tail_fd, &writer->tail_size, before);
	return err;
}

struct kt_err *kt_writer_flush(struct kt_writer *writer)
{
	return write_steps(writer, true);
}

/* Readers ignore a sample that has not ended, and steps that cannot be written are kept. */
void kt_writer_spill(struct kt_writer *writer)
{
	if (writer->draft.log.size >= SPILL_BYTES)
		kt_err_free(write_steps(writer, false));
}

struct kt_err *kt_writer_turn(struct kt_writer *writer)
{
	struct kt_err *err;

	if (!writer->draft.block.nr_samples)
		return NULL;
	/* compressing takes most of the memory, which is not needed for the next hour */
	kt_memory_give_back();
	err = write_block(writer);
	if (err)
		return err;
	writer->sequence += writer->draft.block.nr_samples;
	kt_draft_fini(&writer->draft);
	kt_draft_init(&writer->draft);
	kt_memory_give_back();
	/* the draft is new even if the tail fails; the next flush begins the tail again */
	kt_err_free(begin_tail(writer));
	return NULL;
}

/* ---- thinning ---- */

static struct kt_err *begin_rewrite(struct kt_writer *writer, const struct kt_keep *keep)
{
	struct kt_err *err;

	if (asprintf(&writer->rewritten_path, "%s.new", writer->path) < 0) {
		writer->rewritten_path = NULL;
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	unlink(writer->rewritten_path); /* left by a writer that died during a rewrite */
	err = kt_unnamed_make(writer->rewritten_path, &writer->rewritten);
	if (!err)
		err = kt_rewrite_begin(writer->path, writer->rewritten.fd, keep, &writer->rewrite);
	if (err)
		end_rewrite(writer);
	return err;
}

/* Copies blocks that were added during the rewrite. */
static struct kt_err *copy_rest(struct kt_writer *writer, uint64_t *size)
{
	uint64_t at = kt_rewrite_source_size(writer->rewrite);
	struct kt_err *err = NULL;
	char bytes[16384];

	while (at < writer->size && !err) {
		uint64_t left = writer->size - at;
		ssize_t n = pread(
			writer->fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), (off_t)at);

		if (n <= 0)
			return kt_err_os(n < 0 ? errno : EIO, "%s", writer->path);
		err = append(writer->rewritten.fd, size, (struct kt_span){ bytes, (size_t)n },
			writer->rewritten_path);
		at += (uint64_t)n;
	}
	return err ? err : sync_to_disk(writer, writer->rewritten.fd, writer->rewritten_path);
}

/*
 * Locks the new file before it takes the old file's name, so that no other writer gets in between.
 */
static struct kt_err *take_place(struct kt_writer *writer)
{
	off_t end = lseek(writer->rewritten.fd, 0, SEEK_END);
	uint64_t size = (uint64_t)end;
	struct kt_err *err;
	bool exists;

	if (end < 0 || flock(writer->rewritten.fd, LOCK_EX | LOCK_NB) < 0)
		return kt_err_os(errno, "%s", writer->rewritten_path);
	if (!kt_place_holds(writer->path, writer->fd))
		return NULL; /* it was renamed, so the name no longer belongs to this file */
	err = copy_rest(writer, &size);
	if (!err)
		err = kt_unnamed_name(
			&writer->rewritten, writer->rewritten_path, writer->path, true, &exists);
	if (err)
		return err;
	close(writer->fd);
	writer->fd = writer->rewritten.fd;
	writer->rewritten = KT_UNNAMED_NONE;
	writer->size = size;
	return sync_place(writer, writer->path);
}

static struct kt_err *step_rewrite(struct kt_writer *writer, const struct kt_keep *keep)
{
	bool done, due;
	struct kt_err *err = kt_rewrite_step(writer->rewrite, &done);

	if (!err && !done)
		return NULL;
	if (!err)
		err = take_place(writer);
	end_rewrite(writer);
	kt_memory_give_back();
	if (err)
		return err;
	writer->nr_due = 0;
	return kt_keep_is_due(writer->path, keep, &writer->nr_due, &due);
}

bool kt_writer_is_keeping(const struct kt_writer *writer)
{
	return writer->rewrite != NULL;
}

struct kt_err *kt_writer_keep(
	struct kt_writer *writer, const struct kt_keep *keep, uint32_t nr_steps)
{
	size_t nr_due = writer->nr_due;
	struct kt_err *err = NULL;
	bool due = false;

	if (!writer->rewrite) {
		err = kt_keep_is_due(writer->path, keep, &nr_due, &due);
		if (err || !due)
			return err;
		err = begin_rewrite(writer, keep);
	}
	for (; nr_steps && !err && writer->rewrite; nr_steps--)
		err = step_rewrite(writer, keep);
	return err;
}

/* ---- the name ---- */

/* Opens the file that has the name now; the samples of the draft become its first block. */
static struct kt_err *open_anew(struct kt_writer *writer)
{
	struct kt_draft draft = writer->draft;
	struct kt_err *err;
	uint64_t end;

	writer->fd = writer->tail_fd = -1;
	writer->size = writer->tail_size = 0;
	writer->tail_begun = false;
	kt_draft_init(&writer->draft);
	err = open_files(writer);
	if (!err)
		err = find_end(writer, &end);
	if (!err)
		err = take_over_tail(writer, end);
	kt_draft_fini(&writer->draft);
	writer->draft = draft;
	return err ? err : kt_writer_turn(writer);
}

struct kt_err *kt_writer_check_place(struct kt_writer *writer, bool *ret_moved)
{
	struct stat status;

	*ret_moved = !kt_place_holds(writer->path, writer->fd) ||
		     !kt_place_holds(writer->tail_path, writer->tail_fd);
	if (!*ret_moved)
		return NULL;
	end_rewrite(writer);
	/*
	 * a file that still has a name gets the draft's samples; if they do not fit, the draft
	 * continues
	 */
	if (fstat(writer->fd, &status) == 0 && status.st_nlink)
		kt_err_free(kt_writer_turn(writer));
	take_back(writer->tail_fd, &writer->tail_size, 0);
	close(writer->fd);
	close(writer->tail_fd);
	return open_anew(writer);
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
