// SPDX-License-Identifier: GPL-2.0-or-later
//
// Charts in a terminal. A stack is drawn in eighths of a character: a cell has at most two bands,
// one as foreground, the other as background. Lines are braille patterns with two by four points in
// each cell. Without colours or UTF-8, bands are letters.

#include "output/text/chart.h"

#include "base/human.h"
#include "base/printable.h"
#include "base/when.h"
#include "output/palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS	     16
#define COLUMNS_MAX  160
#define MARGIN	     11 /* columns of the scale on the left */
#define TICKS	     4
#define NO_BAND	     255
#define NAME_COLUMNS 28

static const char letters[] = "#=+:-.oxzvn~";
static const char event_letters[] = "123456789abcdefghijk";
#define EVENTS_SHOWN (sizeof(event_letters) - 1)

struct canvas {
	const struct kt_chart *chart;
	const struct kt_output_opts *opts;
	struct kt_buf *buf;
	int columns;
	int64_t top, tick;
};

/* ---- stacks ---- */

/* Band at a height above the floor, in a column; NO_BAND: above all bands. */
static unsigned char band_at(const struct canvas *canvas, int column, double height)
{
	double share = canvas->columns > 1 ? (double)column / (canvas->columns - 1) : 1;
	size_t moment = kt_chart_moment(canvas->chart, share);
	double floor = 0;

	for (size_t i = 0; i < canvas->chart->bands.count; i++) {
		floor += (double)kt_chart_value(canvas->chart, i, moment);
		if (height < floor)
			return (unsigned char)i;
	}
	return NO_BAND;
}

static void set_color(const struct canvas *canvas, unsigned char band, bool background)
{
	if (band == NO_BAND)
		kt_buf_puts(canvas->buf, background ? "\033[49m" : "\033[39m");
	else
		kt_buf_printf(canvas->buf, "\033[%d;5;%dm", background ? 48 : 38,
			kt_palette_terminal(
				kt_palette_band(canvas->chart->bands.items[band].id, band)));
}

/* Draws a cell: its lowest band fills some eighths, and the band at its top the rest. */
static void put_cell(const struct canvas *canvas, int column, int row)
{
	static const char *const eighths[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double cell = (double)canvas->top / ROWS, floor = cell * (ROWS - 1 - row);
	unsigned char low = band_at(canvas, column, floor + cell / 16), high = low;
	int filled = 8;

	for (int i = 1; i < 8; i++) {
		high = band_at(canvas, column, floor + cell * (2 * i + 1) / 16);
		if (high != low) {
			filled = i;
			break;
		}
	}
	if (!canvas->opts->color) {
		char letter = low == NO_BAND ? ' ' : letters[low % (sizeof(letters) - 1)];

		kt_buf_add(canvas->buf, &letter, 1);
		return;
	}
	if (low == NO_BAND) {
		kt_buf_puts(canvas->buf, " ");
		return;
	}
	set_color(canvas, low, false);
	if (filled < 8)
		set_color(canvas, high, true);
	kt_buf_puts(canvas->buf, canvas->opts->unicode ? eighths[filled] : "#");
	kt_buf_puts(canvas->buf, "\033[0m");
}

/* ---- lines ---- */

struct dots {
	unsigned char bits[ROWS][COLUMNS_MAX], band[ROWS][COLUMNS_MAX];
};

static void put_dot(struct dots *dots, int x, int y, unsigned char band)
{
	static const unsigned char bit[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 },
		{ 0x40, 0x80 } };

	if (x < 0 || y < 0 || x >= COLUMNS_MAX * 2 || y >= ROWS * 4)
		return;
	dots->bits[y / 4][x / 2] |= bit[y % 4][x % 2];
	dots->band[y / 4][x / 2] = band;
}

