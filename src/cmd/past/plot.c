// SPDX-License-Identifier: GPL-2.0-or-later
//
// Draws a recording as a chart: the kernel's memory stacked, as the account divides it, or any
// amounts as lines.

#include "account/account.h"
#include "cmd/past/past.h"
#include "cmd/past/past_events.h"
#include "history/follower.h"
#include "history/tracks.h"
#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

#define MOMENTS_WANTED 240
#define BANDS_MAX      12  /* drawn bands */
#define BANDS_READ     256 /* bands to choose the largest from */

struct plot {
	struct kt_follower follower;
	struct kt_report *report;
	struct kt_chart *chart;
	enum kt_row_id parent; /* its children are the bands */
	const struct kt_call *call;
	struct kt_tracks_reader tracks;
	struct kt_events events;
	bool found[KT_OPERANDS_MAX]; /* whether an operand has matched a series */
};

/*
 * Returns the band of a name and a row of the account, or NULL; a new band is missing at earlier
 * times. Bounds the memory by BANDS_READ: a pattern such as '*' matches thousands of series.
 */
static struct kt_chart_band *band_of(struct plot *plot, const char *name, const char *id)
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
		*band = (struct kt_chart_band){ .name = kt_arena_name(arena, kt_span_str(name)),
			.id = id ? kt_arena_name(arena, kt_span_str(id)) : NULL };
	return band;
}

/*
 * Fills the times before with KT_CHART_MISSING: a band that appears late must not begin at time 0.
 */
static void put_value(struct plot *plot, const char *name, const char *id, int64_t value)
{
	struct kt_chart_band *band = band_of(plot, name, id);

	while (band && band->values.count < plot->chart->times_ms.count) {
		int64_t *slot = kt_list_push(&plot->report->arena, &band->values);

		if (!slot)
			return;
		*slot = band->values.count == plot->chart->times_ms.count ? value
									  : KT_CHART_MISSING;
	}
}

/* Slab caches come and go with containers and mounts: they would hide the other events. */
static bool is_drawn(const struct kt_events_item *item)
{
	return item->kind != KT_EVENTS_CACHE_MADE && item->kind != KT_EVENTS_CACHE_GONE;
}

static void put_events(struct plot *plot, const struct kt_cursor *cursor, int64_t real_ms)
{
	struct kt_arena arena = { 0 };
	struct kt_chart_event *event;
	kt_events_list list;
	const char *text;
	size_t kept = 0;

	kt_events_until(&plot->events, cursor, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (is_drawn(&list.items[i]))
			list.items[kept++] = list.items[i];
	}
	list.count = kept;
	text = kt_past_events_text(&list, &arena);
	plot->report->arena.failed |= arena.failed;
	event = text ? kt_list_push(&plot->report->arena, &plot->chart->events) : NULL;
	if (event)
		*event = (struct kt_chart_event){ real_ms,
			kt_arena_printf(&plot->report->arena, "%s", text) };
	kt_arena_fini(&arena);
}

static void put_moment(struct plot *plot, const struct kt_cursor *cursor, int64_t real_ms)
{
	int64_t *slot = kt_list_push(&plot->report->arena, &plot->chart->times_ms);

	if (slot)
		*slot = real_ms;
	put_events(plot, cursor, real_ms);
}

/* Takes the children of one row only, because bands of a stack must add up and not overlap. */
static struct kt_err *add_account(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct plot *plot = arg;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&plot->follower, cursor, &account);

	if (err)
		return err;
	put_moment(plot, cursor, real_ms);
	for (size_t i = 0; i < account.lines.count; i++) {
		const struct kt_line *line = &account.lines.items[i];

		if (line->parent == plot->parent && kt_ok(line->val))
			put_value(plot, line->title, line->id, line->val.value);
	}
	return NULL;
}

static bool is_wanted(struct plot *plot, const struct kt_track *track)
{
	bool any = false;

	for (int i = 1; i < plot->call->nr_operands; i++) {
		bool matches = kt_track_matches(track, plot->call->operands[i]);

		plot->found[i] |= matches;
		any |= matches;
	}
	return any;
}

/* A chart without a series that was asked for would look like one where nothing has that name. */
static struct kt_err *check_found(const struct plot *plot, const char *path)
{
	for (int i = 1; i < plot->call->nr_operands; i++) {
		if (!plot->found[i])
			return kt_err_new(KT_ERR_ABSENT,
				"no series in %s matches '%s'; 'ktally report --series' lists the "
				"names",
				path, plot->call->operands[i]);
	}
	return NULL;
}

