// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/import.h"

#include "base/open.h"
#include "import/kind.h"
#include "record/recording.h"
#include "root/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX  6	       /* levels of directories below an input */
#define HEAD_BYTES (64u << 10) /* bytes by which the kind of a text is found */

/* In the order in which they are asked; the text is what is left. */
static const struct kt_import_kind *const kinds[] = { &kt_import_sadf, &kt_import_sar };

/* ---- inputs ---- */

static struct kt_err *add_input(struct kt_import *import, const char *path,
	const struct kt_import_kind *kind, const struct stat *st)
{
	struct kt_import_input *input;

	if (import->inputs.count == KT_IMPORT_INPUTS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "more than %u files", KT_IMPORT_INPUTS_MAX);
	input = kt_list_push(&import->arena, &import->inputs);
	if (!input)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*input = (struct kt_import_input){ .path = kt_arena_printf(&import->arena, "%s", path),
		.kind = kind,
		.what = kind ? kind->name : "packed text",
		.times = "",
		.file_ms = (int64_t)st->st_mtim.tv_sec * 1000 };
	return NULL;
}

/* Archives have a byte near their beginning that no text has. */
static bool is_text(struct kt_span head)
{
	for (size_t i = 0; i < head.n && i < 512; i++) {
		unsigned char c = (unsigned char)head.p[i];

		if (c < ' ' && !strchr("\t\n\r\f\x1b", c))
			return false;
	}
	return head.n > 0;
}

static const struct kt_import_kind *kind_of(struct kt_span head)
{
	if (!is_text(head))
		return &kt_import_machine;
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		if (kinds[i]->is(head))
			return kinds[i];
	}
	return &kt_import_text;
}

/* Reads the text of a file that is packed or in UTF-16; it stays empty for another file. */
static struct kt_err *read_packed(
	struct kt_import *import, const char *path, struct kt_buf *ret_text)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY);
	struct kt_err *err;

	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	err = kt_root_plain_text(fd, path, ret_text);
	close(fd);
	if (err)
		return err;
	if (import->nr_text_bytes + ret_text->size > KT_IMPORT_TEXTS_MAX)
		return kt_err_new(KT_ERR_LIMIT,
			"%s: the packed files have more than %u MiB of text; import them in parts",
			path, KT_IMPORT_TEXTS_MAX >> 20);
	import->nr_text_bytes += ret_text->size;
	return NULL;
}

/* A packed file that is damaged or too large does not hide the others. */
static struct kt_err *add_refused(
	struct kt_import *import, const char *path, const struct stat *st, struct kt_err *why)
{
	struct kt_err *err;

	if (kt_err_code(why) == KT_ERR_NOMEM)
		return why;
	err = add_input(import, path, NULL, st);
	if (!err)
		import->inputs.items[import->inputs.count - 1].why =
			kt_arena_name(&import->arena, kt_span_str(kt_err_text(why)));
	kt_err_free(why);
	return err;
}

static struct kt_err *add_file(struct kt_import *import, const char *path, const struct stat *st)
{
	KT_CLEANUP(buf) struct kt_buf head = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const struct kt_import_input file = { .path = path };
	struct kt_err *err;

	if (kt_is_recording(path))
		return kt_err_new(KT_ERR_REFUSED,
			"%s: a recording already; 'ktally report %s' shows it", path, path);
	err = read_packed(import, path, &text);
	if (err)
		return add_refused(import, path, st, err);
	if (!text.size)
		err = kt_lines_bytes(&file, 0, HEAD_BYTES, &head);
	else
		kt_buf_add(&head, text.data, text.size < HEAD_BYTES ? text.size : HEAD_BYTES);
	if (!err && head.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = add_input(
			import, path, kind_of((struct kt_span){ head.data, head.size }), st);
	if (err)
		return err;
	import->inputs.items[import->inputs.count - 1].text = text;
	text = (struct kt_buf){ 0 };
	return NULL;
}

static bool is_tree(const char *path)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_DIRECTORY, O_RDONLY);
	bool is = fd >= 0 &&
		  (faccessat(fd, "proc", F_OK, 0) == 0 || faccessat(fd, "sys", F_OK, 0) == 0);

	if (fd >= 0)
		close(fd);
	return is;
}

