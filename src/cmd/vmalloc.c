// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/vmalloc.h"
#include "cmd/session.h"
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX 16 /* columns */

enum {
	COL_NAME,
	COL_KIND,
	COL_AREAS,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_SIZE,
	COL_MAPPED,
	COL_MODULE,
	COL_WHAT,
	COL_NODES, /* and from here on */
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "CALLER", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_KIND] = { .key = "kind",
		.title = "KIND",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE },
	[COL_AREAS] = { .key = "areas",
		.title = "AREAS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM,
		.metric = "ktally_vmalloc_areas",
		.help = "Areas of the kernel's vmalloc address space." },
	[COL_BYTES] = { .key = "bytes",
		.title = "MEMORY",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = "ktally_vmalloc_bytes",
		.help = "Memory that vmalloc holds, thread stacks included." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_SIZE] = { .key = "size_bytes",
		.title = "ADDRESSES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.metric = "ktally_vmalloc_address_space_bytes",
		.help = "Addresses that areas of vmalloc take up, guard pages included." },
	[COL_MAPPED] = { .key = "mapped_bytes",
		.title = "OF OTHERS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.metric = "ktally_vmalloc_mapped_bytes",
		.help = "Pages of areas that vmalloc did not take." },
	[COL_MODULE] = { .key = "module",
		.title = "MODULE",
		.flags = KT_COL_LABEL | KT_COL_DATA_ONLY },
	[COL_WHAT] = { .key = "what", .title = "WHAT IT IS" },
};

struct view {
	const char *name, *title;
	enum kt_vmalloc_by by;
};

static const struct view views[] = {
	{ "caller", "CALLER", KT_VMALLOC_BY_CALLER },
	{ "site", "CALL SITE", KT_VMALLOC_BY_SITE },
	{ "module", "MODULE", KT_VMALLOC_BY_MODULE },
	{ "kind", "KIND", KT_VMALLOC_BY_KIND },
};

static const struct view *view_of(const char *name)
{
	for (size_t i = 0; name && i < KT_LEN(views); i++) {
		if (strcmp(views[i].name, name) == 0)
			return &views[i];
	}
	return &views[0];
}

/* ---- columns ---- */

struct nodes {
	int ids[NODES_MAX];
	size_t count;
	bool more;
};

static void add_node(struct nodes *nodes, int id)
{
	size_t at = nodes->count;

	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->ids[i] == id)
			return;
	}
	nodes->more |= at == NODES_MAX;
	if (at == NODES_MAX)
		return;
	for (; at > 0 && nodes->ids[at - 1] > id; at--)
		nodes->ids[at] = nodes->ids[at - 1];
	nodes->ids[at] = id;
	nodes->count++;
}

static void find_nodes(const struct kt_vmalloc *vmalloc, struct nodes *nodes)
{
	for (size_t i = 0; i < vmalloc->rows.count; i++) {
		const struct kt_vmalloc_row *row = &vmalloc->rows.items[i];

		for (size_t k = 0; k < row->nodes.count; k++)
			add_node(nodes, row->nodes.items[k].node);
	}
}

static void put_node_columns(
	struct kt_report *report, const struct nodes *nodes, struct kt_column *to)
{
	for (size_t i = 0; i < nodes->count; i++) {
		to[i] = (struct kt_column){
			.key = kt_arena_printf(&report->arena, "node%d_bytes", nodes->ids[i]),
			.title = kt_arena_printf(&report->arena, "NODE %d", nodes->ids[i]),
			.type = KT_CELL_BYTES,
			.flags = KT_COL_SUM,
		};
	}
}

/* In 80 columns there is room for the purpose, for growth or for nodes. */
static struct kt_table *make_table(struct kt_report *report, const struct kt_options *options,
	const struct view *view, const struct nodes *nodes)
{
	size_t count = KT_LEN(columns) + nodes->count;
	struct kt_column *all = kt_arena_alloc(&report->arena, count * sizeof(*all));

	if (!all)
		return NULL;
	memcpy(all, columns, sizeof(columns));
	put_node_columns(report, nodes, all + COL_NODES);
	all[COL_NAME].title = view->title;
	if (options->interval_s || nodes->count)
		all[COL_WHAT].flags |= KT_COL_WIDE;
	if (view->by == KT_VMALLOC_BY_KIND) {
		all[COL_KIND].flags |= KT_COL_DATA_ONLY;
		/* a kind without memory is worth a row too */
		all[COL_SIZE].flags = KT_COL_SUM | KT_COL_RANK;
	}
	if (view->by == KT_VMALLOC_BY_MODULE) {
		all[COL_KIND].flags |= KT_COL_DATA_ONLY;
		all[COL_WHAT].flags |= KT_COL_DATA_ONLY;
		all[COL_SIZE].flags &= ~(unsigned)KT_COL_WIDE;
	}
	return kt_report_list(report, "rows", NULL, all, count);
}

/* ---- rows ---- */

static struct kt_cell amount(int64_t number, const char *why)
{
	return number < 0 ? kt_cell_missing(KT_BAD, why) : kt_cell_number(number);
}

