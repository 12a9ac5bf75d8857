// SPDX-License-Identifier: GPL-2.0-or-later
//
// The census of a tree: page flags, page cgroups, offline blocks and cgroup directories of any
// content. Every page is counted once.

#include "fuzz_tree.h"

static const struct kt_needs needs = { .only = KT_SOURCES(&kt_source_iomem, &kt_source_zoneinfo,
					       &kt_source_kpageflags) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(root) struct kt_root *root = fuzz_tree(data, size);
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = fuzz_machine(true);
	struct kt_collect_opts opts = {
		.want = KT_WANT_CGROUPS | KT_WANT_PAGE_MAP,
		.needs = &needs,
	};

	kt_err_free(kt_collect(root, &opts, snap));
	if (!snap->census)
		return 0;
	if (kt_page_counts_sum(&snap->census->pages) != snap->census->nr_pages ||
		snap->census->nr_lru > snap->census->nr_pages)
		abort();
	return 0;
}
