// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws the report's first chart as a PNG picture, for tickets and mails that show no SVG. The same
// chart as in svg.c, with the letters of the canvas. A column of pixels shows the last sample up to
// its time, and nothing where that sample has no value.

#include "output/output.h"

#include "base/human.h"
#include "base/when.h"
#include "output/palette.h"
#include "output/picture/canvas.h"

#include <string.h>

#define WIDTH	   1640
#define HEIGHT	   720
#define LEFT	   150
#define RIGHT	   480
#define TOP	   84
#define BOTTOM	   60
#define TICKS	   5
#define LINE	   30 /* pixels from one line of the legend to the next */
#define NAME_MAX_N 24 /* characters of a name in the legend */
#define DAY_MS	   86400000

static const struct kt_color ground = { 255, 255, 255 }, ink = { 27, 31, 36 },
			     quiet = { 102, 112, 123 }, grid = { 222, 226, 230 };

struct picture {
	const struct kt_chart *chart;
	struct kt_canvas canvas;
	int64_t top, tick, first_ms, span_ms;
};

static int y_of(const struct picture *picture, double bytes)
{
	double share = bytes / (double)picture->top;

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return HEIGHT - BOTTOM - (int)(share * (HEIGHT - TOP - BOTTOM));
}

static int x_of(const struct picture *picture, int64_t time_ms)
{
	double share = picture->span_ms
			       ? (double)(time_ms - picture->first_ms) / (double)picture->span_ms
			       : 0.5;

	return LEFT + (int)(share * (WIDTH - LEFT - RIGHT - 1));
}

/* Returns the last sample up to the time of a column of pixels. */
static size_t moment_at(const struct picture *picture, int x, size_t moment)
{
	const struct kt_chart *chart = picture->chart;

	while (moment + 1 < chart->times_ms.count &&
		x_of(picture, chart->times_ms.items[moment + 1]) <= x)
		moment++;
	return moment;
}

static struct kt_color color_of(const struct picture *picture, size_t band)
{
	unsigned rgb = kt_palette_rgb(kt_palette_band(picture->chart->bands.items[band].id, band));

	return (struct kt_color){ (uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8 & 255),
		(uint8_t)(rgb & 255) };
}

static bool is_missing(const struct picture *picture, size_t band, size_t moment)
{
	return picture->chart->bands.items[band].values.items[moment] == KT_CHART_MISSING;
}

static void put_stack(struct picture *picture, int x, size_t moment)
{
	double floor = 0;

	for (size_t i = 0; i < picture->chart->bands.count; i++) {
		double ceiling = floor + (double)kt_chart_value(picture->chart, i, moment);
		int y = y_of(picture, ceiling);

		kt_canvas_box(
			&picture->canvas, x, y, 1, y_of(picture, floor) - y, color_of(picture, i));
		floor = ceiling;
	}
}

/* A line of three pixels; it joins the height of the column before. */
static void put_lines(struct picture *picture, int x, size_t moment, size_t before)
{
	for (size_t i = 0; i < picture->chart->bands.count; i++) {
		int y, old;

		if (is_missing(picture, i, moment))
			continue;
		y = old = y_of(picture, (double)kt_chart_value(picture->chart, i, moment));
		if (!is_missing(picture, i, before))
			old = y_of(picture, (double)kt_chart_value(picture->chart, i, before));
		kt_canvas_box(&picture->canvas, x, (y < old ? y : old) - 1, 1,
			(y < old ? old - y : y - old) + 3, color_of(picture, i));
	}
}

static void put_bands(struct picture *picture)
{
	size_t moment = 0, before = 0;
	int first = x_of(picture, picture->first_ms);
	int last = x_of(picture, picture->first_ms + picture->span_ms);

	for (int x = first; x <= last; x++, before = moment) {
		moment = moment_at(picture, x, moment);
		if (picture->chart->stacked)
			put_stack(picture, x, moment);
		else
			put_lines(picture, x, moment, before);
	}
}

