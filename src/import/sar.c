// SPDX-License-Identifier: GPL-2.0-or-later
//
// Output of "sar -r" and "sar -r ALL" as text, and of "sadf -d": a header that is repeated, a row
// for each sample. The date is in the first line; each row of sar has only the time of day.

#include "base/kernel_files.h"
#include "import/kind.h"
#include "import/sysstat.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS	86400000ll
#define HOUR_MS 3600000ll

static bool is(struct kt_span head)
{
	return kt_span_find(head, "kbmemfree") < head.n;
}

struct walk {
	struct kt_import *import;
	uint32_t index, boot;
	struct kt_stamp date; /* of the last first line */
	bool dated, any;
	int64_t clock_ms, day_ms; /* last time of day; days since the first line */
	uint64_t header, line;
	struct kt_dates dates; /* `ms`: days since the date in the first line */
};

/* "Linux 6.1.0-13-amd64 (host)   11/28/2026   _x86_64_   (2 CPU)" */
static void take_first_line(struct walk *walk, struct kt_span line)
{
	struct kt_import_input *input = &walk->import->inputs.items[walk->index];
	struct kt_span host, rest = line;

	walk->dated = kt_stamp_find(kt_span_from(line, kt_span_find(line, ")") + 1), &walk->date) &&
		      walk->date.form == KT_STAMP_DATE;
	walk->any = false;
	walk->day_ms = 0;
	walk->header = UINT64_MAX;
	if (!input->host && kt_span_until(&rest, '(', &host) && kt_span_until(&rest, ')', &host))
		input->host = kt_arena_name(&walk->import->arena, host);
}

static struct kt_err *add_row(
	struct walk *walk, const struct kt_lines *lines, const struct kt_stamp *stamp)
{
	const struct kt_dated dated = { .from = lines->from,
		.to = lines->to,
		.line = lines->line,
		.stamp = *stamp,
		.ms = walk->day_ms,
		.extra = walk->header,
		.boot = walk->boot };

	return kt_dates_add(&walk->dates, walk->import->inputs.items[walk->index].path, &dated);
}

/* Makes a time of the first line's date and the time of day of a row. */
static bool time_of_row(struct walk *walk, struct kt_span line, struct kt_stamp *ret_stamp)
{
	struct kt_stamp clock;

	if (!kt_stamp_find(line, &clock) || clock.from || clock.form != KT_STAMP_CLOCK)
		return false;
	if (walk->any && clock.clock_ms < walk->clock_ms - HOUR_MS)
		walk->day_ms += DAY_MS;
	walk->clock_ms = clock.clock_ms;
	walk->any = true;
	*ret_stamp = clock;
	if (walk->dated) {
		*ret_stamp = walk->date;
		ret_stamp->form = KT_STAMP_FULL;
		ret_stamp->clock_ms = clock.clock_ms;
		ret_stamp->to = clock.to;
	}
	return true;
}

/* The first word after the time of day. */
static struct kt_span after_time(struct kt_span line, size_t to)
{
	return kt_span_trim(kt_span_from(line, to));
}

static struct kt_err *take_line(
	struct walk *walk, const struct kt_lines *lines, struct kt_span line)
{
	struct kt_import_input *input = &walk->import->inputs.items[walk->index];
	struct kt_stamp stamp;
	struct kt_span rest;

	if (!line.n || kt_span_starts(line, "Average:"))
		return NULL;
	if (kt_span_starts(line, "Linux ")) {
		take_first_line(walk, line);
		return NULL;
	}
	if (kt_span_starts(line, "# hostname;")) {
		walk->header = kt_span_find(line, ";kbmemfree") < line.n ? lines->from : UINT64_MAX;
		return NULL;
	}
	if (kt_span_find(line, ";") < line.n) {
		if (kt_span_find(line, "LINUX-RESTART") < line.n)
			walk->boot++;
		else if (walk->header != UINT64_MAX && kt_stamp_find(line, &stamp) &&
			 (stamp.form == KT_STAMP_FULL || stamp.form == KT_STAMP_EPOCH))
			return add_row(walk, lines, &stamp);
		return NULL;
	}
	if (!time_of_row(walk, line, &stamp)) {
		kt_import_unread(walk->import, input, lines->line, line);
		return NULL;
	}
	rest = after_time(line, stamp.to);
	if (kt_span_starts(rest, "LINUX RESTART"))
		walk->boot++;
	else if (kt_span_find(rest, "kb") < rest.n || kt_span_find(rest, "/s") < rest.n ||
		 kt_span_find(rest, "%") < rest.n)
		walk->header = kt_span_starts(rest, "kbmemfree") ? lines->from : UINT64_MAX;
	else if (walk->header != UINT64_MAX)
		return add_row(walk, lines, &stamp);
	else
		kt_import_unread(walk->import, input, lines->line, line);
	return NULL;
}

