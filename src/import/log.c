// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory reports of a kernel log: each is a sample, whose only file is its part of the log.

#include "import/kind.h"

#include "base/attr.h"
#include "base/open.h"
#include "base/searcher.h"
#include "log/record.h"
#include "root/root.h"
#include "root/stream.h"
#include "source/memreport/scan.h"
#include "source/mended.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MAX   (1u << 20) /* bytes of the log that a sample keeps */
#define CLOCK_LINE   "setting system clock to "
#define VERSION_LINE "Linux version "

/* The log whose reports were read last: undoing a disguise costs a walk over the log. */
struct kt_import_log_cache {
	const struct kt_import_input *input;
	struct kt_mended mended;
};

static struct kt_err *open_log(const struct kt_import_input *input, struct kt_stream **ret_stream)
{
	int fd;

	if (input->text.size)
		return kt_stream_of_span((struct kt_span){ input->text.data, input->text.size },
			input->path, ret_stream);
	fd = kt_open_kind(AT_FDCWD, input->path, KT_OPEN_FILE, O_RDONLY);
	return fd < 0 ? kt_err_os(errno, "%s", input->path)
		      : kt_stream_of_fd(fd, KT_STREAM_AT, input->path, ret_stream);
}

/* Undoes what was done to the log; the log itself where nothing was. */
static struct kt_err *open_mended(const struct kt_import_input *input, struct kt_mended *ret_mended,
	struct kt_stream **ret_stream)
{
	struct kt_err *err = open_log(input, ret_stream);

	if (!err)
		err = kt_mend_log(*ret_stream, ret_mended);
	kt_stream_free(*ret_stream);
	*ret_stream = NULL;
	if (err)
		return err;
	return ret_mended->mender ? kt_stream_of_span(ret_mended->text, input->path, ret_stream)
				  : open_log(input, ret_stream);
}

/* ---- time ---- */

/* "12345.678901" of a report: milliseconds since the kernel started; -1: another time. */
static int64_t since_boot(const char *time)
{
	struct kt_span rest = kt_span_trim(kt_span_str(time));
	uint64_t seconds, part;
	int64_t ms;

	kt_span_skip(&rest, "[");
	rest = kt_span_trim(rest);
	if (!kt_span_take_u64(&rest, &seconds) || seconds >= 1ull << 32 ||
		!kt_span_skip(&rest, "."))
		return -1;
	ms = (int64_t)seconds * 1000;
	if (rest.n >= 3 && kt_span_u64((struct kt_span){ rest.p, 3 }, &part))
		ms += (int64_t)part;
	return ms;
}

/* ---- boots ---- */

#define BACK_MS	 10000 /* lines of several CPUs may be out of order by less */
#define APART_MS 1000  /* between the last line of a boot and the next boot, where it is unknown */

struct boot {
	bool known;	  /* its start is */
	int64_t start_ms; /* time of the uptime 0 */
	int64_t last_ms;  /* last uptime that was seen */
};

/* A report of the machine, whose lines may be mixed with others. */
struct report {
	struct kt_import_sample sample; /* `extra`: caller */
	size_t number;			/* in the list */
	size_t first, last;		/* lines, as they are read */
	size_t boot;
	size_t dated; /* index of its date, plus one; 0: it has none */
};

struct found {
	struct kt_arena arena;
	struct kt_memreport_list list;
	KT_LIST(struct report) reports;
	KT_LIST(struct boot) boots;
	size_t boot;	 /* index of the current one */
	int64_t seen_ms; /* last uptime since it began, or since the log shows it again */
	struct kt_dated *dated;
	size_t nr_dated, nr_groups, nr_damaged;
};

static void begin_boot(struct found *found)
{
	struct boot *slot = kt_list_push(&found->arena, &found->boots);

	if (!slot)
		return;
	*slot = (struct boot){ 0 };
	found->boot = found->boots.count - 1;
	found->seen_ms = 0;
}

/* Returns the boot that a line with this uptime is of; NULL when out of memory. */
static struct boot *boot_at(struct found *found, int64_t uptime_ms)
{
	struct boot *boot;

	if (!found->boots.count || (uptime_ms >= 0 && uptime_ms < found->seen_ms - BACK_MS))
		begin_boot(found);
	if (found->arena.failed)
		return NULL;
	boot = &found->boots.items[found->boot];
	if (uptime_ms > found->seen_ms)
		found->seen_ms = uptime_ms;
	if (uptime_ms > boot->last_ms)
		boot->last_ms = uptime_ms;
	return boot;
}

static int64_t uptime_of(const struct kt_log_record *record)
{
	return record->time_us == KT_LOG_NO_TIME ? -1 : record->time_us / 1000;
}

