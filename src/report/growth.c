// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/growth.h"

#include "base/human.h"
#include "report/row_key.h"

#include <stdlib.h>
#include <string.h>

#define TRACKED_MAX (1u << 20) /* remembered rows */
#define SECOND_NS   1000000000.0
#define NOTED_MAX   3		/* growing rows that a note names */
#define NOTED_MIN   (256 << 10) /* bytes of growth that an idle machine has too */
#define NOTED_SHARE 8		/* divisor of the largest growth: notes omit rows with less */

struct tracked {
	int64_t first, last;
	uint32_t round; /* round that last contained it */
};

struct kt_growth {
	struct kt_arena arena;
	struct kt_map map; /* table and key of a row -> index */
	KT_LIST(struct tracked) rows;
	uint32_t round;
	int64_t first_ns, last_ns;
};

struct kt_growth *kt_growth_new(void)
{
	return calloc(1, sizeof(struct kt_growth));
}

void kt_growth_free(struct kt_growth *growth)
{
	if (!growth)
		return;
	kt_map_fini(&growth->map);
	kt_arena_fini(&growth->arena);
	free(growth);
}

void kt_growth_cleanup(struct kt_growth **growth)
{
	kt_growth_free(*growth);
}

static struct tracked *find(struct kt_growth *growth, struct kt_arena *arena,
	const struct kt_table *table, const struct kt_report_row *row)
{
	const char *key =
		row->key ? kt_arena_printf(arena, "%s\x1f%s", table->key, row->key) : NULL;
	uint32_t *index;
	bool added;

	if (!key || growth->map.count >= TRACKED_MAX)
		return NULL;
	index = kt_map_add(&growth->map, kt_span_str(key), &growth->arena, &added);
	if (!index)
		return NULL;
	if (added) {
		*index = (uint32_t)growth->rows.count;
		if (!kt_list_push(&growth->arena, &growth->rows))
			return NULL;
	}
	return *index < growth->rows.count ? &growth->rows.items[*index] : NULL;
}

/* Fills growth and rates of a table. A new row has grown from zero. */
static void apply_table(
	struct kt_growth *growth, struct kt_report *report, struct kt_table *table, double seconds)
{
	size_t track = kt_table_column(table, KT_COL_TRACK),
	       rate = kt_table_column(table, KT_COL_RATE);
	size_t since = kt_table_column(table, KT_COL_GROWTH);

	if (track == KT_NO_COLUMN)
		return;
	kt_row_keys_of(&report->arena, table);
	for (size_t i = 0; i < table->rows.count; i++) {
		struct kt_report_row *row = &table->rows.items[i];
		struct tracked *slot = row->cells[track].state == KT_OK
					       ? find(growth, &report->arena, table, row)
					       : NULL;
		int64_t now = row->cells[track].number;

		if (!slot)
			continue;
		if (slot->round + 1 != growth->round)
			slot->last = 0;
		if (growth->round == 1)
			slot->first = now;
		else if (seconds > 0 && rate != KT_NO_COLUMN)
			row->cells[rate] =
				kt_cell_number((int64_t)((double)(now - slot->last) / seconds));
		if (growth->round > 1 && since != KT_NO_COLUMN)
			row->cells[since] = kt_cell_number(now - slot->first);
		slot->last = now;
		slot->round = growth->round;
	}
}

/* ---- notes: growing rows, and advice ---- */

struct grown {
	const struct kt_table *table;
	const struct kt_report_row *row;
	int64_t bytes;
};

static void consider(struct grown top[NOTED_MAX], struct grown grown)
{
	size_t at = NOTED_MAX;

	while (at > 0 && grown.bytes > top[at - 1].bytes)
		at--;
	if (at == NOTED_MAX)
		return;
	memmove(&top[at + 1], &top[at], (NOTED_MAX - 1 - at) * sizeof(*top));
	top[at] = grown;
}

static void find_grown(const struct kt_table *table, struct grown top[NOTED_MAX])
{
	size_t since = kt_table_column(table, KT_COL_GROWTH);

	for (size_t i = 0; since != KT_NO_COLUMN && i < table->rows.count; i++) {
		const struct kt_report_row *row = &table->rows.items[i];
		int64_t bytes = row->cells[since].number;

		if (row->next && row->cells[since].state == KT_OK && bytes >= NOTED_MIN &&
			bytes > row->error_bytes)
			consider(top, (struct grown){ table, row, bytes });
	}
}

static void note_grown(struct kt_report *report, const struct grown *grown, double seconds)
{
	size_t name = kt_table_column(grown->table, KT_COL_TREE);
	char human[24];

	if (name == KT_NO_COLUMN)
		name = kt_table_column(grown->table, KT_COL_KEY);
	kt_human_bytes(grown->bytes, human);
	kt_report_note(report, "%s grew by %s in %.*f s. Next: %s", grown->row->cells[name].text,
		human, seconds < 2, seconds, grown->row->next);
}

static void note_growth(struct kt_report *report, double seconds)
{
	struct grown top[NOTED_MAX] = { 0 };

	for (size_t i = 0; i < report->tables.count; i++)
		find_grown(report->tables.items[i], top);
	for (size_t i = 0; i < NOTED_MAX && top[i].row; i++) {
		if (top[i].bytes >= top[0].bytes / NOTED_SHARE)
			note_grown(report, &top[i], seconds);
	}
}

void kt_growth_apply(struct kt_growth *growth, struct kt_report *report, int64_t now_ns)
{
	double seconds = (double)(now_ns - growth->last_ns) / SECOND_NS;

	growth->round++;
	for (size_t i = 0; i < report->tables.count; i++)
		apply_table(growth, report, report->tables.items[i], seconds);
	if (growth->round == 1)
		growth->first_ns = now_ns;
	growth->last_ns = now_ns;
	report->followed = growth->round > 1;
	if (report->followed)
		note_growth(report, (double)(now_ns - growth->first_ns) / SECOND_NS);
}
