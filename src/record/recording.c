// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/recording.h"

#include "base/open.h"
#include "record/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCKS_MAX  (1u << 20) /* blocks of a recording */
#define DAMAGES_MAX 1000u      /* damaged places that are listed separately */
#define SCAN_BYTES  65536u     /* bytes; one read while searching for a header */

struct kt_recording {
	struct kt_arena arena;
	int fd;
	uint64_t size, tail_size;
	KT_LIST(struct kt_frame) frames;
	KT_LIST(struct kt_damage) damages;
	/* the only block that is decoded */
	struct kt_buf stored, raw;
	struct kt_block block;
	size_t block_index; /* SIZE_MAX: none */
	/* the last block may be the tail */
	struct kt_draft tail;
	bool has_tail; /* the tail may be without a sample */
};

/* Returns the bytes read, fewer at the end of the file; -1 with errno. */
static ssize_t read_at(int fd, void *to, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Reads the first bytes of a file; fewer if it is shorter, -1 if it cannot be read. */
static ssize_t read_first(const char *path, char *to, size_t size)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read_at(fd, to, size, 0);

	if (fd >= 0)
		close(fd);
	return n;
}

static bool has_tail(const char *path)
{
	char tail[PATH_MAX], head[KT_TAIL_MAGIC_SIZE];

	return (size_t)snprintf(tail, sizeof(tail), "%s%s", path, KT_TAIL_SUFFIX) < sizeof(tail) &&
	       read_first(tail, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	       memcmp(head, KT_TAIL_MAGIC, sizeof(head)) == 0;
}

/*
 * A recording that has just begun may have a part of its first block, or its length without
 * contents: see find_end().
 */
bool kt_is_recording(const char *path)
{
	char head[KT_FRAME_MAGIC_SIZE];
	ssize_t n = read_first(path, head, sizeof(head));

	if (n == (ssize_t)sizeof(head) && memcmp(head, KT_FRAME_MAGIC, sizeof(head)) == 0)
		return true;
	for (ssize_t i = 0; i < n; i++) {
		if (head[i] && head[i] != KT_FRAME_MAGIC[i])
			return false;
	}
	return n >= 0 && has_tail(path);
}

static void add_damage(
	struct kt_recording *recording, uint64_t offset, uint64_t size, const char *why)
{
	struct kt_damage *damage = recording->damages.count < DAMAGES_MAX
					   ? kt_list_push(&recording->arena, &recording->damages)
					   : NULL;

	if (damage)
		*damage = (struct kt_damage){ offset, size,
			kt_arena_printf(&recording->arena, "%s", why) };
}

/* Finds the next complete header from `offset` on; returns the file's size if there is none. */
static uint64_t find_head(const struct kt_recording *recording, uint64_t offset, char *scratch)
{
	while (offset < recording->size) {
		ssize_t n = read_at(recording->fd, scratch, SCAN_BYTES, offset);
		struct kt_frame frame;

		if (n < (ssize_t)KT_FRAME_HEAD)
			return recording->size;
		for (size_t i = 0; i + KT_FRAME_HEAD <= (size_t)n; i++) {
			if (scratch[i] == KT_FRAME_MAGIC[0] &&
				kt_frame_read_head(
					(struct kt_span){ scratch + i, KT_FRAME_HEAD }, &frame))
				return offset + i;
		}
		offset += (size_t)n - KT_FRAME_HEAD + 1;
	}
	return recording->size;
}

static struct kt_err *index_frames(struct kt_recording *recording)
{
	char *scratch = malloc(SCAN_BYTES);
	uint64_t offset = 0;

	if (!scratch)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	while (offset < recording->size && recording->frames.count < BLOCKS_MAX) {
		char head[KT_FRAME_HEAD];
		struct kt_frame frame, *slot;
		ssize_t n = read_at(recording->fd, head, sizeof(head), offset);

		if (n == (ssize_t)sizeof(head) &&
			kt_frame_read_head((struct kt_span){ head, sizeof(head) }, &frame) &&
			frame.stored_size <= recording->size - offset - KT_FRAME_HEAD) {
			slot = kt_list_push(&recording->arena, &recording->frames);
			frame.offset = offset;
			if (slot)
				*slot = frame;
			offset += KT_FRAME_HEAD + frame.stored_size;
			continue;
		}
		uint64_t next = find_head(recording, offset + 1, scratch);

		add_damage(recording, offset, next - offset, "no block begins here");
		offset = next;
	}
	free(scratch);
	return recording->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

/* Sorts by sample, not by place: a damaged disk may hold blocks twice. */
static int by_sequence(const void *a, const void *b)
{
	const struct kt_frame *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static void drop_repeated(struct kt_recording *recording)
{
	size_t kept = 0;

	if (recording->frames.count)
		qsort(recording->frames.items, recording->frames.count,
			sizeof(*recording->frames.items), by_sequence);
	for (size_t i = 0; i < recording->frames.count; i++) {
		const struct kt_frame *frame = &recording->frames.items[i];

		if (kept && frame->sequence == recording->frames.items[kept - 1].sequence)
			continue;
		recording->frames.items[kept++] = *frame;
	}
	recording->frames.count = kept;
}

/*
 * Reads the tail first: samples that move from it into the file meanwhile are then read twice, not
 * missed.
 */
static struct kt_err *read_tail(struct kt_recording *recording, const char *path)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	const char *name = kt_arena_printf(&recording->arena, "%s%s", path, KT_TAIL_SUFFIX);
	int fd = kt_open_kind(AT_FDCWD, name, KT_OPEN_FILE, O_RDONLY | O_NOFOLLOW);
	struct stat status;
	struct kt_frame *frame;
	uint64_t sequence = 0;
	ssize_t n = -1;

	if (fd < 0 && (errno == KT_OPEN_OTHER || errno == EISDIR || errno == ELOOP))
		return kt_err_new(KT_ERR_REFUSED, "%s: not a file", name);
	if (fd < 0)
		return errno == ENOENT ? NULL : kt_err_os(errno, "%s", name);
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
		status.st_size <= KT_TAIL_BYTES_MAX &&
		kt_buf_reserve(&bytes, (size_t)status.st_size))
		n = read_at(fd, bytes.data, (size_t)status.st_size, 0);
	close(fd);
	if (bytes.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (n <= 0)
		return NULL;
	recording->has_tail = kt_tail_replay((struct kt_span){ bytes.data, (size_t)n },
				      &recording->tail, &sequence) > 0;
	kt_draft_finish(&recording->tail);
	if (kt_draft_failed(&recording->tail))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	recording->tail_size = (uint64_t)n;
	recording->tail.block.sequence = sequence;
	if (!recording->tail.block.nr_samples)
		return NULL;
	frame = kt_list_push(&recording->arena, &recording->frames);
	if (!frame)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*frame = (struct kt_frame){ .offset = UINT64_MAX,
		.sequence = sequence,
		.nr_samples = recording->tail.block.nr_samples,
		.values_per_number = 1,
		.first_ms = kt_block_real_ms(&recording->tail.block, 0),
		.last_ms = kt_block_real_ms(
			&recording->tail.block, recording->tail.block.nr_samples - 1) };
	return NULL;
}

static struct kt_err *open_file(struct kt_recording *recording, const char *path)
{
	char first[KT_FRAME_MAGIC_SIZE];
	struct stat status;
	ssize_t n;

	recording->fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY);
	if (recording->fd < 0 && (errno == KT_OPEN_OTHER || errno == EISDIR))
		return kt_err_new(KT_ERR_REFUSED, "%s: not a file", path);
	if (recording->fd < 0 || fstat(recording->fd, &status) < 0)
		return kt_err_os(errno, "%s", path);
	recording->size = (uint64_t)status.st_size;
	n = read_at(recording->fd, first, sizeof(first), 0);
	if (n < 0)
		return kt_err_os(errno, "%s", path);
	return NULL;
}

static struct kt_err *load(struct kt_recording *recording, const struct kt_frame *frame)
{
	ssize_t n;

	recording->stored.size = 0;
	if (!kt_buf_reserve(&recording->stored, frame->stored_size))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	n = read_at(recording->fd, recording->stored.data, frame->stored_size,
		frame->offset + KT_FRAME_HEAD);
	if (n < 0)
		return kt_err_os(errno, "reading the recording");
	return kt_frame_unpack(frame, (struct kt_span){ recording->stored.data, (size_t)n },
		&recording->raw, &recording->block);
}

static uint64_t end_of(const struct kt_frame *frame)
{
	return frame->offset + KT_FRAME_HEAD + frame->stored_size;
}

/*
 * Prefers the tail to an incomplete last block. A writer that died, or is still writing, leaves
 * that block incomplete; the tail has its samples until the block is on the disk. So nothing is
 * damaged.
 */
static struct kt_err *prefer_tail(struct kt_recording *recording)
{
	const struct kt_block *tail = &recording->tail.block;
	size_t nr_frames = recording->frames.count, nr_damages = recording->damages.count;
	const struct kt_frame *last = nr_frames ? &recording->frames.items[nr_frames - 1] : NULL;
	const struct kt_damage *damage =
		nr_damages ? &recording->damages.items[nr_damages - 1] : NULL;
	struct kt_err *err;

	if (!recording->has_tail)
		return NULL;
	if (last && last->offset == UINT64_MAX)
		last = NULL; /* this is the tail itself; the file has no block */
	if (last && last->sequence == tail->sequence && tail->nr_samples) {
		err = load(recording, last);
		kt_block_cleanup(&recording->block);
		if (err && kt_err_code(err) == KT_ERR_PARSE)
			recording->frames.count--;
		else if (err)
			return err;
		kt_err_free(err);
	} else if (damage && damage->offset + damage->size == recording->size &&
		   damage->offset == (last ? end_of(last) : 0) &&
		   (!last || last->sequence + last->nr_samples == tail->sequence)) {
		recording->damages.count--;
	}
	return NULL;
}

struct kt_err *kt_recording_open(const char *path, struct kt_recording **ret_recording)
{
	struct kt_recording *recording = calloc(1, sizeof(*recording));
	struct kt_err *err;

	*ret_recording = NULL;
	if (!recording)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	recording->fd = -1;
	recording->block_index = SIZE_MAX;
	kt_draft_init(&recording->tail);
	err = read_tail(recording, path);
	if (!err)
		err = open_file(recording, path);
	if (!err)
		err = index_frames(recording);
	if (!err)
		err = prefer_tail(recording);
	if (err) {
		kt_recording_free(recording);
		return err;
	}
	drop_repeated(recording);
	*ret_recording = recording;
	return NULL;
}

void kt_recording_free(struct kt_recording *recording)
{
	if (!recording)
		return;
	if (recording->fd >= 0)
		close(recording->fd);
	kt_block_cleanup(&recording->block);
	kt_draft_fini(&recording->tail);
	kt_buf_cleanup(&recording->stored);
	kt_buf_cleanup(&recording->raw);
	kt_arena_fini(&recording->arena);
	free(recording);
}

void kt_recording_cleanup(struct kt_recording **recording)
{
	kt_recording_free(*recording);
}

size_t kt_recording_nr_blocks(const struct kt_recording *recording)
{
	return recording->frames.count;
}

const struct kt_frame *kt_recording_frame(const struct kt_recording *recording, size_t index)
{
	return &recording->frames.items[index];
}

struct kt_err *kt_recording_block(
	struct kt_recording *recording, size_t index, const struct kt_block **ret_block)
{
	const struct kt_frame *frame = &recording->frames.items[index];
	struct kt_err *err;

	*ret_block = NULL;
	if (frame->offset == UINT64_MAX) {
		*ret_block = &recording->tail.block;
		return NULL;
	}
	if (recording->block_index != index) {
		kt_block_cleanup(&recording->block);
		recording->block_index = SIZE_MAX;
		err = load(recording, frame);
		if (err) {
			if (kt_err_code(err) == KT_ERR_PARSE)
				add_damage(recording, frame->offset,
					KT_FRAME_HEAD + (uint64_t)frame->stored_size,
					kt_err_text(err));
			return err;
		}
		recording->block_index = index;
	}
	*ret_block = &recording->block;
	return NULL;
}

struct kt_err *kt_recording_find(
	struct kt_recording *recording, int64_t when_ms, size_t *ret_index, uint32_t *ret_sample)
{
	struct kt_err *err = NULL;

	*ret_index = KT_NO_BLOCK;
	for (size_t i = kt_recording_nr_blocks(recording); i > 0; i--) {
		const struct kt_frame *frame = kt_recording_frame(recording, i - 1);
		const struct kt_block *block;

		if (frame->first_ms > when_ms || !frame->nr_samples)
			continue;
		kt_err_free(err);
		err = kt_recording_block(recording, i - 1, &block);
		if (err)
			continue;
		*ret_index = i - 1;
		*ret_sample = kt_block_sample_at(block, when_ms);
		return NULL;
	}
	return err;
}

struct kt_err *kt_recording_bytes(
	struct kt_recording *recording, size_t index, struct kt_buf *ret_bytes)
{
	const struct kt_frame *frame = &recording->frames.items[index];
	size_t size = KT_FRAME_HEAD + (size_t)frame->stored_size;
	char *to = kt_buf_reserve(ret_bytes, size);
	ssize_t n = to ? read_at(recording->fd, to, size, frame->offset) : -1;

	if (!to)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (n != (ssize_t)size)
		return kt_err_os(n < 0 ? errno : EIO, "reading the recording");
	ret_bytes->size += size;
	return NULL;
}

size_t kt_recording_nr_damages(const struct kt_recording *recording)
{
	return recording->damages.count;
}

const struct kt_damage *kt_recording_damage(const struct kt_recording *recording, size_t index)
{
	return &recording->damages.items[index];
}

uint64_t kt_recording_file_size(const struct kt_recording *recording)
{
	return recording->size;
}

uint64_t kt_recording_size(const struct kt_recording *recording)
{
	return recording->size + recording->tail_size;
}
