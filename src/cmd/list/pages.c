// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages that the kernel allocated straight from the page allocator, by who has them. The account
// has them in the row of direct pages and in 'unattributed', since no counter names them.

#include "account/page_lore.h"
#include "cli/cmd.h"
#include "machine/machine.h"
#include "report/list.h"
#include "report/row_key.h"

enum {
	P_HOLDER,
	P_WAY,
	P_BYTES,
	P_GROWTH,
	P_RATE,
	P_PAGES,
	P_BLOCKS,
	P_WHAT,
};

static const struct kt_column columns[] = {
	[P_HOLDER] = { .key = "holder",
		.title = "HELD BY",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "A variable; a slab cache, with the name of what its objects point to if "
			"they are of many kinds; a function that mapped the pages." },
	[P_WAY] = { .key = "found",
		.title = "FOUND BY",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE },
	[P_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK },
	[P_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[P_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM | KT_COL_WIDE),
	[P_PAGES] = { .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[P_BLOCKS] = { .key = "blocks",
		.title = "BLOCKS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.help = "Pages that were allocated at once." },
	[P_WHAT] = { .key = "what",
		.title = "WHAT THEY ARE",
		.flags = KT_COL_LABEL,
		.help = "Null: only who has them is known." },
};

static const struct {
	const char *way, *nobody; /* `nobody`: the holder, where it has no name */
} ways[KT_OWNER_KINDS] = {
	[KT_OWNER_DATA] = { "pointer in data", "the kernel's data" },
	[KT_OWNER_OBJECT] = { "pointer in objects", "?" },
	[KT_OWNER_MAPPED] = { "page table", "?" },
	[KT_OWNER_TABLE] = { "page table", "kernel" },
	[KT_OWNER_USER_TABLE] = { "contents", "processes" },
	[KT_OWNER_MEMMAP] = { "page table", "kernel" },
	[KT_OWNER_POOL] = { "mark of the page", "network devices" },
	[KT_OWNER_HASH] = { "kernel log", "?" },
	[KT_OWNER_NAMELESS] = { "pointer in objects", "(objects without a name)" },
	[KT_OWNER_NOBODY] = { "nothing", "(no owner is known)" },
};

static void put_owner(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const struct kt_page_owner *owner)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[P_HOLDER] =
		kt_report_text(report, owner->name ? owner->name : ways[owner->kind].nobody);
	row->cells[P_WAY] = kt_cell_text(ways[owner->kind].way);
	row->cells[P_WHAT] = kt_report_text(report, kt_page_lore(owner));
	row->cells[P_PAGES] = kt_cell_number(owner->nr_pages);
	row->cells[P_BLOCKS] = kt_cell_number(owner->nr_blocks);
	row->cells[P_BYTES] = kt_cell_known(kt_known_times(owner->nr_pages, snap->host.page_bytes));
}

static void put_owners(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table = kt_report_list(report, "owners", NULL, columns, KT_LEN(columns));

	for (size_t i = 0; table && i < snap->page_owners.count; i++) {
		const struct kt_page_owner *owner = &snap->page_owners.items[i];

		if (kt_page_owner_is_direct(owner->kind))
			put_owner(report, table, snap, owner);
	}
	if (table)
		kt_row_keys_of(&report->arena, table);
}

static const struct kt_part owners_part = {
	.key = "owners",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};

/* ---- pages that have another row of the account ---- */

static const struct kt_column other_columns[] = {
	{ .key = "direct_bytes", .type = KT_CELL_BYTES, .help = "All rows of the list." },
	{ .key = "named_bytes",
		.type = KT_CELL_BYTES,
		.help = "Direct pages whose holder has a name." },
	{ .key = "vmalloc_bytes", .type = KT_CELL_BYTES, .help = "Without stacks." },
	{ .key = "stacks_bytes", .type = KT_CELL_BYTES },
	{ .key = "percpu_bytes",
		.type = KT_CELL_BYTES,
		.help = "Chunks of per-CPU memory that were made after the boot." },
	{ .key = "kmalloc_large_bytes",
		.type = KT_CELL_BYTES,
		.help = "Large kmalloc; 0 where the kernel does not mark it: it is among direct "
			"pages." },
	{ .key = "cpu_free_bytes",
		.type = KT_CELL_BYTES,
		.help = "Free pages that CPUs keep to themselves." },
	{ .key = "changed_bytes",
		.type = KT_CELL_BYTES,
		.help = "Freed, or given to a process or file, while pages were looked at." },
};

static const struct kt_part others_part = {
	.key = "others",
	KT_COLUMNS_OF(other_columns),
	.help = "Pages without a mark of their own that are not direct.",
};

static int64_t bytes_of(const struct kt_snapshot *snap, enum kt_page_owner_kind kind)
{
	int64_t nr_pages = 0;

	for (size_t i = 0; i < snap->page_owners.count; i++) {
		if (snap->page_owners.items[i].kind == kind)
			nr_pages += snap->page_owners.items[i].nr_pages;
	}
	return kt_known_times(nr_pages, snap->host.page_bytes);
}

static void put_others(struct kt_report *report, const struct kt_snapshot *snap)
{
	int64_t numbers[KT_LEN(other_columns)] = { 0, 0, bytes_of(snap, KT_OWNER_VMALLOC),
		bytes_of(snap, KT_OWNER_STACK), bytes_of(snap, KT_OWNER_PERCPU),
		bytes_of(snap, KT_OWNER_KMALLOC), bytes_of(snap, KT_OWNER_CPU_FREE),
		bytes_of(snap, KT_OWNER_CHANGED) };
	struct kt_val counter = kt_snapshot_get(snap, KT_VMALLOC_USED, KT_NO_NODE);
	bool known = true;

	for (int kind = 0; kt_page_owner_is_direct(kind); kind++) {
		int64_t bytes = bytes_of(snap, (enum kt_page_owner_kind)kind);

		known &= kt_known(bytes);
		numbers[0] += bytes;
		if (kind != KT_OWNER_NAMELESS && kind != KT_OWNER_NOBODY)
			numbers[1] += bytes;
	}
	if (!known)
		numbers[0] = numbers[1] = KT_UNKNOWN;
	for (size_t i = 0; i < KT_LEN(other_columns); i++)
		kt_report_field(report, "others", other_columns[i].key, other_columns[i].type,
			kt_cell_known(numbers[i]));
	if (known)
		kt_report_headline(report, "%s of direct pages; who has them is known for %s.",
			kt_report_bytes(report, numbers[0]), kt_report_bytes(report, numbers[1]));
	if (kt_ok(counter) && kt_known(numbers[2]) && kt_known(numbers[3]))
		kt_report_note(report,
			"vmalloc and stacks, by their mappings: %s; the kernel's counter has %s",
			kt_report_bytes(report, numbers[2] + numbers[3]),
			kt_report_bytes(report, counter.value));
	if (numbers[5] == 0)
		kt_report_note(report, "this kernel does not mark large kmalloc: its pages, which "
				       "slab has too, are among these");
	if (numbers[7] > 0)
		kt_report_note(report,
			"pages that were freed, or given to a process or file, meanwhile: %s",
			kt_report_bytes(report, numbers[7]));
}

static const struct kt_shape shape = {
	.schema = "ktally/pages/1",
	.parts = KT_PARTS(&kt_host_part, &others_part, &owners_part),
};

static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_zoneinfo,
		&kt_source_meminfo, &kt_source_iomem, &kt_source_kmsg, &kt_source_direct_pages),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, &needs);
	if (!err)
		err = kt_machine_lacks(
			&call->machine, &machine, &kt_source_direct_pages, "no list of pages");
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	put_others(report, machine.snap);
	put_owners(report, machine.snap);
	for (size_t i = 0; i < machine.snap->notes.count; i++)
		kt_report_note(report, "%s", machine.snap->notes.items[i]);
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally pages", "who has the pages that no counter names" },
	{ "ktally pages -a -o json", "the same, all of them, for a program" },
};

const struct kt_cmd kt_cmd_pages = {
	.name = "pages",
	.summary = "pages that no counter names, by who has them",
	.help = "Lists the pages that the kernel allocated straight from the page allocator: data "
		"in pipes, rings of sockets and devices, trace buffers, hash tables. No file says "
		"who has them; the account shows them as direct pages and as unattributed. So "
		"pointers to them are searched in all slabs, areas of vmalloc, per-CPU memory and "
		"the kernel's data, through /proc/kcore or a BPF program that only reads.\n\n"
		"HELD BY is a variable, or a slab cache; of a cache that many callers share, also "
		"the first function or variable that its objects point to. An object without such "
		"a pointer has the name of what points to it. A pointer may be left from a page "
		"that was freed since, so a page may have a wrong holder; each page is counted "
		"once. Variables have names where the kernel shows them (CONFIG_KALLSYMS_ALL).",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.shape = &shape,
	.run = run,
};
