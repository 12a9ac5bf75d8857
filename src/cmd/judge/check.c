// SPDX-License-Identifier: GPL-2.0-or-later
//
// The findings as a check for Nagios, Icinga and others: one line with performance data, and the
// exit status of the gravest finding. The format is the one of the Monitoring Plugins
// (https://www.monitoring-plugins.org/doc/guidelines.html).

#include "cases/cases.h"
#include "cli/cmd.h"
#include "cmd/judge/diagnosis.h"
#include "machine/machine.h"
#include "report/findings.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 4u /* titles in the line */

enum status { IS_OK, IS_WARNING, IS_CRITICAL, IS_UNKNOWN };

static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct check_args {
	const char *recording, *cases, *ignore;
};

static enum status status_of(enum kt_severity severity)
{
	return severity == KT_SEVERITY_CRITICAL	 ? IS_CRITICAL
	       : severity == KT_SEVERITY_WARNING ? IS_WARNING
						 : IS_OK;
}

/* "growing,slab:nfs*": a part is an id or a subject of findings, or a pattern of them. */
static bool is_ignored(const struct kt_finding *finding, const char *patterns)
{
	struct kt_span rest = kt_span_str(patterns ? patterns : ""), part;
	bool more = true;
	char pattern[128];

	while (more) {
		more = kt_span_until(&rest, ',', &part);
		if (!more)
			part = rest;
		part = kt_span_trim(part);
		if (!part.n || part.n >= sizeof(pattern))
			continue;
		snprintf(pattern, sizeof(pattern), "%.*s", (int)part.n, part.p);
		if (fnmatch(pattern, finding->id, 0) == 0 ||
			fnmatch(pattern, finding->subject, 0) == 0)
			return true;
	}
	return false;
}

static size_t drop_ignored(struct kt_report *report, const char *patterns)
{
	size_t kept = 0, count = report->findings.count;

	for (size_t i = 0; i < count; i++) {
		if (!is_ignored(&report->findings.items[i], patterns))
			report->findings.items[kept++] = report->findings.items[i];
	}
	report->findings.count = kept;
	return count - kept;
}

/* ---- the line ---- */

/* A check that does less than it was set up for must not pass as if it had done it. */
static enum status judge(const struct kt_report *report, const struct kt_diagnosis *diagnosis)
{
	enum status status =
		report->findings.count ? status_of(report->findings.items[0].severity) : IS_OK;

	return status == IS_OK && diagnosis->stale ? IS_UNKNOWN : status;
}

/* A bar would begin the performance data, and the text is one line. */
static void put_text(struct kt_buf *line, const char *text)
{
	for (; *text; text++)
		kt_buf_add(line, *text == '|' || *text == '\n' ? " " : text, 1);
}

static void put_summary(struct kt_buf *line, struct kt_report *report,
	const struct kt_diagnosis *diagnosis, size_t nr_ignored)
{
	const char *healthy = kt_diagnosis_healthy(diagnosis, report);
	size_t nr_told = 0;

	for (size_t i = 0; i < report->findings.count; i++) {
		const struct kt_finding *finding = &report->findings.items[i];

		if (status_of(finding->severity) == IS_OK)
			continue;
		if (nr_told < NAMES_MAX) {
			kt_buf_puts(line, nr_told ? "; " : "");
			put_text(line, finding->title);
		}
		nr_told++;
	}
	if (nr_told > NAMES_MAX)
		kt_buf_printf(line, "; and %zu more", nr_told - NAMES_MAX);
	if (!nr_told && report->findings.count &&
		report->findings.items[0].severity == KT_SEVERITY_NOTICE)
		put_text(line, report->findings.items[0].title);
	else if (!nr_told)
		kt_buf_puts(line, healthy ? healthy : "");
	if (diagnosis->stale)
		kt_buf_printf(line, "; growth is not judged: %s ended over an hour before",
			diagnosis->recording);
	else if (!diagnosis->judged)
		kt_buf_puts(line, "; growth is not judged: there is no recording");
	if (nr_ignored)
		kt_buf_printf(line, "; %zu ignored", nr_ignored);
}

/* 'label'=value[unit];[warn];[crit];[min]: there are no thresholds, only the least value. */
static void put_bytes(struct kt_buf *line, const char *label, int64_t bytes)
{
	if (kt_known(bytes))
		kt_buf_printf(line, " %s=%lldB;;;0", label, (long long)bytes);
}

static void put_figures(
	struct kt_buf *line, const struct kt_report *report, const struct kt_diagnosis *diagnosis)
{
	size_t counts[KT_NR_SEVERITIES] = { 0 };
	int64_t stake_bytes = 0;