static struct kt_cell bytes_on(const struct kt_vmalloc_row *row, int node)
{
	for (size_t i = 0; i < row->nodes.count; i++) {
		if (row->nodes.items[i].node == node)
			return kt_cell_number(row->nodes.items[i].nr_pages);
	}
	return kt_cell_number(0);
}

static void put_nodes(struct kt_report_row *to, const struct kt_vmalloc_row *row,
	const struct nodes *nodes, int64_t page_bytes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		struct kt_cell *cell = &to->cells[COL_NODES + i];

		*cell = bytes_on(row, nodes->ids[i]);
		if (cell->number < 0 || !page_bytes ||
			__builtin_mul_overflow(cell->number, page_bytes, &cell->number))
			*cell = kt_cell_missing(KT_BAD, "the page size is not known");
	}
}

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_vmalloc_row *row, const struct nodes *nodes, int64_t page_bytes)
{
	static const char no_size[] = "the page size is not known, or the number is impossible";
	struct kt_report_row *to = kt_table_row(report, table);

	if (!to)
		return;
	to->cells[COL_NAME] = kt_report_text(report, row->name);
	to->cells[COL_KIND] = kt_cell_text(row->kind);
	to->cells[COL_AREAS] = amount(row->nr_areas, no_size);
	to->cells[COL_BYTES] = amount(row->bytes, no_size);
	to->cells[COL_SIZE] = amount(row->size_bytes, no_size);
	to->cells[COL_MAPPED] = amount(row->mapped_bytes, no_size);
	to->cells[COL_MODULE] = kt_report_text(report, row->module);
	to->cells[COL_WHAT] = kt_cell_text(row->what);
	put_nodes(to, row, nodes, page_bytes);
}

/* So that the rows are the account's memory to the byte. */
static void put_difference(
	struct kt_report *report, struct kt_table *table, const struct kt_vmalloc *vmalloc)
{
	struct kt_report_row *to;

	if (!vmalloc->has_difference || !vmalloc->difference_bytes)
		return;
	to = kt_table_row(report, table);
	if (!to)
		return;
	to->cells[COL_NAME] = kt_cell_text(
		vmalloc->bytes < 0 ? "(page size not known)" : "(VmallocUsed - areas)");
	to->cells[COL_BYTES] = kt_cell_number(vmalloc->difference_bytes);
	to->cells[COL_WHAT] = kt_cell_text("moved between readings");
}

static void put_rows(struct kt_report *report, struct kt_table *table,
	const struct kt_vmalloc *vmalloc, const struct nodes *nodes, int64_t page_bytes)
{
	for (size_t i = 0; table && i < vmalloc->rows.count; i++)
		put_row(report, table, &vmalloc->rows.items[i], nodes, page_bytes);
	if (table)
		put_difference(report, table, vmalloc);
}

struct kt_table *kt_vmalloc_put_callers(
	struct kt_report *report, const struct kt_options *options, const struct kt_snapshot *snap)
{
	struct nodes none = { 0 };
	struct kt_vmalloc vmalloc;
	struct kt_table *table;

	kt_vmalloc_group(&report->arena, snap, KT_VMALLOC_BY_CALLER, &vmalloc);
	table = make_table(report, options, view_of(NULL), &none);
	put_rows(report, table, &vmalloc, &none, snap->host.page_bytes);
	return table;
}

/* ---- summary ---- */

static void field(struct kt_report *report, const char *key, int64_t bytes)
{
	kt_report_field(report, NULL, key, KT_CELL_BYTES,
		amount(bytes, "the page size is not known, or the number is impossible"));
}

static void put_fields(
	struct kt_report *report, const struct view *view, const struct kt_vmalloc *vmalloc)
{
	kt_report_field(report, NULL, "by", KT_CELL_TEXT, kt_cell_text(view->name));
	kt_report_field(report, NULL, "vmalloc_bytes", KT_CELL_BYTES,
		kt_ok(vmalloc->total)
			? kt_cell_number(vmalloc->total.value)
			: kt_report_missing(report, vmalloc->total.state, vmalloc->total.reason));
	field(report, "areas_bytes", vmalloc->bytes);
	kt_report_field(report, NULL, "difference_bytes", KT_CELL_BYTES,
		vmalloc->has_difference ? kt_cell_number(vmalloc->difference_bytes)
					: kt_cell_missing(KT_ABSENT, NULL));
	field(report, "stacks_bytes", vmalloc->stack_bytes);
	field(report, "mapped_bytes", vmalloc->mapped_bytes);
	field(report, "unpurged_size_bytes", vmalloc->kind_bytes[KT_AREA_UNPURGED]);
	field(report, "percpu_size_bytes", vmalloc->kind_bytes[KT_AREA_PERCPU]);
}

