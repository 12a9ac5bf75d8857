// SPDX-License-Identifier: GPL-2.0-or-later
//
// One source's parser; compiled once for each, with FUZZ_SOURCE its name and FUZZ_PATH the file
// that the data is the text of. The first byte tells whether the page size is known.

#include "fuzz.h"

#define SOURCE_OF_(name) kt_source_##name
#define SOURCE_OF(name)	 SOURCE_OF_(name)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	if (!size)
		return 0;
	snap = fuzz_machine(data[0] & 1);
	fuzz_parse(snap, &SOURCE_OF(FUZZ_SOURCE), FUZZ_PATH, data + 1, size - 1);
	kt_derive(snap);
	kt_derive_node(snap, 0);
	fuzz_account(snap, KT_NO_NODE);
	fuzz_account(snap, 0);
	return 0;
}