	for (size_t i = 0; i < report->findings.count; i++) {
		const struct kt_finding *finding = &report->findings.items[i];

		counts[finding->severity]++;
		if (status_of(finding->severity) != IS_OK && kt_known(finding->bytes) &&
			finding->bytes < KT_AMOUNT_MAX - stake_bytes)
			stake_bytes += finding->bytes;
	}
	kt_buf_puts(line, " |");
	for (int i = KT_NR_SEVERITIES - 1; i > KT_SEVERITY_INFO; i--)
		kt_buf_printf(
			line, " %s=%zu;;;0", kt_severity_name((enum kt_severity)i), counts[i]);
	put_bytes(line, "at_stake", stake_bytes);
	put_bytes(line, "kernel", diagnosis->kernel_bytes);
	/* may be below 0: see the row */
	if (kt_known(diagnosis->unattributed_bytes))
		kt_buf_printf(
			line, " unattributed=%lldB", (long long)diagnosis->unattributed_bytes);
	put_bytes(line, "available", diagnosis->available_bytes);
}

static const struct kt_column field_columns[] = {
	{ .key = "status", .flags = KT_COL_SET, .words = "ok|warning|critical|unknown" },
	{ .key = "line", .flags = KT_COL_SET, .help = "The line that text shows." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/check/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &kt_findings_part),
};

/* The line is not wrapped: programs read it. */
static void put_line(const struct kt_call *call, struct kt_report *report, enum status status,
	struct kt_buf *line)
{
	static const char *const words[] = { "ok", "warning", "critical", "unknown" };

	report->exit_status = status;
	report->arena.failed |= line->failed;
	if (line->failed || !line->data)
		return;
	kt_report_field(report, NULL, "status", KT_CELL_TEXT, kt_cell_text(words[status]));
	kt_report_field(report, NULL, "line", KT_CELL_TEXT,
		kt_cell_text(kt_arena_printf(&report->arena, "%.*s", (int)line->size, line->data)));
	if (call->show.output != &kt_output_text)
		return;
	kt_buf_puts(line, "\n");
	report->streamed = true;
	if (!line->failed)
		kt_call_write(call, line->data, line->size);
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct check_args *args = kt_call_own(call);
	const struct kt_diagnosis_options options = { .recording = args->recording,
		.cases = args->cases };
	KT_CLEANUP(buf) struct kt_buf line = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_diagnosis diagnosis;
	enum status status = IS_UNKNOWN;
	size_t nr_ignored;

	kt_report_begin(report, &shape);
	err = kt_diagnose(call, &options, report, &diagnosis);
	report->judged = true;
	if (err) {
		report->findings.count = 0;
		kt_buf_printf(&line, "KTALLY %s - ", names[status]);
		put_text(&line, kt_err_text(err));
	} else {
		nr_ignored = drop_ignored(report, args->ignore);
		status = judge(report, &diagnosis);
		kt_buf_printf(&line, "KTALLY %s - ", names[status]);
		put_summary(&line, report, &diagnosis, nr_ignored);
		put_figures(&line, report, &diagnosis);
	}
	put_line(call, report, status, &line);
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "recording", "FILE", "the recording of this machine that growth is judged by",
		.kind = KT_ARG_RECORDING, KT_AT(struct check_args, recording) },
	{ 0, "cases", "DIRECTORY", "cases of your own, in addition to " KT_CASES_DIRECTORY,
		.kind = KT_ARG_DIRECTORY, KT_AT(struct check_args, cases) },
	{ 0, "ignore", "PATTERN,...",
		"ids or subjects of findings that do not count: 'growing,slab:nfs*'",
		.kind = KT_ARG_PATTERN, KT_AT(struct check_args, ignore) },
};

static const struct kt_example examples[] = {
	{ "ktally check", "for Nagios and Icinga: 0 OK, 1 warning, 2 critical, 3 unknown" },
	{ "ktally check --ignore 'dying-cgroups,slab:nfs*'",
		"without what is known and accepted on this machine" },
	{ "ktally check -s r.rec", "the same about the machine of a recording" },
};

const struct kt_cmd kt_cmd_check = {
	.name = "check",
	.summary = "the findings for Nagios and Icinga",
	.help = "Says in one line, with performance data, whether something is wrong with the "
		"memory of a machine. The exit status is 0 (OK), 1 (warning), 2 (critical) or 3 "
		"(unknown), by the gravest finding of 'ktally diagnose'. There are no thresholds "
		"to set: growth is judged by its shape, the known cases by their own conditions. "
		"Findings of the severities info and notice are OK.\n\n"
		"Unknown means that the check could not be made, or that the recording ended over "
		"an hour before and nothing else is wrong: start 'ktally record' again. Without "
		"any recording, only one reading is checked, and the line says so. The check "
		"does not look for the holders of memory, so growth has the id growing here.\n\n"
		"Figures: findings by severity, at_stake (bytes of the findings that count), "
		"kernel, unattributed and available (bytes).",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	.error_status = IS_UNKNOWN,
	KT_OWN(struct check_args),
	.shape = &shape,
	.reads = KT_CASES_DIRECTORY,
	.run = run,
};
