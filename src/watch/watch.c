// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch/watch.h"

#include "cmd/session.h"
#include "model/list.h"

#include <stdlib.h>
#include <string.h>

#define MISSING	  INT64_MIN
#define NO_ROW	  UINT32_MAX
#define SECOND_NS 1000000000.0

struct watched {
	char *key;
	int64_t *values; /* a ring, in step with the times */
	int64_t marked;	 /* at the mark; 0: it was not there */
	uint64_t seen;	 /* number of the step that had it last */
};

struct kt_watch {
	const struct kt_cmd *cmd;
	struct kt_options options;
	struct kt_report report;
	const struct kt_table *table;
	int64_t *times_ms, mark_ms, last_ns;
	size_t nr_kept, nr, at;	       /* at: of the last sample */
	uint64_t nr_steps, sweep_step; /* which looks for dead rows next */
	struct watched *rows;
	size_t nr_rows, rows_max;
	uint32_t *index; /* open hash table of places in `rows`; twice as many as rows, or more */
	size_t index_mask;
};

struct kt_err *kt_watch_new(const struct kt_options *options, const char *command, size_t nr_kept,
	struct kt_watch **ret_watch)
{
	const struct kt_cmd *cmd = kt_cmd_find(command);
	struct kt_watch *watch;
	size_t slots = 2;

	*ret_watch = NULL;
	if (!cmd || !cmd->repeats)
		return kt_err_new(KT_ERR_USAGE, "'%.64s' is no command that is repeated", command);
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	watch->cmd = cmd;
	watch->options = *options;
	watch->nr_kept = nr_kept < 2		       ? 2
			 : nr_kept > KT_WATCH_KEPT_MAX ? KT_WATCH_KEPT_MAX
						       : nr_kept;
	watch->sweep_step = 2 * watch->nr_kept;
	watch->rows_max = KT_WATCH_BYTES_MAX / sizeof(int64_t) / watch->nr_kept;
	if (watch->rows_max > KT_WATCH_ROWS_MAX)
		watch->rows_max = KT_WATCH_ROWS_MAX;
	while (slots < watch->rows_max * 2)
		slots *= 2;
	watch->index_mask = slots - 1;
	watch->index = malloc(slots * sizeof(*watch->index));
	watch->rows = calloc(watch->rows_max, sizeof(*watch->rows));
	watch->times_ms = calloc(watch->nr_kept, sizeof(*watch->times_ms));
	if (!watch->index || !watch->rows || !watch->times_ms) {
		kt_watch_free(watch);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	memset(watch->index, 0xff, slots * sizeof(*watch->index));
	*ret_watch = watch;
	return NULL;
}

static void free_row(struct watched *row)
{
	free(row->key);
	free(row->values);
}

void kt_watch_free(struct kt_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->nr_rows; i++)
		free_row(&watch->rows[i]);
	kt_report_cleanup(&watch->report);
	free(watch->rows);
	free(watch->index);
	free(watch->times_ms);
	free(watch);
}

void kt_watch_cleanup(struct kt_watch **watch)
{
	kt_watch_free(*watch);
}

struct kt_options *kt_watch_options(struct kt_watch *watch)
{
	return &watch->options;
}

const struct kt_report *kt_watch_report(const struct kt_watch *watch)
{
	return watch->nr_steps ? &watch->report : NULL;
}

const struct kt_table *kt_watch_table(const struct kt_watch *watch)
{
	return watch->table;
}

size_t kt_watch_nr(const struct kt_watch *watch)
{
	return watch->nr;
}

static size_t place(const struct kt_watch *watch, size_t ago)
{
	return (watch->at + watch->nr_kept - ago) % watch->nr_kept;
}

int64_t kt_watch_time_ms(const struct kt_watch *watch, size_t ago)
{
	return ago < watch->nr ? watch->times_ms[place(watch, ago)] : 0;
}

int64_t kt_watch_mark_ms(const struct kt_watch *watch)
{
	return watch->mark_ms;
}

size_t kt_watch_nr_rows(const struct kt_watch *watch)
{
	return watch->nr_rows;
}

const char *kt_watch_row_key(const struct kt_watch *watch, size_t index)
{
	return index < watch->nr_rows ? watch->rows[index].key : NULL;
}

const char *kt_watch_key(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row)
{
	const char *key = NULL;

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &row->cells[i];
		const char *text = cell->text;

		if (!(table->columns[i].flags & KT_COL_KEY) || cell->state != KT_OK)
			continue;
		if (table->columns[i].type != KT_CELL_TEXT)
			text = kt_arena_printf(arena, "%lld", (long long)cell->number);
		key = key ? kt_arena_printf(arena, "%s\x1f%s", key, text) : text;
	}
	return key ? key : "";
}

/* ---- rows by key ---- */

static uint32_t *slot_of(const struct kt_watch *watch, const char *key)
{
	size_t at = kt_span_hash(KT_HASH_START, kt_span_str(key)) & watch->index_mask;

	while (watch->index[at] != NO_ROW && strcmp(watch->rows[watch->index[at]].key, key) != 0)
		at = (at + 1) & watch->index_mask;
	return &watch->index[at];
}

static struct watched *row_of(const struct kt_watch *watch, const char *key)
{
	uint32_t slot = *slot_of(watch, key);

	return slot == NO_ROW ? NULL : &watch->rows[slot];
}

/* Lets rows go that no step since then has seen. */
static void sweep(struct kt_watch *watch, uint64_t oldest)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->nr_rows; i++) {
		if (watch->rows[i].seen < oldest)
			free_row(&watch->rows[i]);
		else
			watch->rows[kept++] = watch->rows[i];
	}
	watch->nr_rows = kept;
	memset(watch->index, 0xff, (watch->index_mask + 1) * sizeof(*watch->index));
	for (size_t i = 0; i < kept; i++)
		*slot_of(watch, watch->rows[i].key) = (uint32_t)i;
}