/* A name can belong to different tracks in different blocks; their values form one line. */
static struct kt_err *add_series(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct plot *plot = arg;
	const kt_tracks *tracks = kt_tracks_reader_at(&plot->tracks, cursor->block);

	put_moment(plot, cursor, real_ms);
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		int64_t value;

		if (is_wanted(plot, track) && kt_track_value(cursor, track, &value))
			put_value(plot, track->id, NULL, value);
	}
	return plot->tracks.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static bool is_empty(const struct kt_chart_band *band)
{
	for (size_t i = 0; i < band->values.count; i++) {
		if (band->values.items[i] != KT_CHART_MISSING && band->values.items[i] != 0)
			return false;
	}
	return true;
}

/*
 * Drops bands of a stack that were always 0. An empty band takes a colour and a line of the legend.
 * A line that was asked for by name stays, also at 0.
 */
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

/* Keeps the largest bands: more lines than a few cannot be distinguished. */
static void keep_largest(struct plot *plot)
{
	size_t count = plot->chart->bands.count;

	if (count <= BANDS_MAX)
		return;
	qsort(plot->chart->bands.items, count, sizeof(*plot->chart->bands.items), by_most);
	plot->chart->bands.count = BANDS_MAX;
	kt_report_note(plot->report, "draws the %d largest; not drawn: %zu%s", BANDS_MAX,
		count - BANDS_MAX, count >= BANDS_READ ? " or more" : "");
}

/* Marks bands that ended early as missing to the end. */
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

struct plot_args {
	struct kt_past_period period;
};

static const struct kt_part charts_part = {
	.key = "charts",
	.kind = KT_PART_CHARTS,
	.min_rows = 1,
	.max_rows = 1,
};

static const struct kt_shape shape = {
	.schema = "ktally/plot/1",
	.parts = KT_PARTS(&kt_past_recording_part, &charts_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct plot_args *args = kt_call_own(call);
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct plot plot = { .report = report, .call = call, .parent = KT_ROW_KERNEL };
	bool series = call->nr_operands > 1;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_past_open(kt_past_path(call), &args->period, &history);
	if (err)
		return err;
	if (call->show.all)
		plot.parent = KT_ROW_RAM;
	kt_past_describe(&history, report);
	plot.chart = kt_report_chart(report, series ? "series" : kt_row_id_name(plot.parent),
		series		 ? "Amounts of memory"
		: call->show.all ? "All memory"
				 : "Kernel memory");
	if (!plot.chart)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	plot.chart->stacked = !series;
	history.in_order = true;
	err = kt_history_walk(&history, kt_history_step(&history, MOMENTS_WANTED),
		series ? add_series : add_account, &plot);
	kt_tracks_reader_fini(&plot.tracks);
	kt_follower_cleanup(&plot.follower);
	kt_events_fini(&plot.events);
	if (!err)
		err = kt_history_check(&history);
	if (!err)
		err = check_found(&plot, history.path);
	if (err)
		return err;
	fill_up(&plot);
	drop_empty(plot.chart);
	keep_largest(&plot);
	if (!plot.chart->bands.count)
		return kt_err_new(KT_ERR_ABSENT,
			"no series in %s has such a name; 'ktally report --series' lists the names",
			history.path);
	kt_past_note(&history, report);
	return NULL;
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_RECORDING, .optional = true,
						      .usual = KT_RECORDING_DEFAULT },
	{ "SERIES", KT_ARG_SERIES, .optional = true, .many = true } };

static const struct kt_option options[] = { KT_PAST_PERIOD_OPTIONS(struct plot_args, period) };

static const struct kt_example examples[] = {
	{ "ktally plot r.rec", "the kernel's memory as a chart in the terminal" },
	{ "ktally plot r.rec slab:dentry meminfo:Percpu", "two series as lines" },
	{ "ktally plot r.rec -o svg >kernel.svg", "a picture" },
	{ "ktally plot r.rec -o png >kernel.png", "a picture for tickets and mails" },
};

const struct kt_cmd kt_cmd_plot = {
	.name = "plot",
	.summary = "a recording as a chart, as text, SVG or PNG",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Draws the kernel's memory in a recording as a stack that adds up, as the "
		"account divides it; -a draws all memory. With SERIES it draws these as "
		"lines: names from 'ktally report --series', or shell patterns. --from and "
		"--to choose the period. -o svg and -o png make a picture. Events, such as boots, "
		"kills by the OOM killer, modules, findings and marks, are lines of a picture, and "
		"letters below a chart of text. A name that no series has is an error.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct plot_args),
	.shape = &shape,
	.run = run,
};
