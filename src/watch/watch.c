// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch/watch.h"

#include "machine/clock.h"
#include "report/list.h"
#include "report/row_key.h"
#include "source/still.h"

#include <stdlib.h>
#include <string.h>

#define MISSING	  INT64_MIN
#define SECOND_NS 1000000000.0

struct watched {
	char *key;
	int64_t *values; /* ring; same positions as the times */
	int64_t marked;	 /* value at the mark; 0: the row was missing */
	uint64_t seen;	 /* number of the last step that had the row */
};

struct kt_watch {
	const struct kt_cmd *cmd;
	struct kt_call call;
	struct kt_still *still; /* NULL: the caller's is used */
	struct kt_report report;
	const struct kt_table *table;
	int64_t *times_ms, mark_ms, last_ns;
	size_t nr_kept, nr, at;	       /* `at`: index of the last sample */
	uint64_t nr_steps, sweep_step; /* `sweep_step`: the step that next looks for dead rows */
	struct watched *rows;
	size_t nr_rows, rows_max;
	struct kt_map index; /* key -> place in `rows` */
	struct kt_copies copies;
};

/* Rows of a sample under their identities, which are worked out once. */
typedef KT_LIST(const char *) row_ids;

struct kt_err *kt_watch_new(const struct kt_cmd *cmd, const struct kt_call *call, size_t nr_kept,
	struct kt_watch **ret_watch)
{
	struct kt_watch *watch;

	*ret_watch = NULL;
	if (!cmd->repeats)
		return kt_err_new(
			KT_ERR_USAGE, "'%.64s' is not a command that can be repeated", cmd->name);
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	watch->cmd = cmd;
	watch->call = *call;
	watch->call.fold_top = 0;
	watch->still = call->machine.still ? NULL : kt_still_new();
	if (watch->still)
		watch->call.machine.still = watch->still;
	watch->nr_kept = nr_kept < 2		       ? 2
			 : nr_kept > KT_WATCH_KEPT_MAX ? KT_WATCH_KEPT_MAX
						       : nr_kept;
	watch->sweep_step = 2 * watch->nr_kept;
	watch->rows_max = KT_WATCH_BYTES_MAX / sizeof(int64_t) / watch->nr_kept;
	if (watch->rows_max > KT_WATCH_ROWS_MAX)
		watch->rows_max = KT_WATCH_ROWS_MAX;
	watch->rows = calloc(watch->rows_max, sizeof(*watch->rows));
	watch->times_ms = calloc(watch->nr_kept, sizeof(*watch->times_ms));
	if (!watch->rows || !watch->times_ms) {
		kt_watch_free(watch);
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
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
	kt_still_free(watch->still);
	free(watch->rows);
	kt_map_fini(&watch->index);
	kt_copies_fini(&watch->copies);
	free(watch->times_ms);
	free(watch);
}

void kt_watch_cleanup(struct kt_watch **watch)
{
	kt_watch_free(*watch);
}

struct kt_call *kt_watch_call(struct kt_watch *watch)
{
	return &watch->call;
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

/* ---- rows by key ---- */

static struct watched *row_of(const struct kt_watch *watch, const char *key)
{
	const uint32_t *index = key ? kt_map_find(&watch->index, kt_span_str(key)) : NULL;

	return index && *index < watch->nr_rows ? &watch->rows[*index] : NULL;
}

static bool index_row(struct kt_watch *watch, size_t at)
{
	uint32_t *index = kt_map_add(&watch->index, kt_span_str(watch->rows[at].key), NULL, NULL);

	if (index)
		*index = (uint32_t)at;
	return index != NULL;
}

/* Drops rows that were missing in all steps since `oldest`. */
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
	kt_map_clear(&watch->index);
	for (size_t i = 0; i < kept; i++)
		index_row(watch, i); /* cannot fail: its memory is reserved */
}

static struct watched *add_row(struct kt_watch *watch, const char *key)
{
	struct watched *row;

