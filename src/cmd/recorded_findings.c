// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/recorded_findings.h"

#include "base/open.h"
#include "diagnose/moment.h"
#include "machine/clock.h"
#include "record/recording.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD	   "ktally findings 1"
#define NR_FIELDS  12
#define FILE_BYTES 65536u
#define LEAST_MS   3600000 /* a shorter recording says little of growth */

/* ---- writing ---- */

/* A text is one field: a tab or a newline in it would begin another one. */
static void put_text(struct kt_buf *buf, const char *text)
{
	kt_buf_puts(buf, "\t");
	for (const char *p = text ? text : ""; *p; p++)
		kt_buf_add(buf, (unsigned char)*p < ' ' ? " " : p, 1);
}

static void put_number(struct kt_buf *buf, int64_t number)
{
	if (kt_known(number))
		kt_buf_printf(buf, "\t%lld", (long long)number);
	else
		kt_buf_puts(buf, "\t-");
}

void kt_recorded_write(
	const struct kt_report *report, const struct kt_recorded *recorded, struct kt_buf *ret_text)
{
	kt_buf_printf(ret_text, HEAD "\t%lld\t%lld\t%lld\n", (long long)recorded->written_ms,
		(long long)recorded->from_ms, (long long)recorded->nr_series);
	for (size_t i = 0; i < report->findings.count && i < KT_RECORDED_MAX; i++) {
		const struct kt_finding *finding = &report->findings.items[i];

		if (finding->severity == KT_SEVERITY_INFO)
			continue;
		kt_buf_puts(ret_text, kt_severity_name(finding->severity));
		put_text(ret_text, finding->id);
		put_text(ret_text, finding->state);
		put_text(ret_text, finding->subject);
		put_number(ret_text, finding->bytes);
		put_number(ret_text, finding->hourly_bytes);
		put_number(ret_text, finding->since_ms);
		put_number(ret_text, finding->short_low_s);
		put_number(ret_text, finding->short_high_s);
		put_text(ret_text, finding->title);
		put_text(ret_text, finding->remedy);
		put_text(ret_text, finding->next);
		kt_buf_puts(ret_text, "\n");
	}
}

/* ---- reading ---- */

static bool take_number(struct kt_span text, int64_t *ret_number)
{
	*ret_number = KT_UNKNOWN;
	return kt_span_eq(text, "-") ||
	       (kt_span_i64(text, ret_number) && *ret_number > -KT_AMOUNT_MAX &&
		       *ret_number < KT_AMOUNT_MAX);
}

static bool take_severity(struct kt_span text, enum kt_severity *ret_severity)
{
	for (int i = 0; i < KT_NR_SEVERITIES; i++) {
		*ret_severity = (enum kt_severity)i;
		if (kt_span_eq(text, kt_severity_name(*ret_severity)))
			return true;
	}
	return false;
}

/* Takes the fields of a line; false: it has another number of them. */
static bool split(struct kt_span line, struct kt_span *fields, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++) {
		if (!kt_span_until(&line, '\t', &fields[i]))
			return false;
	}
	fields[count - 1] = line;
	return memchr(line.p, '\t', line.n) == NULL;
}

static const char *name_of(struct kt_report *report, struct kt_span text)
{
	return text.n ? kt_arena_name(&report->arena, text) : NULL;
}

static bool put_finding(struct kt_report *report, struct kt_span line)
{
	struct kt_finding read = { 0 }, *finding;
	struct kt_span fields[NR_FIELDS];
	const char *texts[3];

	if (!split(line, fields, NR_FIELDS) || !take_severity(fields[0], &read.severity) ||
		!fields[1].n || !fields[3].n || !fields[9].n ||
		!take_number(fields[4], &read.bytes) ||
		!take_number(fields[5], &read.hourly_bytes) ||
		!take_number(fields[6], &read.since_ms) ||
		!take_number(fields[7], &read.short_low_s) ||
		!take_number(fields[8], &read.short_high_s))
		return false;
	for (size_t i = 0; i < 3; i++)
		texts[i] = kt_arena_name(&report->arena, fields[i + 1]);
	finding = kt_report_finding(report, texts[0], read.severity, texts[1], texts[2]);
	if (!finding)
		return false;
	finding->bytes = read.bytes;
	finding->hourly_bytes = read.hourly_bytes;
	finding->since_ms = read.since_ms;
	finding->short_low_s = read.short_low_s;
	finding->short_high_s = read.short_high_s;
	finding->title = kt_arena_name(&report->arena, fields[9]);
	finding->remedy = name_of(report, fields[10]);
	finding->next = name_of(report, fields[11]);
	return true;
}

