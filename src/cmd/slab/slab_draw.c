// SPDX-License-Identifier: GPL-2.0-or-later
//
// Some slabs of one cache, slot by slot, as they were in kernel memory: a table for programs, and a
// drawing to look at.

#include "cmd/slab/slab.h"

#include "base/buf.h"
#include "base/human.h"

#include <string.h>

enum {
	D_ADDRESS,
	D_ROLE,
	D_ALIKE,
	D_STATE,
	D_CPU,
	D_NODE,
	D_SLOTS,
	D_USED,
	D_FREE,
	D_CPU_LIST,
	D_SHEAVES,
	D_NODE_SHEAVES,
	D_RCU,
	D_MAGAZINES,
	D_START,
	D_LEFT,
	D_CHANGED,
	D_MAP,
	D_LIST,
};

#define ROLES  "fullest|fuller|median|emptier|emptiest|cpu|all"
#define STATES "cpu|waiting|partial|full|empty"

static const struct kt_column columns[] = {
	[D_ADDRESS] = { .key = "address",
		.title = "ADDRESS",
		.pattern = "^0x[0-9a-f]+$",
		.help = "Null: a slab of a model." },
	[D_ROLE] = { .key = "role",
		.title = "ROLE",
		.flags = KT_COL_SET,
		.words = ROLES,
		.help = "Why it is drawn; by objects in use." },
	[D_ALIKE] = { .key = "alike",
		.title = "ALIKE",
		.type = KT_CELL_COUNT,
		.min = 1,
		.max = INT64_MAX,
		.help = "Slabs with as many objects in use, this one included; null: not known." },
	[D_STATE] = { .key = "state",
		.title = "STATE",
		.flags = KT_COL_SET,
		.words = STATES,
		.help = "A CPU allocates from it or will; else by its list of free objects." },
	[D_CPU] = { .key = "cpu", .title = "CPU", .type = KT_CELL_COUNT },
	[D_NODE] = { .key = "node", .title = "NODE", .type = KT_CELL_COUNT },
	[D_SLOTS] = { .key = "slots",
		.title = "SLOTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[D_USED] = { .key = "used", .title = "USED", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	[D_FREE] = { .key = "free",
		.title = "FREE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "On the list of the slab." },
	[D_CPU_LIST] = { .key = "cpu_list",
		.title = "CPU LIST",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "On the list that a CPU took from the slab." },
	[D_SHEAVES] = { .key = "sheaves",
		.title = "SHEAVES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "In sheaves of CPUs." },
	[D_NODE_SHEAVES] = { .key = "node_sheaves",
		.title = "NODE SHEAVES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[D_RCU] = { .key = "rcu",
		.title = "RCU",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "In sheaves that wait for a grace period." },
	[D_MAGAZINES] = { .key = "magazines",
		.title = "MAGAZINES",
		.type = KT_CELL_COUNT,
		.help = "Null: it is a real slab." },
	[D_START] = { .key = "colour_bytes",
		.title = "COLOUR",
		.type = KT_CELL_BYTES,
		.help = "Before the first slot; null: it is a real slab." },
	[D_LEFT] = { .key = "left_over_bytes",
		.title = "LEFT OVER",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET },
	[D_CHANGED] = { .key = "changed",
		.title = "CHANGED",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_SET,
		.help = "While it was read: free slots may count as in use." },
	[D_MAP] = { .key = "map",
		.title = "MAP",
		.flags = KT_COL_SET,
		.pattern = "^[UFCSNRM]+$",
		.help = "A letter for each slot: U in use, F free on the slab's list, C on a CPU's "
			"list, S in a sheaf of a CPU, N in a sheaf of a node, R waits for RCU, M "
			"in a magazine." },
	[D_LIST] = { .key = "list",
		.title = "LIST",
		.pattern = "^[0-9]+( [0-9]+)*$",
		.help = "Slots on the slab's list of free objects, from 0, the next one to be "
			"allocated first." },
};

const struct kt_part kt_slab_drawn_part = {
	.key = "drawn",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --draw: some slabs, the fullest first.",
};

/* ---- a slab ---- */

static int64_t count(const struct kt_drawn_slab *slab, char letter)
{
	int64_t n = 0;

	for (int64_t i = 0; i < slab->nr_objs; i++)
		n += slab->map[i] == letter;
	return n;
}

/* A slab that was made when memory was short is smaller than planned. */
static int64_t bytes_of(const struct kt_slab_drawing *drawing, const struct kt_drawn_slab *slab)
{
	int64_t bytes = drawing->pages_per_slab * drawing->page_bytes;

	if (slab->nr_objs >= drawing->objs_per_slab)
		return bytes;
	while (bytes / 2 >= drawing->page_bytes && bytes / 2 >= slab->nr_objs * drawing->slot_bytes)
		bytes /= 2;
	return bytes;
}

/* The zones of nodes may overlap: then the node is not known. */
static int64_t node_of(const struct kt_snapshot *snap, int64_t pfn)
{
	int64_t node = KT_UNKNOWN;

	for (size_t i = 0; !snap->zones_doubted && i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		if (!kt_known(zone->start_pfn) || !kt_known(zone->spanned) ||
			pfn < zone->start_pfn || pfn - zone->start_pfn >= zone->spanned)
			continue;
		if (kt_known(node) && node != zone->node)
			return KT_UNKNOWN;
		node = zone->node;
	}
	return node;
}

static const char *list_of(struct kt_report *report, const struct kt_drawn_slab *slab)
{
	int64_t nr_free = count(slab, KT_SLOT_FREE);
	uint32_t *order = kt_arena_alloc(&report->arena, (size_t)(nr_free + 1) * sizeof(*order));
	struct kt_buf text = { 0 };

	for (int64_t i = 0; order && i < slab->nr_objs; i++) {
		if (slab->map[i] == KT_SLOT_FREE && slab->rank[i] && slab->rank[i] <= nr_free)
			order[slab->rank[i] - 1] = (uint32_t)i;
	}
	for (int64_t i = 0; order && i < nr_free; i++)
		kt_buf_join(&text, " ", "%u", order[i]);
	return kt_arena_text(&report->arena, &text);
}

static const char *state_name(enum kt_slab_state state)
{
	switch (state) {
	case KT_SLAB_CPU: return "cpu";
	case KT_SLAB_WAITING: return "waiting";
	case KT_SLAB_PARTIAL: return "partial";
	case KT_SLAB_FULL: return "full";
	case KT_SLAB_EMPTY: return "empty";
	}
	return NULL;
}

static const char *role_name(enum kt_drawn_role role)
{
	switch (role) {
	case KT_DRAWN_FULLEST: return "fullest";
	case KT_DRAWN_FULLER: return "fuller";
	case KT_DRAWN_MEDIAN: return "median";
	case KT_DRAWN_EMPTIER: return "emptier";
	case KT_DRAWN_EMPTIEST: return "emptiest";
	case KT_DRAWN_OF_CPU: return "cpu";
	case KT_DRAWN_ALL: return "all";
	}
	return NULL;
}

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_slab_drawing *drawing, const struct kt_drawn_slab *slab, int64_t node)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;
	const char *list = list_of(report, slab);

	if (!row)
		return;
	if (slab->address) {
		row->cells[D_ADDRESS] = kt_cell_text(kt_arena_printf(
			&report->arena, "0x%llx", (unsigned long long)slab->address));
	} else {
		row->cells[D_MAGAZINES] = kt_cell_number(count(slab, KT_SLOT_MAGAZINE));
		row->cells[D_START] = kt_cell_number(slab->start);
	}
	row->cells[D_ROLE] = kt_cell_text(role_name(slab->role));
	row->cells[D_ALIKE] = kt_cell_known(slab->nr_alike);
	row->cells[D_STATE] = kt_cell_text(state_name(slab->state));
	row->cells[D_CPU] = kt_cell_known(slab->cpu);
	row->cells[D_NODE] = kt_cell_known(node);
	row->cells[D_SLOTS] = kt_cell_number(slab->nr_objs);
	row->cells[D_USED] = kt_cell_number(slab->used_objs);
	row->cells[D_FREE] = kt_cell_number(count(slab, KT_SLOT_FREE));
	row->cells[D_CPU_LIST] = kt_cell_number(count(slab, KT_SLOT_CPU));
	row->cells[D_SHEAVES] = kt_cell_number(count(slab, KT_SLOT_SHEAF));
	row->cells[D_NODE_SHEAVES] = kt_cell_number(count(slab, KT_SLOT_NODE));
	row->cells[D_RCU] = kt_cell_number(count(slab, KT_SLOT_RCU));
	row->cells[D_LEFT] =
		kt_cell_number(bytes_of(drawing, slab) - slab->nr_objs * drawing->slot_bytes);
	row->cells[D_CHANGED] = kt_cell_number(slab->torn);
	row->cells[D_MAP] = kt_report_text(report, slab->map);
	row->cells[D_LIST] = kt_cell_text(list && *list ? list : NULL);
}

