// SPDX-License-Identifier: GPL-2.0-or-later
//
// The objects of one cache: by what they are, where a rule for their type knows it, else by the
// functions and the kernel's data that they point to, which shows who uses a cache that many
// callers share, such as kmalloc-512.

#include "cmd/object_lists.h"

#include "base/attr.h"
#include "machine/machine.h"

#include <stdio.h>

#define AGES_SHOWN 3u /* kinds whose ages are in a note */

/* The lists begin alike. */
enum {
	O_OBJECTS,
	O_BYTES,
	O_SHARE,
	O_HOLDS,
	O_KIND = O_HOLDS,
	O_HELD = O_HOLDS,
	O_SAMPLE,
	O_MEDIAN,
	O_OLDEST
};

#define AMOUNTS                                                                              \
	[O_OBJECTS] = { .key = "objects",                                                    \
		.title = "OBJECTS",                                                          \
		.type = KT_CELL_COUNT,                                                       \
		.flags = KT_COL_SUM },                                                       \
	[O_BYTES] = { .key = "bytes",                                                        \
		.title = "SIZE",                                                             \
		.type = KT_CELL_BYTES,                                                       \
		.flags = KT_COL_SUM | KT_COL_RANK },                                         \
	[O_SHARE] = {                                                                        \
		.key = "share", .title = "SHARE", .type = KT_CELL_SHARE, .flags = KT_COL_SUM \
	}

static const struct kt_column group_columns[] = {
	AMOUNTS,
	[O_HOLDS] = { .key = "points_to",
		.title = "POINTS TO, AT AN OFFSET",
		.flags = KT_COL_KEY | KT_COL_WRAP,
		.help = "The first three pointers with a name; null: objects without one." },
};

