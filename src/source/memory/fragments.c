// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds what keeps large blocks of memory from being free. It takes the search for the owners of
// pages that no counter names, and so its time.

#include "memory/pages/direct_pages.h"

#include "source/memory/open.h"

#define ENTRY_BYTES 8

static struct kt_err *read_fragments(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	const struct kt_symbol_table *symbols;
	struct kt_direct_pages_sum sum;
	struct kt_fragments *slot;
	struct kt_memmap memmap;
	struct kt_err *err;

	if (!kt_root_has_memory(root))
		return kt_err_new(
			KT_ERR_ABSENT, "blocks are read on the running machine or in a dump");
	err = kt_memory_open(root, snap, &memory);
	if (!err)
		err = kt_memory_map(&memory, &memmap);
	if (!err)
		err = kt_memory_symbols(&memory, &symbols);
	if (err)
		return err;
	slot = kt_list_push(&snap->arena, &snap->fragments);
	if (!slot)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	/* a huge page is what a page of entries maps */
	*slot = (struct kt_fragments){ .block_pages = snap->host.page_bytes / ENTRY_BYTES };
	err = kt_direct_pages_walk(&memmap, &memory.slub, symbols, snap, &sum);
	if (err)
		snap->fragments.count = 0;
	return err;
}

const struct kt_source kt_source_fragments = {
	.name = "fragments",
	.summary = "what keeps large blocks of memory from being free, in kernel memory",
	.paths = { "ktally/fragments" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally whatif --exact fragmentation' is not possible",
	.gives = KT_MEMORY_GIVES,
	.read = read_fragments,
};