/* ---- the drawing ---- */

/* "fullest, like 14,301 slabs" */
static const char *role_words(struct kt_report *report, const struct kt_drawn_slab *slab)
{
	char alike[KT_HUMAN_COUNT];

	if (slab->role == KT_DRAWN_ALL)
		return "";
	if (!kt_known(slab->nr_alike))
		return "";
	if (slab->nr_alike == 1)
		return kt_arena_printf(&report->arena, "%s, ", role_name(slab->role));
	kt_human_count(slab->nr_alike, alike);
	return kt_arena_printf(&report->arena, "%s, like %s slabs, ", role_name(slab->role), alike);
}

static const char *state_words(struct kt_report *report, const struct kt_drawn_slab *slab)
{
	switch (slab->state) {
	case KT_SLAB_CPU:
		return kt_arena_printf(&report->arena, "slab of CPU %lld", (long long)slab->cpu);
	case KT_SLAB_WAITING:
		return kt_arena_printf(&report->arena, "waits for CPU %lld", (long long)slab->cpu);
	case KT_SLAB_PARTIAL: return "partial";
	case KT_SLAB_FULL: return slab->used_objs == slab->nr_objs ? "full" : "its list is empty";
	case KT_SLAB_EMPTY: return "empty";
	}
	return "";
}