static const struct kt_column kind_columns[] = {
	AMOUNTS,
	[O_KIND] = { .key = "object_kind", .title = "KIND", .flags = KT_COL_KEY | KT_COL_SET },
	[O_SAMPLE] = { .key = "sample",
		.title = "SUCH AS",
		.help = "Name of one of them; null: it has none, or the kind is beyond the largest "
			"64." },
	[O_MEDIAN] = { .key = "age_median_s",
		.title = "MEDIAN AGE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "Seconds for which half of the objects have existed, to 5 %, by the time "
			"that they have of their creation: of tasks by the clock of the boot, of "
			"inodes in "
			"memory by the wall clock; null: they have none." },
	[O_OLDEST] = { .key = "age_oldest_s",
		.title = "OLDEST",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
};

static const struct kt_column holder_columns[] = {
	AMOUNTS,
	[O_HELD] = { .key = "held_by",
		.title = "HELD BY",
		.flags = KT_COL_KEY | KT_COL_WRAP,
		.help = "What points to them, or to the first one of their list; null: no pointer "
			"to them was found." },
};

const struct kt_part kt_object_groups_part = {
	.key = "object_groups",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(group_columns),
	.optional = KT_ANY_FORM,
	.help = "The allocated objects in kernel memory of which no rule says what they are, where "
		"they were read.",
};

const struct kt_part kt_object_kinds_part = {
	.key = "object_kinds",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(kind_columns),
	.optional = KT_ANY_FORM,
	.help = "Of caches whose type has a rule: the allocated objects, where they were read.",
};

const struct kt_part kt_object_holders_part = {
	.key = "object_holders",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(holder_columns),
	.optional = KT_ANY_FORM,
	.help = "The allocated objects that point to nothing with a name, where they are many.",
};

struct view {
	struct kt_report *report;
	const struct kt_snapshot *snap;
	int64_t slot_bytes;
	int64_t nr_objs; /* in all groups */
};

static void put_group(
	struct view *view, struct kt_table *table, const struct kt_object_group *group)
{
	struct kt_report_row *row = kt_table_row(view->report, table);

	if (!row)
		return;
	if (group->kind) {
		row->cells[O_KIND] = kt_report_text(view->report, group->kind);
		row->cells[O_SAMPLE] = kt_report_text(view->report, group->sample);
		row->cells[O_MEDIAN] = kt_cell_known(group->age_median_s);
		row->cells[O_OLDEST] = kt_cell_known(group->age_oldest_s);
	} else {
		row->cells[O_HOLDS] = group->holds ? kt_report_text(view->report, group->holds)
						   : kt_cell_text("(nothing that has a name)");
	}
	row->cells[O_OBJECTS] = kt_cell_number(group->nr_objs);
	row->cells[O_SHARE] = kt_cell_real((double)group->nr_objs / (double)view->nr_objs);
	if (view->slot_bytes >= 0)
		row->cells[O_BYTES] = kt_cell_number(group->nr_objs * view->slot_bytes);
}

/* Adds a list of the groups with a kind, or of those without one, unless there are none. */
static bool put_list(struct view *view, bool kinds, const char *title)
{
	struct kt_table *table = NULL;

	for (size_t i = 0; i < view->snap->object_groups.count; i++) {
		const struct kt_object_group *group = &view->snap->object_groups.items[i];

		if ((group->kind != NULL) != kinds)
			continue;
		if (!table && kinds)
			table = kt_report_list(view->report, "object_kinds", title, kind_columns,
				KT_LEN(kind_columns));
		else if (!table)
			table = kt_report_list(view->report, "object_groups", title, group_columns,
				KT_LEN(group_columns));
		if (!table)
			return false;
		put_group(view, table, group);
	}
	return table != NULL;
}

static void put_holder(
	struct view *view, struct kt_table *table, const struct kt_object_holder *holder)
{
	struct kt_report_row *row = kt_table_row(view->report, table);

	if (!row)
		return;
	if (!holder->is_known)
		row->cells[O_HELD] = kt_cell_text("(no pointer to them was found)");
	else
		row->cells[O_HELD] = holder->name ? kt_report_text(view->report, holder->name)
						  : kt_cell_text("the kernel's own data");
	row->cells[O_OBJECTS] = kt_cell_number(holder->nr_objs);
	row->cells[O_SHARE] = kt_cell_real((double)holder->nr_objs / (double)view->nr_objs);
	if (view->slot_bytes >= 0)
		row->cells[O_BYTES] = kt_cell_number(holder->nr_objs * view->slot_bytes);
}

static void put_holders(struct view *view)
{
	struct kt_table *table = NULL;
	bool is_any_free = false;

	for (size_t i = 0; i < view->snap->object_holders.count; i++) {
		const struct kt_object_holder *holder = &view->snap->object_holders.items[i];

		if (!table)
			table = kt_report_list(view->report, "object_holders",
				"Objects that point to nothing with a name, by what points to them",
				holder_columns, KT_LEN(holder_columns));
		if (!table)
			return;
		put_holder(view, table, holder);
		is_any_free |= !holder->is_known;
	}
	if (is_any_free)
		kt_report_note(view->report,
			"objects without a pointer to them may be lost: a leak; but a pointer in a "
			"register, on a stack, in encoded form or in a page of its own is not "
			"found");
}

static const char *age_text(int64_t seconds, char text[32])
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "days" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (i + 1 < KT_LEN(units) && seconds < 2 * units[i].seconds)
		i++;
	snprintf(text, 32, "%lld %s",
		(long long)((seconds + units[i].seconds / 2) / units[i].seconds), units[i].unit);
	return text;
}

/* Objects that are all young come and go; old ones stay. */
static void put_ages(struct view *view)
{
	char median[32], oldest[32];
	unsigned count = 0;

	for (size_t i = 0; i < view->snap->object_groups.count && count < AGES_SHOWN; i++) {
		const struct kt_object_group *group = &view->snap->object_groups.items[i];

		if (!group->kind || !kt_known(group->age_median_s))
			continue;
		count++;
		kt_report_note(view->report,
			"%s: half of the %lld objects have existed for %s or more, the oldest for "
			"%s",
			group->kind, (long long)group->nr_aged,
			age_text(group->age_median_s, median),
			age_text(group->age_oldest_s, oldest));
	}
}

size_t kt_object_lists_put(
	struct kt_report *report, const struct kt_snapshot *snap, int64_t slot_bytes)
{
	struct view view = { report, snap, slot_bytes, 0 };

	for (size_t i = 0; i < snap->object_groups.count; i++)
		view.nr_objs += snap->object_groups.items[i].nr_objs;
	put_list(&view, true, "Allocated objects, by what they are");
	if (put_list(&view, false, "Allocated objects, by what they point to"))
		kt_report_note(report,
			"a name in braces is the first function of a struct that has no name here: "
			"kernels with CONFIG_KALLSYMS_ALL show the struct's own name");
	put_holders(&view);
	put_ages(&view);
	return snap->object_groups.count;
}
