// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/keep.h"

#include "record/recording.h"
#include "record/thin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS	     86400000ll
#define MINUTE_MS    60000ll
#define HOUR_MS	     3600000ll
#define THIN_BYTES   (256u << 10) /* of a thinned block, roughly, before compression */
#define THIN_SAMPLES 4096u
#define DUE_BLOCKS   4 /* rewriting for less is not worth it */

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
	/* what is thin enough already, or was sampled seldom, stays as it is */
	if (age_ms > keep->minute_ms && each_ms < HOUR_MS / 2)
		return THIN_HOUR;
	if (age_ms > keep->fine_ms && each_ms < MINUTE_MS / 2)
		return THIN_MINUTE;
	return COPY;
}

/* In the file: what is in the tail takes no place there. */
static uint64_t size_of(const struct kt_frame *frame)
{
	return frame->offset == UINT64_MAX ? 0 : KT_FRAME_HEAD + (uint64_t)frame->stored_size;
}

/*
 * What ages are counted from. A clock that was set years ahead by mistake would make everything
 * old, and gone: two blocks in a row have to agree that it is so late.
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

struct kt_err *kt_keep_is_due(const char *path, const struct kt_keep *keep, bool *ret_due)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_err *err = kt_recording_open(path, &recording);
	size_t nr_due = 0;

	*ret_due = false;
	if (err)
		return err;
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_frame *frame = kt_recording_frame(recording, i);

		nr_due += frame->offset != UINT64_MAX &&
			  fate_of(frame, keep, now_ms(recording)) != COPY;
	}
	*ret_due = nr_due >= DUE_BLOCKS || blocks_size(recording) > keep->size_max;
	return NULL;
}

/* ---- rewriting ---- */

struct rewrite {
	struct kt_recording *recording;
	const struct kt_keep *keep;
	const char *path;
	int fd;
	struct kt_draft draft; /* of the thinned block that is being made */
	struct kt_thinner *thinner;
	enum fate fate;	   /* of what is in the draft */
	uint64_t sequence; /* of its first sample */
	char *boot;
};

static struct kt_err *put(struct rewrite *rewrite, const struct kt_buf *bytes)
{
	size_t done = 0;

	while (done < bytes->size) {
		ssize_t n = write(rewrite->fd, bytes->data + done, bytes->size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kt_err_os(n < 0 ? errno : ENOSPC, "%s", rewrite->path);
		done += (size_t)n;
	}
	return NULL;
}

static struct kt_err *close_draft(struct rewrite *rewrite)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err = NULL;

	if (rewrite->draft.block.nr_samples) {
		kt_draft_finish(&rewrite->draft);
		err = kt_frame_write(&rewrite->draft.block, rewrite->sequence, &bytes);
		if (!err)
			err = put(rewrite, &bytes);
	}
	kt_draft_fini(&rewrite->draft);
	kt_draft_init(&rewrite->draft);
	rewrite->draft.block.values_per_number = 4;
	kt_thinner_free(rewrite->thinner);
	rewrite->thinner = NULL;
	free(rewrite->boot);
	rewrite->boot = NULL;
	return err;
}

static struct kt_err *copy_block(struct rewrite *rewrite, size_t index)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	struct kt_err *err = close_draft(rewrite);

	if (!err)
		err = kt_recording_bytes(rewrite->recording, index, &bytes);
	return err ? err : put(rewrite, &bytes);
}

/* A draft holds one boot, thinned in one way. */
static bool goes_on(const struct rewrite *rewrite, const struct kt_block *block, enum fate fate)
{
	const char *boot = kt_block_fact(block, "boot_id");

	return rewrite->thinner && rewrite->fate == fate && rewrite->draft.nr_bytes < THIN_BYTES &&
	       rewrite->draft.block.nr_samples < THIN_SAMPLES &&
	       strcmp(rewrite->boot, boot ? boot : "") == 0;
}

static struct kt_err *thin_block(struct rewrite *rewrite, size_t index, enum fate fate)
{
	const struct kt_block *block;
	struct kt_err *err = kt_recording_block(rewrite->recording, index, &block);
	const char *boot;

	if (err && kt_err_code(err) == KT_ERR_PARSE) {
		kt_err_free(err);
		return NULL;
	}
	if (err || !block->nr_samples)
		return err;
	if (!goes_on(rewrite, block, fate)) {
		err = close_draft(rewrite);
		if (err)
			return err;
		boot = kt_block_fact(block, "boot_id");
		rewrite->boot = strdup(boot ? boot : "");
		rewrite->thinner = kt_thinner_new(fate == THIN_HOUR ? HOUR_MS : MINUTE_MS);
		rewrite->fate = fate;
		rewrite->sequence = kt_recording_frame(rewrite->recording, index)->sequence;
		if (!rewrite->thinner || !rewrite->boot)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	return kt_thinner_add(rewrite->thinner, block, &rewrite->draft);
}

/*
 * The youngest blocks that fit; the older ones go. With some room to spare, for otherwise all
 * would be written anew with each block.
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

static struct kt_err *rewrite_blocks(struct rewrite *rewrite)
{
	size_t count = kt_recording_nr_blocks(rewrite->recording);
	size_t first = first_that_fits(rewrite->recording, rewrite->keep->size_max);
	int64_t now = now_ms(rewrite->recording);
	struct kt_err *err = NULL;

	for (size_t i = first; i < count && !err; i++) {
		const struct kt_frame *frame = kt_recording_frame(rewrite->recording, i);
		enum fate fate = fate_of(frame, rewrite->keep, now);

		if (frame->offset == UINT64_MAX || fate == DROP)
			continue;
		err = fate == COPY ? copy_block(rewrite, i) : thin_block(rewrite, i, fate);
	}
	return err ? err : close_draft(rewrite);
}

struct kt_err *kt_keep_rewrite(const char *path, const char *new_path, const struct kt_keep *keep)
{
	struct rewrite rewrite = { .keep = keep, .path = new_path, .fd = -1 };
	struct kt_err *err = kt_recording_open(path, &rewrite.recording);

	if (err)
		return err;
	kt_draft_init(&rewrite.draft);
	rewrite.draft.block.values_per_number = 4;
	rewrite.fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = rewrite.fd < 0 ? kt_err_os(errno, "%s", new_path) : rewrite_blocks(&rewrite);
	if (!err && fdatasync(rewrite.fd) < 0)
		err = kt_err_os(errno, "%s", new_path);
	if (rewrite.fd >= 0)
		close(rewrite.fd);
	rewrite.fd = -1;
	kt_err_free(close_draft(&rewrite)); /* nothing is left in it, or an error came first */
	kt_draft_fini(&rewrite.draft);
	kt_recording_free(rewrite.recording);
	return err;
}