static void draw_line(const struct canvas *canvas, struct dots *dots, size_t band)
{
	int before = -1, width = canvas->columns * 2;

	for (int x = 0; x < width; x++) {
		size_t moment =
			kt_chart_moment(canvas->chart, width > 1 ? (double)x / (width - 1) : 1);
		double value = (double)kt_chart_value(canvas->chart, band, moment);
		int y = ROWS * 4 - 1 - (int)(value / (double)canvas->top * (ROWS * 4 - 1));

		if (canvas->chart->bands.items[band].values.items[moment] == KT_CHART_MISSING) {
			before = -1;
			continue;
		}
		put_dot(dots, x, y, (unsigned char)band);
		/* draw the span between two heights too, so that a step is one line */
		for (int k = before; before >= 0 && k != y; k += k < y ? 1 : -1)
			put_dot(dots, x, k, (unsigned char)band);
		before = y;
	}
}

static void put_dots(const struct canvas *canvas, const struct dots *dots, int row)
{
	for (int x = 0; x < canvas->columns; x++) {
		unsigned char bits = dots->bits[row][x], band = dots->band[row][x];
		char braille[4] = { (char)0xe2, (char)(0xa0 | bits >> 6),
			(char)(0x80 | (bits & 63)), 0 };

		if (!bits || !canvas->opts->unicode) {
			kt_buf_puts(canvas->buf, bits ? "*" : " ");
			continue;
		}
		if (canvas->opts->color)
			set_color(canvas, band, false);
		kt_buf_puts(canvas->buf, braille);
		if (canvas->opts->color)
			kt_buf_puts(canvas->buf, "\033[0m");
	}
}

/* ---- frame ---- */

/* Writes the amount of the tick in a row, if the row has a tick. */
static void put_scale(const struct canvas *canvas, int row)
{
	double cell = (double)canvas->top / ROWS;
	int64_t from = (int64_t)(cell * (ROWS - 1 - row)), to = (int64_t)(cell * (ROWS - row));
	int64_t tick = (from + canvas->tick - 1) / canvas->tick * canvas->tick;
	char human[24] = "";

	if (tick < to || (row == 0 && tick == to))
		kt_chart_label(tick, human);
	kt_buf_printf(canvas->buf, "%*s %s", MARGIN - 1, human,
		canvas->opts->unicode ? (*human ? "┤" : "│") : (*human ? "+" : "|"));
}

static void put_times(const struct canvas *canvas)
{
	const struct kt_chart *chart = canvas->chart;
	char first[KT_WHEN_ROOM], last[KT_WHEN_ROOM];
	int room;

	kt_when_local(chart->times_ms.items[0], first);
	kt_when_local(chart->times_ms.items[chart->times_ms.count - 1], last);
	room = canvas->columns - (int)strlen(first) - (int)strlen(last);
	kt_buf_printf(
		canvas->buf, "%*s%s%*s%s\n", MARGIN + 1, "", first, room > 1 ? room : 1, "", last);
}

/* Column of a time, which is of a sample of the chart. */
static int column_of(const struct canvas *canvas, int64_t time_ms)
{
	const struct kt_chart *chart = canvas->chart;
	int64_t first = chart->times_ms.items[0];
	int64_t span = chart->times_ms.items[chart->times_ms.count - 1] - first;

	return span > 0 ? (int)((double)(time_ms - first) / (double)span * (canvas->columns - 1))
			: canvas->columns - 1;
}

/* Writes a row with a number or letter below each event, as its line in the list has. */
static void put_event_row(const struct canvas *canvas)
{
	char row[COLUMNS_MAX + 1];
	int last = -1;

	memset(row, ' ', sizeof(row));
	for (size_t i = 0; i < canvas->chart->events.count && i < EVENTS_SHOWN; i++) {
		int at = column_of(canvas, canvas->chart->events.items[i].time_ms);

		if (at < 0 || at >= canvas->columns)
			continue;
		row[at] = row[at] == ' ' ? event_letters[i] : '*';
		last = at > last ? at : last;
	}
	if (last >= 0)
		kt_buf_printf(canvas->buf, "%*s%.*s\n", MARGIN + 1, "", last + 1, row);
}