/* "[    2.1] rtc_cmos 00:01: setting system clock to 2026-11-28T10:00:00 UTC (1795860000)" */
static void take_clock(struct found *found, struct kt_span line, const struct kt_log_record *record)
{
	struct kt_stamp_gaps gaps = { 0 };
	struct kt_stamp stamp;
	struct boot *boot;
	int64_t ms;

	line = kt_span_from(line, kt_span_find(line, CLOCK_LINE) + strlen(CLOCK_LINE));
	if (uptime_of(record) < 0 || !kt_stamp_find(line, &stamp) || stamp.form != KT_STAMP_FULL ||
		!kt_stamp_ms(&stamp, &gaps, &ms))
		return;
	boot = boot_at(found, uptime_of(record));
	if (!boot || boot->known)
		return;
	boot->known = true;
	boot->start_ms = ms - uptime_of(record);
	for (size_t i = 0; i < found->boot; i++) {
		int64_t apart_ms = found->boots.items[i].start_ms - boot->start_ms;

		/* a log that was saved several times has its boot several times */
		if (found->boots.items[i].known && apart_ms > -APART_MS && apart_ms < APART_MS)
			found->boot = i;
	}
}

/* Takes a line in which one of the words of a boot is. */
static void take_boot_line(struct found *found, struct kt_span line)
{
	struct kt_log_record record;

	kt_log_parse(line, &record);
	if (record.program)
		return;
	if (kt_span_find(line, CLOCK_LINE) < line.n)
		take_clock(found, line, &record);
	else if (kt_span_starts(record.message, VERSION_LINE) && uptime_of(&record) < BACK_MS)
		begin_boot(found);
}

/* ---- finding ---- */

/* Number of a report's first line in the text that is read, from 1. */
static size_t line_of(const struct kt_memreport *report, size_t reversed_lines)
{
	return reversed_lines ? reversed_lines + 1 - (size_t)report->line : (size_t)report->line;
}

