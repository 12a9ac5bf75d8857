// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws the gravest finding above everything else, whether memory is short, and makes the page of
// all findings.

#include "cmd/account/account_pressure.h"
#include "top/draw.h"

#include <stdio.h>
#include <string.h>

extern const struct kt_cmd kt_cmd_diagnose;

/* rows of a terminal; below, the lists have the room */
#define HEIGHT_MIN	    16
#define HEIGHT_FOR_PRESSURE 24

static const struct kt_report *account_of(const struct kt_top *top)
{
	const struct kt_view *account = &top->views[KT_TAB_ACCOUNT];

	return account->watch ? kt_watch_report(account->watch) : NULL;
}

/* Returns the number of findings that are a warning at least. */
static size_t nr_grave(const struct kt_report *report)
{
	size_t count = 0;

	while (count < report->findings.count &&
		report->findings.items[count].severity >= KT_SEVERITY_WARNING)
		count++;
	return count;
}

bool kt_top_has_finding(const struct kt_top *top)
{
	const struct kt_report *report = account_of(top);

	return report && top->screen.height >= HEIGHT_MIN &&
	       (nr_grave(report) || kt_report_value(report, "judged", "series"));
}

void kt_draw_finding(struct kt_top *top, int y)
{
	const struct kt_report *report = account_of(top);
	struct kt_screen *screen = &top->screen;
	size_t count = report ? nr_grave(report) : 0;
	int columns, room = screen->width;
	char more[40] = "  f: all";
	char text[320];

	if (!report)
		return;
	if (count > 1)
		snprintf(more, sizeof(more), "  %zu more, f: all", count - 1);
	columns = kt_text_columns(more);
	if (columns < room / 2) {
		room -= columns;
		kt_screen_put(screen, y, room, columns, KT_STYLE_BOLD, more);
	}
	if (count) {
		const struct kt_finding *finding = &report->findings.items[0];

		snprintf(text, sizeof(text), "%s: %s", kt_severity_name(finding->severity),
			finding->title ? finding->title : finding->id);
	} else
		snprintf(text, sizeof(text),
			"nothing is wrong; the recorder judges %lld caches and rows",
			(long long)kt_report_value(report, "judged", "series")->number);
	kt_screen_put(screen, y, 0, room, count ? KT_STYLE_ALERT : KT_STYLE_PLAIN, text);
}

bool kt_top_has_pressure(const struct kt_top *top)
{
	const struct kt_report *report = account_of(top);

	return report && top->screen.height >= HEIGHT_FOR_PRESSURE &&
	       kt_report_value(report, KT_PRESSURE_GROUP, KT_PRESSURE_AVAILABLE);
}

void kt_draw_pressure(struct kt_top *top, int y)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const struct kt_report *report = account_of(top);
	char line[320], shorter[320];

	if (!report)
		return;
	kt_pressure_write(report, &text);
	snprintf(line, sizeof(line), "%.*s", (int)text.size, text.size ? text.data : "");
	kt_text_shorten(line, top->screen.width, top->screen.unicode, shorter, sizeof(shorter));
	kt_screen_put(&top->screen, y, 0, top->screen.width, KT_STYLE_PLAIN, shorter);
}

/* The findings as 'ktally diagnose' shows them, which judges the recording now. */
void kt_top_findings(struct kt_top *top)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_call call = top->call;
	struct kt_err *err;

	call.interval_s = 0;
	call.nr_operands = 0;
	if (!call.show.output)
		call.show.output = &kt_output_text;
	err = kt_cmd_run(&kt_cmd_diagnose, &call, &report);
	if (err) {
		snprintf(top->message, sizeof(top->message), "%s", kt_err_text(err));
		kt_err_free(err);
		return;
	}
	top->page_key[0] = '\0';
	kt_page_begin(&top->page, "ktally diagnose: findings");
	kt_page_add(&top->page, &report, top->screen.unicode, kt_top_page_width(top));
	top->watching.page = false;
	kt_page_end(&top->page);
	top->mode = KT_MODE_PAGE;
}
