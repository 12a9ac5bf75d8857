// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth.h"

#include "base/human.h"
#include "base/span.h"

#include <stdlib.h>
#include <string.h>

#define TRACKED_MAX (1u << 20) /* rows that are remembered */
#define ROOM_MIN    1024u
#define SECOND_NS   1000000000.0
#define NOTED_MAX   3		/* rows that a note names as growing */
#define NOTED_MIN   (256 << 10) /* bytes of growth that an idle machine has too */
#define NOTED_SHARE 8		/* of the largest growth: what is less is another matter */

struct tracked {
	const char *key; /* NULL: free */
	uint64_t hash;
	int64_t first, last;
	uint32_t round; /* in which it was seen last */
};

/* An open hash table; its size is a power of two, at most half of it is used. */
struct kt_growth {
	struct kt_arena arena;
	struct tracked *slots;
	size_t room, count;
	uint32_t round;
	int64_t first_ns, last_ns;
};

struct kt_growth *kt_growth_new(void)
{
	struct kt_growth *growth = calloc(1, sizeof(*growth));

	if (!growth)
		return NULL;
	growth->room = ROOM_MIN;
	growth->slots = calloc(growth->room, sizeof(*growth->slots));
	if (!growth->slots) {
		free(growth);
		return NULL;
	}
	return growth;
}

void kt_growth_free(struct kt_growth *growth)
{
	if (!growth)
		return;
	kt_arena_fini(&growth->arena);
	free(growth->slots);
	free(growth);
}

void kt_growth_cleanup(struct kt_growth **growth)
{
	kt_growth_free(*growth);
}

static struct tracked *slot_of(struct tracked *slots, size_t room, uint64_t hash, const char *key)
{
	size_t at = hash & (room - 1);

	while (slots[at].key && (slots[at].hash != hash || strcmp(slots[at].key, key) != 0))
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static bool make_room(struct kt_growth *growth)
{
	size_t room = growth->room * 2;
	struct tracked *slots;

	if (growth->count < growth->room / 2)
		return true;
	if (growth->count >= TRACKED_MAX)
		return false;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < growth->room; i++) {
		if (growth->slots[i].key)
			*slot_of(slots, room, growth->slots[i].hash, growth->slots[i].key) =
				growth->slots[i];
	}
	free(growth->slots);
	growth->slots = slots;
	growth->room = room;
	return true;
}

/* Table, keys, and which of several equal ones it is. */
static const char *key_of(struct kt_arena *arena, const struct kt_table *table,
	const struct kt_report_row *row, unsigned turn)
{
	const char *key = table->key;

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &row->cells[i];

		if (!(table->columns[i].flags & KT_COL_KEY) || cell->state != KT_OK)
			continue;
		if (table->columns[i].type == KT_CELL_TEXT)
			key = kt_arena_printf(arena, "%s\x1f%s", key, cell->text);
		else
			key = kt_arena_printf(arena, "%s\x1f%lld", key, (long long)cell->number);
	}
	return turn ? kt_arena_printf(arena, "%s\x1f#%u", key, turn) : key;
}

static struct tracked *find(struct kt_growth *growth, struct kt_arena *arena,
	const struct kt_table *table, const struct kt_report_row *row)
{
	for (unsigned turn = 0; turn < 1000 && make_room(growth); turn++) {
		const char *key = key_of(arena, table, row, turn);
		uint64_t hash = key ? kt_span_hash(KT_HASH_START, kt_span_str(key)) : 0;
		struct tracked *slot;

		if (!key)
			return NULL;
		slot = slot_of(growth->slots, growth->room, hash, key);
		if (slot->key && slot->round == growth->round)
			continue;
		if (!slot->key) {
			slot->key = kt_arena_printf(&growth->arena, "%s", key);
			slot->hash = hash;
			growth->count += slot->key != NULL;
		}
		return slot->key ? slot : NULL;
	}
	return NULL;
}

/* A row that was not there before has grown from nothing. */
static void apply_table(
	struct kt_growth *growth, struct kt_report *report, struct kt_table *table, double seconds)
{
	size_t track = kt_table_column(table, KT_COL_TRACK),
	       rate = kt_table_column(table, KT_COL_RATE);
	size_t since = kt_table_column(table, KT_COL_GROWTH);

	if (track == KT_NO_COLUMN)
		return;
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

/* ---- notes: which rows grow, and what to do ---- */

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