bool kt_recorded_parse(
	struct kt_span text, struct kt_report *report, struct kt_recorded *ret_recorded)
{
	size_t before = report->findings.count;
	struct kt_span line, fields[4];

	if (!kt_span_line(&text, &line) || !split(line, fields, 4) ||
		!kt_span_eq(fields[0], HEAD) ||
		!take_number(fields[1], &ret_recorded->written_ms) ||
		!take_number(fields[2], &ret_recorded->from_ms) ||
		!take_number(fields[3], &ret_recorded->nr_series))
		return false;
	while (kt_span_line(&text, &line)) {
		if (put_finding(report, line) && report->findings.count - before <= KT_RECORDED_MAX)
			continue;
		report->findings.count = before;
		return false;
	}
	return true;
}

bool kt_recorded_read(const char *recording, int64_t now_ms, struct kt_report *report,
	struct kt_recorded *ret_recorded)
{
	char path[4096], text[FILE_BYTES];
	size_t before = report->findings.count;
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "%s" KT_RECORDED_SUFFIX, recording) >= (int)sizeof(path))
		return false;
	fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n <= 0 || (size_t)n == sizeof(text) ||
		!kt_recorded_parse((struct kt_span){ text, (size_t)n }, report, ret_recorded))
		return false;
	if (ret_recorded->written_ms <= now_ms + KT_RECORDED_EVERY_MS &&
		now_ms - ret_recorded->written_ms <= KT_RECORDED_FRESH_MS)
		return true;
	report->findings.count = before;
	return false;
}

bool kt_recorded_now(const struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_report *report, struct kt_recorded *ret_recorded)
{
	bool judged = snap->host.live && kt_recorded_read(KT_RECORDING_DEFAULT, kt_clock_time_ms(),
						 report, ret_recorded);

	if (!judged)
		kt_moment_put(report, snap, account);
	kt_findings_rank(report);
	return judged;
}

static const char *span_of(struct kt_report *report, int64_t ms)
{
	long long minutes = ms / 60000;

	if (minutes < 120)
		return kt_arena_printf(&report->arena, "%lld min", minutes);
	if (minutes < 2880)
		return kt_arena_printf(&report->arena, "%lld h", minutes / 60);
	return kt_arena_printf(&report->arena, "%lld days", minutes / 1440);
}

const char *kt_recorded_headline(struct kt_report *report, const struct kt_recorded *recorded)
{
	const struct kt_finding *first = report->findings.items;
	size_t nr_grave = 0;
	const char *span;

	while (nr_grave < report->findings.count && first[nr_grave].severity >= KT_SEVERITY_WARNING)
		nr_grave++;
	if (nr_grave > 1)
		return kt_arena_printf(&report->arena, "%s: %s; %zu more: ktally diagnose",
			kt_severity_name(first->severity), first->title, nr_grave - 1);
	if (nr_grave)
		return kt_arena_printf(&report->arena, "%s: %s: ktally diagnose",
			kt_severity_name(first->severity), first->title);
	span = recorded ? span_of(report, recorded->written_ms - recorded->from_ms) : NULL;
	if (!span)
		return NULL;
	if (recorded->written_ms - recorded->from_ms < LEAST_MS)
		return kt_arena_printf(&report->arena,
			"nothing is wrong so far: growth shows after an hour, and the recorder "
			"has %s",
			span);
	return kt_arena_printf(&report->arena,
		"nothing is wrong: the recorder has judged %lld caches and rows over %s",
		(long long)recorded->nr_series, span);
}
