// SPDX-License-Identifier: GPL-2.0-or-later
//
// Mempools: reserves of objects that drivers keep, so that they can go on when memory is short.
//
// IDLE is elements that are kept, times the size of one. It is memory of slab caches, kmalloc or
// pages, and is counted there; here it shows what the reserves are for.

#include "cli/cmd.h"
#include "machine/machine.h"
#include "report/list.h"
#include "report/row_key.h"

#include <string.h>

enum {
	P_ELEMENT,
	P_KIND,
	P_PLACE,
	P_OFFSET,
	P_BYTES,
	P_GROWTH,
	P_RATE,
	P_CURRENT,
	P_MINIMUM,
	P_EACH,
	P_POOLS,
};

static const struct kt_column columns[] = {
	[P_ELEMENT] = { .key = "element",
		.title = "ELEMENT",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "The slab cache of the elements, or their size." },
	[P_KIND] = { .key = "kind", .title = "FROM", .flags = KT_COL_LABEL | KT_COL_WIDE },
	[P_PLACE] = { .key = "place",
		.title = "POOL IS IN",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "The slab cache that has the pool itself, or the kernel's own data." },
	[P_OFFSET] = { .key = "offset",
		.title = "OFFSET",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_LABEL | KT_COL_WIDE | KT_COL_TWIN,
		.help = "Of the pool in its object." },
	[P_BYTES] = { .key = "bytes",
		.title = "IDLE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK },
	[P_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[P_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),
	[P_CURRENT] = { .key = "current",
		.title = "KEPT",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[P_MINIMUM] = { .key = "minimum",
		.title = "MINIMUM",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[P_EACH] = { .key = "element_bytes", .title = "EACH", .type = KT_CELL_BYTES },
	[P_POOLS] = { .key = "pools",
		.title = "POOLS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
};

static const char *const kinds[] = { [KT_MEMPOOL_SLAB] = "slab",
	[KT_MEMPOOL_KMALLOC] = "kmalloc",
	[KT_MEMPOOL_KVMALLOC] = "kvmalloc",
	[KT_MEMPOOL_PAGES] = "pages" };

static const char *name_of(struct kt_report *report, const struct kt_mempool *pool)
{
	if (pool->element)
		return kt_arena_name(&report->arena, kt_span_str(pool->element));
	return kt_arena_printf(&report->arena, "%lld bytes (%s)", (long long)pool->element_bytes,
		kinds[pool->kind]);
}

static bool is_alike(const struct kt_mempool *a, const struct kt_mempool *b)
{
	const char *x = a->element ? a->element : "", *y = b->element ? b->element : "";
	const char *in_x = a->place ? a->place : "", *in_y = b->place ? b->place : "";

	return a->kind == b->kind && a->element_bytes == b->element_bytes &&
	       a->place_offset == b->place_offset && strcmp(x, y) == 0 && strcmp(in_x, in_y) == 0;
}

static void put_group(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, size_t first)
{
	const struct kt_mempool *pool = &snap->mempools.items[first];
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t nr_pools = 0, objs = 0, minimum = 0;

	if (!row)
		return;
	for (size_t i = first; i < snap->mempools.count; i++) {
		if (!is_alike(pool, &snap->mempools.items[i]))
			continue;
		nr_pools++;
		objs += snap->mempools.items[i].objs;
		minimum += snap->mempools.items[i].min_objs;
	}
	row->cells[P_ELEMENT] = kt_cell_text(name_of(report, pool));
	row->cells[P_KIND] = kt_cell_text(kinds[pool->kind]);
	row->cells[P_PLACE] = kt_report_text(report, pool->place ? pool->place : "kernel data");
	row->cells[P_OFFSET] = kt_cell_known(pool->place_offset);
	row->cells[P_CURRENT] = kt_cell_number(objs);
	row->cells[P_MINIMUM] = kt_cell_number(minimum);
	row->cells[P_POOLS] = kt_cell_number(nr_pools);
	row->cells[P_EACH] = kt_cell_known(pool->element_bytes);
	row->cells[P_BYTES] = kt_cell_known(kt_known_times(objs, pool->element_bytes));
	row->mark = snap->memory_unread ? "≥" : NULL;
}

/* Pools of one kind at the same place of objects of one kind are one row. */
static void put_pools(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_list(report, "mempools", NULL, columns, KT_LEN(columns));

	for (size_t i = 0; table && i < snap->mempools.count; i++) {
		size_t k = 0;

		while (k < i && !is_alike(&snap->mempools.items[i], &snap->mempools.items[k]))
			k++;
		if (k == i)
			put_group(report, table, snap, i);
	}
	if (table)
		kt_row_keys_of(&report->arena, table);
}

static const struct kt_part pools_part = {
	.key = "mempools",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/mempools/1",
	.parts = KT_PARTS(&kt_host_part, &pools_part),
};

static const struct kt_needs needs = { .only = KT_SOURCES(&kt_source_host, &kt_source_meta,
					       &kt_source_zoneinfo, &kt_source_meminfo,
					       &kt_source_iomem, &kt_source_mempools) };

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, &needs);
	if (!err)
		err = kt_machine_lacks(
			&call->machine, &machine, &kt_source_mempools, "no list of mempools");
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	kt_machine_put_notes(report, machine.snap);
	put_pools(report, machine.snap);
	kt_report_note(report, "pools in modules, in vmalloc memory and in large kmalloc, and "
			       "pools with functions "
			       "of their own, are "
			       "not found");
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally mempools", "how much memory drivers keep in reserve, and for what" },
};

const struct kt_cmd kt_cmd_mempools = {
	.name = "mempools",
	.summary = "memory that drivers keep in reserve",
	.help = "Lists the mempools: reserves of objects that block and network drivers keep, so "
		"that they can write data back when memory is short. The kernel has no list of "
		"them, so all slabs and the kernel's own data are searched for structs whose "
		"functions belong together, through /proc/kcore or a BPF program that only "
		"reads.\n\n"
		"KEPT elements of MINIMUM are idle now. IDLE is counted in slab or direct pages of "
		"the account. POOL IS IN names the slab cache that has the pool itself, often "
		"inside a driver's struct.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.shape = &shape,
	.run = run,
};
