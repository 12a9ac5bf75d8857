// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a recording tells, in the habit of sar: a line for each interval, the extremes below.
// Each line is the account of one moment, worked out as the account command does.

#include "base/when.h"
#include "cmd/history.h"
#include "cmd/report_events.h"
#include "cmd/report_pools.h"
#include "cmd/report_series.h"
#include "cmd/session.h"
#include "model/account.h"
#include "model/trend.h"

#include <string.h>

#define LINES_WANTED 24
#define HOUR_MS	     3600000.0

enum {
	COL_CLOCK,
	COL_TIME,
	COL_KERNEL,
	COL_SLAB,
	COL_VMALLOC,
	COL_STACKS,
	COL_TABLES,
	COL_PERCPU,
	COL_DIRECT,
	COL_UNATTRIBUTED,
	COL_ANON,
	COL_CACHE,
	COL_FREE,
	COL_EVENT
};

#define ROW(k, t, f)                                                    \
	{                                                               \
		.key = k, .title = t, .type = KT_CELL_BYTES, .flags = f \
	}

/* clang-format off */
#define AMOUNTS \
	[COL_KERNEL] = ROW("kernel", "KERNEL", 0), \
	[COL_SLAB] = ROW("slab", "SLAB", 0), \
	[COL_VMALLOC] = ROW("vmalloc", "VMALLOC", 0), \
	[COL_STACKS] = ROW("kernel_stacks", "STACKS", 0), \
	[COL_TABLES] = ROW("page_tables", "PG TABLES", 0), \
	[COL_PERCPU] = ROW("percpu", "PER-CPU", 0), \
	[COL_DIRECT] = ROW("direct", "DIRECT", KT_COL_WIDE), \
	[COL_UNATTRIBUTED] = ROW("unattributed", "UNATTR", KT_COL_WIDE), \
	[COL_ANON] = ROW("anonymous", "ANONYMOUS", KT_COL_WIDE), \
	[COL_CACHE] = ROW("page_cache", "CACHE", KT_COL_WIDE), \
	[COL_FREE] = ROW("free", "FREE", KT_COL_WIDE)

static const struct kt_column columns[] = {
	[COL_CLOCK] = { .key = "clock", .title = "TIME (UTC)", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "time", .title = "", .flags = KT_COL_DATA_ONLY },
	AMOUNTS,
	[COL_EVENT] = { .key = "event", .title = "", .flags = KT_COL_DATA_ONLY },
};

static const struct kt_column extreme_columns[] = {
	[COL_CLOCK] = { .key = "clock", .title = "", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "what", .title = "", .flags = KT_COL_DATA_ONLY },
	AMOUNTS,
};
/* clang-format on */

struct extreme {
	int64_t min, max, count;
	double sum;
	struct kt_trend trend;
};

struct lines {
	struct kt_report *report;
	struct kt_table *table;
	struct extreme extremes[COL_FREE + 1];
	struct kt_events events;
	uint32_t boot;	      /* of the last line, counted by the events */
	int64_t boot_from_ms; /* boot time of that boot's first line */
	bool dated;	      /* the stretch is longer than a day */
};

static void put_time(struct lines *lines, struct kt_report_row *row, int64_t real_ms)
{
	char text[32];

	row->cells[COL_TIME] = kt_report_text(lines->report, kt_when_text(real_ms, text));
	text[10] = ' ';
	text[lines->dated ? 16 : 19] = '\0';
	row->cells[COL_CLOCK] = kt_report_text(lines->report, text + (lines->dated ? 5 : 11));
}

static void put_account(struct lines *lines, struct kt_report_row *row,
	const struct kt_account *account, double hours)
{
	struct kt_trend_times times = { 1, hours, hours * hours };

	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		const struct kt_line *line = kt_account_line(account, columns[i].key);
		struct extreme *extreme = &lines->extremes[i];

		if (!line || !kt_ok(line->val))
			continue;
		row->cells[i] = kt_cell_number(line->val.value);
		if (!extreme->count || line->val.value < extreme->min)
			extreme->min = line->val.value;
		if (!extreme->count || line->val.value > extreme->max)
			extreme->max = line->val.value;
		extreme->sum += (double)line->val.value;
		extreme->count++;
		kt_trend_add(&extreme->trend, lines->events.nr_boots, times, line->val.value);
	}
}

/* By the boot's own clock, which goes on evenly, since the boot's first line. */
static double hours_of(struct lines *lines, const struct kt_cursor *cursor)
{
	int64_t boot_ms = 0;

	kt_series_at(cursor->block->boot_ms, cursor->sample, &boot_ms);
	if (lines->boot != lines->events.nr_boots)
		lines->boot_from_ms = boot_ms;
	lines->boot = lines->events.nr_boots;
	return (double)(boot_ms - lines->boot_from_ms) / HOUR_MS;
}

