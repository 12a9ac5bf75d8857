// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists every amount of memory in a recording: first and last value, extremes, course.

#include "cmd/past/past_series.h"

#include "base/buf.h"
#include "history/series.h"

enum {
	COL_NAME,
	COL_FIRST,
	COL_LAST,
	COL_CHANGE,
	COL_HOURLY,
	COL_MIN,
	COL_MEAN,
	COL_MAX,
	COL_COURSE,
	COL_MOVED
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name",
		.title = "SERIES",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_SET },
	[COL_FIRST] = { .key = "first",
		.title = "FIRST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE | KT_COL_SET | KT_COL_SIGNED },
	[COL_LAST] = { .key = "last",
		.title = "LAST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET | KT_COL_SIGNED },
	[COL_CHANGE] = { .key = "change",
		.title = "CHANGE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET | KT_COL_SIGNED },
	[COL_HOURLY] = { .key = "hourly",
		.title = "PER HOUR",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE | KT_COL_SIGNED },
	[COL_MIN] = { .key = "min",
		.title = "LEAST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE | KT_COL_SET | KT_COL_SIGNED },
	[COL_MEAN] = { .key = "mean",
		.title = "MEAN",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE | KT_COL_SET | KT_COL_SIGNED },
	[COL_MAX] = { .key = "max",
		.title = "MOST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET | KT_COL_SIGNED },
	[COL_COURSE] = { .key = "course", .title = "COURSE", .flags = KT_COL_TEXT_ONLY },
	[COL_MOVED] = { .key = "moved",
		.title = "",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY | KT_COL_RANK | KT_COL_SET },
};

/*
 * Writes a course in eight heights from minimum to maximum; a step without samples is blank. The
 * scale is the series' own minimum to maximum, so courses of two rows cannot be compared in height.
 * A series that never moves is drawn at the lowest height.
 */
static const char *course_of(struct kt_arena *arena, const struct kt_history_series *one)
{
	static const char *const heights[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double span = (double)one->max - (double)one->min;
	struct kt_buf text = { 0 };

	for (int i = 0; i < KT_HISTORY_COURSE; i++) {
		double mean = 0;
		bool any = kt_history_series_course(one, i, &mean);
		int height = span > 0 ? (int)((mean - (double)one->min) / span * 7.999) : 0;

		height = height < 0 ? 0 : height > 7 ? 7 : height;
		kt_buf_puts(&text, any ? heights[height] : " ");
	}
	return kt_arena_text(arena, &text);
}

/*
 * A series without any sample in the period has no row. PER HOUR is missing where the period is too
 * short to say it.
 */
static void put_one(
	struct kt_report *report, struct kt_table *table, const struct kt_history_series *one)
{
	struct kt_report_row *row = one->count ? kt_table_row(report, table) : NULL;
	int64_t change = one->last - one->first;
	int64_t hourly;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_cell_text(kt_arena_name(&report->arena, kt_span_str(one->name)));
	row->cells[COL_FIRST] = kt_cell_number(one->first);
	row->cells[COL_LAST] = kt_cell_number(one->last);
	row->cells[COL_CHANGE] = kt_cell_number(change);
	row->cells[COL_MIN] = kt_cell_number(one->min);
	row->cells[COL_MAX] = kt_cell_number(one->max);
	row->cells[COL_MEAN] = kt_cell_number(kt_history_series_mean(one));
	row->cells[COL_MOVED] = kt_cell_number(change < 0 ? -change : change);
	row->cells[COL_COURSE] = kt_cell_text(course_of(&report->arena, one));
	if (kt_history_series_hourly(one, &hourly))
		row->cells[COL_HOURLY] = kt_cell_number(hourly);
}

/* Says "at least", because other blocks may leave out other series. */
static void note_left_out(
	struct kt_report *report, const struct kt_history_series_list *series, size_t series_max)
{
	if (!series->nr_left_out)
		return;
	kt_report_field(report, NULL, "series_left_out", KT_CELL_COUNT,
		kt_cell_number((int64_t)series->nr_left_out));
	kt_report_note(report,
		"at least %zu series are left out: a report has %zu series at most, and these came "
		"last; --from chooses where it begins",
		series->nr_left_out, series_max);
}

const struct kt_part kt_past_series_part = {
	.key = "series",
	.kind = KT_PART_PLAIN_LIST,
	KT_COLUMNS_OF(columns),
	.forms = KT_PAST_FORM_SERIES,
	.help = "With --series, instead of lines and extremes. They overlap, so there is no total.",
};

static const struct kt_column left_out_columns[] = {
	{ .key = "series_left_out",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.min = 1,
		.help = "Series that are not in the list, at least: it has 65,536 at most. Missing "
			"where none is left out." },
};

const struct kt_part kt_past_left_out_part = {
	KT_COLUMNS_OF(left_out_columns),
	.forms = KT_PAST_FORM_SERIES,
	.optional = KT_PAST_FORM_SERIES,
};

struct kt_err *kt_past_series(
	struct kt_history *history, size_t series_max, struct kt_report *report)
{
	struct kt_history_series_list series;
	struct kt_err *err = kt_history_series_read(history, series_max, &series);
	struct kt_table *table =
		err ? NULL : kt_report_list(report, "series", NULL, columns, KT_LEN(columns));

	for (size_t i = 0; table && i < series.list.count; i++)
		put_one(report, table, &series.list.items[i]);
	if (table)
		table->plain = true;
	if (!err)
		note_left_out(report, &series, series_max);
	kt_history_series_fini(&series);
	return err;
}
