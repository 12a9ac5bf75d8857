// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws the report's first chart, or its first drawing, as an SVG picture. It follows the reader's
// light or dark theme, and is readable in black and white because the legend has the order of the
// bands.

#include "output/output.h"

#include "base/human.h"
#include "base/when.h"
#include "output/palette.h"
#include "output/picture/slabs_svg.h"

#include <string.h>

#define WIDTH	   1000
#define HEIGHT	   420
#define LEFT	   84
#define RIGHT	   290
#define TOP	   52
#define BOTTOM	   44
#define TICKS	   5
#define POINTS_MAX 1200 /* more points than pixels are invisible */

struct picture {
	const struct kt_chart *chart;
	struct kt_buf *buf;
	int64_t top, tick;
	size_t points[POINTS_MAX], nr_points;
};

static double x_of_time(const struct picture *picture, int64_t time_ms)
{
	const struct kt_chart *chart = picture->chart;
	int64_t first = chart->times_ms.items[0];
	int64_t span = chart->times_ms.items[chart->times_ms.count - 1] - first;
	double share = span ? (double)(time_ms - first) / (double)span : 0.5;

	return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double x_of(const struct picture *picture, size_t moment)
{
	return x_of_time(picture, picture->chart->times_ms.items[moment]);
}

static double y_of(const struct picture *picture, double bytes)
{
	return HEIGHT - BOTTOM - bytes / (double)picture->top * (HEIGHT - TOP - BOTTOM);
}

static const char *color_of(const struct picture *picture, size_t band)
{
	return kt_palette_web(kt_palette_band(picture->chart->bands.items[band].id, band));
}

static void choose_points(struct picture *picture)
{
	size_t count = picture->chart->times_ms.count;

	picture->nr_points = count < POINTS_MAX ? count : POINTS_MAX;
	for (size_t i = 0; i < picture->nr_points; i++)
		picture->points[i] = count < POINTS_MAX ? i
							: kt_chart_moment(picture->chart,
								  (double)i / (POINTS_MAX - 1));
}

static void put_area(struct picture *picture, size_t band, double *floors)
{
	struct kt_buf *buf = picture->buf;

	kt_buf_printf(buf, "<path fill=\"%s\" fill-opacity=\".9\" d=\"", color_of(picture, band));
	for (size_t i = 0; i < picture->nr_points; i++)
		kt_buf_printf(buf, "%s%.1f %.1f", i ? "L" : "M", x_of(picture, picture->points[i]),
			y_of(picture, floors[i]));
	for (size_t i = picture->nr_points; i > 0; i--) {
		size_t moment = picture->points[i - 1];

		floors[i - 1] += (double)kt_chart_value(picture->chart, band, moment);
		kt_buf_printf(
			buf, "L%.1f %.1f", x_of(picture, moment), y_of(picture, floors[i - 1]));
	}
	kt_buf_puts(buf, "Z\"><title>");
	kt_output_escape(buf, picture->chart->bands.items[band].name, SIZE_MAX);
	kt_buf_puts(buf, "</title></path>\n");
}

static void put_line(struct picture *picture, size_t band)
{
	const struct kt_chart_band *line = &picture->chart->bands.items[band];
	bool pen = false;

	kt_buf_printf(picture->buf, "<path fill=\"none\" stroke-width=\"1.8\" stroke=\"%s\" d=\"",
		color_of(picture, band));
	for (size_t i = 0; i < picture->nr_points; i++) {
		size_t moment = picture->points[i];

		if (line->values.items[moment] == KT_CHART_MISSING) {
			pen = false;
			continue;
		}
		kt_buf_printf(picture->buf, "%s%.1f %.1f", pen ? "L" : "M", x_of(picture, moment),
			y_of(picture, (double)line->values.items[moment]));
		pen = true;
	}
	kt_buf_puts(picture->buf, "\"/>\n");
}

static void put_scale(const struct picture *picture)
{
	for (int64_t at = 0; at <= picture->top; at += picture->tick) {
		double y = y_of(picture, (double)at);
		char human[24];

		kt_chart_label(at, human);
		kt_buf_printf(picture->buf,
			"<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"quiet\" x=\"%d\" "
			"y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			LEFT, y, WIDTH - RIGHT, LEFT - 10, y + 4, human);
	}
}

#define DAY_MS 86400000

static void put_times(const struct picture *picture)
{
	const struct kt_chart *chart = picture->chart;
	int64_t first = chart->times_ms.items[0];
	int64_t span = chart->times_ms.items[chart->times_ms.count - 1] - first;

	for (int i = 0; i <= 3; i++) {
		char text[KT_WHEN_ROOM];
		double x = LEFT + (double)i / 3 * (WIDTH - LEFT - RIGHT);

		kt_buf_printf(picture->buf,
			"<text class=\"quiet\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
			x, HEIGHT - BOTTOM + 22,
			i == 0	 ? "start"
			: i == 3 ? "end"
				 : "middle",
			kt_when_clock(first + span * i / 3, span >= DAY_MS, text));
	}
}

/* A dashed line for each event; its text is shown when the pointer is on it. */
static void put_events(const struct picture *picture)
{
	for (size_t i = 0; i < picture->chart->events.count; i++) {
		const struct kt_chart_event *event = &picture->chart->events.items[i];
		char when[32];

		kt_buf_printf(picture->buf, "<path class=\"event\" d=\"M%.1f %dV%d\"><title>%s  ",
			x_of_time(picture, event->time_ms), TOP, HEIGHT - BOTTOM,
			kt_when_text(event->time_ms, when));
		kt_output_escape(picture->buf, event->text, SIZE_MAX);
		kt_buf_puts(picture->buf, "</title></path>\n");
	}
}

static void put_legend(const struct picture *picture)
{
	const struct kt_chart *chart = picture->chart;
	size_t last = chart->times_ms.count - 1;
	int y = TOP + 6;

	for (size_t k = chart->bands.count; k > 0; k--, y += 24) {
		char human[24];

		kt_human_bytes(kt_chart_value(chart, k - 1, last), human);
		kt_buf_printf(picture->buf,
			"<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" rx=\"2\" "
			"fill=\"%s\"/><text "
			"x=\"%d\" y=\"%d\">",
			WIDTH - RIGHT + 22, y - 10, color_of(picture, k - 1), WIDTH - RIGHT + 42,
			y);
		kt_output_escape(picture->buf, chart->bands.items[k - 1].name, SIZE_MAX);
		kt_buf_printf(picture->buf,
			"</text><text class=\"quiet\" x=\"%d\" y=\"%d\" "
			"text-anchor=\"end\">%s</text>\n",
			WIDTH - 16, y, human);
	}
}

static void put_chart(const struct kt_chart *chart, const char *subtitle, struct kt_buf *buf)
{
	struct picture picture = { .chart = chart, .buf = buf };
	double floors[POINTS_MAX] = { 0 };

	picture.tick = kt_chart_tick(kt_chart_top(chart), TICKS);
	picture.top = (kt_chart_top(chart) / picture.tick + 1) * picture.tick;
	choose_points(&picture);
	kt_buf_printf(buf, "<text class=\"title\" x=\"%d\" y=\"26\">", LEFT);
	kt_output_escape(buf, chart->title, SIZE_MAX);
	kt_buf_printf(buf, "</text><text class=\"quiet\" x=\"%d\" y=\"43\">", LEFT);
	kt_output_escape(buf, subtitle, SIZE_MAX);
	kt_buf_puts(buf, "</text>\n");
	put_scale(&picture);
	for (size_t i = 0; i < chart->bands.count; i++) {
		if (chart->stacked)
			put_area(&picture, i, floors);
		else
			put_line(&picture, i);
	}
	put_events(&picture);
	put_times(&picture);
	put_legend(&picture);
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	const struct kt_chart *chart = report->charts.count ? report->charts.items[0] : NULL;

	(void)opts;
	if (!chart && report->drawings.count) {
		kt_slabs_svg(report->drawings.items[0],
			report->headlines.count
				? report->headlines.items[report->headlines.count - 1]
				: "",
			ret_text);
		return;
	}
	kt_buf_printf(ret_text,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n"
		"<style>svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1b1f24}"
		".title{font-size:17px;font-weight:600}.quiet{fill:#66707b;font-size:12px}"
		".grid{stroke:#66707b;stroke-opacity:.22}"
		".event{stroke:#66707b;stroke-width:1.5;stroke-dasharray:4 3}"
		"@media(prefers-color-scheme:dark){svg{background:#14171b}text{fill:#e8eaed}"
		".quiet{fill:#9aa4af}}</style>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	if (chart && chart->times_ms.count)
		put_chart(
			chart, report->headlines.count ? report->headlines.items[0] : "", ret_text);
	else
		kt_buf_puts(ret_text, "<text x=\"24\" y=\"40\">nothing to draw</text>\n");
	kt_buf_puts(ret_text, "</svg>\n");
}

const struct kt_output kt_output_svg = {
	.name = "svg",
	.charts = true,
	.summary = "a picture of the chart or drawing (plot, slab CACHE --draw, simulate "
		   "--draw-cache)",
	.render = render,
};
