// SPDX-License-Identifier: GPL-2.0-or-later
//
// Large kmalloc: blocks of the page allocator that the counter of slab has, and no slab cache. The
// memory map shows them one by one, so their sum checks the rest that the caches leave of Slab.

#include "cmd/slab/slab.h"

#include "base/human.h"

enum { L_NAME, L_ORDER, L_BLOCK, L_BLOCKS, L_BYTES };

static const struct kt_column columns[] = {
	[L_NAME] = { .key = "name", .title = "LARGE KMALLOC", .flags = KT_COL_SET },
	[L_ORDER] = { .key = "order",
		.title = "ORDER",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.help = "A block has 2^order pages." },
	[L_BLOCK] = { .key = "block_bytes", .title = "BLOCK", .type = KT_CELL_BYTES },
	[L_BLOCKS] = { .key = "blocks", .title = "BLOCKS", .type = KT_CELL_COUNT },
	[L_BYTES] = { .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
};

const struct kt_part kt_slab_large_part = {
	.key = "large_kmalloc",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --exact, where the kernel marks these pages: blocks of kmalloc that are "
		"in no slab cache.",
};

static const struct kt_column sum_columns[] = {
	{ .key = "found_bytes", .type = KT_CELL_BYTES, .help = "In the memory map." },
	{ .key = "counter_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Slab minus all caches." },
	{ .key = "difference_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Found minus counter." },
	{ .key = "torn_blocks",
		.type = KT_CELL_COUNT,
		.help = "Blocks that changed each time they were read: not counted." },
	{ .key = "unread_pages", .type = KT_CELL_COUNT },
};

const struct kt_part kt_slab_large_sum_part = {
	.key = "large_kmalloc_sum",
	KT_COLUMNS_OF(sum_columns),
	.optional = KT_ANY_FORM,
	.help = "Large kmalloc in the memory map and in the counter of slab.",
};

static void put_order(
	struct kt_report *report, struct kt_table *table, int order, int64_t count, int64_t bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[L_NAME] = kt_cell_text(kt_arena_printf(&report->arena, "order %d", order));
	row->cells[L_ORDER] = kt_cell_number(order);
	row->cells[L_BLOCK] = kt_cell_known(bytes);
	row->cells[L_BLOCKS] = kt_cell_number(count);
	row->cells[L_BYTES] = kt_cell_known(kt_known_times(count, bytes));
}

static void put_sum(
	struct kt_report *report, const char *key, enum kt_cell_type type, struct kt_cell cell)
{
	kt_report_field(report, "large_kmalloc_sum", key, type, cell);
}

/* Slabs made while memory was short are smaller than the caches say, so the rest is then too low.
 */
static void put_check(struct kt_report *report, const struct kt_large_kmalloc *large,
	const struct kt_slab_uses *uses, int64_t found)
{
	struct kt_cell none = kt_cell_missing(KT_ABSENT, NULL);
	bool both = kt_known(found) && uses->has_rest;
	char here[24], there[24];

	put_sum(report, "found_bytes", KT_CELL_BYTES, kt_cell_known(found));
	put_sum(report, "counter_bytes", KT_CELL_BYTES,
		uses->has_rest ? kt_cell_number(uses->rest_bytes) : none);
	put_sum(report, "difference_bytes", KT_CELL_BYTES,
		both ? kt_cell_number(found - uses->rest_bytes) : none);
	put_sum(report, "torn_blocks", KT_CELL_COUNT, kt_cell_number(large->nr_torn));
	put_sum(report, "unread_pages", KT_CELL_COUNT, kt_cell_number(large->nr_unread));
	if (!both)
		return;
	kt_human_bytes(found, here);
	kt_human_bytes(uses->rest_bytes, there);
	kt_report_note(report,
		"large kmalloc: %s in the memory map, %s by the counter (Slab minus the caches)%s",
		here, there,
		found == uses->rest_bytes
			? ""
			: "; slabs smaller than planned and what CPUs have not counted yet make "
			  "the difference");
	if (large->nr_torn || large->nr_unread)
		kt_report_note(report,
			"%lld blocks of large kmalloc changed each time they were read, and %lld "
			"struct pages could not be read: they are not in the list",
			(long long)large->nr_torn, (long long)large->nr_unread);
}

void kt_slab_put_large(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	const struct kt_large_kmalloc *large =
		snap->large_kmallocs.count ? &snap->large_kmallocs.items[0] : NULL;
	struct kt_table *table;
	int64_t found = 0;

	if (!large || large->why) {
		kt_report_note(report, "large kmalloc by order is not known: %s",
			large ? large->why : "it is counted on the running machine only");
		return;
	}
	table = kt_report_table(report, "large_kmalloc", NULL, columns, KT_LEN(columns));
	for (int order = 0; table && order < KT_KMALLOC_ORDERS; order++) {
		int64_t bytes = kt_known_times(uses->page_bytes, 1ll << order);

		int64_t held = kt_known_times(large->nr_blocks[order], bytes);

		found = kt_known(found) && kt_known(held) ? found + held : KT_UNKNOWN;
		if (large->nr_blocks[order])
			put_order(report, table, order, large->nr_blocks[order], bytes);
	}
	put_check(report, large, uses, found);
}
