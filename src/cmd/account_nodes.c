// SPDX-License-Identifier: GPL-2.0-or-later
//
// The account split by NUMA node. Not every counter exists per node: per-CPU memory never
// does, vmalloc only where vmallocinfo says where its pages are. Such rows are empty for a
// node, and their memory is in its unattributed row.

#include "cmd/account_nodes.h"

#include "model/derive.h"

#include <string.h>

#define NODES_MAX 64

static const struct kt_column long_columns[] = {
	{ .key = "node", .title = "NODE", .type = KT_CELL_COUNT, .flags = KT_COL_LABEL },
	{ .key = "id", .title = "ID", .flags = KT_COL_LABEL, .label = "row" },
	{ .key = "parent", .title = "PARENT", .flags = KT_COL_LABEL },
	{ .key = "title", .title = "TITLE" },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.metric = "ktally_node_account_bytes",
		.help = "Physical memory of a NUMA node by row of the account." },
	{ .key = "state", .title = "STATE" },
	{ .key = "quality", .title = "QUALITY" },
	{ .key = "leaf", .title = "LEAF", .type = KT_CELL_BOOL, .flags = KT_COL_LABEL },
	{ .key = "reason", .title = "REASON" },
};

struct nodes {
	int ids[NODES_MAX];
	struct kt_account accounts[NODES_MAX];
	size_t count;
};

static void add_node(struct nodes *nodes, int id)
{
	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->ids[i] == id)
			return;
	}
	if (id >= 0 && nodes->count < NODES_MAX)
		nodes->ids[nodes->count++] = id;
}

static void find_nodes(const struct kt_snapshot *snap, struct nodes *nodes)
{
	for (size_t i = 0; i < snap->zones.count; i++)
		add_node(nodes, snap->zones.items[i].node);
	for (size_t i = 0; i < snap->entries.count; i++) {
		if (snap->entries.items[i].metric == KT_MEM_TOTAL)
			add_node(nodes, snap->entries.items[i].node);
	}
}

static void put_long(struct kt_report *report, const struct kt_account *account)
{
	struct kt_table *table = report->tables.items[report->tables.count - 1];

	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[0] = kt_cell_number(account->node);
		row->cells[1] = kt_report_text(report, line->id);
		row->cells[2] = kt_cell_text(line->parent);
		row->cells[3] = kt_report_text(report, line->title);
		row->cells[4] = kt_ok(line->val) ? kt_cell_number(line->val.value)
						 : kt_report_missing(report, line->val.state,
							   line->val.reason);
		row->cells[5] = kt_cell_text(kt_state_name(line->val.state));
		if (kt_ok(line->val))
			row->cells[6] = kt_cell_text(kt_quality_name(line->val.quality));
		row->cells[7] = kt_cell_number(line->leaf);
		if (!kt_ok(line->val))
			row->cells[8] = kt_report_text(report, line->val.reason);
	}
}

static struct kt_table *matrix_table(struct kt_report *report, const struct nodes *nodes)
{
	struct kt_column *columns =
		kt_arena_alloc(&report->arena, (nodes->count + 2) * sizeof(*columns));
	struct kt_table *table;

	if (!columns)
		return NULL;
	columns[0] = (struct kt_column){
		.key = "title", .title = "WHERE THE MEMORY IS", .flags = KT_COL_TREE
	};
	columns[1] = (struct kt_column){ .key = "all", .title = "ALL", .type = KT_CELL_BYTES };
	for (size_t i = 0; i < nodes->count; i++) {
		const char *name = kt_arena_printf(&report->arena, "NODE %d", nodes->ids[i]);

		columns[i + 2] =
			(struct kt_column){ .key = name, .title = name, .type = KT_CELL_BYTES };
	}
	table = kt_report_table(report, "matrix", NULL, columns, nodes->count + 2);
	if (table)
		table->text_only = true;
	return table;
}

static void put_matrix(struct kt_report *report, const struct nodes *nodes,
	const struct kt_account *machine, const struct kt_options *options)
{
	struct kt_table *table = matrix_table(report, nodes);

	for (size_t i = 0; table && i < machine->lines.count; i++) {
		const struct kt_line *line = &machine->lines.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->depth = line->depth;
		row->strong = line->depth < 2;
		row->minor = (!kt_ok(line->val) || !line->val.value ||
				     (!options->depth && line->depth > 2)) &&
			     strcmp(line->id, "unattributed") != 0;
		row->cells[0] = kt_report_text(report, line->title);
		if (kt_ok(line->val))
			row->cells[1] = kt_cell_number(line->val.value);
		for (size_t k = 0; k < nodes->count; k++) {
			const struct kt_line *part = kt_account_line(&nodes->accounts[k], line->id);

			if (part && kt_ok(part->val))
				row->cells[k + 2] = kt_cell_number(part->val.value);
		}
	}
}

struct kt_err *kt_account_nodes(struct kt_snapshot *snap, const struct kt_account *machine,
	const struct kt_options *options, struct kt_report *report)
{
	struct nodes *nodes = kt_arena_alloc(&report->arena, sizeof(*nodes));
	struct kt_err *err = NULL;

	if (!nodes)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	find_nodes(snap, nodes);
	kt_report_table(report, "node_rows", NULL, long_columns, KT_LEN(long_columns));
	if (report->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	report->tables.items[report->tables.count - 1]->data_only = true;
	for (size_t i = 0; i < nodes->count && !err; i++) {
		kt_derive_node(snap, nodes->ids[i]);
		err = kt_account_compute(snap, nodes->ids[i], &nodes->accounts[i]);
		if (!err) {
			put_long(report, &nodes->accounts[i]);
		} else if (kt_err_code(err) != KT_ERR_NOMEM) {
			kt_report_note(report, "node %d: %s", nodes->ids[i], kt_err_text(err));
			kt_err_free(err);
			err = NULL;
		}
	}
	if (!err)
		put_matrix(report, nodes, machine, options);
	kt_report_note(report, "a node's unattributed row contains what the kernel does not count "
			       "by node: per-CPU "
			       "memory, and vmalloc where proc/vmallocinfo is not readable");
	for (size_t i = 0; i < nodes->count; i++)
		kt_account_fini(&nodes->accounts[i]);
	return err;
}
