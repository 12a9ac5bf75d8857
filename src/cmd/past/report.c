// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reports a recording in the style of sar: a line for each interval, the extremes below.
// Each line is the account of one sample, computed as by the account command.

#include "account/account.h"
#include "cmd/past/past.h"
#include "cmd/past/past_lines.h"
#include "cmd/past/past_pools.h"
#include "cmd/past/past_pressure.h"
#include "cmd/past/past_series.h"
#include "history/trend.h"
#include "machine/machine.h"

#include <stdlib.h>
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

/* column, row of the account, title, flags */
/* clang-format off */
#define AMOUNTS(X) \
	X(COL_KERNEL, KERNEL, "KERNEL", 0) \
	X(COL_SLAB, SLAB, "SLAB", 0) \
	X(COL_VMALLOC, VMALLOC, "VMALLOC", 0) \
	X(COL_STACKS, KERNEL_STACKS, "STACKS", 0) \
	X(COL_TABLES, PAGE_TABLES, "PG TABLES", 0) \
	X(COL_PERCPU, PERCPU, "PER-CPU", KT_COL_WIDE) \
	X(COL_DIRECT, DIRECT, "DIRECT", KT_COL_WIDE) \
	X(COL_UNATTRIBUTED, UNATTRIBUTED, "UNATTR", 0) \
	X(COL_ANON, ANONYMOUS, "ANONYMOUS", KT_COL_WIDE) \
	X(COL_CACHE, PAGE_CACHE, "CACHE", KT_COL_WIDE) \
	X(COL_FREE, FREE, "FREE", KT_COL_WIDE)
#define ROW_OF(column, row, title, flags) [column] = KT_ROW_##row,
#define COLUMN(column, row, text, bits) \
	[column] = { .key = KT_ROW_NAME_##row, .title = text, .type = KT_CELL_BYTES, .flags = (bits) | KT_COL_SIGNED },

static const enum kt_row_id rows[] = { AMOUNTS(ROW_OF) };

static const struct kt_column columns[] = {
	[COL_CLOCK] = { .key = "clock", .title = "TIME", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "time", .title = "", .flags = KT_COL_DATA_ONLY | KT_COL_SET, .pattern = KT_TIME_PATTERN },
	AMOUNTS(COLUMN)
	[COL_EVENT] = { .key = "event", .title = "", .flags = KT_COL_DATA_ONLY, .help = "What happened before this line." },
};

static const struct kt_column extreme_columns[] = {
	[COL_CLOCK] = { .key = "clock", .title = "", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "what", .title = "", .flags = KT_COL_DATA_ONLY | KT_COL_SET, .words = "least|mean|most|per hour" },
	AMOUNTS(COLUMN)
};
/* clang-format on */

/* Bytes. The sum is a real number, because a sum over a long recording could exceed int64_t. */
struct extreme {
	int64_t min, max, count;
	double sum;
	struct kt_trend trend;
};

struct lines {
	struct kt_past_lines base;
	struct extreme extremes[COL_FREE + 1];
	uint32_t boot;	      /* of the last line, counted by the events */
	int64_t boot_from_ms; /* boot time of that boot's first line */
	struct kt_past_pressure pressure;
};

static void put_account(struct kt_cell *cells, const struct kt_account *account)
{
	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		const struct kt_line *line = kt_account_line(account, rows[i]);

		if (line && kt_ok(line->val))
			cells[i] = kt_cell_number(line->val.value);
	}
}

/*
 * Works on the lines and not on all samples, so that the summary agrees with what is above it; a
 * note says so if lines are fewer than samples.
 */
static void add_extremes(struct lines *lines, const struct kt_cell *cells, double hours)
{
	struct kt_trend_times times = { 1, hours, hours * hours };

	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		struct extreme *extreme = &lines->extremes[i];
		int64_t value = cells[i].number;

		if (cells[i].state != KT_OK)
			continue;
		if (!extreme->count || value < extreme->min)
			extreme->min = value;
		if (!extreme->count || value > extreme->max)
			extreme->max = value;
		extreme->sum += (double)value;
		extreme->count++;
		kt_trend_add(&extreme->trend, lines->base.events.nr_boots, times, value);
	}
}

