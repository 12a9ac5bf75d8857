// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts whose lines have a time each, as ts(1), logger(1) and loops over lines write them. A sample
// begins with the line that the first sample begins with.

#include "base/attr.h"
#include "import/kind.h"
#include "recognise/plain.h"

#include <stdlib.h>
#include <string.h>

/* Lines with which files of the kernel begin. */
static const char *const heads[] = { "MemTotal:", "slabinfo - version", "nr_free_pages ",
	"Node 0, zone " };

#define HEAD_MAX 64u

struct walk {
	struct kt_dates dates;
	char head[HEAD_MAX]; /* the beginning of each sample's first line */
	uint64_t size;
};

/* Removes "host program[7]: " of a log daemon, and returns the host; else it is empty. */
static struct kt_span without_program(struct kt_span text, struct kt_span *ret_host)
{
	struct kt_span rest = text, host, program;

	*ret_host = (struct kt_span){ 0 };
	if (!kt_span_word(&rest, &host) || !kt_span_word(&rest, &program) ||
		kt_span_ends(host, ":") || !kt_span_ends(program, ":"))
		return text;
	*ret_host = host;
	return rest;
}

/* Returns a line without its time, and without blanks around; false: it has no time. */
static bool take_stamp(struct kt_span line, struct kt_span *ret_text, struct kt_span *ret_host,
	struct kt_stamp *ret_stamp)
{
	unsigned mends = 0;

	line = kt_plain_unquote(line, &mends);
	if (!kt_stamp_find(line, ret_stamp) || ret_stamp->form > KT_STAMP_FULL)
		return false;
	line = kt_span_from(line, ret_stamp->to);
	while (line.n && strchr(" \t]:|>-", line.p[0]))
		line = kt_span_from(line, 1);
	*ret_text = kt_span_trim(without_program(line, ret_host));
	return true;
}

/* Whether a sample begins with the line. The first line of a known file decides for all. */
static bool begins(struct walk *walk, struct kt_span text)
{
	if (*walk->head)
		return kt_span_starts(text, walk->head);
	for (size_t i = 0; i < KT_LEN(heads); i++) {
		if (kt_span_starts(text, heads[i])) {
			memcpy(walk->head, heads[i], strlen(heads[i]) + 1);
			return true;
		}
	}
	return false;
}

static struct kt_err *walk_lines(
	struct kt_import *import, struct kt_import_input *input, struct walk *walk)
{
	const char *path = input->path;
	struct kt_lines lines;
	struct kt_span line, text, host;
	struct kt_err *err = kt_lines_open(input, 0, &lines);
	bool inside = false; /* lines of the buddy allocator all begin alike */

	while (!err && kt_lines_next(&lines, &line)) {
		struct kt_dated dated = { .from = lines.from, .to = lines.to, .line = lines.line };
		bool first;

		walk->size = lines.to;
		if (!take_stamp(line, &text, &host, &dated.stamp))
			continue;
		first = begins(walk, text);
		if (first && !inside)
			err = kt_dates_add(&walk->dates, path, &dated);
		if (!err && first)
			err = kt_import_host(import, input, lines.line, host);
		inside = first;
	}
	if (!err)
		err = kt_lines_err(&lines, path);
	kt_lines_cleanup(&lines);
	return err;
}

static struct kt_err *add_samples(struct kt_import *import, uint32_t index, struct walk *walk)
{
	struct kt_import_input *input = &import->inputs.items[index];
	struct kt_err *err = kt_import_settle(import, input, walk->dates.items, walk->dates.count);

	for (size_t i = 0; !err && i < walk->dates.count; i++) {
		const struct kt_dated *one = &walk->dates.items[i];
		struct kt_import_sample sample = { .uptime_ms = -1,
			.input = index,
			.offset = one->from,
			.size = (i + 1 < walk->dates.count ? one[1].from : walk->size) - one->from,
			.line = one->line };

		if (kt_stamp_ms(&one->stamp, &input->gaps, &sample.ms) && sample.ms >= 0)
			err = kt_import_add(import, &sample);
		else
			kt_import_undated(input, one->line);
	}
	return err;
}

static struct kt_err *find(struct kt_import *import, uint32_t index)
{
	struct kt_import_input *input = &import->inputs.items[index];
	struct walk walk = { 0 };
	struct kt_err *err = walk_lines(import, input, &walk);

	input->times = "each line";
	if (!err)
		err = add_samples(import, index, &walk);
	free(walk.dates.items);
	return err;
}

static struct kt_err *read(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_sink *sink)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	KT_CLEANUP(buf) struct kt_buf plain = { 0 };
	struct kt_err *err = kt_lines_bytes(
		&import->inputs.items[sample->input], sample->offset, sample->size, &text);
	struct kt_span rest = { text.data ? text.data : "", text.size }, line;

	while (!err && kt_span_line(&rest, &line)) {
		struct kt_span host;
		struct kt_stamp stamp;

		take_stamp(line, &line, &host, &stamp);
		kt_buf_add(&plain, line.p, line.n);
		kt_buf_puts(&plain, "\n");
	}
	if (!err && plain.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err ? err
		   : kt_import_put_text(import, sample,
			     (struct kt_span){ plain.data ? plain.data : "", plain.size }, sink);
}

const struct kt_import_kind kt_import_stamped = {
	.name = "stamped lines",
	.find = find,
	.read = read,
};