/* Lists the events with their times; in the row of letters, '*' is several in one column. */
static void put_events(const struct canvas *canvas)
{
	size_t count = canvas->chart->events.count;

	for (size_t i = 0; i < count && i < EVENTS_SHOWN; i++) {
		const struct kt_chart_event *event = &canvas->chart->events.items[i];
		char when[32];

		kt_buf_printf(canvas->buf, "%*s%c  %s  ", MARGIN + 1, "", event_letters[i],
			kt_when_text(event->time_ms, when));
		kt_buf_printable(canvas->buf, kt_span_str(event->text), 0);
		kt_buf_puts(canvas->buf, "\n");
	}
	if (count > EVENTS_SHOWN)
		kt_buf_printf(canvas->buf, "%*sand %zu more events: 'ktally report' lists them\n",
			MARGIN + 1, "", count - EVENTS_SHOWN);
}

/* Writes an untrusted name, filled up to the column of the amounts. */
static void put_name(const struct canvas *canvas, const char *name)
{
	int columns = 0;

	kt_buf_printable(canvas->buf, kt_span_str(name), 0);
	for (const char *p = name; *p; p++)
		columns += (*p & 0xc0) != 0x80;
	kt_buf_printf(canvas->buf, "%*s", columns < NAME_COLUMNS ? NAME_COLUMNS - columns : 0, "");
}

static void put_legend(const struct canvas *canvas)
{
	size_t last = canvas->chart->times_ms.count - 1;

	for (size_t k = canvas->chart->bands.count; k > 0; k--) {
		size_t i = k - 1;
		char human[24];

		kt_human_bytes(kt_chart_value(canvas->chart, i, last), human);
		kt_buf_printf(canvas->buf, "%*s", MARGIN + 1, "");
		if (canvas->opts->color) {
			set_color(canvas, (unsigned char)i, false);
			kt_buf_puts(canvas->buf, canvas->opts->unicode ? "██" : "##");
			kt_buf_puts(canvas->buf, "\033[0m");
		} else if (canvas->chart->stacked)
			kt_buf_printf(canvas->buf, "%c%c", letters[i % (sizeof(letters) - 1)],
				letters[i % (sizeof(letters) - 1)]);
		kt_buf_puts(canvas->buf, " ");
		put_name(canvas, canvas->chart->bands.items[i].name);
		kt_buf_printf(canvas->buf, " %10s\n", human);
	}
}

void kt_text_chart(
	const struct kt_chart *chart, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	struct canvas canvas = { chart, opts, ret_text, opts->width - MARGIN - 1, 0, 0 };
	struct dots *dots = chart->stacked ? NULL : calloc(1, sizeof(*dots));

	if (!chart->times_ms.count || (!chart->stacked && !dots)) {
		free(dots);
		return;
	}
	canvas.columns = canvas.columns > COLUMNS_MAX ? COLUMNS_MAX : canvas.columns;
	canvas.tick = kt_chart_tick(kt_chart_top(chart), TICKS);
	canvas.top = (kt_chart_top(chart) / canvas.tick + 1) * canvas.tick;
	for (size_t i = 0; dots && i < chart->bands.count; i++)
		draw_line(&canvas, dots, i);
	kt_buf_puts(ret_text, "\n");
	kt_buf_printable(ret_text, kt_span_str(chart->title), 0);
	kt_buf_puts(ret_text, "\n");
	for (int row = 0; row < ROWS; row++) {
		put_scale(&canvas, row);
		if (dots)
			put_dots(&canvas, dots, row);
		for (int x = 0; !dots && x < canvas.columns; x++)
			put_cell(&canvas, x, row);
		while (ret_text->size && ret_text->data[ret_text->size - 1] == ' ')
			ret_text->size--;
		kt_buf_puts(ret_text, "\n");
	}
	put_event_row(&canvas);
	put_times(&canvas);
	put_legend(&canvas);
	put_events(&canvas);
	free(dots);
}
