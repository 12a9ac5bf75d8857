// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts with dates: a line with the time, then any files that src/recognise finds, or the files
// first. A text without times has the time in its name, or at least the time of its file.

#include "import/kind.h"

#include "base/kernel_files.h"
#include "recognise/plain.h"
#include "recognise/recognise.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

/* How much a line looks like the time of a sample; only the best lines of a text count. */
enum rank { RANK_NONE, RANK_DATE, RANK_UPTIME, RANK_CLOCK, RANK_LOOSE, RANK_ALONE };

#define LOOSE_MAX 65536u /* times with other words on their line; more are of a log */

struct finder {
	struct kt_dates dates;
	enum rank rank;
	uint64_t size;	   /* bytes of the text */
	uint64_t nr_lines; /* with text */
	uint64_t nr_times; /* of the rank, listed or not */
	bool has_reports;  /* it has memory reports of the kernel */
};

static enum rank rank_of(struct kt_span line, const struct kt_stamp *stamp)
{
	struct kt_span after = kt_span_from(line, stamp->to);

	if (stamp->form == KT_STAMP_EPOCH)
		return stamp->alone ? RANK_ALONE : RANK_NONE;
	if (stamp->form == KT_STAMP_FULL)
		return stamp->alone ? RANK_ALONE : RANK_LOOSE;
	if (stamp->form == KT_STAMP_DATE)
		return stamp->alone ? RANK_DATE : RANK_NONE;
	if (stamp->alone)
		return RANK_CLOCK;
	return kt_span_starts(after, " up ") ? RANK_UPTIME : RANK_NONE;
}

/* ---- finding ---- */

static struct kt_err *add_time(
	const char *path, struct finder *finder, const struct kt_dated *dated)
{
	finder->nr_times++;
	if (finder->dates.count == LOOSE_MAX && finder->rank == RANK_LOOSE)
		return NULL; /* each line of a long log has one */
	return kt_dates_add(&finder->dates, path, dated);
}

/* Old kernels write "Mem-info:". */
static bool begins_report(struct kt_span line)
{
	line = kt_span_from(line, kt_span_find(line, "Mem-"));
	return kt_span_starts(line, "Mem-Info:") || kt_span_starts(line, "Mem-info:");
}

static struct kt_err *find_times(const struct kt_import_input *input, struct finder *finder)
{
	const char *path = input->path;
	struct kt_lines lines;
	struct kt_span line;
	struct kt_err *err = kt_lines_open(input, 0, &lines);

	while (!err && kt_lines_next(&lines, &line)) {
		struct kt_dated dated = { .from = lines.from, .to = lines.to, .line = lines.line };
		unsigned mends = 0;
		enum rank rank;

		finder->size = lines.to;
		if (!line.n)
			continue;
		finder->nr_lines++;
		finder->has_reports |= begins_report(line);
		line = kt_plain_unquote(line, &mends);
		if (!kt_stamp_find(line, &dated.stamp))
			continue;
		rank = rank_of(line, &dated.stamp);
		if (rank > finder->rank) {
			finder->rank = rank;
			finder->dates.count = finder->nr_times = 0;
		}
		dated.uptime_ms = rank == RANK_UPTIME ? kt_boots_uptime_of(line) : -1;
		if (rank && rank == finder->rank)
			err = add_time(path, finder, &dated);
	}
	if (!err)
		err = kt_lines_err(&lines, path);
	kt_lines_cleanup(&lines);
	return err;
}

