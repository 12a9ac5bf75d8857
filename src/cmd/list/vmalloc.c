// SPDX-License-Identifier: GPL-2.0-or-later
//
// The areas are from /proc/vmallocinfo, one line for each: addresses, caller, and the pages that
// vmalloc took. Only these pages are memory here. Addresses of device registers, of per-CPU chunks
// and of pages of other owners cost no memory of vmalloc and are in columns without that sum.
//
// MEMORY adds up to the account's vmalloc and the kernel stacks in it, by a last row for the
// difference between counter and areas. Pages that another owner took and only mapped here are
// counted where their owner counts them, or are in unattributed.

#include "cmd/list/vmalloc.h"
#include "base/human.h"
#include "cmd/list/vmalloc_exact.h"
#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX 16 /* columns */

/*
 * AREAS, MEMORY, ADDRESSES and OF OTHERS are summed, each for itself. ADDRESSES contains guard
 * pages.
 */
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
	[COL_NAME] = { .key = "name",
		.title = "CALLER",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "Caller, call site, module or kind, as 'by' says; in parentheses: not an "
			"area." },
	[COL_KIND] = { .key = "kind",
		.title = "KIND",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE,
		.help = "null where the row has several kinds, or no areas.",
		.words = "vmalloc|percpu|ioremap|vmap|dma-coherent|sparse|vm_map_ram|unpurged|"
			 "other" },
	[COL_AREAS] = { .key = "areas",
		.title = "AREAS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM,
		.metric = KT_FAMILY(VMALLOC_AREAS) },
	[COL_BYTES] = { .key = "bytes",
		.title = "MEMORY",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK | KT_COL_SIGNED,
		.metric = KT_FAMILY(VMALLOC_BYTES),
		.help = "Memory that vmalloc took. The rows add up to vmalloc_bytes; negative only "
			"in the row (VmallocUsed - areas)." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_SIZE] = { .key = "size_bytes",
		.title = "ADDRESSES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.metric = KT_FAMILY(VMALLOC_ADDRESS_SPACE_BYTES),
		.help = "Addresses, guard pages included; no memory." },
	[COL_MAPPED] = { .key = "mapped_bytes",
		.title = "OF OTHERS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.metric = KT_FAMILY(VMALLOC_MAPPED_BYTES),
		.help = "Pages of the areas that vmalloc did not take, as far as the kernel "
			"says." },
	[COL_MODULE] = { .key = "module",
		.title = "MODULE",
		.flags = KT_COL_LABEL | KT_COL_DATA_ONLY },
	[COL_WHAT] = { .key = "what", .title = "WHAT IT IS" },
};

static const struct kt_column node_column = { .key = "node#_bytes",
	.type = KT_CELL_BYTES,
	.help = "With --node: memory on this NUMA node." };

/* A way to group the areas: its word for --by, the title of the first column, and the grouping. */
struct view {
	const char *name, *title;
	enum kt_vmalloc_by by;
};

#define CHOICES "caller site module kind"
static const struct view views[] = {
	/* in the order of CHOICES */
	{ "caller", "CALLER", KT_VMALLOC_BY_CALLER },
	{ "site", "CALL SITE", KT_VMALLOC_BY_SITE },
	{ "module", "MODULE", KT_VMALLOC_BY_MODULE },
	{ "kind", "KIND", KT_VMALLOC_BY_KIND },
};

struct vmalloc_args {
	int by; /* place in `views` */
	bool node, exact;
};

/* ---- columns ---- */

struct nodes {
	int ids[NODES_MAX];
	size_t count;
	bool more;
};

/*
 * Keeps the nodes sorted, so that columns do not depend on the sequence of the areas. A node too
 * many is left out, and a note says so.
 */
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

