// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/simulate/blocks.h"

#include "base/buf.h"

enum { Z_ALLOCATOR, Z_ASKED, Z_GIVEN, Z_CACHED, Z_FREE, Z_HUGE, Z_LEAST, Z_BEYOND };

static const struct kt_column zone_columns[] = {
	[Z_ALLOCATOR] = { .key = "allocator", .title = "ALLOCATOR", .flags = KT_COL_SET },
	[Z_ASKED] = { .key = "asked_pages",
		.title = "ASKED",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Pages that the allocator holds, without requests beyond." },
	[Z_GIVEN] = { .key = "given_pages",
		.title = "GIVEN",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "ASKED, each request rounded up to a power of two." },
	[Z_CACHED] = { .key = "cached_pages",
		.title = "CACHED",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Free, on the lists of CPUs." },
	[Z_FREE] = { .key = "free_pages",
		.title = "FREE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Free, in blocks of the zone. It grew as far as it was ever needed." },
	[Z_HUGE] = { .key = "huge_blocks",
		.title = "HUGE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Blocks of 2^9 pages that are not free as a whole." },
	[Z_LEAST] = { .key = "least_huge_blocks",
		.title = "LEAST",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "As many of them have room for GIVEN." },
	[Z_BEYOND] = { .key = "requests_beyond",
		.title = "BEYOND",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Requests so far for more than 2^10 pages, which no block has." },
};

const struct kt_part kt_blocks_part_zones = {
	.key = "zones",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(zone_columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --buddy: the page allocator below each allocator, when the phase ends.",
};

#define ORDER(number)                                                                  \
	{                                                                              \
		.key = "order_" #number, .title = "2^" #number, .type = KT_CELL_COUNT, \
		.flags = KT_COL_SET, .help = "Blocks of so many pages.",               \
	}

static const struct kt_column free_columns[] = {
	{ .key = "allocator", .title = "ALLOCATOR", .flags = KT_COL_SET },
	ORDER(0),
	ORDER(1),
	ORDER(2),
	ORDER(3),
	ORDER(4),
	ORDER(5),
	ORDER(6),
	ORDER(7),
	ORDER(8),
	ORDER(9),
	ORDER(10),
};

_Static_assert(KT_LEN(free_columns) == 1 + KT_SIM_ORDERS, "a column for each order");

const struct kt_part kt_blocks_part_free = {
	.key = "free_blocks",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(free_columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --buddy: free blocks of each zone by size.",
};

static struct kt_cell count_cell(uint64_t count)
{
	return kt_cell_number((int64_t)count);
}

static void put_zone(struct kt_report *report, struct kt_table *table, const char *allocator,
	const struct kt_sim_blocks *blocks)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;
	uint64_t free_pages = 0;

	if (!row)
		return;
	for (uint32_t i = 0; i < KT_SIM_ORDERS; i++)
		free_pages += blocks->nr_free[i] << i;
	row->cells[Z_ALLOCATOR] = kt_cell_text(allocator);
	row->cells[Z_ASKED] = count_cell(blocks->asked_pages);
	row->cells[Z_GIVEN] = count_cell(blocks->given_pages);
	row->cells[Z_CACHED] = count_cell(blocks->cached_pages);
	row->cells[Z_FREE] = count_cell(free_pages);
	row->cells[Z_HUGE] = count_cell(kt_sim_blocks_huge(blocks));
	row->cells[Z_LEAST] = count_cell(kt_sim_blocks_huge_least(blocks));
	row->cells[Z_BEYOND] = count_cell(blocks->beyond);
}

static void put_free(struct kt_report *report, struct kt_table *table, const char *allocator,
	const struct kt_sim_blocks *blocks)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(allocator);
	for (uint32_t i = 0; i < KT_SIM_ORDERS; i++)
		row->cells[1 + i] = count_cell(blocks->nr_free[i]);
}

void kt_blocks_put(struct kt_report *report, const struct kt_sim_allocator *const *allocators,
	size_t nr_allocators, const struct kt_sim_result *result, const char *phase)
{
	const char *title = kt_arena_printf(
		&report->arena, "Page allocator below each model at the end of '%s'", phase);
	struct kt_table *zones =
		kt_report_table(report, "zones", title, zone_columns, KT_LEN(zone_columns));
	struct kt_table *free_blocks = kt_report_table(report, "free_blocks",
		"Free blocks by their number of pages", free_columns, KT_LEN(free_columns));

	struct kt_buf without = { 0 };

	for (size_t i = 0; i < nr_allocators; i++) {
		if (!result->blocks[i].known) {
			kt_buf_join(&without, ", ", "%s", allocators[i]->name);
			continue;
		}
		put_zone(report, zones, allocators[i]->name, &result->blocks[i]);
		put_free(report, free_blocks, allocators[i]->name, &result->blocks[i]);
	}
	if (without.size)
		kt_report_note(report, "without the page allocator, since they grow a heap: %s",
			kt_arena_text(&report->arena, &without));
	kt_report_note(report,
		"the page allocator has one zone for nothing else, all of it unmovable; slabs from "
		"before a trace are placed one after another");
}
