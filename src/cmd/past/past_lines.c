// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines of a report that need not fit into memory. They are compressed while the recording is read
// for the first time. If that is too much, all are dropped and the recording is read again for each
// use: time is paid instead of memory, and the output is the same.

#include "cmd/past/past_lines.h"

#include "base/when.h"
#include "cmd/past/past_events.h"

#include <stdlib.h>
#include <string.h>

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* ---- one line ---- */

static void clear(struct kt_past_lines *lines)
{
	for (size_t i = 0; i < lines->nr_columns; i++)
		lines->cells[i] = (struct kt_cell){ .state = KT_ABSENT };
}

/*
 * Shows the line whose amounts are set. The texts of time and clock are on the stack: `visit` must
 * copy what it keeps.
 */
static struct kt_err *show(struct kt_past_lines *lines, int64_t real_ms, const char *mark,
	kt_row_visit visit, void *arg)
{
	struct kt_report_row row = { .cells = lines->cells, .mark = mark };
	char time[32], clock[KT_WHEN_ROOM];

	row.cells[KT_PAST_LINES_TIME] = kt_cell_text(kt_when_text(real_ms, time));
	row.cells[KT_PAST_LINES_CLOCK] = kt_cell_text(kt_when_clock(real_ms, lines->dated, clock));
	if (lines->event_column)
		row.cells[lines->event_column] = kt_cell_text(mark);
	return visit(arg, &row); /* cppcheck-suppress returnDanglingLifetime */
}

/* ---- kept lines ---- */

/*
 * Frees the kept lines as soon as there are too many: keeping some of them would help no later use.
 */
static void forget(struct kt_past_lines *lines)
{
	for (size_t i = 0; i < lines->nr_columns && lines->amounts; i++)
		kt_series_fini(&lines->amounts[i]);
	kt_arena_fini(&lines->arena);
	lines->arena = (struct kt_arena){ 0 };
	lines->marks.items = NULL;
	lines->marks.count = lines->marks.room = 0;
}

static bool keep_mark(struct kt_past_lines *lines, const char *mark)
{
	struct kt_past_lines_mark *slot = mark ? kt_list_push(&lines->arena, &lines->marks) : NULL;

	if (!mark || !slot)
		return !mark;
	lines->bytes += strlen(mark) + 1 + sizeof(*slot);
	*slot = (struct kt_past_lines_mark){ lines->count,
		kt_arena_printf(&lines->arena, "%s", mark) };
	return !lines->arena.failed;
}

/*
 * Counts the memory that the series really takes, because compression depends on how numbers move.
 */
static bool keep_number(struct kt_past_lines *lines, size_t column, const struct kt_cell *cell)
{
	struct kt_series *series = &lines->amounts[column];

	lines->bytes -= series->room;
	if (cell->state == KT_OK)
		kt_series_set(series, lines->count, cell->number);
	else
		kt_series_set_absent(series, lines->count);
	lines->bytes += series->room;
	return !series->failed;
}

/*
 * Absent values are kept as absent, so the second use shows the same as the first. The clock is not
 * kept: it is made from the time.
 */
static struct kt_err *keep(struct kt_past_lines *lines, int64_t real_ms, const char *mark)
{
	bool good = true;

	if (lines->full)
		return NULL;
	lines->cells[KT_PAST_LINES_TIME] = kt_cell_number(real_ms);
	for (size_t i = KT_PAST_LINES_TIME; i < lines->nr_columns && good; i++) {
		if (i != lines->event_column)
			good = keep_number(lines, i, &lines->cells[i]);
	}
	if (!good || !keep_mark(lines, mark))
		return no_memory();
	lines->count++;
	lines->full = lines->bytes > lines->bytes_max || lines->count == UINT32_MAX;
	if (lines->full)
		forget(lines);
	return NULL;
}

struct kept {
	struct kt_series_reader reader;
	struct kt_series_run run;
};

/* A run is a value that repeats; most columns of most recordings are a few long runs. */
static void take_number(struct kept *kept, struct kt_cell *cell)
{
	if (!kept->run.count && !kt_series_next(&kept->reader, &kept->run))
		return;
	kept->run.count--;
	if (!kept->run.absent)
		*cell = kt_cell_number(kept->run.value);
}

