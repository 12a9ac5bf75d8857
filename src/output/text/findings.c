// SPDX-License-Identifier: GPL-2.0-or-later

#include "output/text/findings.h"

#include "base/human.h"
#include "output/text/style.h"

#include <math.h>
#include <string.h>

#define INDENT	     10 /* columns of the labels on the left */
#define CHART_POINTS 40

struct page {
	struct kt_buf *buf;
	const struct kt_output_opts *opts;
};

static void color(const struct page *page, const char *code)
{
	if (page->opts->color)
		kt_buf_puts(page->buf, code);
}

static const char *color_of(enum kt_severity severity)
{
	switch (severity) {
	case KT_SEVERITY_CRITICAL: return KT_TEXT_RED;
	case KT_SEVERITY_WARNING: return KT_TEXT_YELLOW;
	case KT_SEVERITY_NOTICE: return KT_TEXT_CYAN;
	case KT_SEVERITY_INFO:
	case KT_NR_SEVERITIES: break;
	}
	return KT_TEXT_DIM;
}

/* Writes "label     text"; nothing without a text. */
static void put_line(
	const struct page *page, const char *label, const char *style, const char *text)
{
	if (!text || !*text)
		return;
	color(page, style);
	kt_buf_puts(page->buf, label);
	color(page, KT_TEXT_PLAIN);
	kt_buf_repeat(page->buf, " ", INDENT - strlen(label));
	kt_text_wrapped(page->buf, text, INDENT, page->opts->width);
	kt_buf_puts(page->buf, "\n");
}

/* Floors from the least to the greatest of them, as blocks of eight heights. */
static void put_chart(const struct page *page, const struct kt_finding_chart *chart)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const plain[] = { "_", "_", ".", "-", "-", "=", "+", "#" };
	size_t n = chart->bytes.count, points = n < CHART_POINTS ? n : CHART_POINTS;
	int64_t least = INT64_MAX, most = INT64_MIN;
	char low[24], high[24];

	for (size_t i = 0; i < n; i++) {
		least = chart->bytes.items[i] < least ? chart->bytes.items[i] : least;
		most = chart->bytes.items[i] > most ? chart->bytes.items[i] : most;
	}
	if (n < 2 || most <= least)
		return;
	kt_human_bytes(least, low);
	kt_human_bytes(most, high);
	kt_buf_repeat(page->buf, " ", INDENT);
	kt_buf_printf(page->buf, "%s ", low);
	color(page, KT_TEXT_CYAN);
	for (size_t i = 0; i < points; i++) {
		int64_t value = chart->bytes.items[i * n / points];
		double share = (double)(value - least) / (double)(most - least);

		kt_buf_puts(
			page->buf, (page->opts->unicode ? blocks : plain)[(int)(share * 7 + 0.5)]);
	}
	color(page, KT_TEXT_PLAIN);
	kt_buf_printf(page->buf, " %s\n", high);
}

static void put_finding(const struct page *page, const struct kt_finding *finding)
{
	kt_buf_puts(page->buf, "\n");
	put_line(page, kt_severity_name(finding->severity), color_of(finding->severity),
		finding->title);
	put_chart(page, &finding->chart);
	for (size_t i = 0; i < finding->evidence.count; i++)
		put_line(page, i ? "" : "evidence", KT_TEXT_DIM, finding->evidence.items[i]);
	put_line(page, "held by", KT_TEXT_DIM, finding->culprit);
	put_line(page, "remedy", KT_TEXT_DIM, finding->remedy);
	put_line(page, "costs", KT_TEXT_DIM, finding->costs);
	put_line(page, "next", KT_TEXT_DIM, finding->next);
	if (page->opts->all)
		put_line(page, "see", KT_TEXT_DIM, finding->reference);
}

/* One finding in a line: its title, its evidence, and the next command. */
static void put_note(const struct page *page, const struct kt_finding *finding)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_puts(&text, finding->title);
	for (size_t i = 0; i < finding->evidence.count; i++)
		kt_buf_printf(&text, ". %s", finding->evidence.items[i]);
	if (finding->next)
		kt_buf_printf(
			&text, "%s Next: %s", finding->evidence.count ? "" : ".", finding->next);
	kt_buf_puts(page->buf, page->opts->unicode ? "• " : "* ");
	kt_buf_add(&text, "", 1);
	if (!text.failed)
		kt_text_wrapped(page->buf, text.data, 2, page->opts->width);
	page->buf->failed |= text.failed;
	kt_buf_puts(page->buf, "\n");
}

void kt_text_findings_brief(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct page page = { .buf = ret_text, .opts = opts };

	/* a repeated report has notes about growth instead: report/growth.h */
	for (size_t i = 0; i < report->findings.count && !report->followed; i++)
		put_note(&page, &report->findings.items[i]);
}

void kt_text_findings(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct page page = { .buf = ret_text, .opts = opts };

	for (size_t i = 0; i < report->findings.count; i++)
		put_finding(&page, &report->findings.items[i]);
}