/* Whether there is a file of the kernel between two places of the text. */
static struct kt_err *has_files(
	const struct kt_import_input *input, uint64_t from, uint64_t to, bool *ret_has)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	KT_CLEANUP(recogniser) struct kt_recogniser *recogniser = NULL;
	KT_CLEANUP(buf) struct kt_buf meminfo = { 0 };
	struct kt_buf vmstat = { 0 }, slabinfo = { 0 };
	uint64_t nr_lines;
	size_t count = 0;
	struct kt_err *err;

	*ret_has = false;
	if (from >= to)
		return NULL;
	err = kt_lines_bytes(input, from, to - from, &text);
	if (!err)
		err = kt_recogniser_new(&recogniser);
	if (err)
		return err;
	kt_recogniser_take(recogniser, (struct kt_span){ text.data, text.size });
	err = kt_recogniser_end(recogniser);
	if (!err)
		kt_recogniser_files(recogniser, &count);
	*ret_has = count > 0 || kt_exporter_take((struct kt_span){ text.data, text.size }, &meminfo,
					&vmstat, &slabinfo, &nr_lines);
	if (!err && (meminfo.failed || vmstat.failed || slabinfo.failed))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_buf_cleanup(&vmstat);
	kt_buf_cleanup(&slabinfo);
	return err;
}

/*
 * Times are before their samples unless the text begins with a sample and ends with a time.
 * `ret_first`: there are files before the first time.
 */
static struct kt_err *find_side(const struct kt_import_input *input, const struct finder *finder,
	bool *ret_after, bool *ret_first)
{
	const struct kt_dated *first = &finder->dates.items[0];
	const struct kt_dated *last = &finder->dates.items[finder->dates.count - 1];
	bool at_end = false;
	struct kt_err *err = has_files(input, 0, first->from, ret_first);

	if (!err && *ret_first)
		err = has_files(input, last->to, finder->size, &at_end);
	*ret_after = *ret_first && !at_end;
	return err;
}

static struct kt_err *add_sections(
	struct kt_import *import, uint32_t index, const struct finder *finder, bool after)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < finder->dates.count; i++) {
		const struct kt_dated *one = &finder->dates.items[i];
		const struct kt_dated *other = after ? one - 1 : one + 1;
		bool edge = after ? !i : i + 1 == finder->dates.count;
		struct kt_import_sample sample = {
			.ms = one->ms, .uptime_ms = one->uptime_ms, .input = index
		};

		sample.offset = after ? (edge ? 0 : other->to) : one->to;
		sample.size = (after	     ? one->from
				      : edge ? finder->size
					     : other->from) -
			      sample.offset;
		sample.line = after ? (edge ? 1 : other->line + 1) : one->line + 1;
		err = kt_import_add(import, &sample);
	}
	return err;
}

static struct kt_err *place_times(
	struct kt_import *import, struct kt_import_input *input, struct finder *finder)
{
	struct kt_err *err =
		kt_import_settle(import, input, finder->dates.items, finder->dates.count);
	size_t count = 0;

	for (size_t i = 0; !err && i < finder->dates.count; i++) {
		struct kt_dated *one = &finder->dates.items[i];

		if (!kt_stamp_ms(&one->stamp, &input->gaps, &one->ms) || one->ms < 0) {
			kt_import_unread(
				import, input, one->line, KT_SPAN("a date that no month has"));
			continue;
		}
		finder->dates.items[count++] = *one;
	}
	finder->dates.count = count;
	return err;
}

/* The text as one sample, at the time that its name or its file has. */
static struct kt_err *add_whole(
	struct kt_import *import, uint32_t index, const struct finder *finder)
{
	struct kt_import_input *input = &import->inputs.items[index];
	struct kt_import_sample sample = { .ms = input->file_ms,
		.uptime_ms = -1,
		.size = finder->size,
		.line = 1,
		.input = index };
	struct kt_dated dated = { .line = 1 };
	struct kt_err *err;

	input->times = "time of the file";
	if (!kt_stamp_of_name(kt_span_str(input->path), &dated.stamp))
		return kt_import_add(import, &sample);
	err = kt_import_settle(import, input, &dated, 1);
	if (!err && kt_stamp_ms(&dated.stamp, &input->gaps, &sample.ms))
		input->times = "name of the file";
	return err ? err : kt_import_add(import, &sample);
}

/* The kind that the lines show; NULL: a text with times on lines of their own, or without. */
static const struct kt_import_kind *other_kind(const struct finder *finder)
{
	if (finder->has_reports && finder->rank != RANK_ALONE)
		return &kt_import_log;
	if (finder->rank == RANK_LOOSE &&
		(finder->nr_times > finder->nr_lines / 2 || finder->nr_times > finder->dates.count))
		return &kt_import_stamped;
	return NULL;
}

