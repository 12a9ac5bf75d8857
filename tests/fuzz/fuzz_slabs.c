// SPDX-License-Identifier: GPL-2.0-or-later
//
// /sys/kernel/slab as a tree of any names, links and attributes, up to what slab caches mean.

#include "analysis/slab.h"
#include "fuzz_tree.h"

static const struct kt_needs needs = { .only = KT_SOURCES(&kt_source_slabinfo, &kt_source_slabs,
					       &kt_source_slab_details) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(root) struct kt_root *root = fuzz_tree(data, size);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = fuzz_machine(true);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_collect_opts opts = { .needs = &needs };

	kt_err_free(kt_collect(root, &opts, snap));
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		for (size_t k = 0; k < folder->names.count; k++) {
			if (strchr(folder->names.items[k], '/'))
				abort();
		}
	}
	kt_err_free(kt_slab_analyse(snap, &uses));
	for (size_t i = 0; i < uses.items.count; i++) {
		const struct kt_slab_use *use = &uses.items.items[i];

		if (use->in_use_bytes > use->held_bytes && use->held_bytes >= 0)
			abort();
	}
	return 0;
}
