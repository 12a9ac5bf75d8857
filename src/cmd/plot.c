// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording as a chart: the kernel's memory stacked, as the account divides it, or any
// amounts as lines.

#include "cmd/history.h"
#include "cmd/session.h"
#include "model/account.h"
#include "record/track.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define MOMENTS_WANTED 240
#define BANDS_MAX      12  /* that are drawn */
#define BANDS_READ     256 /* of which they are the largest */

struct plot {
	struct kt_report *report;
	struct kt_chart *chart;
	const char *parent; /* whose children are the bands */
	const struct kt_options *options;
};

/* The band of a name; one that is new was missing until now. */
static struct kt_chart_band *band_of(struct plot *plot, const char *name)
{
	struct kt_arena *arena = &plot->report->arena;
	struct kt_chart_band *band;

	for (size_t i = 0; i < plot->chart->bands.count; i++) {
		if (strcmp(plot->chart->bands.items[i].name, name) == 0)
			return &plot->chart->bands.items[i];
	}
	if (plot->chart->bands.count >= BANDS_READ)
		return NULL;
	band = kt_list_push(arena, &plot->chart->bands);
	if (band)
		*band = (struct kt_chart_band){ .name = kt_arena_name(arena, kt_span_str(name)) };
	return band;
}

static void put_value(struct plot *plot, const char *name, int64_t value)
{
	struct kt_chart_band *band = band_of(plot, name);

	while (band && band->values.count < plot->chart->times_ms.count) {
		int64_t *slot = kt_list_push(&plot->report->arena, &band->values);

		if (!slot)
			return;
		*slot = band->values.count == plot->chart->times_ms.count ? value
									  : KT_CHART_MISSING;
	}
}

static void put_moment(struct plot *plot, int64_t real_ms)
{
	int64_t *slot = kt_list_push(&plot->report->arena, &plot->chart->times_ms);

	if (slot)
		*slot = real_ms;
}

static struct kt_err *add_account(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct plot *plot = arg;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = kt_history_account(cursor, &session, &account);

	if (err)
		return err;
	put_moment(plot, real_ms);
	for (size_t i = 0; i < account.lines.count; i++) {
		const struct kt_line *line = &account.lines.items[i];

		if (line->parent && strcmp(line->parent, plot->parent) == 0 && kt_ok(line->val))
			put_value(plot, line->title, line->val.value);
	}
	return NULL;
}

static bool is_wanted(const struct kt_options *options, const char *name)
{
	for (int i = 1; i < options->nr_operands; i++) {
		if (fnmatch(options->operands[i], name, 0) == 0)
			return true;
	}
	return false;
}

static struct kt_err *add_series(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct plot *plot = arg;
	struct kt_arena arena = { 0 };
	kt_tracks tracks = { 0 };

	put_moment(plot, real_ms);
	kt_tracks_of(cursor->block, kt_history_page_bytes(cursor->block), &arena, &tracks);
	for (size_t i = 0; i < tracks.count; i++) {
		const struct kt_track *track = &tracks.items[i];
		const struct kt_block_line *line = &cursor->block->lines.items[track->line];
		int64_t value, times = 1;

		if (!is_wanted(plot->options, track->name) ||
			!kt_cursor_value(cursor, line, track->number, KT_VALUE_LAST, &value) ||
			(track->times != KT_TRACK_NO_TIMES &&
				!kt_cursor_value(
					cursor, line, track->times, KT_VALUE_LAST, &times)) ||
			__builtin_mul_overflow(value, times, &value) ||
			__builtin_mul_overflow(value, track->unit_bytes, &value))
			continue;
		put_value(plot, track->name, value);
	}
	kt_arena_fini(&arena);
	return NULL;
}

static bool is_empty(const struct kt_chart_band *band)
{
	for (size_t i = 0; i < band->values.count; i++) {
		if (band->values.items[i] != KT_CHART_MISSING && band->values.items[i] != 0)
			return false;
	}
	return true;
}

/* Of a stack, what was nothing all the time is left out. */
static void drop_empty(struct kt_chart *chart)
{
	size_t kept = 0;

	for (size_t i = 0; i < chart->bands.count && chart->stacked; i++) {
		if (!is_empty(&chart->bands.items[i]))
			chart->bands.items[kept++] = chart->bands.items[i];
	}
	chart->bands.count = chart->stacked ? kept : chart->bands.count;
}

static int64_t most_of(const struct kt_chart_band *band)
{
	int64_t most = KT_CHART_MISSING;

	for (size_t i = 0; i < band->values.count; i++)
		most = band->values.items[i] > most ? band->values.items[i] : most;
	return most;
}

static int by_most(const void *a, const void *b)
{
	int64_t one = most_of(a), other = most_of(b);

	return (one < other) - (one > other);
}

/* More than a few lines cannot be told apart. */
static void keep_largest(struct plot *plot)
{
	size_t count = plot->chart->bands.count;

	if (count <= BANDS_MAX)
		return;
	qsort(plot->chart->bands.items, count, sizeof(*plot->chart->bands.items), by_most);
	plot->chart->bands.count = BANDS_MAX;
	kt_report_note(plot->report, "the %d largest are drawn, %zu%s others are not", BANDS_MAX,
		count - BANDS_MAX, count >= BANDS_READ ? " or more" : "");
}

/* Bands that ended early are missing to the end. */
static void fill_up(struct plot *plot)
{
	for (size_t i = 0; i < plot->chart->bands.count; i++) {
		struct kt_chart_band *band = &plot->chart->bands.items[i];

		while (band->values.count < plot->chart->times_ms.count) {
			int64_t *slot = kt_list_push(&plot->report->arena, &band->values);

			if (!slot)
				return;
			*slot = KT_CHART_MISSING;
		}
	}
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct plot plot = { .report = report, .options = options, .parent = "kernel" };
	bool series = options->nr_operands > 1;
	struct kt_err *err;

	kt_report_init(report, "ktally/plot/1");
	err = kt_history_open(options, &history);
	if (err)
		return err;
	if (options->all)
		plot.parent = "ram";
	kt_history_describe(&history, report);
	plot.chart = kt_report_chart(report, series ? "series" : plot.parent,
		series	       ? "Amounts of memory"
		: options->all ? "All memory"
			       : "Kernel memory");
	if (!plot.chart)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	plot.chart->stacked = !series;
	history.in_order = true;
	err = kt_history_walk(&history, kt_history_step(&history, MOMENTS_WANTED),
		series ? add_series : add_account, &plot);
	if (err)
		return err;
	err = kt_history_check(&history);
	if (err)
		return err;
	fill_up(&plot);
	drop_empty(plot.chart);
	keep_largest(&plot);
	if (!plot.chart->bands.count)
		return kt_err_new(KT_ERR_ABSENT,
			"nothing in %s is called so; 'ktally report --series' lists the names",
			history.path);
	kt_history_note(&history, options, report);
	return NULL;
}

const struct kt_cmd kt_cmd_plot = {
	.name = "plot",
	.summary = "a recording as a chart, in the terminal or a picture",
	.operands = "[FILE] [SERIES...]",
	.nr_operands_max = KT_OPERANDS_MAX,
	.help = "Draws the kernel's memory in a recording as a stack that adds up, as the account "
		"divides it; -a: all memory. With names from 'ktally report --series', shell "
		"patterns too, those as lines: 'ktally plot FILE slab:dentry meminfo:Percpu'. "
		"--from "
		"and --to choose the stretch. -o svg gives a picture: ktally plot -o svg "
		">kernel.svg",
	.run = run,
};