static void put_drawn(struct kt_report *report, struct kt_drawing *picture,
	const struct kt_slab_drawing *drawing, const struct kt_drawn_slab *slab, int64_t node)
{
	struct kt_drawing_slab *slot =
		picture ? kt_list_push(&report->arena, &picture->slabs) : NULL;
	char *map = kt_arena_alloc(&report->arena, (size_t)slab->nr_objs + 1);
	uint16_t *rank = kt_arena_alloc(&report->arena, (size_t)slab->nr_objs * sizeof(*rank));
	const char *of_node = "", *colour = "";

	if (!slot || !map || !rank)
		return;
	memcpy(map, slab->map, (size_t)slab->nr_objs);
	memcpy(rank, slab->rank, (size_t)slab->nr_objs * sizeof(*rank));
	if (kt_known(node))
		of_node = kt_arena_printf(&report->arena, "node %lld, ", (long long)node);
	if (slab->start)
		colour = kt_arena_printf(
			&report->arena, ", colour of %lld bytes", (long long)slab->start);
	*slot = (struct kt_drawing_slab){ .title = kt_arena_printf(&report->arena,
						  "%lld of %lld in use", (long long)slab->used_objs,
						  (long long)slab->nr_objs),
		.facts = kt_arena_printf(&report->arena, "%s%s%s%s%s", role_words(report, slab),
			of_node, state_words(report, slab), colour,
			slab->torn ? ", changed while it was read" : ""),
		.address = slab->address ? kt_arena_printf(&report->arena, "%llx",
						   (unsigned long long)slab->address)
					 : "",
		.nr_slots = (size_t)slab->nr_objs,
		.start = slab->start,
		.map = map,
		.rank = rank,
		.slab_bytes = bytes_of(drawing, slab) };
}

