// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who allocated what grew, by the watches that a recording has of it.

#include "cmd/users/users_watch.h"

#include "analysis/users/watched.h"
#include "base/when.h"

#include <math.h>
#include <string.h>

enum { WATCH_TOPIC, WATCH_BEGUN, WATCH_HELD, WATCH_LOW, WATCH_HIGH, WATCH_COVERAGE, WATCH_SAYS };

static const struct kt_column columns[] = {
	[WATCH_TOPIC] = { .key = "topic",
		.title = "WATCHED",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "Slab cache, or pages, percpu, vmalloc." },
	[WATCH_BEGUN] = { .key = "begun",
		.title = "AT",
		.flags = KT_COL_LABEL | KT_COL_TIME,
		.help = "When it began." },
	[WATCH_HELD] = { .key = "held_bytes",
		.title = "HELD",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_RANK,
		.help = "Allocated while it was watched, and not freed. An estimate." },
	[WATCH_LOW] = { .key = "held_low_bytes",
		.title = "AT LEAST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY,
		.help = "The amount is between both bounds in 99 of 100 cases." },
	[WATCH_HIGH] = { .key = "held_high_bytes",
		.title = "AT MOST",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY },
	[WATCH_COVERAGE] = { .key = "coverage",
		.title = "SEEN",
		.type = KT_CELL_SHARE,
		.help = "How much of what happened the events show; null: not known." },
	[WATCH_SAYS] = { .key = "says",
		.title = "MOST IS",
		.flags = KT_COL_LABEL | KT_COL_WRAP,
		.help = "The largest holder." },
};

const struct kt_part kt_users_part_watches = {
	.key = "watches",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Of a recording with --users: rows that grew, and what a watch of them showed.",
};

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, uint32_t number)
{
	const struct kt_watched_whole *watch = &snap->watches.items[number];
	struct kt_coverage coverage = kt_watched_coverage(watch);
	struct kt_report_row *row = kt_table_row(report, table);
	struct kt_sampled_sum held = { 0 }, all = { 0 };
	struct kt_estimate bytes;
	char begun[32];

	if (!row)
		return;
	for (size_t i = 0; i < snap->watched.count; i++) {
		if (snap->watched.items[i].watch != number)
			continue;
		kt_watched_add(&held, &snap->watched.items[i].held);
		kt_watched_add(&all, &snap->watched.items[i].all);
	}
	bytes = kt_watched_bytes(&held);
	bytes.high += kt_watched_lost_bytes(watch, &all);
	row->cells[WATCH_TOPIC] = kt_report_text(report, watch->topic);
	if (kt_known(watch->begun_s)) {
		kt_when_text(watch->begun_s * 1000, begun);
		row->cells[WATCH_BEGUN] = kt_report_text(report, begun);
	}
	row->cells[WATCH_HELD] = kt_cell_number(llround(bytes.value));
	row->cells[WATCH_LOW] = kt_cell_number(llround(bytes.low));
	row->cells[WATCH_HIGH] = kt_cell_number(llround(bytes.high));
	if (coverage.least >= 0)
		row->cells[WATCH_COVERAGE] = kt_cell_real(coverage.least);
	row->cells[WATCH_SAYS] = kt_report_text(report, watch->says);
}

size_t kt_users_put_watched(
	struct kt_report *report, const struct kt_snapshot *snap, const char *what, bool stacks)
{
	struct kt_alloc_watch_opts opts = { .topic = what };
	struct kt_table *table = NULL;
	size_t count = snap->watches.count;

	if (what && strcmp(what, "watched") != 0) {
		/* a word that is no pool is the name of a cache */
		kt_err_free(kt_users_watch_find(what, NULL, &opts));
		while (count && strcmp(snap->watches.items[count - 1].topic, opts.topic) != 0)
			count--;
		if (count)
			kt_users_watch_put(report, snap, (uint32_t)count - 1, stacks);
		return count;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!table)
			table = kt_report_list(report, "watches",
				"Who allocated what grew, while it was watched", columns,
				KT_LEN(columns));
		if (table)
			put_row(report, table, snap, i);
	}
	return count;
}
