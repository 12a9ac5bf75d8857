// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/keep.h"

#include "record/recording.h"
#include "record/thin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS	     86400000ll
#define MINUTE_MS    60000ll
#define HOUR_MS	     3600000ll
#define THIN_BYTES   (256u << 10) /* bytes; a thinned block before compression, roughly */
#define THIN_SAMPLES 4096u	  /* stretches of a thinned block */
#define DUE_BLOCKS   4		  /* blocks; rewriting the file for fewer is not worth it */
#define SYNC_BYTES   (4u << 20)	  /* bytes; waiting for the disk in one step */

const struct kt_keep kt_keep_default = { .fine_ms = 7 * DAY_MS,
	.minute_ms = 30 * DAY_MS,
	.days_ms = 90 * DAY_MS,
	.size_max = 512ull << 20 };

enum fate { COPY, THIN_MINUTE, THIN_HOUR, DROP };

static enum fate fate_of(const struct kt_frame *frame, const struct kt_keep *keep, int64_t now_ms)
{
	int64_t age_ms = now_ms - frame->last_ms, span_ms = frame->last_ms - frame->first_ms;
	int64_t each_ms = frame->nr_samples > 1 ? span_ms / (frame->nr_samples - 1) : 0;

	if (age_ms > keep->days_ms)
		return DROP;
	/* a block that is thin enough already, or was sampled rarely, stays unchanged */
	if (age_ms > keep->minute_ms && each_ms < HOUR_MS / 2)
		return THIN_HOUR;
	if (age_ms > keep->fine_ms && each_ms < MINUTE_MS / 2)
		return THIN_MINUTE;
	return COPY;
}

/* Bytes of a block in the file; samples in the tail take no place there. */
static uint64_t size_of(const struct kt_frame *frame)
{
	return frame->offset == UINT64_MAX ? 0 : KT_FRAME_HEAD + (uint64_t)frame->stored_size;
}

/*
 * Time from which ages are counted. A clock that was set years ahead by mistake would make all
 * samples too old. So two blocks in a row must agree on such a late time before any sample is
 * dropped.
 */
static int64_t now_ms(const struct kt_recording *recording)
{
	size_t count = kt_recording_nr_blocks(recording);
	int64_t last = count ? kt_recording_frame(recording, count - 1)->last_ms : 0;
	int64_t before = count > 1 ? kt_recording_frame(recording, count - 2)->last_ms : last;

	return before < last ? before : last;
}

static uint64_t blocks_size(const struct kt_recording *recording)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++)
		sum += size_of(kt_recording_frame(recording, i));
	return sum;
}

struct kt_err *kt_keep_is_due(
	const char *path, const struct kt_keep *keep, size_t *nr_due, bool *ret_due)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_err *err = kt_recording_open(path, &recording);
	size_t count = 0;

	*ret_due = false;
	if (err)
		return err;
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_frame *frame = kt_recording_frame(recording, i);

		count += frame->offset != UINT64_MAX &&
			 fate_of(frame, keep, now_ms(recording)) != COPY;
	}
	*ret_due = count >= *nr_due + DUE_BLOCKS || blocks_size(recording) > keep->size_max;
	*nr_due = count;
	return NULL;
}

/*
 * Finds the youngest blocks that fit; older blocks are dropped. Leaves some room, because otherwise
 * each new block would cause a complete rewrite.
 */
static size_t first_that_fits(const struct kt_recording *recording, uint64_t size_max)
{
	size_t first = kt_recording_nr_blocks(recording);
	uint64_t sum = 0;

	if (blocks_size(recording) <= size_max)
		return 0;
	size_max -= size_max / 8;

	while (first > 0) {
		sum += size_of(kt_recording_frame(recording, first - 1));
		if (sum > size_max)
			break;
		first--;
	}
	return first;
}

/* ---- rewriting ---- */

