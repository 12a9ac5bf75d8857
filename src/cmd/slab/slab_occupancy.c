// SPDX-License-Identifier: GPL-2.0-or-later
//
// The slabs of one cache by the share of their slots that is in use, counted in kernel memory. A
// slab is given back only when its last object is freed, so a few objects can hold many pages.

#include "cmd/slab/slab.h"

enum { O_SHARE, O_SLABS, O_BYTES, O_PART, O_OBJECTS, O_FREE };

static const struct kt_column columns[] = {
	[O_SHARE] = { .key = "used",
		.title = "IN USE",
		.flags = KT_COL_SET,
		.words = "none|up to 10 %|10 to 20 %|20 to 30 %|30 to 40 %|40 to 50 %|50 to 60 "
			 "%|60 to "
			 "70 %|70 to 80 %|80 to 90 %|90 % and more|all",
		.help = "Share of a slab's slots that has an object in use." },
	[O_SLABS] = { .key = "slabs", .title = "SLABS", .type = KT_CELL_COUNT },
	[O_BYTES] = { .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	[O_PART] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_BAR,
		.help = "Of the slabs." },
	[O_OBJECTS] = { .key = "objects", .title = "OBJECTS", .type = KT_CELL_COUNT },
	[O_FREE] = { .key = "free", .title = "FREE SLOTS", .type = KT_CELL_COUNT },
};

static const char *const names[KT_OCCUPANCY_CLASSES] = { "none", "up to 10 %", "10 to 20 %",
	"20 to 30 %", "30 to 40 %", "40 to 50 %", "50 to 60 %", "60 to 70 %", "70 to 80 %",
	"80 to 90 %", "90 % and more", "all" };

const struct kt_part kt_slab_occupancy_part = {
	.key = "occupancy",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --exact: the slabs in kernel memory. Objects that CPUs keep ready count "
		"as free.",
};

static void put_class(struct kt_report *report, struct kt_table *table, const char *name,
	const struct kt_occupancy_class *class, int64_t nr_slabs, int64_t page_bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[O_SHARE] = kt_cell_text(name);
	row->cells[O_SLABS] = kt_cell_number(class->nr_slabs);
	if (kt_known(page_bytes))
		row->cells[O_BYTES] = kt_cell_number(class->nr_pages * page_bytes);
	if (nr_slabs)
		row->cells[O_PART] = kt_cell_real((double)class->nr_slabs / (double)nr_slabs);
	row->cells[O_OBJECTS] = kt_cell_number(class->used_objs);
	row->cells[O_FREE] = kt_cell_number(class->nr_slots - class->used_objs);
}

static void put_sums(struct kt_report *report, const struct kt_slab_occupancy *occupancy,
	int64_t nr_slabs, int64_t nr_pages, int64_t page_bytes)
{
	int64_t freed = nr_pages - occupancy->packed_pages;

	freed = freed < 0 ? 0 : freed;
	kt_report_field(report, NULL, "slabs_of_one_object", KT_CELL_COUNT,
		kt_cell_number(occupancy->nr_single));
	kt_report_field(report, NULL, "packing_frees_bytes", KT_CELL_BYTES,
		kt_cell_known(kt_known(page_bytes) ? freed * page_bytes : KT_UNKNOWN));
	kt_report_note(report,
		"%lld of %lld slabs are held by one object; if all objects in use were packed "
		"into as few slabs as possible, %lld of %lld pages would be free",
		(long long)occupancy->nr_single, (long long)nr_slabs, (long long)freed,
		(long long)nr_pages);
	if (occupancy->nr_torn)
		kt_report_note(report,
			"%lld slabs changed while they were read: their free slots may count as in "
			"use",
			(long long)occupancy->nr_torn);
	if (occupancy->nr_unread)
		kt_report_note(report, "%lld slabs and pages could not be read",
			(long long)occupancy->nr_unread);
}

void kt_slab_put_occupancy(struct kt_report *report, const struct kt_slab_occupancy *occupancy,
	const struct kt_slab_uses *uses)
{
	struct kt_table *table = kt_report_table(report, "occupancy",
		"Slabs, by the share of their slots in use", columns, KT_LEN(columns));
	int64_t nr_slabs = 0, nr_pages = 0;

	for (size_t i = 0; i < KT_OCCUPANCY_CLASSES; i++) {
		nr_slabs += occupancy->classes[i].nr_slabs;
		nr_pages += occupancy->classes[i].nr_pages;
	}
	for (size_t i = 0; table && i < KT_OCCUPANCY_CLASSES; i++)
		put_class(report, table, names[i], &occupancy->classes[i], nr_slabs,
			uses->page_bytes);
	put_sums(report, occupancy, nr_slabs, nr_pages, uses->page_bytes);
}