static struct watched *add_row(struct kt_watch *watch, const char *key)
{
	struct watched *row = &watch->rows[watch->nr_rows];

	if (watch->nr_rows >= watch->rows_max)
		return NULL;
	*row = (struct watched){ .key = strdup(key),
		.values = malloc(watch->nr_kept * sizeof(*row->values)) };
	if (!row->key || !row->values) {
		free_row(row);
		return NULL;
	}
	for (size_t i = 0; i < watch->nr_kept; i++)
		row->values[i] = MISSING;
	*slot_of(watch, key) = (uint32_t)watch->nr_rows++;
	return row;
}

bool kt_watch_value(
	const struct kt_watch *watch, const char *row_key, size_t ago, int64_t *ret_value)
{
	const struct watched *row = ago < watch->nr ? row_of(watch, row_key) : NULL;

	if (!row || row->values[place(watch, ago)] == MISSING)
		return false;
	*ret_value = row->values[place(watch, ago)];
	return true;
}

/* ---- a step ---- */

/* Values of the sample that has just begun; a row without an amount stays missing. */
static void keep_values(struct kt_watch *watch, struct kt_report *report, size_t track)
{
	for (size_t i = 0; i < watch->table->rows.count; i++) {
		const struct kt_report_row *cells = &watch->table->rows.items[i];
		const char *key = kt_watch_key(&report->arena, watch->table, cells);
		struct watched *row = row_of(watch, key);
		int64_t *value;

		if (cells->cells[track].state != KT_OK)
			continue;
		if (!row)
			row = add_row(watch, key);
		if (!row)
			continue;
		value = &row->values[watch->at];
		if (*value == MISSING ||
			__builtin_add_overflow(*value, cells->cells[track].number, value))
			*value = cells->cells[track].number;
		row->seen = watch->nr_steps;
	}
}

static void fill_growth(struct kt_watch *watch, struct kt_report *report, double seconds)
{
	size_t since = kt_table_column(watch->table, KT_COL_GROWTH);
	size_t rate = kt_table_column(watch->table, KT_COL_RATE);

	for (size_t i = 0; i < watch->table->rows.count; i++) {
		struct kt_report_row *cells = &watch->table->rows.items[i];
		const char *key = kt_watch_key(&report->arena, watch->table, cells);
		struct watched *row = row_of(watch, key);
		int64_t now, before = 0;

		if (!row || row->values[watch->at] == MISSING)
			continue;
		now = row->values[watch->at];
		if (watch->nr > 1 && row->values[place(watch, 1)] != MISSING)
			before = row->values[place(watch, 1)];
		if (watch->nr_steps == 1)
			row->marked = before = now;
		if (since != KT_NO_COLUMN)
			cells->cells[since] = kt_cell_number(now - row->marked);
		if (rate != KT_NO_COLUMN && watch->nr_steps > 1 && seconds > 0)
			cells->cells[rate] =
				kt_cell_number((int64_t)((double)(now - before) / seconds));
	}
}

static void begin_sample(struct kt_watch *watch)
{
	watch->nr_steps++;
	watch->at = watch->nr ? (watch->at + 1) % watch->nr_kept : 0;
	watch->nr += watch->nr < watch->nr_kept;
	watch->times_ms[watch->at] = kt_session_time_ms();
	if (watch->nr_steps == 1)
		watch->mark_ms = watch->times_ms[watch->at];
	for (size_t i = 0; i < watch->nr_rows; i++)
		watch->rows[i].values[watch->at] = MISSING;
	if (watch->nr_rows == watch->rows_max) {
		sweep(watch, watch->nr_steps - 1); /* room for those that are alive */
	} else if (watch->nr_steps >= watch->sweep_step) {
		sweep(watch, watch->nr_steps - watch->nr_kept + 1);
		watch->sweep_step = watch->nr_steps + watch->nr_kept;
	}
}

static struct kt_table *tracked_table(const struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (kt_table_column(report->tables.items[i], KT_COL_TRACK) != KT_NO_COLUMN)
			return report->tables.items[i];
	}
	return NULL;
}

static void keep_sample(struct kt_watch *watch, struct kt_report *report, int64_t now_ns)
{
	double seconds = (double)(now_ns - watch->last_ns) / SECOND_NS;

	begin_sample(watch);
	watch->last_ns = now_ns;
	watch->table = tracked_table(report);
	report->followed = true;
	if (!watch->table)
		return;
	keep_values(watch, report, kt_table_column(watch->table, KT_COL_TRACK));
	fill_growth(watch, report, seconds);
}

struct kt_err *kt_watch_step(struct kt_watch *watch)
{
	struct kt_list_opts list = {
		.sort = watch->options.sort,
		.filter = watch->options.filter,
		.top = watch->options.top,
		.empty = true,
	};
	struct kt_report report = { 0 };
	struct kt_err *err = watch->cmd->run(&watch->options, &report);

	if (!err && report.arena.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err) {
		keep_sample(watch, &report, kt_session_clock_ns());
		kt_report_cleanup(&watch->report);
		watch->report = report;
		return kt_list_finish(&watch->report, &list);
	}
	kt_report_cleanup(&report);
	return err;
}

void kt_watch_mark(struct kt_watch *watch)
{
	watch->mark_ms = kt_watch_time_ms(watch, 0);
	for (size_t i = 0; i < watch->nr_rows && watch->nr; i++) {
		struct watched *row = &watch->rows[i];
		int64_t now = row->values[watch->at];

		row->marked = now == MISSING ? 0 : now;
	}
}