static void put_scale(struct picture *picture)
{
	for (int64_t at = 0; at <= picture->top; at += picture->tick) {
		int y = y_of(picture, (double)at);
		char human[24];

		kt_canvas_box(&picture->canvas, LEFT, y, WIDTH - LEFT - RIGHT, 1, grid);
		kt_canvas_text_right(&picture->canvas, LEFT - 12, y - KT_TEXT_HEIGHT / 2, 1, quiet,
			kt_chart_label(at, human));
	}
}

static void put_times(struct picture *picture)
{
	for (int i = 0; i <= 3; i++) {
		char text[KT_WHEN_ROOM];
		int x = LEFT + i * (WIDTH - LEFT - RIGHT) / 3, width;

		kt_when_clock(picture->first_ms + picture->span_ms * i / 3,
			picture->span_ms >= DAY_MS, text);
		width = (int)strlen(text) * KT_TEXT_ADVANCE;
		kt_canvas_text(
			&picture->canvas, x - width * i / 3, HEIGHT - BOTTOM + 16, 1, quiet, text);
	}
}

static void put_events(struct picture *picture)
{
	for (size_t i = 0; i < picture->chart->events.count; i++) {
		int x = x_of(picture, picture->chart->events.items[i].time_ms);

		for (int y = TOP; y < HEIGHT - BOTTOM; y += 12)
			kt_canvas_box(&picture->canvas, x, y, 2, 7, quiet);
	}
}

static void put_legend(struct picture *picture)
{
	const struct kt_chart *chart = picture->chart;
	int y = TOP;

	for (size_t k = chart->bands.count; k > 0 && y < HEIGHT - LINE; k--, y += LINE) {
		char human[24], name[NAME_MAX_N + 1];
		int64_t value = chart->bands.items[k - 1].values.items[chart->times_ms.count - 1];
		const char *amount = "-";

		strncpy(name, chart->bands.items[k - 1].name, NAME_MAX_N);
		name[NAME_MAX_N] = '\0';
		if (value != KT_CHART_MISSING) {
			kt_human_bytes(value, human);
			amount = human;
		}
		kt_canvas_box(
			&picture->canvas, WIDTH - RIGHT + 24, y, 16, 16, color_of(picture, k - 1));
		kt_canvas_text(&picture->canvas, WIDTH - RIGHT + 50, y, 1, ink, name);
		kt_canvas_text_right(&picture->canvas, WIDTH - 12, y, 1, quiet, amount);
	}
}

static void put_chart(struct picture *picture, const char *subtitle)
{
	const struct kt_chart *chart = picture->chart;

	picture->tick = kt_chart_tick(kt_chart_top(chart), TICKS);
	picture->top = (kt_chart_top(chart) / picture->tick + 1) * picture->tick;
	picture->first_ms = chart->times_ms.items[0];
	picture->span_ms = chart->times_ms.items[chart->times_ms.count - 1] - picture->first_ms;
	kt_canvas_text(&picture->canvas, LEFT, 18, 1, ink, chart->title);
	kt_canvas_text(&picture->canvas, LEFT, 46, 1, quiet, subtitle);
	put_scale(picture);
	put_bands(picture);
	put_events(picture);
	put_times(picture);
	put_legend(picture);
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct picture picture = { .chart = report->charts.count ? report->charts.items[0] : NULL };
	struct kt_err *err = kt_canvas_new(WIDTH, HEIGHT, ground, &picture.canvas);

	(void)opts;
	if (!err && picture.chart && picture.chart->times_ms.count)
		put_chart(&picture, report->headlines.count ? report->headlines.items[0] : "");
	else if (!err)
		kt_canvas_text(&picture.canvas, 24, 24, 1, ink, "nothing to draw");
	if (!err)
		err = kt_canvas_png(&picture.canvas, ret_text);
	kt_canvas_cleanup(&picture.canvas);
	ret_text->failed |= err != NULL;
	kt_err_free(err);
}

const struct kt_output kt_output_png = {
	.name = "png",
	.charts = true,
	.binary = true,
	.summary = "the same picture as PNG, for a file or a pipe",
	.prepare = kt_canvas_prepare,
	.render = render,
};