	if (!watch->rows || watch->nr_rows >= watch->rows_max)
		return NULL;
	row = &watch->rows[watch->nr_rows];
	*row = (struct watched){ .key = strdup(key),
		.values = malloc(watch->nr_kept * sizeof(*row->values)) };
	if (!row->key || !row->values) {
		free_row(row);
		return NULL;
	}
	for (size_t i = 0; i < watch->nr_kept; i++)
		row->values[i] = MISSING;
	watch->nr_rows++;
	if (index_row(watch, watch->nr_rows - 1))
		return row;
	free_row(&watch->rows[--watch->nr_rows]);
	return NULL;
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

/* Stores the values of the sample that has just begun; a row without an amount stays missing. */
static void keep_values(struct kt_watch *watch, const row_ids *ids, size_t track)
{
	for (size_t i = 0; ids->items && i < ids->count; i++) {
		const struct kt_report_row *cells = &watch->table->rows.items[i];
		const char *key = ids->items[i];
		struct watched *row = row_of(watch, key);

		if (!key || cells->cells[track].state != KT_OK)
			continue;
		if (!row)
			row = add_row(watch, key);
		if (!row)
			continue;
		row->values[watch->at] = cells->cells[track].number;
		row->seen = watch->nr_steps;
	}
}

static void fill_growth(struct kt_watch *watch, const row_ids *ids, double seconds)
{
	size_t since = kt_table_column(watch->table, KT_COL_GROWTH);
	size_t rate = kt_table_column(watch->table, KT_COL_RATE);

	for (size_t i = 0; ids->items && i < ids->count; i++) {
		struct kt_report_row *cells = &watch->table->rows.items[i];
		struct watched *row = row_of(watch, ids->items[i]);
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
	watch->times_ms[watch->at] = kt_clock_time_ms();
	if (watch->nr_steps == 1)
		watch->mark_ms = watch->times_ms[watch->at];
	for (size_t i = 0; i < watch->nr_rows; i++)
		watch->rows[i].values[watch->at] = MISSING;
	if (watch->nr_rows == watch->rows_max) {
		sweep(watch, watch->nr_steps - 1); /* makes room by dropping dead rows */
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

/*
 * Indexes the rows of a sample and reserves room for their values before the sample begins: a row
 * left out because memory ran out would look like a row that the machine does not have.
 */
static bool prepare_rows(
	struct kt_watch *watch, struct kt_report *report, struct kt_table *table, row_ids *ret_ids)
{
	size_t track = table ? kt_table_column(table, KT_COL_TRACK) : 0;

	if (!table)
		return true;
	kt_row_keys_of(&report->arena, table);
	kt_row_keep_copies(&watch->copies, &report->arena, table);
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_report_row *cells = &table->rows.items[i];
		const char *key = kt_row_id(&report->arena, table, cells);
		const char **slot = kt_list_push(&report->arena, ret_ids);
		struct watched *row;

		if (slot)
			*slot = key;
		if (!key || cells->cells[track].state != KT_OK || row_of(watch, key))
			continue;
		row = add_row(watch, key);
		if (!row && watch->nr_rows < watch->rows_max)
			return false;
		if (row)
			row->seen = watch->nr_steps + 1;
	}
	return !report->arena.failed;
}

static void keep_sample(
	struct kt_watch *watch, struct kt_report *report, const row_ids *ids, int64_t now_ns)
{
	double seconds = (double)(now_ns - watch->last_ns) / SECOND_NS;

	begin_sample(watch);
	watch->last_ns = now_ns;
	report->followed = true;
	if (!watch->table)
		return;
	keep_values(watch, ids, kt_table_column(watch->table, KT_COL_TRACK));
	fill_growth(watch, ids, seconds);
}

struct kt_err *kt_watch_step(struct kt_watch *watch)
{
	struct kt_list_opts list = {
		.sort = watch->call.list.sort,
		.filter = watch->call.list.filter,
		.top = watch->call.list.top,
		.empty = true,
	};
	struct kt_report report = { 0 };
	row_ids ids = { 0 };
	struct kt_err *err = kt_cmd_run(watch->cmd, &watch->call, &report);
	const struct kt_table *before = watch->table;
	struct kt_table *table = err ? NULL : tracked_table(&report);

	if (!err && !prepare_rows(watch, &report, table, &ids))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err) {
		watch->table = table;
		keep_sample(watch, &report, &ids, kt_clock_ns());
		err = kt_list_finish(&report, &list);
	}
	if (err) { /* the previous report stays */
		watch->table = before;
		kt_report_cleanup(&report);
		return err;
	}
	kt_report_cleanup(&watch->report);
	watch->report = report;
	return NULL;
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
