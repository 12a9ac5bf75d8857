// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/findings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVIDENCE_MAX_BYTES 512
#define DAY_S		   86400ll
#define FAR_DAYS	   365 /* a later time says nothing */

static const char *const severities[KT_NR_SEVERITIES] = {
	[KT_SEVERITY_INFO] = "info",
	[KT_SEVERITY_NOTICE] = "notice",
	[KT_SEVERITY_WARNING] = "warning",
	[KT_SEVERITY_CRITICAL] = "critical",
};

const char *kt_severity_name(enum kt_severity severity)
{
	return severities[severity];
}

static const struct kt_column columns[KT_FINDING_COLUMNS] = {
	{ .key = "id",
		.flags = KT_COL_SET | KT_COL_LABEL,
		.pattern = "^[a-z0-9-]+$",
		.help = "Name of the case, else the state in one word." },
	{ .key = "severity",
		.flags = KT_COL_SET | KT_COL_LABEL,
		.words = "info|notice|warning|critical" },
	{ .key = "state", .flags = KT_COL_SET | KT_COL_LABEL },
	{ .key = "subject",
		.flags = KT_COL_SET | KT_COL_LABEL,
		.help = "A row of the account, or a series: slab:dentry." },
	{ .key = "title", .flags = KT_COL_SET },
	{ .key = "confidence", .type = KT_CELL_SHARE, .max = 1 },
	{ .key = "bytes", .type = KT_CELL_BYTES, .help = "At stake." },
	{ .key = "hourly_bytes", .type = KT_CELL_BYTES, .help = "Growth." },
	{ .key = "since_ms", .type = KT_CELL_COUNT, .help = "Milliseconds since 1970." },
	{ .key = "short_low_s",
		.type = KT_CELL_COUNT,
		.help = "Seconds until memory is short, at the earliest." },
	{ .key = "short_high_s", .type = KT_CELL_COUNT, .help = "At the latest." },
	{ .key = "culprit" },
	{ .key = "remedy" },
	{ .key = "costs", .help = "How the remedy disturbs the machine." },
	{ .key = "next", .help = "A command that says more." },
	{ .key = "reference", .help = "Address of a public report of the case." },
	{ .key = "floors_step_s", .type = KT_CELL_COUNT, .help = "Seconds between two floors." },
};

const struct kt_part kt_findings_part = {
	.key = "findings",
	.kind = KT_PART_FINDINGS,
	KT_COLUMNS_OF(columns),
	.help = "Gravest first; empty if there are none.",
};

void kt_finding_cells(
	const struct kt_finding *finding, struct kt_cell ret_cells[KT_FINDING_COLUMNS])
{
	const struct kt_cell cells[KT_FINDING_COLUMNS] = {
		kt_cell_text(finding->id),
		kt_cell_text(kt_severity_name(finding->severity)),
		kt_cell_text(finding->state),
		kt_cell_text(finding->subject),
		kt_cell_text(finding->title),
		isnan(finding->confidence) ? kt_cell_missing(KT_ABSENT, NULL)
					   : kt_cell_real(finding->confidence),
		kt_cell_known(finding->bytes),
		kt_cell_known(finding->hourly_bytes),
		kt_cell_known(finding->since_ms),
		kt_cell_known(finding->short_low_s),
		kt_cell_known(finding->short_high_s),
		kt_cell_text(finding->culprit),
		kt_cell_text(finding->remedy),
		kt_cell_text(finding->costs),
		kt_cell_text(finding->next),
		kt_cell_text(finding->reference),
		finding->chart.bytes.count ? kt_cell_number(finding->chart.step_s)
					   : kt_cell_missing(KT_ABSENT, NULL),
	};

	memcpy(ret_cells, cells, sizeof(cells));
}

struct kt_finding *kt_report_finding(struct kt_report *report, const char *id,
	enum kt_severity severity, const char *state, const char *subject)
{
	struct kt_finding *finding = kt_list_push(&report->arena, &report->findings);

	if (finding)
		*finding = (struct kt_finding){
			.id = id,
			.severity = severity,
			.state = state,
			.subject = subject,
			.confidence = NAN,
			.bytes = KT_UNKNOWN,
			.hourly_bytes = KT_UNKNOWN,
			.since_ms = KT_UNKNOWN,
			.short_low_s = KT_UNKNOWN,
			.short_high_s = KT_UNKNOWN,
		};
	return finding;
}

void kt_finding_evidence(struct kt_report *report, struct kt_finding *finding, const char *fmt, ...)
{
	const char **slot = kt_list_push(&report->arena, &finding->evidence);
	char text[EVIDENCE_MAX_BYTES];
	va_list args;

	if (!slot)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	*slot = kt_arena_name(&report->arena, kt_span_str(text));
}

/* Positive: `b` comes first. */
static int compare(const void *left, const void *right)
{
	const struct kt_finding *a = left, *b = right;
	int64_t a_s = kt_known(a->short_low_s) ? a->short_low_s : INT64_MAX;
	int64_t b_s = kt_known(b->short_low_s) ? b->short_low_s : INT64_MAX;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->severity >= KT_SEVERITY_WARNING && a_s != b_s)
		return a_s < b_s ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return strcmp(a->id, b->id) ? strcmp(a->id, b->id) : strcmp(a->subject, b->subject);
}

void kt_findings_rank(struct kt_report *report)
{
	if (report->findings.count)
		qsort(report->findings.items, report->findings.count,
			sizeof(*report->findings.items), compare);
}

const char *kt_finding_short_in(struct kt_report *report, const struct kt_finding *finding)
{
	int64_t low = finding->short_low_s, high = finding->short_high_s;
	const char *from, *to;

	if (!kt_known(low))
		return "";
	if (low > FAR_DAYS * DAY_S)
		return "in more than a year";
	from = kt_report_span(report, low);
	if (!kt_known(high) || high > FAR_DAYS * DAY_S)
		return kt_arena_printf(&report->arena, "in %s at the earliest", from ? from : "");
	to = kt_report_span(report, high);
	if (!from || !to || strcmp(from, to) == 0)
		return kt_arena_printf(&report->arena, "in about %s", from ? from : "");
	return kt_arena_printf(&report->arena, "in %s to %s", from, to);
}