static struct kt_err *find(struct kt_import *import, uint32_t index)
{
	struct kt_import_input *input = &import->inputs.items[index];
	const struct kt_import_kind *other;
	struct finder finder = { 0 };
	struct kt_stamp day;
	bool after = false, before_first = false;
	struct kt_err *err = find_times(input, &finder);

	if (!err && (other = other_kind(&finder))) {
		free(finder.dates.items);
		input->kind = other;
		input->what = other->name;
		return other->find(import, index);
	}
	if (!err && kt_stamp_of_name(kt_span_str(input->path), &day) &&
		day.form != KT_STAMP_EPOCH) {
		day.clock_ms = 0;
		day.zone = KT_ZONE_MISSING;
		if (!kt_stamp_ms(&day, &input->gaps, &input->gaps.day_ms))
			input->gaps.day_ms = 0;
	}
	if (!err && finder.dates.count)
		err = place_times(import, input, &finder);
	if (!err && finder.dates.count)
		err = find_side(input, &finder, &after, &before_first);
	if (!err && finder.dates.count) {
		input->times = after ? "lines after the samples" : "lines before the samples";
		if (before_first && !after)
			kt_import_undated(input, 1);
		err = add_sections(import, index, &finder, after);
	} else if (!err)
		err = add_whole(import, index, &finder);
	free(finder.dates.items);
	return err;
}

/* ---- reading ---- */

/* Keeps the first lines that belong to no file. */
static void keep_examples(struct kt_import *import, struct kt_import_input *input,
	struct kt_span text, uint64_t line_at, const struct kt_recognised *files, size_t count)
{
	struct kt_span line;
	uint64_t number = 0;
	size_t at = 0;

	while (input->nr_examples < KT_IMPORT_EXAMPLES && kt_span_line(&text, &line)) {
		number++;
		while (at < count && files[at].last < number)
			at++;
		if ((at < count && number >= files[at].first) || !kt_span_trim(line).n ||
			kt_span_starts(line, "node_") || kt_span_starts(line, "#"))
			continue;
		input->nr_unread--; /* it was counted with the others */
		kt_import_unread(import, input, line_at + number - 1, line);
	}
}

static void put_text(struct kt_sink *sink, const char *path, const struct kt_buf *text)
{
	if (text->size)
		kt_sink_file(sink, path, (struct kt_span){ text->data, text->size });
}

/* Returns the lines that are metrics of node_exporter, and hands over what they say. */
static struct kt_err *put_metrics(struct kt_span text, struct kt_sink *sink, uint64_t *ret_nr_lines)
{
	KT_CLEANUP(buf) struct kt_buf meminfo = { 0 };
	KT_CLEANUP(buf) struct kt_buf vmstat = { 0 };
	KT_CLEANUP(buf) struct kt_buf slabinfo = { 0 };

	*ret_nr_lines = 0;
	if (!kt_exporter_take(text, &meminfo, &vmstat, &slabinfo, ret_nr_lines))
		return NULL;
	if (meminfo.failed || vmstat.failed || slabinfo.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_text(sink, KT_FILE_MEMINFO, &meminfo);
	put_text(sink, KT_FILE_VMSTAT, &vmstat);
	put_text(sink, KT_FILE_SLABINFO, &slabinfo);
	return NULL;
}

/* A second file of a path has no time of its own, unless the first one is not whole. */
static uint64_t put_files(struct kt_import_input *input, const struct kt_import_sample *sample,
	struct kt_recognised *files, size_t count, struct kt_sink *sink)
{
	uint64_t nr_files = 0;

