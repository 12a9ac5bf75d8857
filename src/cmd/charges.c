// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects of each slab cache by the cgroup that is charged with them, counted in kernel memory.
//
// SIZE is slots. Objects that are charged to no cgroup have rows too, where the objects in use are
// known: with them the rows add up to the slots in use.

#include "cmd/charges.h"

#include "analysis/cgroup.h"
#include "report/list.h"
#include "report/row_key.h"

#include <string.h>

enum {
	C_FIRST,
	C_SECOND,
	C_BYTES,
	C_GROWTH,
	C_RATE,
	C_OBJECTS,
	C_LEFT,
	C_WAITING,
	C_DYING,
	C_PATH,
	NR_COLUMNS,
};

#define CACHE                                                                        \
	{                                                                            \
		.key = "cache", .title = "CACHE", .flags = KT_COL_KEY | KT_COL_LABEL \
	}
#define CGROUP                                                                            \
	{                                                                                 \
		.key = "cgroup", .title = "CGROUP", .flags = KT_COL_KEY | KT_COL_LABEL,   \
		.help = "\"(in no cgroup)\": charged to none. \"(not known)\": the slab " \
			"changed while it was read."                                      \
	}

/* The columns after the first two. */
#define AMOUNTS                                                                                  \
	[C_BYTES] = { .key = "bytes",                                                            \
		.title = "SIZE",                                                                 \
		.type = KT_CELL_BYTES,                                                           \
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK },                              \
	[C_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),                                \
	[C_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),                      \
	[C_OBJECTS] = { .key = "objects",                                                        \
		.title = "OBJECTS",                                                              \
		.type = KT_CELL_COUNT,                                                           \
		.flags = KT_COL_SUM,                                                             \
		.help = "In use." },                                                             \
	[C_LEFT] = { .key = "left_bytes",                                                        \
		.title = "LEFT",                                                                 \
		.type = KT_CELL_BYTES,                                                           \
		.flags = KT_COL_SUM,                                                             \
		.help = "Part of the size that removed cgroups below this one were charged "     \
			"with." },                                                               \
	[C_WAITING] = { .key = "rcu_objects",                                                    \
		.title = "RCU",                                                                  \
		.type = KT_CELL_COUNT,                                                           \
		.flags = KT_COL_SUM | KT_COL_WIDE,                                               \
		.help = "Freed, charged until a grace period ends; part of the size." },         \
	[C_DYING] = { .key = "dying",                                                            \
		.title = "DYING",                                                                \
		.type = KT_CELL_BOOL,                                                            \
		.flags = KT_COL_WIDE,                                                            \
		.help = "The cgroup was removed, and exists until nothing is charged to it." },  \
	[C_PATH] = {                                                                             \
		.key = "path", .title = "PATH", .flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE \
	}

static const struct kt_column of_caches[NR_COLUMNS] = {
	[C_FIRST] = CACHE, [C_SECOND] = CGROUP, AMOUNTS
};
static const struct kt_column of_cgroups[NR_COLUMNS] = {
	[C_FIRST] = CGROUP, [C_SECOND] = CACHE, AMOUNTS
};

const struct kt_part kt_charges_of_caches_part = {
	.key = "charges",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(of_caches),
	.optional = KT_ANY_FORM,
	.help = "Only with --by cgroup.",
};
const struct kt_part kt_charges_of_cgroups_part = {
	.key = "charges",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(of_cgroups),
	.forms = KT_CHARGES_FORM,
	.help = "Only with --by cache.",
};

struct view {
	struct kt_report *report;
	const struct kt_snapshot *snap;
	struct kt_table *table;
	bool cgroups_first;
};

static int64_t bytes_of(const struct kt_slab_charge *charge)
{
	return (charge->nr_objs + charge->rcu_objs) * charge->slot_bytes;
}

static struct kt_report_row *put_names(struct view *view, const char *cache, const char *cgroup)
{
	struct kt_report_row *row = kt_table_row(view->report, view->table);

	if (!row)
		return NULL;
	row->cells[view->cgroups_first ? C_SECOND : C_FIRST] = kt_report_text(view->report, cache);
	row->cells[view->cgroups_first ? C_FIRST : C_SECOND] = kt_cell_text(cgroup);
	return row;
}

static const char *name_of(struct view *view, const struct kt_slab_charge *charge)
{
	struct kt_arena *arena = &view->report->arena;
	const char *name;

	if (!charge->cgroup)
		return "(not known)";
	name = kt_cgroup_name(arena, charge->cgroup);
	return charge->dying ? kt_arena_printf(arena, "%s (dying)", name) : name;
}