static struct kt_err *show_kept(struct kt_past_lines *lines, kt_row_visit visit, void *arg)
{
	struct kept *kept = calloc(lines->nr_columns, sizeof(*kept));
	struct kt_err *err = NULL;
	size_t mark = 0;

	if (!kept)
		return no_memory();
	for (size_t i = KT_PAST_LINES_TIME; i < lines->nr_columns; i++)
		kt_series_read(&kept[i].reader, kt_series_ops(&lines->amounts[i], lines->count),
			lines->count);
	for (uint32_t line = 0; line < lines->count && !err; line++) {
		const struct kt_past_lines_mark *next = &lines->marks.items[mark];
		bool marked = mark < lines->marks.count && next->line == line;

		clear(lines);
		for (size_t i = KT_PAST_LINES_TIME; i < lines->nr_columns; i++)
			take_number(&kept[i], &lines->cells[i]);
		err = show(lines, lines->cells[KT_PAST_LINES_TIME].number,
			marked ? next->text : NULL, visit, arg);
		mark += marked;
	}
	free(kept);
	return err;
}

/* ---- the recording ---- */

/* A mark covers all samples since the line before, so that a coarse step loses no event. */
static struct kt_err *put_line(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct kt_past_lines *lines = arg;
	struct kt_arena arena = { 0 };
	kt_events_list list;
	const char *mark = NULL;
	struct kt_err *err = NULL;

	clear(lines);
	if (lines->event_column) {
		kt_events_until(&lines->events, cursor, &arena, &list);
		mark = kt_past_events_text(&list, &arena);
	}
	if (arena.failed)
		err = no_memory();
	if (!err)
		err = lines->fill(lines, cursor, !lines->visit, lines->cells);
	if (!err)
		err = lines->visit ? show(lines, real_ms, mark, lines->visit, lines->visit_arg)
				   : keep(lines, real_ms, mark);
	kt_arena_fini(&arena);
	return err;
}

static struct kt_err *walk(struct kt_past_lines *lines)
{
	struct kt_err *err = kt_history_walk(&lines->history, lines->step_ms, put_line, lines);

	kt_events_fini(&lines->events);
	kt_follower_cleanup(&lines->follower);
	return err;
}

/*
 * A second reading of the file must not change sums, so `fill` learns from `first` that it is one.
 */
static struct kt_err *each(void *arg, kt_row_visit visit, void *visit_arg)
{
	struct kt_past_lines *lines = arg;

	if (!lines->full)
		return show_kept(lines, visit, visit_arg);
	lines->visit = visit;
	lines->visit_arg = visit_arg;
	return walk(lines);
}

static void free_lines(void *arg)
{
	struct kt_past_lines *lines = arg;

	forget(lines);
	kt_events_fini(&lines->events);
	kt_follower_cleanup(&lines->follower);
	kt_history_cleanup(&lines->history);
	free(lines->amounts);
	free(lines->cells);
	free(lines);
}

/*
 * The table takes over `lines` before anything can fail, so the caller never frees it. A period of
 * a day or longer needs the date, and then leaves out the seconds to keep the width.
 */
struct kt_err *kt_past_lines_read(
	struct kt_past_lines *lines, struct kt_history *history, struct kt_table *table)
{
	table->feed = (struct kt_feed){ each, free_lines, lines };
	lines->history = *history;
	*history = (struct kt_history){ 0 };
	lines->dated = lines->history.to_ms - lines->history.from_ms >= 86400000;
	lines->bytes_max = lines->bytes_max ? lines->bytes_max : KT_PAST_LINES_BYTES;
	lines->nr_columns = table->nr_columns;
	lines->amounts = calloc(table->nr_columns, sizeof(*lines->amounts));
	lines->cells = calloc(table->nr_columns, sizeof(*lines->cells));
	if (!lines->amounts || !lines->cells)
		return no_memory();
	for (size_t i = 0; i < table->nr_columns; i++)
		kt_series_init(&lines->amounts[i]);
	return walk(lines);
}