static int by_first(const void *left, const void *right)
{
	const struct report *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Takes the reports of the machine, in the order in which they begin. */
static void take_reports(struct found *found, uint32_t index, size_t reversed_lines)
{
	for (size_t i = 0; i < found->list.reports.count; i++) {
		const struct kt_memreport *report = &found->list.reports.items[i];
		const struct kt_memreport_place *place = &found->list.places.items[i];
		struct report *slot;

		found->nr_groups += !report->machine;
		found->nr_damaged += report->machine && report->damage;
		if (!report->machine || report->damage)
			continue;
		slot = kt_list_push(&found->arena, &found->reports);
		if (!slot)
			return;
		*slot = (struct report){ .number = i,
			.first = line_of(report, reversed_lines),
			.last = place->last_line,
			.sample = { .input = index,
				.uptime_ms = -1,
				.line = (uint64_t)report->line,
				.extra = place->caller } };
	}
	if (found->reports.count)
		qsort(found->reports.items, found->reports.count, sizeof(*found->reports.items),
			by_first);
}

/* Returns the host in "Nov 28 21:05:01 host kernel: ..."; empty: the line has none. */
static struct kt_span host_of(struct kt_span line, const struct kt_log_record *record)
{
	struct kt_span rest, host, program;

	if (!record->time.n || record->time.p < line.p ||
		record->time.p + record->time.n > line.p + line.n)
		return (struct kt_span){ 0 };
	rest = kt_span_from(line, (size_t)(record->time.p + record->time.n - line.p));
	return kt_span_word(&rest, &host) && kt_span_word(&rest, &program) &&
			       kt_span_starts(program, "kernel")
		       ? host
		       : (struct kt_span){ 0 };
}

/* Takes the first line of a report, which shows its host, its uptime and its boot. */
static struct kt_err *begin_report(struct kt_import *import, struct found *found,
	struct report *report, struct kt_span line, uint64_t offset)
{
	const struct kt_memreport *about = &found->list.reports.items[report->number];
	struct kt_log_record record;

	kt_log_parse(line, &record);
	report->sample.offset = offset;
	report->sample.uptime_ms = uptime_of(&record);
	if (report->sample.uptime_ms < 0 && about->time)
		report->sample.uptime_ms = since_boot(about->time);
	if (boot_at(found, report->sample.uptime_ms))
		report->boot = found->boot;
	return kt_import_host(import, &import->inputs.items[report->sample.input],
		report->sample.line, host_of(line, &record));
}

#define OPEN_MAX 64u /* reports whose lines are mixed */

/* Finds where in the text the lines of the reports are, and the boots between them. */
static struct kt_err *place_reports(
	struct kt_import *import, struct found *found, struct kt_stream *stream)
{
	static const char *const words[] = { CLOCK_LINE, VERSION_LINE };
	struct kt_searcher search;
	struct report *open[OPEN_MAX];
	size_t at = 0, nr_open = 0, number = 0;
	struct kt_span piece, line;
	struct kt_err *err = NULL;

	kt_searcher_init(&search, words, KT_LEN(words));
	while (!err && kt_stream_next(stream, &piece)) {
		const char *from = piece.p, *hit = from + kt_searcher_find(&search, piece);

		while (!err && kt_span_line(&piece, &line)) {
			uint64_t offset = kt_stream_offset(stream) + (uint64_t)(line.p - from);
			uint64_t end =
				kt_stream_offset(stream) +
				(uint64_t)(piece.n ? piece.p - from : line.p + line.n - from);

			number++;
			if (hit < line.p + line.n) {
				take_boot_line(found, line);
				hit = piece.p + kt_searcher_find(&search, piece);
			}
			for (; !err && at < found->reports.count &&
				found->reports.items[at].first <= number;
				at++) {
				err = begin_report(
					import, found, &found->reports.items[at], line, offset);
				if (nr_open < OPEN_MAX)
					open[nr_open++] = &found->reports.items[at];
			}
			for (size_t i = 0; i < nr_open; i++) {
				open[i]->sample.size = end - open[i]->sample.offset;
				if (open[i]->last <= number)
					open[i--] = open[--nr_open];
			}
		}
	}
	if (!err && found->arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	return err ? err : kt_stream_err(stream);
}

/* ---- times ---- */

/* Finds the dates of the reports and fills their gaps. */
static struct kt_err *set_dates(
	struct kt_import *import, struct kt_import_input *input, struct found *found)
{
	struct kt_err *err;

	/* one more than needed, so that it is never 0 */
	found->dated = calloc(found->reports.count + 1, sizeof(*found->dated));
	if (!found->dated)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < found->reports.count; i++) {
		struct report *report = &found->reports.items[i];
		const char *time = found->list.reports.items[report->number].time;
		struct kt_dated *dated = &found->dated[found->nr_dated];

		dated->line = report->sample.line;
		if (time && kt_stamp_find(kt_span_str(time), &dated->stamp) &&
			dated->stamp.form <= KT_STAMP_FULL)
			report->dated = ++found->nr_dated;
	}
	err = kt_import_settle(import, input, found->dated, found->nr_dated);
	for (size_t i = 0; !err && i < found->reports.count; i++) {
		struct report *report = &found->reports.items[i];

		if (report->dated && !kt_stamp_ms(&found->dated[report->dated - 1].stamp,
					     &input->gaps, &report->sample.ms))
			report->dated = 0;
	}
	return err;
}

/*
 * Gives each boot one start, by which all its times without a date are converted: of its first
 * report with a date, else of the clock of the boot. A boot without either begins where the boot
 * before it ends, or ends where the boot after it begins.
 */
static void start_boots(struct kt_import *import, struct found *found)
{
	struct boot *boots = found->boots.items;
	size_t count = found->boots.count, first = 0;

	for (size_t i = found->reports.count; i-- > 0;) {
		const struct report *report = &found->reports.items[i];
		struct boot *boot = &boots[report->boot];

		if (!report->dated || report->sample.uptime_ms < 0)
			continue;
		boot->known = true;
		boot->start_ms = report->sample.ms - report->sample.uptime_ms;
	}
	while (first < count && !boots[first].known)
		first++;
	if (first == count && count) {
		first = 0;
		boots[0].start_ms = import->unclocked_ms;
	}
	for (size_t i = first; i-- > 0;)
		boots[i].start_ms = boots[i + 1].start_ms - boots[i].last_ms - APART_MS;
	for (size_t i = first + 1; i < count; i++) {
		if (!boots[i].known)
			boots[i].start_ms = boots[i - 1].start_ms + boots[i - 1].last_ms + APART_MS;
	}
	if (count && !boots[first].known)
		import->unclocked_ms =
			boots[count - 1].start_ms + boots[count - 1].last_ms + APART_MS;
}

/* Sets the times that have no date, and says what they rest on. */
static void set_times(struct kt_import *import, struct kt_import_input *input, struct found *found)
{
	size_t nr_guessed = 0, nr_clocked = 0;
	bool any_known = false;

	start_boots(import, found);
	for (size_t i = 0; i < found->boots.count; i++)
		any_known |= found->boots.items[i].known;
	for (size_t i = 0; i < found->reports.count; i++) {
		struct report *report = &found->reports.items[i];
		const struct boot *boot = &found->boots.items[report->boot];

		report->sample.boot = (uint32_t)report->boot;
		if (report->dated)
			continue;
		report->sample.ms = report->sample.uptime_ms < 0
					    ? -1
					    : boot->start_ms + report->sample.uptime_ms;
		nr_guessed += !boot->known;
		nr_clocked += boot->known;
	}
	input->times = !nr_guessed && !nr_clocked ? "times of the log"
		       : any_known ? "seconds since the boot and the clock of the boot"
				   : "seconds since the boot";
	if (nr_guessed && !any_known)
		kt_import_note(import,
			"%s: no line has a date; the seconds since the boot are counted from "
			"1970-01-01",
			input->path);
	else if (nr_guessed)
		kt_import_note(import,
			"%s: a boot has no line with a date; its times are counted from the end of "
			"the boot "
			"before it, or up to the boot after it",
			input->path);
}

static struct kt_err *add_reports(
	struct kt_import *import, struct kt_import_input *input, struct found *found)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < found->reports.count; i++) {
		const struct kt_import_sample *sample = &found->reports.items[i].sample;

		if (sample->ms >= 0)
			err = kt_import_add(import, sample);
		else
			kt_import_undated(input, sample->line);
	}
	if (found->nr_groups)
		kt_import_note(import,
			"%s: %zu report%s of memory cgroups left out: not of the machine",
			input->path, found->nr_groups, found->nr_groups == 1 ? "" : "s");
	if (found->nr_damaged)
		kt_import_note(import, "%s: %zu damaged report%s left out", input->path,
			found->nr_damaged, found->nr_damaged == 1 ? "" : "s");
	if (found->list.nr_dropped)
		kt_import_note(import, "%s: only the last %u reports are read", input->path,
			KT_MEMREPORTS_MAX);
	return err;
}