static void put_charge(struct view *view, const struct kt_slab_charge *charge)
{
	struct kt_report_row *row = put_names(view, charge->cache, name_of(view, charge));

	if (!row)
		return;
	row->cells[C_BYTES] = kt_cell_number(bytes_of(charge));
	row->cells[C_OBJECTS] = kt_cell_number(charge->nr_objs);
	row->cells[C_LEFT] = kt_cell_number(charge->left_objs * charge->slot_bytes);
	row->cells[C_WAITING] = kt_cell_number(charge->rcu_objs);
	row->mark = view->snap->memory_unread ? "≥" : NULL;
	if (!charge->cgroup)
		return;
	row->cells[C_DYING] = kt_cell_number(charge->dying);
	row->cells[C_PATH] = kt_report_text(view->report, charge->cgroup);
}

/* Objects in use minus the charged ones: not below 0, because both were counted at other times. */
static void put_uncharged(struct view *view, const struct kt_cache_memory *memory)
{
	int64_t rest = memory->used_objs;
	struct kt_report_row *row;

	for (size_t i = 0; i < view->snap->slab_charges.count; i++) {
		const struct kt_slab_charge *charge = &view->snap->slab_charges.items[i];

		if (strcmp(charge->cache, memory->name) == 0)
			rest -= charge->nr_objs;
	}
	row = rest > 0 ? put_names(view, memory->name, "(in no cgroup)") : NULL;
	if (!row)
		return;
	row->cells[C_BYTES] = kt_cell_number(rest * memory->slot_bytes);
	row->cells[C_OBJECTS] = kt_cell_number(rest);
	row->mark = view->snap->memory_unread ? "≤" : NULL;
}

/* Caches in no cgroup, by their objects in use; in a dump these may not be known. */
static void put_all_uncharged(struct view *view, const char *cache)
{
	const struct kt_snapshot *snap = view->snap;
	size_t nr_unknown = 0;

	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];

		if (cache && strcmp(memory->name, cache) != 0)
			continue;
		if (kt_known(memory->used_objs))
			put_uncharged(view, memory);
		else
			nr_unknown++;
	}
	if (nr_unknown)
		kt_report_note(view->report,
			"the objects in use of %zu caches are not known: objects in no cgroup are "
			"missing of them, also in the sums",
			nr_unknown);
}

/* ---- headlines ---- */

static void say(struct view *view, const char *cache)
{
	const struct kt_slab_charge *most = NULL;
	int64_t nr_objs = 0, bytes = 0, left = 0;
	struct kt_report *report = view->report;

	for (size_t i = 0; i < view->snap->slab_charges.count; i++) {
		const struct kt_slab_charge *charge = &view->snap->slab_charges.items[i];

		if (cache && strcmp(charge->cache, cache) != 0)
			continue;
		nr_objs += charge->nr_objs + charge->rcu_objs;
		bytes += bytes_of(charge);
		left += charge->left_objs * charge->slot_bytes;
		if (charge->cgroup && charge->left_objs &&
			(!most || charge->left_objs * charge->slot_bytes >
					  most->left_objs * most->slot_bytes))
			most = charge;
	}
	if (!nr_objs) {
		kt_report_headline(report,
			"No slab object%s%s is charged to a cgroup; the kernel charges what "
			"processes in cgroups below the root allocate.",
			cache ? " of " : "", cache ? cache : "");
		return;
	}
	kt_report_headline(report, "%s of slab objects%s%s are charged to cgroups.",
		kt_report_bytes(report, bytes), cache ? " of " : "", cache ? cache : "");
	if (most)
		kt_report_headline(report, "Removed cgroups left %s of it, most in %s of %s.",
			kt_report_bytes(report, left), most->cache,
			kt_cgroup_name(&report->arena, most->cgroup));
}

void kt_charges_put(struct kt_report *report, const struct kt_snapshot *snap, const char *cache,
	bool cgroups_first)
{
	struct view view = { .report = report,
		.snap = snap,
		.cgroups_first = cgroups_first,
		.table = kt_report_list(report, "charges", NULL,
			cgroups_first ? of_cgroups : of_caches, NR_COLUMNS) };

	if (!view.table)
		return;
	for (size_t i = 0; i < snap->slab_charges.count; i++) {
		const struct kt_slab_charge *charge = &snap->slab_charges.items[i];

		if (!cache || strcmp(charge->cache, cache) == 0)
			put_charge(&view, charge);
	}
	put_all_uncharged(&view, cache);
	kt_row_keys_of(&report->arena, view.table);
	say(&view, cache);
	kt_report_note(report, "for each object a cgroup is charged with 8 bytes more: the pointer "
			       "that names its owner");
}
