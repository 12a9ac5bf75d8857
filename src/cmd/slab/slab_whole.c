// SPDX-License-Identifier: GPL-2.0-or-later
//
// The totals of slab, above the list of its caches.

#include "cmd/slab/slab.h"

#include "base/when.h"

static const struct kt_column slab_columns[] = {
	{ .key = "bytes", .type = KT_CELL_BYTES },
	{ .key = "reclaimable_bytes", .type = KT_CELL_BYTES },
	{ .key = "unreclaimable_bytes", .type = KT_CELL_BYTES },
	{ .key = "share", .type = KT_CELL_SHARE },
	{ .key = "caches_bytes", .type = KT_CELL_BYTES },
	{ .key = "in_use_bytes", .type = KT_CELL_BYTES },
	{ .key = "cached_bytes", .type = KT_CELL_BYTES },
	{ .key = "free_bytes", .type = KT_CELL_BYTES },
	{ .key = "padding_bytes", .type = KT_CELL_BYTES },
	{ .key = "tail_bytes", .type = KT_CELL_BYTES },
	{ .key = "uncertain_bytes", .type = KT_CELL_BYTES },
	{ .key = "meminfo_bytes", .type = KT_CELL_BYTES },
	{ .key = KT_SLAB_COUNTS,
		.words = "exact|estimate",
		.help = "Exact: objects in use and free were counted in kernel memory. Estimate: "
			"by files that count free objects cached per CPU as in use. Null: no file "
			"has objects." },
	{ .key = KT_SLAB_COUNTED,
		.pattern = KT_TIME_PATTERN,
		.help = "When they were counted in kernel memory; null: they were not, or at a "
			"time that is not known." },
};

const struct kt_part kt_slab_whole_part = {
	.key = "slab",
	KT_COLUMNS_OF(slab_columns),
	.help = "All of slab. In use, cached, free, padding and tail are of all caches; large "
		"kmalloc is in use. Cached is known with --exact only.",
};
static const struct kt_column whole_columns[] = {
	{ .key = "slab", .title = "SLAB", .type = KT_CELL_BYTES },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	{ .key = "in_use", .title = "IN USE", .type = KT_CELL_BYTES },
	{ .key = "waste", .title = "WASTED", .type = KT_CELL_BYTES },
	{ .key = "free", .title = "FREE", .type = KT_CELL_BYTES },
	{ .key = "padding", .title = "PADDING", .type = KT_CELL_BYTES },
	{ .key = "tail", .title = "TAIL", .type = KT_CELL_BYTES },
	{ .key = "cached", .title = "CACHED", .type = KT_CELL_BYTES }, /* with --exact only */
};

static void put_number(
	struct kt_report *report, const char *key, int64_t bytes, const struct kt_family *metric)
{
	struct kt_field *field =
		kt_report_field(report, "slab", key, KT_CELL_BYTES, kt_cell_known(bytes));

	if (field)
		field->metric = metric;
}

static void put_counts(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	bool exact = uses->cached_bytes >= 0;
	const char *counts = exact ? "exact" : uses->in_use_bytes >= 0 ? "estimate" : NULL;
	char when[32] = "";

	if (exact && kt_known(snap->memory_taken_s))
		kt_when_text(snap->memory_taken_s * 1000, when);
	kt_report_field(report, "slab", KT_SLAB_COUNTS, KT_CELL_TEXT, kt_cell_text(counts));
	kt_report_field(report, "slab", KT_SLAB_COUNTED, KT_CELL_TEXT,
		kt_report_text(report, *when ? when : NULL));
}

/*
 * Missing if the free objects are not known, as they are the largest part. Padding is left out
 * where /sys/kernel/slab was not read, so the waste is then too low.
 */
static int64_t waste_of(const struct kt_slab_uses *uses)
{
	if (uses->free_bytes < 0)
		return -1;
	return uses->free_bytes + (uses->cached_bytes > 0 ? uses->cached_bytes : 0) +
	       (uses->tail_bytes > 0 ? uses->tail_bytes : 0) +
	       (uses->padding_bytes > 0 ? uses->padding_bytes : 0);
}

/* Andi Kleen's table: total, in use, wasted, share of memory. */
void kt_slab_put_whole(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	int64_t memory = kt_snapshot_memory(snap);
	int64_t slab = uses->slab_bytes >= 0 ? uses->slab_bytes : uses->held_bytes;
	struct kt_cell share = kt_cell_missing(KT_ABSENT, NULL);
	struct kt_report_row *row;
	struct kt_table *table;

	if (slab >= 0 && memory > 0)
		share = kt_cell_real((double)slab / (double)memory);
	put_number(report, "bytes", slab, KT_FAMILY(SLAB_BYTES));
	put_number(report, "reclaimable_bytes", uses->reclaimable_bytes, NULL);
	put_number(report, "unreclaimable_bytes", uses->unreclaimable_bytes, NULL);
	kt_report_field(report, "slab", "share", KT_CELL_SHARE, share);
	put_number(report, "caches_bytes", uses->held_bytes, NULL);
	put_number(report, "in_use_bytes", uses->in_use_bytes, NULL);
	put_number(report, "cached_bytes", uses->cached_bytes, NULL);
	put_number(report, "free_bytes", uses->free_bytes, NULL);
	put_number(report, "padding_bytes", uses->padding_bytes, NULL);
	put_number(report, "tail_bytes", uses->tail_bytes, NULL);
	put_number(report, "uncertain_bytes", uses->uncertain_bytes, NULL);
	put_number(report, "meminfo_bytes", uses->meminfo_bytes, NULL);
	put_counts(report, snap, uses);
	table = kt_report_table(report, "whole", NULL, whole_columns,
		KT_LEN(whole_columns) - (uses->cached_bytes < 0));
	row = table ? kt_table_row(report, table) : NULL;
	if (!row)
		return;
	table->text_only = true;
	row->cells[0] = kt_cell_known(slab);
	row->cells[1] = share;
	row->cells[2] = kt_cell_known(uses->in_use_bytes);
	row->cells[3] = kt_cell_known(waste_of(uses));
	row->cells[4] = kt_cell_known(uses->free_bytes);
	row->cells[5] = kt_cell_known(uses->padding_bytes);
	row->cells[6] = kt_cell_known(uses->tail_bytes);
	if (uses->cached_bytes >= 0)
		row->cells[7] = kt_cell_known(uses->cached_bytes);
}