static struct kt_err *add_path(struct kt_import *import, const char *path, int depth);

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds the files of a directory, in the order of their names; hidden ones are left out. */
static struct kt_err *add_directory(struct kt_import *import, const char *path, int depth)
{
	struct kt_arena arena = { 0 };
	KT_LIST(const char *) names = { 0 };
	struct kt_err *err = NULL;
	const struct dirent *entry;
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_DIRECTORY, O_RDONLY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		err = kt_err_os(errno, "%s", path);
		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((entry = readdir(dir)) && names.count <= KT_IMPORT_INPUTS_MAX) {
		const char **slot = entry->d_name[0] == '.' ? NULL : kt_list_push(&arena, &names);

		if (slot)
			*slot = kt_arena_printf(&arena, "%s/%s", path, entry->d_name);
	}
	closedir(dir);
	if (arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	else if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), by_name);
	for (size_t i = 0; !err && i < names.count; i++)
		err = add_path(import, names.items[i], depth + 1);
	kt_arena_fini(&arena);
	return err;
}

/* Below a directory, only files and directories are read, and no links. */
static struct kt_err *add_path(struct kt_import *import, const char *path, int depth)
{
	struct stat st;

	if ((depth ? lstat(path, &st) : stat(path, &st)) < 0)
		return kt_err_os(errno, "%s", path);
	if (S_ISDIR(st.st_mode) && is_tree(path))
		return add_input(import, path, &kt_import_machine, &st);
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? add_directory(import, path, depth) : NULL;
	if (S_ISREG(st.st_mode))
		return st.st_size || !depth ? add_file(import, path, &st) : NULL;
	return depth ? NULL
		     : kt_err_new(KT_ERR_REFUSED, "%s: neither a directory nor a file", path);
}

/* ---- order ---- */

static int by_key(const void *left, const void *right)
{
	const struct kt_import_sample *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->input != b->input)
		return a->input < b->input ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Samples of an input keep their order, except that one with the newest first is turned. */
static void order_input(struct kt_import *import, struct kt_import_input *input, size_t first)
{
	struct kt_import_sample *samples = &import->samples[first];
	size_t count = import->nr_samples - first, nr_down = 0, nr_up = 0;
	int64_t most = INT64_MIN;

	for (size_t i = 1; i < count; i++) {
		nr_up += samples[i].ms > samples[i - 1].ms;
		nr_down += samples[i].ms < samples[i - 1].ms;
	}
	if (nr_down > 1 && !nr_up) {
		for (size_t i = 0; i < count / 2; i++) {
			struct kt_import_sample other = samples[i];

			samples[i] = samples[count - 1 - i];
			samples[count - 1 - i] = other;
		}
		kt_import_note(import, "%s: newest sample first; it was turned", input->path);
		nr_down = 0;
	}
	for (size_t i = 0; i < count; i++) {
		most = samples[i].ms > most ? samples[i].ms : most;
		samples[i].key = most;
	}
	if (nr_down)
		kt_import_note(import,
			"%s: the clock goes back %zu time%s; the order of the file "
			"is kept",
			input->path, nr_down, nr_down == 1 ? "" : "s");
}

static struct kt_err *find_samples(struct kt_import *import)
{
	for (uint32_t i = 0; i < import->inputs.count; i++) {
		struct kt_import_input *input = &import->inputs.items[i];
		size_t first = import->nr_samples;
		struct kt_err *err = input->kind ? input->kind->find(import, i) : NULL;

		if (err && (import->inputs.count == 1 || kt_err_code(err) == KT_ERR_NOMEM ||
				   kt_err_code(err) == KT_ERR_REFUSED))
			return err;
		if (err) {
			import->nr_samples = first;
			input->why = kt_arena_name(&import->arena, kt_span_str(kt_err_text(err)));
			kt_err_free(err);
			continue;
		}
		if (import->nr_samples > first)
			order_input(import, input, first);
	}
	if (import->nr_samples)
		qsort(import->samples, import->nr_samples, sizeof(*import->samples), by_key);
	return NULL;
}

/* ---- one machine ---- */

static struct kt_err *check_host(struct kt_import *import)
{
	const struct kt_import_input *named = NULL, *sized = NULL;

	for (size_t i = 0; i < import->inputs.count; i++) {
		const struct kt_import_input *input = &import->inputs.items[i];

		if (input->host && named && !kt_import_same_host(named->host, input->host))
			return kt_err_new(KT_ERR_REFUSED,
				"%s is of host %s, and %s of host %s; a recording has one machine",
				named->path, named->host, input->path, input->host);
		named = input->host && !named ? input : named;
		if (input->total_kb && sized && !(input->host && sized->host) &&
			input->total_kb != sized->total_kb)
			return kt_err_new(KT_ERR_REFUSED,
				"%s has %lld kB of memory, and %s %lld kB, and nothing shows that "
				"they are of one host; a recording has one machine",
				sized->path, (long long)sized->total_kb, input->path,
				(long long)input->total_kb);
		sized = input->total_kb && !sized ? input : sized;
	}
	import->named = named;
	return NULL;
}