static const char *drawing_title(
	struct kt_report *report, const struct kt_slab_drawing *drawing, const char *of)
{
	int64_t bytes = drawing->pages_per_slab * drawing->page_bytes;
	int64_t left = bytes - drawing->objs_per_slab * drawing->slot_bytes;

	return kt_arena_printf(&report->arena,
		"A slab%s%s: %s, %lld slot%s of %lld bytes, %lld bytes left over", of ? " of " : "",
		of ? of : "", kt_report_bytes(report, bytes), (long long)drawing->objs_per_slab,
		drawing->objs_per_slab == 1 ? "" : "s", (long long)drawing->slot_bytes,
		(long long)left);
}

/* ---- notes ---- */

static void put_notes(struct kt_report *report, const struct kt_slab_drawing *drawing)
{
	kt_report_note(report, "a free object has the pointer to the next one at byte %lld%s",
		(long long)drawing->pointer_at,
		drawing->hardened ? ", mixed with a secret of the cache and with its own address"
				  : "");
	kt_report_note(report,
		"slot 0 is at byte 0 of each slab: SLUB does not colour slabs, as SLAB did");
	if (drawing->nr_torn)
		kt_report_note(report,
			"%lld slabs changed while they were counted: free slots may count as in "
			"use there",
			(long long)drawing->nr_torn);
	if (drawing->nr_unread)
		kt_report_note(report, "%lld slabs and pages could not be read",
			(long long)drawing->nr_unread);
}

/* Notes that some slabs are not drawn. */
static void note_chosen(struct kt_report *report, const struct kt_slab_drawing *drawing)
{
	char slabs[KT_HUMAN_COUNT];

	kt_human_count(drawing->nr_slabs, slabs);
	if (drawing->nr_slabs > KT_DRAWN_SLABS)
		kt_report_note(report,
			"%zu of %s slabs are drawn: by objects in use the fullest, the median, the "
			"emptiest and slabs between them, of equal slabs one; and a slab of a CPU, "
			"if CPUs have slabs",
			drawing->slabs.count, slabs);
	else
		kt_report_note(report, "all slabs are drawn");
}

void kt_slab_put_drawn(struct kt_report *report, const struct kt_slab_drawing *drawing,
	const char *of, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_table(report, "drawn", NULL, columns, KT_LEN(columns));
	struct kt_drawing *picture =
		kt_report_drawing(report, "slabs", drawing_title(report, drawing, of));

	if (!table || !picture)
		return;
	table->data_only = true;
	picture->slab_bytes = drawing->pages_per_slab * drawing->page_bytes;
	picture->slot_bytes = drawing->slot_bytes;
	picture->object_bytes = drawing->object_bytes;
	picture->object_at = drawing->object_at;
	picture->pointer_at = drawing->pointer_at;
	for (size_t i = 0; i < drawing->slabs.count; i++) {
		const struct kt_drawn_slab *slab = &drawing->slabs.items[i];
		int64_t node = snap ? node_of(snap, slab->pfn) : KT_UNKNOWN;

		put_row(report, table, drawing, slab, node);
		put_drawn(report, picture, drawing, slab, node);
	}
	note_chosen(report, drawing);
}

void kt_slab_put_drawing(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_slab_drawing *drawing = &snap->slab_drawings.items[0];

	kt_slab_put_drawn(report, drawing, NULL, snap);
	put_notes(report, drawing);
}
