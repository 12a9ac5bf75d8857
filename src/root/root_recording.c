// SPDX-License-Identifier: GPL-2.0-or-later
//
// A moment of a recording as a root: the files as they were in one sample, in memory.

#include "base/when.h"
#include "record/cursor.h"
#include "record/recording.h"
#include "root/root_ops.h"

#include <stdio.h>
#include <string.h>

/* What no file holds, or holds for another moment. */
static void add_own(
	const struct kt_block *block, uint32_t sample, const char *path, struct kt_buf *text)
{
	int64_t boot_ms = 0;

	if (strcmp(path, "ktally/meta") == 0) {
		kt_buf_printf(text, "taken_s=%lld\n",
			(long long)(kt_block_real_ms(block, sample) / 1000));
		return;
	}
	if (strcmp(path, "proc/uptime") == 0 && kt_series_at(block->boot_ms, sample, &boot_ms)) {
		text->size = 0;
		kt_buf_printf(text, "%lld.%02lld 0.00\n", (long long)(boot_ms / 1000),
			(long long)(boot_ms % 1000 / 10));
	}
}

static struct kt_err *add_files(
	struct kt_root *root, const struct kt_cursor *cursor, kt_root_filter wanted)
{
	struct kt_err *err = NULL;
	size_t total = 0;

	for (uint32_t i = 0; i < cursor->block->files.count && !err; i++) {
		const char *path = cursor->block->files.items[i].path;
		struct kt_buf text = { 0 };

		if (wanted && !wanted(path))
			continue;
		if (!kt_cursor_text(cursor, i, &text)) {
			kt_buf_cleanup(&text);
			continue;
		}
		add_own(cursor->block, cursor->sample, path, &text);
		total += text.size;
		if (total > KT_ROOT_TOTAL_MAX) {
			kt_buf_cleanup(&text);
			return kt_err_new(KT_ERR_LIMIT, "more than %u MiB of text in one moment",
				KT_ROOT_TOTAL_MAX >> 20);
		}
		if (text.failed || !kt_buf_reserve(&text, 1)) {
			kt_buf_cleanup(&text);
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		}
		err = kt_root_memory_add(root, path, text.data, text.size);
	}
	return err;
}

struct kt_err *kt_root_moment(
	const struct kt_cursor *cursor, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct kt_err *err = kt_root_memory_new(KT_ROOT_BUNDLE, ret_root);

	if (err)
		return err;
	err = add_files(*ret_root, cursor, wanted);
	if (err) {
		kt_root_free(*ret_root);
		*ret_root = NULL;
	}
	return err;
}

static struct kt_err *none_found(const struct kt_recording *recording, int64_t when_ms)
{
	size_t count = kt_recording_nr_blocks(recording);
	char asked[32], first[32], last[32];

	if (!count || when_ms == INT64_MAX)
		return kt_err_new(KT_ERR_ABSENT, "no sample in it can be read");
	return kt_err_new(KT_ERR_ABSENT, "it has no sample as early as %s; it goes from %s to %s",
		kt_when_text(when_ms, asked),
		kt_when_text(kt_recording_frame(recording, 0)->first_ms, first),
		kt_when_text(kt_recording_frame(recording, count - 1)->last_ms, last));
}

/* Index of the last block that begins at or before `when_ms`; the damaged are passed over. */
static struct kt_err *find(struct kt_recording *recording, int64_t when_ms,
	const struct kt_block **ret_block, uint32_t *ret_sample)
{
	struct kt_err *err = NULL;

	for (size_t i = kt_recording_nr_blocks(recording); i > 0; i--) {
		const struct kt_block *block;

		if (kt_recording_frame(recording, i - 1)->first_ms > when_ms ||
			!kt_recording_frame(recording, i - 1)->nr_samples)
			continue;
		kt_err_free(err);
		err = kt_recording_block(recording, i - 1, &block);
		if (err)
			continue;
		*ret_block = block;
		*ret_sample = kt_block_sample_at(block, when_ms);
		return NULL;
	}
	return err ? kt_err_prepend(err, "no sample in it can be read")
		   : none_found(recording, when_ms);
}

static int64_t last_ms(const struct kt_recording *recording)
{
	size_t count = kt_recording_nr_blocks(recording);

	return count ? kt_recording_frame(recording, count - 1)->last_ms : 0;
}

struct kt_err *kt_root_recording_open(
	const char *path, const char *when, kt_root_filter wanted, struct kt_root **ret_root)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_err *err = kt_recording_open(path, &recording);
	const struct kt_block *block = NULL;
	int64_t when_ms = INT64_MAX;
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	uint32_t sample = 0;

	if (err)
		return err;
	if (when && !kt_when(kt_span_str(when), last_ms(recording), &when_ms))
		return kt_err_new(KT_ERR_USAGE,
			"'%.64s' is no moment; 2026-01-31T23:59, 23:59, -2h (before the last "
			"sample) "
			"are",
			when);
	err = find(recording, when_ms, &block, &sample);
	if (!err)
		err = kt_cursor_init(&cursor, block);
	if (!err) {
		kt_cursor_move(&cursor, sample);
		err = kt_root_moment(&cursor, wanted, ret_root);
	}
	if (!err && kt_recording_nr_damages(recording))
		snprintf((*ret_root)->note, sizeof((*ret_root)->note),
			KT_NOTE_DAMAGED "%zu place%s of the recording passed over; this is the "
					"last good sample up to then",
			kt_recording_nr_damages(recording),
			kt_recording_nr_damages(recording) == 1 ? "" : "s");
	return err ? kt_err_prepend(err, "%s", path) : NULL;
}