	for (size_t i = 0; i < count; i++) {
		if (files[i].path && !files[i].used && files[i].whole) {
			kt_import_undated(input, sample->line + files[i].first - 1);
			continue;
		}
		if (!files[i].used)
			continue;
		put_text(sink, files[i].path, &files[i].text);
		nr_files++;
	}
	return nr_files;
}

/*
 * Leaves out a list that ends where the text was cut, because objects after the cut would look like
 * objects that no longer exist. A meminfo has a name in each line and needs no end.
 */
static void drop_cut(struct kt_import *import, const struct kt_import_sample *sample,
	struct kt_span text, uint64_t nr_lines, struct kt_recognised *files, size_t count)
{
	const struct kt_import_input *input = &import->inputs.items[sample->input];
	struct kt_recognised *last = count ? &files[count - 1] : NULL;
	bool is_cut = text.n && text.p[text.n - 1] != '\n';

	if (!last || !last->used || !is_cut || last->last + 1 < nr_lines ||
		strcmp(last->path, KT_FILE_MEMINFO) == 0)
		return;
	last->used = last->whole = false;
	kt_import_note(import, "%s: line %llu: the text ends inside of %s, which is left out",
		input->path, (unsigned long long)(sample->line + nr_lines - 1), last->name);
}

/* Files that only a title names are what sources read, and the boot's id. */
static const char *wanted(const char *path)
{
	return strcmp(path, KT_FILE_BOOT_ID) == 0 ? path : kt_source_inside(path);
}

/* Looks at all lines of a sample for what shows its machine and its boot. */
static struct kt_err *take_lines(struct kt_import *import, const struct kt_import_sample *sample,
	struct kt_span text, struct kt_boots *boots)
{
	struct kt_import_input *input = &import->inputs.items[sample->input];
	uint64_t number = sample->line;
	struct kt_err *err = NULL;
	struct kt_span line, name;

	for (; !err && kt_span_line(&text, &line); number++) {
		line = kt_span_trim(line);
		kt_boots_line(boots, line);
		if (number == sample->line)
			kt_import_first_line(import, input, number, line);
		if (kt_import_host_of(line, &name))
			err = kt_import_host(import, input, number, name);
	}
	return err;
}

struct kt_err *kt_import_put_text(struct kt_import *import, const struct kt_import_sample *sample,
	struct kt_span text, struct kt_sink *sink)
{
	struct kt_import_input *input = &import->inputs.items[sample->input];
	KT_CLEANUP(recogniser) struct kt_recogniser *recogniser = NULL;
	struct kt_recognised *files;
	uint64_t nr_lines, nr_foreign;
	size_t count;
	struct kt_err *err = kt_recogniser_new(&recogniser);

	if (err)
		return err;
	kt_recogniser_titles(recogniser, wanted, NULL);
	kt_recogniser_take(recogniser, text);
	err = kt_recogniser_end(recogniser);
	if (!err)
		err = put_metrics(text, sink, &nr_lines);
	if (err)
		return err;
	files = kt_recogniser_files(recogniser, &count);
	drop_cut(import, sample, text, kt_recogniser_lines(recogniser), files, count);
	if (!put_files(input, sample, files, count, sink) && !nr_lines)
		input->nr_empty++;
	err = take_lines(import, sample, text, kt_sink_boots(sink));
	if (err)
		return err;
	nr_foreign = kt_recogniser_foreign(recogniser);
	input->nr_unread += nr_foreign > nr_lines ? nr_foreign - nr_lines : 0;
	if (nr_foreign > nr_lines)
		keep_examples(import, input, text, sample->line, files, count);
	if (sample->size > KT_IMPORT_SAMPLE_MAX)
		kt_import_note(import,
			"%s: line %llu: a sample of more than %u MiB; the rest of it was not read",
			input->path, (unsigned long long)sample->line, KT_IMPORT_SAMPLE_MAX >> 20);
	return NULL;
}

static struct kt_err *read(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_sink *sink)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err = kt_lines_bytes(
		&import->inputs.items[sample->input], sample->offset, sample->size, &text);

	return err ? err
		   : kt_import_put_text(import, sample,
			     (struct kt_span){ text.data ? text.data : "", text.size }, sink);
}

const struct kt_import_kind kt_import_text = {
	.name = "text",
	.find = find,
	.read = read,
};