/* 80 columns have room for the purpose, for growth or for nodes. */
static struct kt_table *make_table(struct kt_report *report, const struct kt_call *call,
	const struct view *view, const struct nodes *nodes, bool unsized)
{
	size_t count = KT_LEN(columns) + nodes->count;
	struct kt_column *all = kt_arena_alloc(&report->arena, count * sizeof(*all));

	if (!all)
		return NULL;
	memcpy(all, columns, sizeof(columns));
	put_node_columns(report, nodes, all + COL_NODES);
	all[COL_NAME].title = view->title;
	if (call->interval_s || nodes->count)
		all[COL_WHAT].flags |= KT_COL_WIDE;
	/* without the page size, only addresses have a size */
	if (unsized)
		kt_column_rank(all, COL_BYTES, COL_SIZE);
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

/* Below 0 the number is not known: an area's pages cannot become bytes without the page size. */
static struct kt_cell amount(int64_t number, const char *why)
{
	return number < 0 ? kt_cell_missing(KT_BAD, why) : kt_cell_number(number);
}

/* A row without pages on the node has 0 there, since the file lists every node with pages. */
static int64_t pages_on(const struct kt_vmalloc_row *row, int node)
{
	for (size_t i = 0; i < row->nodes.count; i++) {
		if (row->nodes.items[i].node == node)
			return row->nodes.items[i].nr_pages;
	}
	return 0;
}

static void put_nodes(struct kt_report_row *to, const struct kt_vmalloc_row *row,
	const struct nodes *nodes, int64_t page_bytes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		struct kt_cell *cell = &to->cells[COL_NODES + i];

		*cell = kt_cell_number(kt_known_times(pages_on(row, nodes->ids[i]), page_bytes));
		if (!kt_known(cell->number))
			*cell = kt_cell_missing(KT_BAD, "the page size is not known");
	}
}

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_vmalloc_row *row, const struct nodes *nodes, int64_t page_bytes,
	bool partial)
{
	static const char no_size[] = "the page size is not known, or the number is impossible";
	struct kt_report_row *to = kt_table_row(report, table);

	if (!to)
		return;
	to->cells[COL_NAME] = kt_report_text(report, row->name);
	to->cells[COL_KIND] = kt_cell_text(row->kind);
	to->cells[COL_AREAS] = amount(row->nr_areas, no_size);
	to->cells[COL_BYTES] = kt_known(page_bytes) ? amount(row->bytes, no_size)
						    : kt_cell_missing(KT_ABSENT, no_size);
	to->cells[COL_SIZE] = amount(row->size_bytes, no_size);
	to->cells[COL_MAPPED] = amount(row->mapped_bytes, no_size);
	to->cells[COL_MODULE] = kt_report_text(report, row->module);
	to->cells[COL_WHAT] = kt_cell_text(row->what);
	put_nodes(to, row, nodes, page_bytes);
	to->mark = partial ? "≥" : NULL;
}

/*
 * Makes the rows add up to the account's memory to the byte. It is a row and not a correction of
 * the areas: an area that ended between the readings belongs to no caller any more.
 */
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
	to->cells[COL_WHAT] =
		kt_cell_text(vmalloc->partial ? "not in the list" : "moved between readings");
}

static void put_rows(struct kt_report *report, struct kt_table *table,
	const struct kt_vmalloc *vmalloc, const struct nodes *nodes, int64_t page_bytes)
{
	for (size_t i = 0; table && i < vmalloc->rows.count; i++)
		put_row(report, table, &vmalloc->rows.items[i], nodes, page_bytes,
			vmalloc->partial);
	if (table)
		put_difference(report, table, vmalloc);
}

struct kt_table *kt_vmalloc_put_callers(
	struct kt_report *report, const struct kt_call *call, const struct kt_snapshot *snap)
{
	struct nodes none = { 0 };
	struct kt_vmalloc vmalloc;
	struct kt_table *table;

	kt_vmalloc_group(&report->arena, snap, KT_VMALLOC_BY_CALLER, &vmalloc);
	table = make_table(report, call, &views[0], &none, false);
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
	kt_report_field(report, NULL, "areas_quality", KT_CELL_TEXT,
		kt_cell_text(vmalloc->partial ? "lower_bound" : "exact"));
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
	if (vmalloc->partial)
		kt_report_headline(report,
			"%s%s; %lld of the %lld vmalloc areas found have memory, at least %s of "
			"it thread stacks",
			vmalloc->total.quality == KT_LOWER_BOUND ? "At least " : "", all,
			(long long)vmalloc->nr_holders, (long long)total, stacks);
	else
		kt_report_headline(report,
			"%s in %lld of %lld vmalloc areas, %s of it thread stacks", all,
			(long long)vmalloc->nr_holders, (long long)total, stacks);
}

/*
 * Addresses are short on 32-bit kernels only: an allocation fails there although memory is free.
 * Areas without memory of vmalloc take addresses too.
 */
static void headline_addresses(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_vmalloc *vmalloc)
{
	struct kt_val space = kt_snapshot_get(snap, KT_VMALLOC_SPACE, KT_NO_NODE);
	int64_t used = 0;
	char taken[24], all[24];

	for (size_t i = 0; i < vmalloc->rows.count; i++) {
		if (vmalloc->rows.items[i].size_bytes < 0 ||
			__builtin_add_overflow(used, vmalloc->rows.items[i].size_bytes, &used))
			return;
	}
	if (!kt_ok(space) || space.value <= 0 || space.value >= 1ll << 32 || !used)
		return;
	kt_human_bytes(used, taken);
	kt_human_bytes(space.value, all);
	kt_report_headline(report, "Addresses: %s of %s for vmalloc are taken (%lld %%)%s", taken,
		all, (long long)(used * 100 / space.value),
		used > space.value / 5 * 4 ? "; vmalloc= on the kernel command line makes more"
					   : "");
}