static struct kt_err *put_line(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct lines *lines = arg;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = kt_history_account(cursor, &session, &account);
	struct kt_report_row *row;

	row = err ? NULL : kt_table_row(lines->report, lines->table);
	if (!row)
		return err ? err : kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_time(lines, row, real_ms);
	row->mark = kt_events_until(&lines->events, cursor, &lines->report->arena);
	row->cells[COL_EVENT] = kt_cell_text(row->mark);
	put_account(lines, row, &account, hours_of(lines, cursor));
	return NULL;
}

static int64_t least(const struct extreme *extreme)
{
	return extreme->min;
}

static int64_t mean(const struct extreme *extreme)
{
	return (int64_t)(extreme->sum / (double)extreme->count);
}

static int64_t most(const struct extreme *extreme)
{
	return extreme->max;
}

static void put_extreme(
	struct lines *lines, const char *name, int64_t (*value)(const struct extreme *extreme))
{
	struct kt_report_row *row = kt_table_row(lines->report, lines->table);

	if (!row)
		return;
	row->strong = true;
	row->cells[COL_CLOCK] = row->cells[COL_TIME] = kt_cell_text(name);
	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		if (lines->extremes[i].count)
			row->cells[i] = kt_cell_number(value(&lines->extremes[i]));
	}
}

/* The straight line through all lines above; each boot has one of its own. */
static void put_trend(struct lines *lines)
{
	struct kt_report_row *row = kt_table_row(lines->report, lines->table);
	int64_t slope;

	if (!row)
		return;
	row->strong = true;
	row->cells[COL_CLOCK] = row->cells[COL_TIME] = kt_cell_text("per hour");
	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		if (kt_trend_slope(&lines->extremes[i].trend, &slope))
			row->cells[i] = kt_cell_number(slope);
	}
}

static struct kt_err *put_lines(
	struct kt_history *history, int64_t step_ms, bool is_text, struct kt_report *report)
{
	struct lines lines = { .report = report,
		.boot = UINT32_MAX,
		.dated = history->to_ms - history->from_ms >= 86400000,
		.table = kt_report_table(report, "lines", NULL, columns, KT_LEN(columns)) };
	struct kt_err *err = lines.table ? kt_history_walk(history, step_ms, put_line, &lines)
					 : kt_err_new(KT_ERR_NOMEM, "out of memory");

	kt_events_fini(&lines.events);
	if (err)
		return err;
	/* people read them below the lines; a program would take them for moments */
	if (!is_text)
		lines.table = kt_report_table(
			report, "extremes", NULL, extreme_columns, KT_LEN(extreme_columns));
	if (!lines.table)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_extreme(&lines, "least", least);
	put_extreme(&lines, "mean", mean);
	put_extreme(&lines, "most", most);
	put_trend(&lines);
	if (history->nr_samples_seen > history->nr_visited)
		kt_report_note(report,
			"least, mean, most and growth are of these %lld lines; 'report --series' "
			"has those of all samples",
			(long long)history->nr_visited);
	return NULL;
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	bool is_text = strcmp(options->output, "text") == 0;
	struct kt_err *err;
	int64_t step_ms;

	kt_report_init(report, "ktally/report/1");
	if (kt_span_has_word(kt_span_str("openmetrics prometheus"), options->output))
		return kt_err_new(KT_ERR_USAGE,
			"'report' is about the past, and %s about now: 'ktally export -o "
			"openmetrics' has both",
			options->output);
	err = kt_history_open(options, &history);
	if (err)
		return err;
	kt_history_describe(&history, report);
	step_ms = options->interval_s ? (int64_t)(options->interval_s * 1000)
				      : kt_history_step(&history, LINES_WANTED);
	if (options->series)
		err = kt_report_series(&history, report);
	else if (options->pools)
		err = kt_report_pools(&history, step_ms, is_text, report);
	else
		err = put_lines(&history, step_ms, is_text, report);
	if (!err)
		err = kt_history_check(&history);
	kt_history_note(&history, options, report);
	return err;
}

const struct kt_cmd kt_cmd_report = {
	.name = "report",
	.summary = "what a recording tells, a line for each interval",
	.operands = "[FILE]",
	.nr_operands_max = 1,
	.help = "Shows a recording in the habit of sar: a line for each interval (-i, otherwise "
		"about 24 lines), each the account of that moment, the extremes, the mean and the "
		"growth per hour of the lines below. Growth is the slope of the nearest straight "
		"line; a boot begins a new one. A line under another says what happened before it: "
		"a boot, the OOM killer, modules and slab caches that came or went. --from and "
		"--to choose the stretch; -a adds the columns that 80 characters have no room for. "
		"--series lists every slab cache and counter instead, those that moved most first, "
		"with their extremes and course; --filter 'slab:*' chooses. For all of one moment: "
		"ktally -s FILE@TIME.",
	.paced = true,
	.run = run,
};