struct kt_rewrite {
	struct kt_recording *recording;
	struct kt_keep keep;
	char *path; /* path of the recording */
	int fd;
	size_t next, count; /* index of the next block; number of blocks */
	int64_t now_ms;
	uint64_t source_size, unsynced;
	struct kt_draft draft; /* the thinned block that is being made */
	struct kt_thinner *thinner;
	bool thinning;	   /* a block is being added to the draft */
	enum fate fate;	   /* fate of the samples in the draft */
	uint64_t sequence; /* number of the draft's first sample */
	char *boot;
};

static struct kt_err *put(struct kt_rewrite *rewrite, const struct kt_buf *bytes)
{
	size_t done = 0;

	while (done < bytes->size) {
		ssize_t n = write(rewrite->fd, bytes->data + done, bytes->size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kt_err_os(
				n < 0 ? errno : ENOSPC, "%s, while thinning it", rewrite->path);
		done += (size_t)n;
	}
	rewrite->unsynced += bytes->size;
	return NULL;
}

static struct kt_err *sync_now(struct kt_rewrite *rewrite)
{
	rewrite->unsynced = 0;
	return fdatasync(rewrite->fd) < 0 ? kt_err_os(errno, "%s, while thinning it", rewrite->path)
					  : NULL;
}

static void begin_draft(struct kt_rewrite *rewrite)
{
	kt_draft_fini(&rewrite->draft);
	kt_draft_init(&rewrite->draft);
	rewrite->draft.block.values_per_number = 4;
	kt_thinner_free(rewrite->thinner);
	rewrite->thinner = NULL;
	free(rewrite->boot);
	rewrite->boot = NULL;
}

static struct kt_err *close_draft(struct kt_rewrite *rewrite)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err = NULL;

	if (rewrite->draft.block.nr_samples) {
		kt_draft_finish(&rewrite->draft);
		err = kt_draft_failed(&rewrite->draft)
			      ? kt_err_new(KT_ERR_NOMEM, "out of memory")
			      : kt_frame_write(&rewrite->draft.block, rewrite->sequence, &bytes);
		if (!err)
			err = put(rewrite, &bytes);
	}
	begin_draft(rewrite);
	return err;
}

static struct kt_err *copy_block(struct kt_rewrite *rewrite)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err = kt_recording_bytes(rewrite->recording, rewrite->next, &bytes);

	rewrite->next++;
	return err ? err : put(rewrite, &bytes);
}

/* Whether a block may be added to the draft: a draft holds one boot, thinned in one way. */
static bool goes_on(const struct kt_rewrite *rewrite, const struct kt_block *block, enum fate fate)
{
	const char *boot = kt_block_fact(block, "boot_id");

	return rewrite->thinner && rewrite->fate == fate &&
	       kt_draft_growth(&rewrite->draft) < THIN_BYTES &&
	       rewrite->draft.block.nr_samples < THIN_SAMPLES &&
	       strcmp(rewrite->boot, boot ? boot : "") == 0;
}

static struct kt_err *begin_thinner(
	struct kt_rewrite *rewrite, const struct kt_block *block, enum fate fate)
{
	const char *boot = kt_block_fact(block, "boot_id");

	begin_draft(rewrite);
	rewrite->boot = strdup(boot ? boot : "");
	rewrite->thinner = kt_thinner_new(fate == THIN_HOUR ? HOUR_MS : MINUTE_MS);
	rewrite->fate = fate;
	rewrite->sequence = kt_recording_frame(rewrite->recording, rewrite->next)->sequence;
	return rewrite->thinner && rewrite->boot ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/*
 * Adds a block. Two blocks together may have more lines than a block may hold; then a single block
 * is copied instead.
 */
static struct kt_err *add_block(struct kt_rewrite *rewrite, const struct kt_block *block)
{
	struct kt_err *err = kt_thinner_begin(rewrite->thinner, block, &rewrite->draft);