/* A difference is noted from 1 MiB and 2 % on; below, it is the machine at work. */
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
			"VmallocUsed of this kernel is %s and is ignored: it is address "
			"space until Linux 4.3, and some later kernels subtract too "
			"much on vfree()",
			human);
	kt_human_bytes(vmalloc->difference_bytes, human);
	if (!vmalloc->partial && vmalloc->bytes >= 0 && gap > (1 << 20) + vmalloc->bytes / 50)
		kt_report_note(report,
			"VmallocUsed and the areas differ by %s: areas came or went "
			"between the readings, or the files come from different times",
			human);
	kt_human_bytes(vmalloc->mapped_bytes, human);
	if (vmalloc->mapped_bytes > 0)
		kt_report_note(report,
			"%s of pages in areas were not taken by vmalloc: they are in no "
			"counter of vmalloc and in no sum here; -a shows their owners",
			human);
	if (!kt_known(snap->host.page_bytes))
		kt_report_note(report,
			"the page size is not known: MEMORY needs it, ADDRESSES are with their "
			"guard pages");
	if (nodes->more)
		kt_report_note(report, "only %d nodes have a column", NODES_MAX);
	if (vmalloc->partial)
		kt_machine_put_notes(report, snap);
}

/* ---- the command ---- */

/* Names the right that would help only where a right is missing. */
static struct kt_err *lacking(const struct kt_call *call, const struct kt_machine *machine)
{
	const struct kt_source_state *source =
		kt_source_outcome(machine->snap, &kt_source_vmallocinfo);
	bool denied = source && source->state == KT_DENIED;

	return kt_machine_blame(
		&call->machine, kt_err_new(denied ? KT_ERR_DENIED : KT_ERR_ABSENT,
					"cannot read vmalloc areas: %.300s%s",
					source && source->why ? source->why : "it was not read",
					denied ? " (root can)" : ""));
}

static const struct kt_column field_columns[] = {
	{ .key = "by",
		.flags = KT_COL_SET,
		.words = "caller|site|module|kind",
		.help = "What a row is." },
	{ .key = "vmalloc_bytes",
		.type = KT_CELL_BYTES,
		.help = "As in the account: vmalloc and the kernel stacks in it." },
	{ .key = "areas_bytes", .type = KT_CELL_BYTES, .help = "Memory of all areas together." },
	{ .key = "areas_quality",
		.flags = KT_COL_SET,
		.words = "exact|lower_bound",
		.help = "lower_bound: a dump lacks areas, so numbers of rows are lower bounds." },
	{ .key = "difference_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "vmalloc_bytes minus what is known of the areas." },
	{ .key = "stacks_bytes",
		.type = KT_CELL_BYTES,
		.help = "Memory of the areas that are stacks of threads, cached free stacks "
			"included." },
	{ .key = "mapped_bytes",
		.type = KT_CELL_BYTES,
		.help = "Pages in areas that vmalloc did not take." },
	{ .key = "unpurged_size_bytes",
		.type = KT_CELL_BYTES,
		.help = "Addresses of freed areas." },
	{ .key = "percpu_size_bytes",
		.type = KT_CELL_BYTES,
		.help = "Addresses of per-CPU chunks." },
};

const struct kt_part kt_vmalloc_metrics_part = {
	.key = "vmalloc",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "As in 'ktally vmalloc'; missing where nothing could be read.",
};
static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part rows_part = {
	.key = "rows",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.more = &node_column,
};

static const struct kt_shape shape = {
	.schema = "ktally/vmalloc/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &kt_vmalloc_lazy_part,
		&kt_vmalloc_requested_part, &rows_part),
};

#define FILES                                                                    \
	&kt_source_host, &kt_source_meta, &kt_source_vmstat, &kt_source_meminfo, \
		&kt_source_vmallocinfo
static const struct kt_needs needs = { .only = KT_SOURCES(FILES) };
static const struct kt_needs needs_exact = { .only = KT_SOURCES(FILES, &kt_source_lazy_areas) };

/* The areas alone are worth a list, so lists of freed areas that have no name are only a warning.
 */