static void put_headlines(struct kt_report *report, const struct kt_vmalloc *vmalloc)
{
	int64_t total = 0;
	char all[24], stacks[24];

	for (int kind = 0; kind < KT_AREA_KINDS; kind++)
		total += vmalloc->nr_kind[kind] > 0 ? vmalloc->nr_kind[kind] : 0;
	if (vmalloc->bytes < 0 || vmalloc->stack_bytes < 0)
		return;
	kt_human_bytes(kt_ok(vmalloc->total) ? vmalloc->total.value : vmalloc->bytes, all);
	kt_human_bytes(vmalloc->stack_bytes, stacks);
	kt_report_headline(report, "%s in %lld of %lld vmalloc areas, %s of it thread stacks", all,
		(long long)vmalloc->nr_holders, (long long)total, stacks);
}

static void put_notes(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_vmalloc *vmalloc, const struct nodes *nodes)
{
	struct kt_val used = kt_snapshot_get(snap, KT_VMALLOC_USED, KT_NO_NODE);
	int64_t gap = vmalloc->has_difference ? llabs(vmalloc->difference_bytes) : 0;
	char human[24];

	kt_human_bytes(used.value, human);
	if (kt_ok(used) && used.value && kt_ok(vmalloc->total) &&
		used.value != vmalloc->total.value)
		kt_report_note(report,
			"VmallocUsed of this kernel says %s and is not believed: it is address "
			"space until Linux 4.3, and some later ones subtract too much on vfree()",
			human);
	kt_human_bytes(vmalloc->difference_bytes, human);
	if (vmalloc->bytes >= 0 && gap > (1 << 20) + vmalloc->bytes / 50)
		kt_report_note(report,
			"VmallocUsed and the areas differ by %s: areas came or went between the "
			"readings, or the files are of different moments",
			human);
	kt_human_bytes(vmalloc->mapped_bytes, human);
	if (vmalloc->mapped_bytes > 0)
		kt_report_note(report,
			"%s of pages in areas were not taken by vmalloc: no counter of vmalloc "
			"has them, and they are in no sum here; -a shows whose they are",
			human);
	if (nodes->more)
		kt_report_note(report, "only %d nodes have a column", NODES_MAX);
}

/* ---- the command ---- */

static struct kt_err *lacking(const struct kt_options *options, const struct kt_session *session)
{
	const struct kt_source_state *source = kt_session_source(session, "vmallocinfo");
	bool denied = source && source->state == KT_DENIED;

	return kt_session_blame(
		options, kt_err_new(denied ? KT_ERR_DENIED : KT_ERR_ABSENT,
				 "no list of vmalloc areas, which takes root to read: %.300s",
				 source && source->why ? source->why : "it was not read"));
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	const struct view *view = view_of(options->by);
	struct nodes nodes = { 0 };
	struct kt_vmalloc vmalloc;
	struct kt_table *table;
	struct kt_err *err;

	kt_report_init(report, "ktally/vmalloc/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(
			&session, options, 0, "host meta vmstat meminfo vmallocinfo");
	if (err)
		return err;
	if (!session.snap->areas.count)
		return lacking(options, &session);
	kt_session_describe(&session, options, report);
	kt_vmalloc_group(&report->arena, session.snap, view->by, &vmalloc);
	if (options->node || options->all)
		find_nodes(&vmalloc, &nodes);
	put_fields(report, view, &vmalloc);
	put_headlines(report, &vmalloc);
	table = make_table(report, options, view, &nodes);
	put_rows(report, table, &vmalloc, &nodes, session.snap->host.page_bytes);
	put_notes(report, session.snap, &vmalloc, &nodes);
	return NULL;
}

const struct kt_cmd kt_cmd_vmalloc = {
	.name = "vmalloc",
	.summary = "who holds memory from vmalloc: callers, modules, kinds",
	.help = "Lists who asked for memory that is mapped page by page: the function of the "
		"kernel or of a [module], what its areas are for where ktally knows, how many "
		"there are, and the memory in them. --by kind puts together what serves one "
		"purpose, and shows areas that hold no memory of vmalloc too; --by module "
		"tells the callers' modules; --by site tells places in a function apart.\n\n"
		"MEMORY adds up to the account's rows for vmalloc and for those kernel stacks "
		"that are in it. ADDRESSES (-a) is what the areas span, and no memory: device "
		"registers (ioremap), areas that are freed and not yet purged, and per-CPU "
		"chunks, whose pages are counted in Percpu, take up addresses only. What else "
		"maps pages of others (vmap, DMA buffers) is shown under OF OTHERS (-a) where "
		"the kernel says how much; those pages are counted where their owner counts "
		"them, or are in unattributed. Where the counter VmallocUsed and the areas "
		"differ, because the machine moved between the two readings, the difference is "
		"a row.\n\n"
		"To find what grows: 'ktally vmalloc -i 10'. Many BPF programs that nobody "
		"counts on: 'bpftool prog'. A caller with thousands of areas of a [module]: "
		"its driver keeps one for each event or device.\n\n"
		"The kernel walks all areas to show them, about 3 microseconds each, and looks "
		"at each of their pages where it tells nodes: a machine with 100,000 threads "
		"has 100,000 areas and more. Until Linux 6.8, whoever asks for such memory "
		"waits meanwhile.",
	.repeats = true,
	.groups = "caller site module kind",
	.run = run,
};