static struct kt_err *find_in(
	struct kt_import *import, uint32_t index, struct kt_mended *mended, struct found *found)
{
	struct kt_import_input *input = &import->inputs.items[index];
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	KT_CLEANUP(stream) struct kt_stream *again = NULL;
	struct kt_err *err = open_mended(input, mended, &stream);
	size_t reversed_lines = mended->mender ? mended->reversed_lines : 0;

	if (!err)
		err = kt_memreport_list(stream, reversed_lines, &found->arena, &found->list);
	if (!err && !found->list.reports.count)
		err = kt_err_new(KT_ERR_PARSE, "%s: no memory report in it", input->path);
	if (!err)
		err = mended->mender ? kt_stream_of_span(mended->text, input->path, &again)
				     : open_log(input, &again);
	if (err)
		return err;
	take_reports(found, index, reversed_lines);
	err = place_reports(import, found, again);
	if (!err)
		err = set_dates(import, input, found);
	if (err)
		return err;
	set_times(import, input, found);
	return add_reports(import, input, found);
}

static struct kt_err *find(struct kt_import *import, uint32_t index)
{
	struct kt_mended mended = { 0 };
	struct found found = { 0 };
	struct kt_err *err = find_in(import, index, &mended, &found);

	kt_mended_cleanup(&mended);
	free(found.dated);
	kt_arena_fini(&found.arena);
	return err;
}

/* ---- reading ---- */

void kt_import_log_forget(struct kt_import *import)
{
	if (import->log)
		kt_mended_cleanup(&import->log->mended);
	free(import->log);
	import->log = NULL;
}

static struct kt_err *mend(struct kt_import *import, const struct kt_import_input *input)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;

	if (import->log && import->log->input == input)
		return NULL;
	kt_import_log_forget(import);
	import->log = calloc(1, sizeof(*import->log));
	if (!import->log)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	import->log->input = input;
	return open_mended(input, &import->log->mended, &stream);
}

/*
 * Keeps the lines of one report: other CPUs or tasks may write between them. A line without time
 * and caller goes on with the line before it.
 */
static void keep_report(struct kt_span part, uint64_t caller, struct kt_buf *text)
{
	uint64_t current = caller;
	struct kt_span line;

	while (kt_span_line(&part, &line) && text->size + line.n < REPORT_MAX) {
		struct kt_log_record record;

		kt_log_parse(line, &record);
		if (record.time.n || record.caller)
			current = record.caller;
		if (current != caller)
			continue;
		kt_buf_add(text, line.p, line.n);
		kt_buf_puts(text, "\n");
	}
}

static struct kt_err *read(
	struct kt_import *import, const struct kt_import_sample *sample, struct kt_sink *sink)
{
	const struct kt_import_input *input = &import->inputs.items[sample->input];
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err = mend(import, input);
	struct kt_span part;

	if (!err && import->log->mended.mender) {
		part = kt_span_from(import->log->mended.text, (size_t)sample->offset);
		part.n = part.n < sample->size ? part.n : (size_t)sample->size;
	} else if (!err) {
		err = kt_lines_bytes(input, sample->offset, sample->size, &bytes);
		part = (struct kt_span){ bytes.data ? bytes.data : "", bytes.size };
	}
	if (err)
		return err;
	keep_report(part, sample->extra, &text);
	if (text.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (text.size)
		kt_sink_file(sink, KT_ROOT_MEMORY_LOG, (struct kt_span){ text.data, text.size });
	return NULL;
}

const struct kt_import_kind kt_import_log = {
	.name = "kernel log",
	.find = find,
	.read = read,
};
