// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything that is read of a tree, together: files that contradict each other give an account
// that closes, or an error.

#include "fuzz_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(root) struct kt_root *root = fuzz_tree(data, size);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_collect_opts opts = { .want = KT_WANT_ALL };

	if (!snap)
		abort();
	kt_err_free(kt_collect(root, &opts, snap));
	kt_derive(snap);
	fuzz_account(snap, KT_NO_NODE);
	for (int node = 0; node < 2; node++) {
		kt_derive_node(snap, node);
		fuzz_account(snap, node);
	}
	return 0;
}
