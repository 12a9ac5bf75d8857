// SPDX-License-Identifier: GPL-2.0-or-later
//
// Captures, sosreports and other trees of a machine: each is one sample.

#include "base/kernel_files.h"
#include "import/kind.h"
#include "root/root.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

/* Files with the output of date(1), as sosreports and scripts name them. */
static const char *const dates[] = { "sos_commands/date/date", "sos_commands/date/date_--utc",
	"sos_commands/general/date", "sos_commands/host/date", "sos_commands/system/date", "date" };
static const char *const hostnames[] = { KT_FILE_HOSTNAME, "sos_commands/host/hostname",
	"sos_commands/general/hostname", "hostname", "etc/hostname" };

/* Keeps what sources read, and the files above. */
static const char *inside(const char *path)
{
	const char *found = kt_source_inside(path);

	for (size_t i = 0; !found && i < KT_LEN(dates) + KT_LEN(hostnames); i++) {
		const char *one = i < KT_LEN(dates) ? dates[i] : hostnames[i - KT_LEN(dates)];
		size_t n = strlen(one), all = strlen(path);

		if (all >= n && strcmp(path + all - n, one) == 0 &&
			(all == n || path[all - n - 1] == '/'))
			found = path + all - n;
	}
	return found;
}

/* Reads the first line of a file; false: there is none. */
static bool read_line(
	struct kt_root *root, const char *path, struct kt_arena *arena, const char **ret_line)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read_head(root, path, 256, &text);
	struct kt_span rest = kt_text_span(&text), line;

	if (err || !kt_span_line(&rest, &line) || !kt_span_trim(line).n)
		return false;
	*ret_line = kt_arena_name(arena, kt_span_trim(line));
	return *ret_line != NULL;
}

static bool take_meta_time(struct kt_root *root, int64_t *ret_ms)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read_head(root, "ktally/meta", 65536, &text);
	struct kt_span rest = kt_text_span(&text), line;
	uint64_t seconds;

	while (!err && kt_span_line(&rest, &line)) {
		if (kt_span_skip(&line, "taken_s=") && kt_span_u64(line, &seconds) &&
			seconds < 1ull << 38) {
			*ret_ms = (int64_t)seconds * 1000;
			return true;
		}
	}
	return false;
}

static struct kt_err *settle(struct kt_import *import, struct kt_import_input *input,
	struct kt_stamp *stamp, int64_t *ms)
{
	struct kt_dated dated = { .stamp = *stamp, .line = 1 };
	struct kt_err *err = kt_import_settle(import, input, &dated, 1);

	if (!err && !kt_stamp_ms(&dated.stamp, &input->gaps, ms))
		*ms = input->file_ms;
	return err;
}

/* Takes the first one: facts of the capture, output of date(1), the name, the file. */
static struct kt_err *find_time(struct kt_import *import, struct kt_import_input *input,
	struct kt_root *root, int64_t *ret_ms)
{
	struct kt_stamp stamp;
	const char *line;

	if (take_meta_time(root, ret_ms)) {
		input->times = "ktally/meta";
		return NULL;
	}
	for (size_t i = 0; i < KT_LEN(dates); i++) {
		if (!read_line(root, dates[i], &import->arena, &line) ||
			!kt_stamp_find(kt_span_str(line), &stamp))
			continue;
		input->times = dates[i];
		return settle(import, input, &stamp, ret_ms);
	}
	if (kt_stamp_of_name(kt_span_str(input->path), &stamp)) {
		input->times = "name of the directory";
		return settle(import, input, &stamp, ret_ms);
	}
	input->times = "time of the file";
	*ret_ms = input->file_ms;
	return NULL;
}

static int64_t total_of(struct kt_root *root)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read_head(root, KT_FILE_MEMINFO, 4096, &text);
	struct kt_span rest = kt_text_span(&text), line, word;
	uint64_t kb;

	while (!err && kt_span_line(&rest, &line)) {
		if (kt_span_skip(&line, "MemTotal:") && kt_span_word(&line, &word) &&
			kt_span_u64(word, &kb) && kb < 1ull << 50)
			return (int64_t)kb;
	}
	return 0;
}

static int64_t uptime_of(struct kt_root *root)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read_head(root, KT_FILE_UPTIME, 64, &text);
	struct kt_span rest = kt_text_span(&text);
	uint64_t seconds;

	return !err && kt_span_take_u64(&rest, &seconds) && seconds < 1ull << 32
		       ? (int64_t)seconds * 1000
		       : -1;
}

static struct kt_err *find(struct kt_import *import, uint32_t index)
{
	struct kt_import_input *input = &import->inputs.items[index];
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_import_sample sample = { .input = index, .line = 1 };
	struct kt_err *err = kt_root_open(input->path, inside, &root);
	const char *host = NULL;

	if (err)
		return err;
	if (!kt_root_has(root, "proc") && !kt_root_has(root, "sys"))
		return kt_err_new(KT_ERR_PARSE, "%s: no files of /proc in it", input->path);
	for (size_t i = 0; i < KT_LEN(hostnames) && !host; i++)
		read_line(root, hostnames[i], &import->arena, &host);
	input->host = host;
	if (!read_line(root, KT_FILE_BOOT_ID, &import->arena, &input->boot_id))
		input->boot_id = NULL;
	input->total_kb = total_of(root);
	sample.uptime_ms = uptime_of(root);
	err = find_time(import, input, root, &sample.ms);
	/* a file that could not be read for lack of memory looks like one that is missing */
	if (!err && kt_root_starved(root))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err ? err : kt_import_add(import, &sample);
}

/* ---- reading ---- */

static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	const struct kt_source *source = kt_source_of(path);

	if (err || text->link || source == &kt_source_bracket || source == &kt_source_tasks)
		return;
	kt_sink_file(arg, kt_source_bundle_name(path), kt_text_span(text));
}

/* Read for a recording in addition to what the account needs. */
static const struct kt_needs needs = { .also = KT_SOURCES(&kt_source_dcache, &kt_source_settings,
					       &kt_source_sockstat, &kt_source_activity,
					       &kt_source_modules, &kt_source_buddyinfo,
					       &kt_source_percpu_stats) };

static struct kt_err *read(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_sink *sink)
{
	const struct kt_collect_opts opts = { .want = KT_WANT_AREAS, .needs = &needs };
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_snapshot *snap;
	struct kt_err *err = kt_root_open(import->inputs.items[sample->input].path, inside, &root);

	if (err)
		return err;
	snap = kt_snapshot_new();
	if (!snap)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_root_set_watch(root, on_read, sink);
	err = kt_collect(root, &opts, snap);
	kt_root_set_watch(root, NULL, NULL);
	kt_snapshot_free(snap);
	return err;
}

const struct kt_import_kind kt_import_machine = {
	.name = "capture",
	.find = find,
	.read = read,
};
