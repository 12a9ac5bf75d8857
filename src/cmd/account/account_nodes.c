// SPDX-License-Identifier: GPL-2.0-or-later
//
// The account split by NUMA node. Some counters do not exist per node: per-CPU memory never,
// vmalloc only if vmallocinfo shows the nodes of its pages. Such rows are empty for a node and name
// the rows that contain their memory.
//
// Each node is a complete account: its rows add up to the memory of that node. The nodes need not
// add up to the column of the machine. A counter without nodes is in a row of its own for the
// machine, but in unattributed for each node. A note names those rows, so that a large unattributed
// row of a node is no riddle.

#include "cmd/account/account_nodes.h"

#include "account/derive.h"

#include <string.h>

/*
 * Bounds the memory of this report, because a hostile capture may name any number of nodes. Each
 * node costs an account and a column of text.
 */
#define NODES_MAX 64

/*
 * Data has one row for each node and line, with the columns of the account's own rows. A column for
 * each node would make a schema that differs between machines.
 */
static const struct kt_column long_columns[] = {
	{ .key = "node",
		.title = "NODE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "id",
		.title = "ID",
		.flags = KT_COL_LABEL | KT_COL_SET,
		.label = "row",
		.pattern = KT_ID_PATTERN,
		.help = "Stable name of a row; rows that exist only at run time have a dot." },
	{ .key = "parent", .title = "PARENT", .flags = KT_COL_LABEL, .pattern = KT_PARENT_PATTERN },
	{ .key = "title", .title = "TITLE", .flags = KT_COL_SET },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(NODE_ACCOUNT_BYTES),
		.flags = KT_COL_SIGNED | KT_COL_SET_IF_OK,
		.help = "Signed: what is counted twice shows below zero." },
	{ .key = "state",
		.title = "STATE",
		.flags = KT_COL_SET,
		.words = KT_STATE_WORDS,
		.help = "ok, or why there is no value." },
	{ .key = "quality",
		.title = "QUALITY",
		.flags = KT_COL_LABEL | KT_COL_SET_IF_OK,
		.metric = KT_FAMILY(NODE_ACCOUNT_QUALITY),
		.words = KT_QUALITY_WORDS,
		.help = "The quality of an ok value; null where there is none." },
	{ .key = "leaf",
		.title = "LEAF",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_LABEL | KT_COL_SET,
		.help = "The bytes of all leaves add up to the root." },
	{ .key = "reason",
		.title = "REASON",
		.flags = KT_COL_SET_UNLESS_OK,
		.help = "Why there is no value." },
	{ .key = "contained_in",
		.title = "CONTAINED IN",
		.flags = KT_COL_NULL_IF_OK,
		.pattern = KT_HOLDERS_PATTERN,
		.help = "Of a row without a value: ids of the rows that may hold its bytes, with "
			"', ' between; null: no row holds them." },
};

const struct kt_part kt_node_rows_part = {
	.key = "node_rows",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(long_columns),
	.optional = KT_ANY_FORM,
	.help = "With --node: the account of each NUMA node.",
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

/*
 * Finds the nodes that have zones or a total of memory of their own: a capture may have one of the
 * two files without the other.
 */
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
		row->cells[2] = kt_cell_text(kt_row_id_name(line->parent));
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
		row->cells[9] = kt_cell_text(kt_line_contained_in(line, &report->arena));
	}
}

/*
 * Makes the table for people: the rows of the account with a column for the machine and for each
 * node. It is text only, because its columns depend on the machine.
 */
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

/*
 * A cell stays empty where a node has no such row or no value for it. 0 would say that the node has
 * no such memory.
 */
static void put_matrix(struct kt_report *report, const struct nodes *nodes,
	const struct kt_account *machine, const struct kt_call *call)
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
				     (!call->show.depth && line->depth > 2)) &&
			     line->row != KT_ROW_UNATTRIBUTED;
		row->cells[0] = kt_report_text(report, line->title);
		if (kt_ok(line->val))
			row->cells[1] = kt_cell_number(line->val.value);
		for (size_t k = 0; k < nodes->count; k++) {
			const struct kt_line *part = kt_account_find(&nodes->accounts[k], line->id);

			if (part && kt_ok(part->val))
				row->cells[k + 2] = kt_cell_number(part->val.value);
		}
	}
}

static bool is_held_by(const struct kt_line *line, enum kt_row_id holder)
{
	for (size_t i = 0; i < line->nr_holders; i++) {
		if (line->holders[i] == holder)
			return true;
	}
	return false;
}

/*
 * Names the rows of the machine that a node does not have and whose bytes are in its rest. The
 * first node stands for all of them: whether a counter is kept by node depends on the kernel and
 * not on the node.
 */
static void note_held(
	struct kt_report *report, const struct kt_account *machine, const struct kt_account *node)
{
	const char *list = "";

	for (size_t i = 0; i < node->lines.count; i++) {
		const struct kt_line *line = &node->lines.items[i];
		const struct kt_line *all = kt_account_find(machine, line->id);

		if (is_held_by(line, KT_ROW_UNATTRIBUTED) && all && kt_ok(all->val) &&
			all->val.value)
			list = kt_arena_printf(
				&report->arena, "%s%s%s", list, *list ? "; " : "", line->title);
	}
	if (*list)
		kt_report_note(report,
			"the unattributed row of a node contains memory that the kernel "
			"does not count by node: %s",
			list);
}

/*
 * A node whose total is not known, as a node that was just removed, costs a note and not the
 * report. Only lack of memory ends it.
 */
struct kt_err *kt_account_nodes(struct kt_snapshot *snap, const struct kt_account *machine,
	const struct kt_call *call, struct kt_report *report)
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
		put_matrix(report, nodes, machine, call);
	if (nodes->count)
		note_held(report, machine, &nodes->accounts[0]);
	for (size_t i = 0; i < nodes->count; i++)
		kt_account_fini(&nodes->accounts[i]);
	return err;
}