/* Returns the hours since the boot's first line, by the boot's own clock, which is steady. */
static double hours_of(struct lines *lines, const struct kt_cursor *cursor)
{
	int64_t boot_ms = cursor->boot_ms.run.value;
	uint32_t boot = lines->base.events.nr_boots;

	if (lines->boot != boot)
		lines->boot_from_ms = boot_ms;
	lines->boot = boot;
	return (double)(boot_ms - lines->boot_from_ms) / HOUR_MS;
}

/*
 * Adds to the extremes only in the first reading, because lines may be read again for the output.
 */
static struct kt_err *fill(struct kt_past_lines *base, const struct kt_cursor *cursor, bool first,
	struct kt_cell *cells)
{
	struct lines *lines = (struct lines *)base;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&base->follower, cursor, &account);

	if (err)
		return err;
	put_account(cells, &account);
	if (!first)
		return NULL;
	add_extremes(lines, cells, hours_of(lines, cursor));
	if (base->follower.snap)
		kt_past_pressure_add(&lines->pressure, base->follower.snap, base->events.nr_boots);
	return NULL;
}

static int64_t least(const struct extreme *extreme)
{
	return extreme->min;
}

/* The mean of the lines, each with the same weight, cut to whole bytes. */
static int64_t mean(const struct extreme *extreme)
{
	return (int64_t)(extreme->sum / (double)extreme->count);
}

static int64_t most(const struct extreme *extreme)
{
	return extreme->max;
}

struct summary {
	const struct lines *lines;
	struct kt_report *report;
	struct kt_table *table;
};

static void put_extreme(
	const struct summary *to, const char *name, int64_t (*value)(const struct extreme *extreme))
{
	struct kt_report_row *row = kt_table_row(to->report, to->table);

	if (!row)
		return;
	row->strong = true;
	row->cells[COL_CLOCK] = row->cells[COL_TIME] = kt_cell_text(name);
	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		if (to->lines->extremes[i].count)
			row->cells[i] = kt_cell_number(value(&to->lines->extremes[i]));
	}
}

/*
 * Adds the slope of the nearest straight line; each boot has a line of its own. A line through
 * several boots would show a leak where a reboot only emptied caches, or hide one.
 */
static void put_trend(const struct summary *to)
{
	struct kt_report_row *row = kt_table_row(to->report, to->table);
	int64_t slope;

	if (!row)
		return;
	row->strong = true;
	row->cells[COL_CLOCK] = row->cells[COL_TIME] = kt_cell_text("per hour");
	for (size_t i = COL_KERNEL; i <= COL_FREE; i++) {
		if (kt_trend_slope(&to->lines->extremes[i].trend, &slope))
			row->cells[i] = kt_cell_number(slope);
	}
}

/* The summary is below the lines in text, and in a table of its own for programs. */
static struct kt_err *put_summary(
	struct lines *lines, struct kt_table *table, bool is_text, struct kt_report *report)
{
	struct summary to = { lines, report,
		is_text ? table
			: kt_report_table(report, "extremes", NULL, extreme_columns,
				  KT_LEN(extreme_columns)) };

	if (!to.table)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_extreme(&to, "least", least);
	put_extreme(&to, "mean", mean);
	put_extreme(&to, "most", most);
	put_trend(&to);
	return NULL;
}

static struct kt_err *put_lines(
	struct kt_history **history, int64_t step_ms, bool is_text, struct kt_report *report)
{
	struct kt_table *table = kt_report_table(report, "lines", NULL, columns, KT_LEN(columns));
	struct lines *lines = table ? calloc(1, sizeof(*lines)) : NULL;
	struct kt_err *err;

	if (!lines)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	lines->boot = UINT32_MAX;
	lines->base.fill = fill;
	lines->base.step_ms = step_ms;
	lines->base.event_column = COL_EVENT;
	err = kt_past_lines_read(&lines->base, *history, table);
	*history = &lines->base.history;
	if (!err)
		err = put_summary(lines, table, is_text, report);
	if (!err)
		kt_past_pressure_put(&lines->pressure, report);
	if (!err && (*history)->nr_samples_seen > (*history)->nr_visited)
		kt_report_note(report,
			"least, mean, most and growth are of these %lld lines; 'report --series' "
			"covers all samples",
			(long long)(*history)->nr_visited);
	return err;
}

struct report_args {
	struct kt_past_period period;
	bool series, pools;
};

static const struct kt_part lines_part = {
	.key = "lines",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.forms = KT_PAST_FORM_LINES,
};
static const struct kt_part extremes_part = {
	.key = "extremes",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(extreme_columns),
	.forms = KT_PAST_FORM_LINES,
	.min_rows = 4,
	.max_rows = 4,
	.help = "Of the lines.",
};