/* ---- writing ---- */

/* Hands over what the input itself shows of the boot that a sample is of. */
static void put_clues(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_boots *boots)
{
	struct kt_import_input *input = &import->inputs.items[sample->input];

	if (input->boot_id)
		kt_boots_id(boots, kt_span_str(input->boot_id));
	kt_boots_uptime(boots, sample->uptime_ms);
	if (sample->boot != input->last_boot)
		kt_boots_since(boots, input->any      ? input->last_sample
				      : boots->sample ? boots->sample - 1
						      : 0);
	input->any = true;
	input->last_boot = sample->boot;
	input->last_sample = boots->sample;
}

/*
 * Files of one sample may be in several inputs, with times of the same second. Two captures with
 * ids of other boots are two samples.
 */
static bool goes_on(const struct kt_import *import, const struct kt_import_sample *first,
	const struct kt_import_sample *sample)
{
	const char *id = import->inputs.items[first->input].boot_id;
	const char *own = import->inputs.items[sample->input].boot_id;

	return sample->input != first->input && sample->ms / 1000 == first->ms / 1000 &&
	       (!id || !own || strcmp(id, own) == 0);
}

static void count_sample(struct kt_import_input *input, const struct kt_import_sample *sample)
{
	if (!input->nr_samples || sample->ms < input->first_ms)
		input->first_ms = sample->ms;
	if (!input->nr_samples || sample->ms > input->last_ms)
		input->last_ms = sample->ms;
	input->nr_samples++;
}

static struct kt_err *write_samples(struct kt_import *import, struct kt_sink *sink)
{
	const struct kt_import_sample *first = NULL;
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < import->nr_samples; i++) {
		const struct kt_import_sample *sample = &import->samples[i];
		struct kt_import_input *input = &import->inputs.items[sample->input];
		uint64_t nr_empty = input->nr_empty;

		if (!first || !goes_on(import, first, sample)) {
			err = first ? kt_sink_end(sink) : NULL;
			kt_sink_begin(sink, sample->ms, input->host);
			first = sample;
		}
		put_clues(import, sample, kt_sink_boots(sink));
		if (!err)
			err = input->kind->read(import, sample, sink);
		if (input->nr_empty == nr_empty)
			count_sample(input, sample);
	}
	if (!err && first)
		err = kt_sink_end(sink);
	return err ? err : import->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *nothing(const struct kt_import *import)
{
	const struct kt_import_input *input = import->inputs.count ? import->inputs.items : NULL;

	if (!input)
		return kt_err_new(KT_ERR_ABSENT, "no file to import");
	if (input->why && import->inputs.count == 1)
		return kt_err_new(KT_ERR_PARSE, "%s", input->why);
	return kt_err_new(KT_ERR_PARSE,
		"%s: no sample in it: neither a file of /proc that ktally knows, nor a memory "
		"report, "
		"nor output of sar, sadf or node_exporter",
		input->path);
}

struct kt_err *kt_import_run(
	struct kt_import *import, const char *const inputs[], int nr_inputs, const char *path)
{
	struct kt_sink *sink = NULL;
	struct kt_err *err = NULL;

	for (int i = 0; !err && i < nr_inputs; i++)
		err = add_path(import, inputs[i], 0);
	if (!err)
		err = find_samples(import);
	if (!err)
		err = check_host(import);
	if (!err && !import->nr_samples)
		err = nothing(import);
	if (!err)
		err = kt_sink_open(path, import->opts.force, &sink);
	if (!err)
		err = write_samples(import, sink);
	if (!err && !kt_sink_count(sink))
		err = nothing(import);
	if (!err)
		err = kt_sink_commit(
			sink, &import->nr_written, &import->nr_bytes, &import->page_bytes);
	kt_sink_free(sink);
	return err;
}

void kt_import_fini(struct kt_import *import)
{
	free(import->samples);
	kt_import_log_forget(import);
	for (size_t i = 0; i < import->inputs.count; i++)
		kt_buf_cleanup(&import->inputs.items[i].text);
	kt_arena_fini(&import->arena);
	*import = (struct kt_import){ 0 };
}
