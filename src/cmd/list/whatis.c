// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names an address of the kernel: a symbol, a page and its use, an object of a slab cache. For
// addresses in a kernel log, in a crash report, or in the output of another tool.

#include "cli/cmd.h"
#include "machine/machine.h"
#include "report/list.h"

enum {
	W_ADDRESS,
	W_KIND,
	W_IN,
	W_OFFSET,
	W_STATE,
	W_OBJECT,
	W_EACH,
	W_PFN,
	W_HEAD,
	W_CLASS,
	W_REFS
};

static const struct kt_column columns[] = {
	[W_ADDRESS] = { .key = "address", .title = "ADDRESS", .flags = KT_COL_KEY },
	[W_KIND] = { .key = "kind",
		.title = "KIND",
		.flags = KT_COL_SET | KT_COL_DATA_ONLY,
		.help = "symbol, memory (in the kernel's map of all memory), mapped (vmalloc, a "
			"stack, a module), page (its number was asked for), struct page, or "
			"unknown." },
	[W_IN] = { .key = "in",
		.title = "IS IN",
		.help = "The slab cache, the symbol, or the function that made the area of "
			"vmalloc; null where none is known." },
	[W_OFFSET] = { .key = "offset_bytes",
		.title = "OFFSET",
		.type = KT_CELL_COUNT,
		.help = "From the start of the object, symbol or area." },
	[W_STATE] = { .key = "state",
		.title = "OBJECT",
		.help = "allocated, free, or outside: padding or the end of the slab." },
	[W_OBJECT] = { .key = "object_address", .title = "OBJECT AT", .flags = KT_COL_WIDE },
	[W_EACH] = { .key = "object_bytes",
		.title = "EACH",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE,
		.help = "Slot of the object in its slab." },
	[W_PFN] = { .key = "pfn", .title = "PAGE", .type = KT_CELL_COUNT, .help = "Its number." },
	[W_HEAD] = { .key = "head_pfn",
		.title = "HEAD",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE,
		.help = "First page of the compound page that it is a part of." },
	[W_CLASS] = { .key = "class",
		.title = "USE OF THE PAGE",
		.help = "As in the census (--exact)." },
	[W_REFS] = { .key = "references",
		.title = "REFERENCES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE },
};

static const char *const kinds[] = { [KT_PLACE_UNKNOWN] = "unknown",
	[KT_PLACE_SYMBOL] = "symbol",
	[KT_PLACE_MEMORY] = "memory",
	[KT_PLACE_PAGE] = "page",
	[KT_PLACE_PAGE_INFO] = "struct page",
	[KT_PLACE_MAPPED] = "mapped" };

static const char *const states[] = { [KT_OBJECT_UNKNOWN] = NULL,
	[KT_OBJECT_ALLOCATED] = "allocated",
	[KT_OBJECT_FREE] = "free",
	[KT_OBJECT_OUTSIDE] = "outside" };

static struct kt_cell address_cell(struct kt_report *report, uint64_t address)
{
	return kt_cell_text(kt_arena_printf(&report->arena, "%#llx", (unsigned long long)address));
}

static void put_address(
	struct kt_report *report, struct kt_table *table, const struct kt_kernel_address *address)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[W_ADDRESS] = address->kind == KT_PLACE_PAGE
					? kt_cell_text(kt_arena_printf(&report->arena, "%llu",
						  (unsigned long long)address->asked))
					: address_cell(report, address->asked);
	row->cells[W_KIND] = kt_cell_text(kinds[address->kind]);
	row->cells[W_IN] = kt_cell_text(NULL);
	row->cells[W_STATE] = kt_cell_text(states[address->state]);
	row->cells[W_OFFSET] = kt_cell_known(address->cache    ? address->object_offset
					     : address->symbol ? address->symbol_offset
							       : address->area_offset);
	if (address->cache || address->symbol)
		row->cells[W_IN] =
			kt_report_text(report, address->cache ? address->cache : address->symbol);
	else if (address->area_caller)
		row->cells[W_IN] = kt_cell_text(
			kt_arena_printf(&report->arena, "vmalloc by %s", address->area_caller));
	row->cells[W_OBJECT] = kt_cell_text(NULL);
	if (kt_known(address->object_bytes))
		row->cells[W_OBJECT] = address_cell(report, address->object);
	row->cells[W_EACH] = kt_cell_known(address->object_bytes);
	row->cells[W_PFN] = kt_cell_known(address->pfn);
	row->cells[W_HEAD] = kt_cell_known(address->head_pfn);
	row->cells[W_CLASS] =
		kt_cell_text(kt_known(address->pfn) ? kt_page_class_title(address->class) : NULL);
	row->cells[W_REFS] = kt_cell_known(address->nr_refs);
}

static const struct kt_part addresses_part = {
	.key = "addresses",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/whatis/1",
	.parts = KT_PARTS(&kt_host_part, &addresses_part),
};

static const struct kt_needs needs = { .only = KT_SOURCES(&kt_source_host, &kt_source_meta,
					       &kt_source_zoneinfo, &kt_source_meminfo,
					       &kt_source_iomem, &kt_source_addresses) };

/* "0x1f", or hexadecimal without 0x if it is long or has letters, as kernel logs have it. */
static bool take_address(struct kt_span text, uint64_t *ret_address)
{
	if (kt_span_skip(&text, "0x") || kt_span_skip(&text, "0X"))
		return kt_span_hex(text, ret_address);
	if (text.n < 12 && kt_span_u64(text, ret_address))
		return true;
	return kt_span_hex(text, ret_address);
}

static struct kt_err *take_addresses(const struct kt_call *call, struct kt_snapshot *snap)
{
	uint64_t *addresses = kt_arena_alloc(&snap->arena, KT_OPERANDS_MAX * sizeof(*addresses));

	for (int i = 0; addresses && i < call->nr_operands; i++) {
		if (!take_address(kt_span_str(call->operands[i]), &addresses[i]))
			return kt_err_new(KT_ERR_USAGE,
				"'%s' is no address and no number of a page: they look like "
				"0xffff888004c3a500, ffff888004c3a500 and 123456",
				call->operands[i]);
	}
	snap->asked_addresses = addresses;
	snap->nr_asked_addresses = (size_t)call->nr_operands;
	return addresses ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_table *table;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_open(&call->machine, &machine);
	if (!err)
		err = take_addresses(call, machine.snap);
	if (!err)
		err = kt_machine_collect(&machine, 0, &needs);
	if (!err)
		err = kt_machine_lacks(&call->machine, &machine, &kt_source_addresses,
			"addresses cannot be looked up");
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	table = kt_report_table(report, "addresses", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < machine.snap->addresses.count; i++)
		put_address(report, table, &machine.snap->addresses.items[i]);
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally whatis 0xffff888004c3a500", "which slab cache has the object at an address" },
	{ "ktally whatis 123456", "what a page is used for" },
};

static const struct kt_operand operands[] = { { "ADDRESS", KT_ARG_KERNEL_ADDRESS, .many = true } };

const struct kt_cmd kt_cmd_whatis = {
	.name = "whatis",
	.summary = "what an address of the kernel is",
	.help = "Says what ADDRESS is, in kernel memory: the object of a slab cache and whether it "
		"is allocated, the page and its use, or the symbol of code and data. It takes "
		"addresses as kernel logs have them, with or without 0x, and numbers of pages.\n\n"
		"The kernel changes meanwhile: the object may have been freed and allocated again "
		"since the address was written down. Of vmalloc and stacks it names the page and "
		"the function that made the area.\n\n"
		"Needs root, and /proc/kcore or BPF.",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.shape = &shape,
	.run = run,
};