static const struct kt_shape shape = {
	.schema = "ktally/report/1",
	.parts = KT_PARTS(&kt_past_recording_part, &kt_past_pressure_part, &lines_part,
		&extremes_part, &kt_past_series_part, &kt_past_left_out_part, &kt_past_pools_part,
		&kt_past_averages_part),
};

/* Only the list of series is a list. */
static struct kt_err *check_list(const struct kt_list_opts *list, bool series)
{
	const char *name = list->top ? "top" : list->sort ? "sort" : list->filter ? "filter" : NULL;

	return series || !name ? NULL : kt_err_new(KT_ERR_USAGE, "--%s needs --series", name);
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(history) struct kt_history opened = { 0 };
	struct kt_history *history = &opened; /* the lines take it */
	const struct report_args *args = kt_call_own(call);
	bool is_text = call->show.output->for_people;
	struct kt_err *err = check_list(&call->list, args->series);
	int64_t step_ms;

	if (err)
		return err;
	kt_report_begin(report, &shape);
	if (call->show.output->scraped)
		return kt_err_new(KT_ERR_USAGE,
			"'report' is about the past, and %s about now: 'ktally export -o "
			"openmetrics' has both",
			call->show.output->name);
	err = kt_past_open(kt_past_path(call), &args->period, history);
	if (err)
		return err;
	kt_past_describe(history, report);
	step_ms = call->interval_s ? (int64_t)(call->interval_s * 1000)
				   : kt_history_step(history, LINES_WANTED);
	if (args->series)
		err = kt_past_series(history, KT_PAST_SERIES_MAX, report);
	else if (args->pools)
		err = kt_past_pools(&history, step_ms, is_text, report);
	else
		err = put_lines(&history, step_ms, is_text, report);
	if (!err)
		err = kt_history_check(history);
	kt_past_note(history, report);
	return err;
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_RECORDING, .optional = true,
	.usual = KT_RECORDING_DEFAULT } };

static const struct kt_option options[] = {
	KT_PAST_PERIOD_OPTIONS(struct report_args, period),
	{ 0, "series", NULL,
		"list every series (kernel counter, slab cache), the largest change "
		"first",
		.kind = KT_ARG_FLAG, KT_AT(struct report_args, series) },
	{ 'k', "pools", NULL,
		"show the pools of the kernel as sar -k of Solaris does (sysstat has no -k): "
		"kmalloc, "
		"named caches, larger ones",
		.kind = KT_ARG_FLAG, KT_AT(struct report_args, pools) },
};

static const struct kt_example examples[] = {
	{ "ktally report r.rec", "the whole recording, in about 24 lines" },
	{ "ktally report r.rec --from -2h", "the last two hours" },
	{ "ktally sar -k r.rec", "the pools of the kernel over time" },
	{ "ktally report r.rec --series --filter 'slab:*'",
		"every slab cache, the largest change first" },
};

const struct kt_cmd kt_cmd_report = {
	.name = "report",
	.alias = "sar", /* of Solaris and sysstat, whose -k, -i and file are the same here */
	.summary = "a recording, a line for each interval",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Shows a recording in the style of sar: a line for each interval (-i, "
		"otherwise about 24 lines), each with the account at that time. Below the "
		"lines are the extremes, the mean and the growth per hour. Growth is the "
		"slope of a straight line fitted to the values; each boot has its own line. "
		"Text at the end of a line names events since the line before: a boot, the "
		"OOM killer, modules and slab caches that came or went. --from and --to "
		"choose the period. A terminal that is wide enough, or -a, has the columns that 80 "
		"characters have no room for. The head says whether memory was short: the least "
		"available memory of the lines, and, from the first to the last line, for how long "
		"tasks waited for memory, kills by the OOM killer, and allocations that had to "
		"free memory first (stalls).\n\n"
		"--series lists every slab cache and counter instead, with extremes and "
		"course, the largest change first; --filter 'slab:*' chooses some. For "
		"everything at one time: 'ktally -s FILE@TIME'.\n\n"
		"'sar' is another name of the command: 'ktally sar -k' shows what 'sar -k' of "
		"Solaris does. 'import' reads files of sysstat's sar.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.paced = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct report_args),
	.shape = &shape,
	.run = run,
};
