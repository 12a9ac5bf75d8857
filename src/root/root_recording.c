// SPDX-License-Identifier: GPL-2.0-or-later
//
// A sample of a recording as a root: the files as they were then, in memory.

#include "base/when.h"
#include "record/cursor.h"
#include "record/recording.h"
#include "root/root_moment.h"
#include "root/root_ops.h"

#include <stdio.h>
#include <string.h>

/* Adds facts that no file has, or that files have for another time. */
void kt_moment_own(
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

struct kt_err *kt_moment_unread(const struct kt_cursor *cursor, uint32_t file)
{
	const char *why;
	const struct kt_block_mark *mark =
		kt_block_unread_at(cursor->block, file, cursor->sample, &why);

	if (!mark)
		return NULL;
	return kt_err_new(strcmp(mark->kind, KT_MARK_DENIED) == 0 ? KT_ERR_DENIED : KT_ERR_OS,
		"%s: %s, when it was recorded", cursor->block->files.items[file].path, why);
}

/*
 * Adds a file that the recorder could not read, with its reason; any other file is simply missing.
 */
static struct kt_err *add_unread(
	struct kt_root *root, const struct kt_cursor *cursor, uint32_t file, const char *path)
{
	const char *why;
	const struct kt_block_mark *mark =
		kt_block_unread_at(cursor->block, file, cursor->sample, &why);
	char text[256];

	if (!mark)
		return NULL;
	snprintf(text, sizeof(text), "%s, when it was recorded", why);
	return kt_root_memory_fail(root, path,
		strcmp(mark->kind, KT_MARK_DENIED) == 0 ? KT_ERR_DENIED : KT_ERR_OS, text);
}

static struct kt_err *add_files(
	struct kt_root *root, const struct kt_cursor *cursor, kt_root_filter wanted)
{
	struct kt_err *err = NULL;
	size_t total = 0;

	for (uint32_t i = 0; i < cursor->block->files.count && !err; i++) {
		const char *path = cursor->block->files.items[i].path;
		struct kt_buf text = { 0 };

		if (wanted && wanted(path) != path)
			continue;
		if (!kt_cursor_text(cursor, i, &text)) {
			kt_buf_cleanup(&text);
			err = add_unread(root, cursor, i, path);
			continue;
		}
		kt_moment_own(cursor->block, cursor->sample, path, &text);
		total += text.size;
		if (total > KT_ROOT_TOTAL_MAX) {
			kt_buf_cleanup(&text);
			return kt_err_new(KT_ERR_LIMIT, "more than %u MiB of text in one sample",
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
	char asked[KT_WHEN_ROOM], first[KT_WHEN_ROOM], last[KT_WHEN_ROOM];

	if (!count || when_ms == INT64_MAX)
		return kt_err_new(KT_ERR_ABSENT, "no sample in it can be read");
	return kt_err_new(KT_ERR_ABSENT, "it has no sample as early as %s; it goes from %s to %s",
		kt_when_local(when_ms, asked),
		kt_when_local(kt_recording_frame(recording, 0)->first_ms, first),
		kt_when_local(kt_recording_frame(recording, count - 1)->last_ms, last));
}

/* Finds the last sample up to `when_ms`. */
static struct kt_err *find(struct kt_recording *recording, int64_t when_ms,
	const struct kt_block **ret_block, uint32_t *ret_sample)
{
	size_t index;
	struct kt_err *err = kt_recording_find(recording, when_ms, &index, ret_sample);

	if (err)
		return kt_err_prepend(err, "no sample in it can be read");
	if (index == KT_NO_BLOCK)
		return none_found(recording, when_ms);
	return kt_recording_block(recording, index, ret_block);
}

static int64_t last_ms(const struct kt_recording *recording)
{
	size_t count = kt_recording_nr_blocks(recording);

	return count ? kt_recording_frame(recording, count - 1)->last_ms : 0;
}

/* Opens the sample at `when_ms`; the caller adds the path to errors. */
static struct kt_err *open_at(struct kt_recording *recording, int64_t when_ms,
	kt_root_filter wanted, struct kt_root **ret_root)
{
	const struct kt_block *block = NULL;
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	uint32_t sample = 0;
	struct kt_err *err = find(recording, when_ms, &block, &sample);

	if (!err)
		err = kt_cursor_init(&cursor, block);
	if (!err) {
		kt_cursor_move(&cursor, sample);
		err = kt_root_moment(&cursor, wanted, ret_root);
	}
	if (!err && kt_recording_nr_damages(recording))
		snprintf((*ret_root)->note, sizeof((*ret_root)->note),
			KT_NOTE_DAMAGED "skipped %zu place%s of the recording; this is the "
					"last readable sample up to then",
			kt_recording_nr_damages(recording),
			kt_recording_nr_damages(recording) == 1 ? "" : "s");
	return err;
}

struct kt_err *kt_root_recording_open(
	const char *path, const char *when, kt_root_filter wanted, struct kt_root **ret_root)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_err *err = kt_recording_open(path, &recording);
	int64_t when_ms = INT64_MAX;

	if (err)
		return err;
	if (when && !kt_when(kt_span_str(when), KT_WHEN_LOCAL, last_ms(recording), &when_ms))
		return kt_err_new(KT_ERR_USAGE,
			"'%.64s' is not a time; use 2026-01-31T23:59, 23:59 or -2h (before the "
			"last sample)",
			when);
	err = open_at(recording, when_ms, wanted, ret_root);
	return err ? kt_err_prepend(err, "%s", path) : NULL;
}

struct kt_err *kt_root_open_time(
	const char *path, int64_t time_ms, kt_root_filter wanted, struct kt_root **ret_root)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_err *err = kt_recording_open(path, &recording);

	if (err)
		return err;
	err = open_at(recording, time_ms, wanted, ret_root);
	return err ? kt_err_prepend(err, "%s", path) : NULL;
}
