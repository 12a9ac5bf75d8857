// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fills the template once per sample on the server. A browser without scripts, and a text browser
// on a rescue console, still get the whole account.

#include "serve/page.h"

#include "account/row.h"
#include "base/human.h"
#include "output/palette.h"
#include "report/chart.h"
#include "serve/answer.h"

#include <string.h>

#define TITLE_MARK   "<!--host-->"
#define ACCOUNT_MARK "<!--account-->"
#define PALETTE_MARK "<!--palette-->"
#define TICKS_MARK   "<!--ticks-->"
#define LIVE_MARK    "<!--live-->"
#define TICK_MAX     (1ll << 53) /* bytes; numbers of a browser are exact up to it */

const struct kt_asset *kt_asset_find(const char *path)
{
	for (size_t i = 0; i < kt_nr_assets; i++) {
		if (strcmp(kt_assets[i].path, path) == 0)
			return &kt_assets[i];
	}
	return NULL;
}

/* Columns are found by key, because their order and number depend on the machine. */
static const struct kt_cell *cell(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	for (size_t i = 0; i < table->nr_columns; i++) {
		if (strcmp(table->columns[i].key, key) == 0)
			return row->cells[i].state == KT_OK ? &row->cells[i] : NULL;
	}
	return NULL;
}

/*
 * Leaves out rows without bytes: without scripts the table cannot be unfolded. The unattributed row
 * is shown even at 0 bytes: that it is 0 is a result.
 */
static void put_row(
	struct kt_buf *html, const struct kt_table *table, const struct kt_report_row *row)
{
	const struct kt_cell *bytes = cell(table, row, "bytes"), *share = cell(table, row, "share");
	const struct kt_cell *title = cell(table, row, "title"), *id = cell(table, row, "id");
	char human[24];

	if (!bytes || !title || !id ||
		(!bytes->number && !kt_row_is(KT_ROW_UNATTRIBUTED, id->text)))
		return;
	kt_human_bytes(bytes->number, human);
	kt_buf_printf(
		html, "<tr class=\"depth%d\"><th scope=\"row\">", row->depth > 4 ? 4 : row->depth);
	kt_put_html(html, title->text);
	kt_buf_puts(html, "</th><td>");
	kt_put_html(html, human);
	kt_buf_puts(html, "</td><td>");
	if (share)
		kt_buf_printf(html, "%.2f %%", share->real * 100);
	kt_buf_puts(html, "</td></tr>\n");
}

static void put_account(struct kt_buf *html, const struct kt_report *report)
{
	const struct kt_table *table = report->tables.count ? report->tables.items[0] : NULL;

	for (size_t i = 0; i < report->headlines.count; i++) {
		kt_buf_puts(html, "<p class=\"host\">");
		kt_put_html(html, report->headlines.items[i]);
		kt_buf_puts(html, "</p>\n");
	}
	kt_buf_puts(html,
		"<table class=\"account\"><caption>Where every byte of memory is</caption>\n"
		"<thead><tr><th scope=\"col\">Row</th><th scope=\"col\">Size</th>"
		"<th scope=\"col\">Share</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; table && i < table->rows.count; i++)
		put_row(html, table, &table->rows.items[i]);
	kt_buf_puts(html, "</tbody></table>\n");
	for (size_t i = 0; i < report->notes.count; i++) {
		kt_buf_puts(html, "<p class=\"note\">");
		kt_put_html(html, report->notes.items[i]);
		kt_buf_puts(html, "</p>\n");
	}
}

static const char *host_name(const struct kt_report *report)
{
	const struct kt_cell *cell = report ? kt_report_value(report, "host", "name") : NULL;

	return cell ? cell->text : "ktally";
}

/* With this, the page asks for its past before it has the account. */
static bool is_live(const struct kt_report *report)
{
	const struct kt_cell *cell = report ? kt_report_value(report, "host", "live") : NULL;

	return cell && cell->state == KT_OK && cell->number;
}

/* Writes the palette and its rows, which pictures, terminal and page share. */
static void put_palette(struct kt_buf *html)
{
	const char *id;

	for (int i = 0; i < kt_palette_count(); i++)
		kt_buf_printf(html, "%s%s", i ? " " : "", kt_palette_web(i));
	for (size_t i = 0; (id = kt_palette_row_at(i)) != NULL; i++)
		kt_buf_printf(html, " %s=%d", id, kt_palette_row(id));
}

/* Writes the distances that ticks of an axis may have, from the function that pictures use. */
static void put_ticks(struct kt_buf *html)
{
	for (int64_t tick = 1; tick < TICK_MAX; tick = kt_chart_tick(tick, 1))
		kt_buf_printf(html, "%s%lld", tick > 1 ? " " : "", (long long)tick);
}

/*
 * Unknown comments are copied, and a mark that the template lacks is no error, so that the template
 * can be edited freely. All texts are escaped: names of hosts come from captures that another user
 * made.
 */
void kt_page_render(struct kt_buf *html, struct kt_span template, const struct kt_report *report,
	const char *why)
{
	while (template.n) {
		size_t at = kt_span_find(template, "<!--");

		kt_buf_add(html, template.p, at);
		template = kt_span_from(template, at);
		if (kt_span_skip(&template, TITLE_MARK)) {
			kt_put_html(html, host_name(report));
		} else if (kt_span_skip(&template, PALETTE_MARK)) {
			put_palette(html);
		} else if (kt_span_skip(&template, LIVE_MARK)) {
			kt_buf_puts(html, is_live(report) ? "yes" : "no");
		} else if (kt_span_skip(&template, TICKS_MARK)) {
			put_ticks(html);
		} else if (kt_span_skip(&template, ACCOUNT_MARK)) {
			if (report) {
				put_account(html, report);
			} else {
				kt_buf_puts(html, "<p class=\"note\">");
				kt_put_html(html, why);
				kt_buf_puts(html, "</p>\n");
			}
		} else if (template.n) {
			kt_buf_add(html, template.p, 4);
			template = kt_span_from(template, 4);
		}
	}
}