static struct kt_err *check_exact(struct kt_report *report, const struct kt_machine *machine)
{
	const struct kt_source_state *state =
		kt_source_outcome(machine->snap, &kt_source_lazy_areas);
	const char *why = kt_machine_why(machine, &kt_source_lazy_areas);

	if (machine->snap->lazy_areas.count)
		return NULL;
	if (state && state->state != KT_ABSENT)
		return kt_machine_blame(&machine->opts,
			kt_err_new(state->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT,
				"--exact: %s", why));
	kt_report_warn(report,
		kt_arena_printf(&report->arena, "--exact: no freed areas are shown: %s", why));
	return NULL;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct vmalloc_args *args = kt_call_own(call);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	const struct view *view = &views[args->by];
	struct nodes nodes = { 0 };
	struct kt_vmalloc vmalloc;
	struct kt_table *table;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine,
		KT_WANT_AREAS | (args->node ? KT_WANT_NODES : 0),
		args->exact ? &needs_exact : &needs);
	if (!err && args->exact)
		err = check_exact(report, &machine);
	if (err)
		return err;
	if (!machine.snap->areas.count)
		return lacking(call, &machine);
	kt_machine_describe(&machine, report);
	kt_vmalloc_group(&report->arena, machine.snap, view->by, &vmalloc);
	if (args->node || call->show.all)
		find_nodes(&vmalloc, &nodes);
	put_fields(report, view, &vmalloc);
	put_headlines(report, &vmalloc);
	headline_addresses(report, machine.snap, &vmalloc);
	table = make_table(report, call, view, &nodes, !kt_known(machine.snap->host.page_bytes));
	put_rows(report, table, &vmalloc, &nodes, machine.snap->host.page_bytes);
	put_notes(report, machine.snap, &vmalloc, &nodes);
	if (args->exact)
		kt_vmalloc_put_exact(report, machine.snap);
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "by", "GROUP", "group by", .kind = KT_ARG_CHOICE, KT_AT(struct vmalloc_args, by),
		.choices = CHOICES, .web = true },
	{ 'N', "node", NULL, "show one column for each NUMA node", .kind = KT_ARG_FLAG,
		KT_AT(struct vmalloc_args, node), .web = true },
	{ 0, "exact", NULL, "read freed areas and requested sizes in kernel memory; needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct vmalloc_args, exact) },
};

static const struct kt_example examples[] = {
	{ "ktally vmalloc -i 10", "which callers grow, every 10 seconds" },
	{ "ktally vmalloc --by kind", "grouped by purpose, with areas that hold no memory" },
	{ "ktally vmalloc --filter nf_", "the functions whose names contain nf_" },
	{ "ktally vmalloc --exact", "also areas that were freed and are not purged yet" },
};

const struct kt_cmd kt_cmd_vmalloc = {
	.name = "vmalloc",
	.summary = "memory from vmalloc by caller, module, kind",
	.help = "Lists the callers that asked for memory that is mapped page by page. Each "
		"row is a function of the kernel or of a [module], with the purpose of its "
		"areas where ktally knows it, their number, and the memory in them. --by kind "
		"groups areas by purpose, and also shows areas that hold no memory of "
		"vmalloc. --by module groups by the callers' modules; --by site separates "
		"places in a function.\n\n"
		"MEMORY adds up to the account's rows for vmalloc and for the kernel stacks "
		"that are in it. ADDRESSES (-a) is address space and no memory: device "
		"registers (ioremap), areas freed and not yet purged, and per-CPU chunks, "
		"whose pages are counted in Percpu. OF OTHERS (-a): pages that vmap "
		"or DMA mappings map but vmalloc did not allocate, if the kernel shows them. "
		"Those pages are counted where their owner counts them, or are in unattributed. If "
		"the counter VmallocUsed and the areas differ, because the machine moved "
		"between the two readings, the difference is a row.\n\n"
		"For unexpected BPF programs, run 'bpftool prog'. A "
		"caller in a [module] with thousands of areas is a driver that keeps one area "
		"for each event or device.\n\n"
		"--exact reads kernel memory, through /proc/kcore or a BPF program that only "
		"reads: the areas that were freed and wait for their purge, held against the "
		"kernel's counter and /proc/vmallocinfo, and the sizes that callers asked for, "
		"where the kernel keeps them. It needs CONFIG_KALLSYMS_ALL.\n\n"
		"The kernel walks all areas to show them, about 3 microseconds each, and "
		"looks at each of their pages where it shows nodes. A machine with 100,000 "
		"threads has 100,000 areas and more. Until Linux 6.8, allocations from "
		"vmalloc wait meanwhile.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct vmalloc_args),
	.shape = &shape,
	.run = run,
};
