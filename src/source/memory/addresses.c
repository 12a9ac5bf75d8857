// SPDX-License-Identifier: GPL-2.0-or-later
//
// Says what the addresses are that the user named. It is no part of a capture: they are asked for
// later.

#include "memory/whatis.h"

#include "source/memory/open.h"
#include "target/live.h"

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	const struct kt_symbol_table *symbols;
	struct kt_memmap memmap;
	struct kt_err *err;

	if (!kt_root_has_memory(root))
		return kt_err_new(KT_ERR_ABSENT,
			"addresses are looked up on the running machine or in a dump");
	err = kt_memory_open(root, snap, &memory);
	if (!err)
		err = kt_memory_map(&memory, &memmap);
	if (!err)
		err = kt_memory_symbols(&memory, &symbols);
	return err ? err
		   : kt_whatis(&memmap, &memory.slub, symbols, snap->asked_addresses,
			     snap->nr_asked_addresses, snap);
}

const struct kt_source kt_source_addresses = {
	.name = "addresses",
	.summary = "what single addresses are, in kernel memory",
	.paths = { "ktally/addresses" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally whatis' is not possible",
	.gives = KT_MEMORY_GIVES,
	.read = read_it,
};