static struct kt_err *add_samples(struct walk *walk)
{
	struct kt_import *import = walk->import;
	struct kt_import_input *input = &import->inputs.items[walk->index];
	size_t count = walk->dates.count;
	int64_t *days = calloc(count + 1, sizeof(*days));
	struct kt_err *err;

	if (!days)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		days[i] = walk->dates.items[i].stamp.form == KT_STAMP_FULL ? walk->dates.items[i].ms
									   : 0;
	err = kt_import_settle(import, input, walk->dates.items, count);
	for (size_t i = 0; !err && i < count; i++) {
		const struct kt_dated *one = &walk->dates.items[i];
		struct kt_import_sample sample = { .uptime_ms = -1,
			.input = walk->index,
			.offset = one->from,
			.size = one->to - one->from,
			.line = one->line,
			.extra = one->extra,
			.boot = one->boot };

		if (!kt_stamp_ms(&one->stamp, &input->gaps, &sample.ms)) {
			kt_import_undated(input, one->line);
			continue;
		}
		sample.ms += days[i];
		err = kt_import_add(import, &sample);
	}
	free(days);
	return err;
}

static struct kt_err *find(struct kt_import *import, uint32_t index)
{
	struct kt_import_input *input = &import->inputs.items[index];
	struct walk walk = { .import = import, .index = index, .header = UINT64_MAX };
	struct kt_lines lines;
	struct kt_span line;
	struct kt_err *err = kt_lines_open(input, 0, &lines);

	input->times = "its rows";
	while (!err && kt_lines_next(&lines, &line))
		err = take_line(&walk, &lines, kt_span_trim(line));
	if (!err)
		err = kt_lines_err(&lines, input->path);
	kt_lines_cleanup(&lines);
	if (!err && !walk.dates.count)
		err = kt_err_new(KT_ERR_PARSE, "%s: a table of sar without rows", input->path);
	if (!err)
		err = add_samples(&walk);
	free(walk.dates.items);
	return err;
}

/* ---- reading ---- */

/* Takes the next word, or the next field of a line that ';' divides. */
static bool take_word(struct kt_span *rest, bool divided, struct kt_span *ret_word)
{
	if (!divided)
		return kt_span_word(rest, ret_word);
	if (!rest->n)
		return false;
	if (!kt_span_until(rest, ';', ret_word)) {
		*ret_word = *rest;
		*rest = (struct kt_span){ 0 };
	}
	return true;
}

static void put_row(struct kt_span names, struct kt_span numbers, struct kt_sysstat *values)
{
	bool divided = kt_span_find(names, ";") < names.n;
	struct kt_span name, number;
	struct kt_stamp stamp;

	if (!divided) {
		if (kt_stamp_find(names, &stamp))
			names = kt_span_from(names, stamp.to);
		if (kt_stamp_find(numbers, &stamp))
			numbers = kt_span_from(numbers, stamp.to);
	}
	while (take_word(&names, divided, &name) && take_word(&numbers, divided, &number))
		kt_sysstat_take(values, name, number);
}

static struct kt_err *read(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_sink *sink)
{
	const struct kt_import_input *input = &import->inputs.items[sample->input];
	KT_CLEANUP(buf) struct kt_buf head = { 0 };
	KT_CLEANUP(buf) struct kt_buf row = { 0 };
	struct kt_span rest, names, numbers;
	struct kt_sysstat values;
	struct kt_err *err = kt_lines_bytes(input, sample->extra, 4096, &head);

	if (!err)
		err = kt_lines_bytes(input, sample->offset, sample->size, &row);
	if (err)
		return err;
	rest = (struct kt_span){ head.data, head.size };
	numbers = kt_span_trim((struct kt_span){ row.data, row.size });
	kt_sysstat_init(&values);
	if (kt_span_line(&rest, &names))
		put_row(kt_span_trim(names), numbers, &values);
	return kt_sysstat_put(&values, import, sample, sink);
}

const struct kt_import_kind kt_import_sar = {
	.name = "sar",
	.is = is,
	.find = find,
	.read = read,
};