	if (err && kt_err_code(err) == KT_ERR_LIMIT) {
		bool alone = !rewrite->draft.block.nr_samples;

		kt_err_free(err);
		err = close_draft(rewrite);
		return err || !alone ? err : copy_block(rewrite);
	}
	if (err)
		return err;
	rewrite->thinning = true;
	rewrite->next++;
	return NULL;
}

/*
 * Thins a block. A draft that the block cannot be added to is written first, in a step of its own.
 */
static struct kt_err *thin_block(struct kt_rewrite *rewrite, enum fate fate)
{
	const struct kt_block *block;
	struct kt_err *err = kt_recording_block(rewrite->recording, rewrite->next, &block);

	if (err && kt_err_code(err) == KT_ERR_PARSE) {
		kt_err_free(err);
		rewrite->next++;
		return NULL;
	}
	if (err)
		return err;
	if (!block->nr_samples) {
		rewrite->next++;
		return NULL;
	}
	if (!goes_on(rewrite, block, fate)) {
		if (rewrite->draft.block.nr_samples)
			return close_draft(rewrite);
		err = begin_thinner(rewrite, block, fate);
	}
	return err ? err : add_block(rewrite, block);
}

static struct kt_err *next_block(struct kt_rewrite *rewrite)
{
	const struct kt_frame *frame = kt_recording_frame(rewrite->recording, rewrite->next);
	enum fate fate = fate_of(frame, &rewrite->keep, rewrite->now_ms);

	if (frame->offset == UINT64_MAX || fate == DROP) {
		rewrite->next++;
		return NULL;
	}
	if (fate != COPY)
		return thin_block(rewrite, fate);
	return rewrite->draft.block.nr_samples ? close_draft(rewrite) : copy_block(rewrite);
}

static struct kt_err *thin_on(struct kt_rewrite *rewrite)
{
	bool done;
	struct kt_err *err = kt_thinner_step(rewrite->thinner, &done);

	rewrite->thinning = !done;
	return err;
}

struct kt_err *kt_rewrite_step(struct kt_rewrite *rewrite, bool *ret_done)
{
	*ret_done = false;
	if (rewrite->unsynced >= SYNC_BYTES)
		return sync_now(rewrite);
	if (rewrite->thinning)
		return thin_on(rewrite);
	if (rewrite->next < rewrite->count)
		return next_block(rewrite);
	if (rewrite->draft.block.nr_samples)
		return close_draft(rewrite);
	*ret_done = true;
	return sync_now(rewrite);
}

struct kt_err *kt_rewrite_begin(
	const char *path, int fd, const struct kt_keep *keep, struct kt_rewrite **ret_rewrite)
{
	struct kt_rewrite *rewrite = calloc(1, sizeof(*rewrite));
	struct kt_err *err;

	*ret_rewrite = NULL;
	if (!rewrite)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_draft_init(&rewrite->draft);
	rewrite->keep = *keep;
	rewrite->fd = fd;
	rewrite->path = strdup(path);
	err = rewrite->path ? kt_recording_open(path, &rewrite->recording)
			    : kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (err) {
		kt_rewrite_free(rewrite);
		return err;
	}
	rewrite->source_size = kt_recording_file_size(rewrite->recording);
	rewrite->count = kt_recording_nr_blocks(rewrite->recording);
	rewrite->next = first_that_fits(rewrite->recording, keep->size_max);
	rewrite->now_ms = now_ms(rewrite->recording);
	*ret_rewrite = rewrite;
	return NULL;
}

uint64_t kt_rewrite_source_size(const struct kt_rewrite *rewrite)
{
	return rewrite->source_size;
}

void kt_rewrite_free(struct kt_rewrite *rewrite)
{
	if (!rewrite)
		return;
	kt_draft_fini(&rewrite->draft);
	kt_thinner_free(rewrite->thinner);
	free(rewrite->boot);
	free(rewrite->path);
	kt_recording_free(rewrite->recording);
	free(rewrite);
}
