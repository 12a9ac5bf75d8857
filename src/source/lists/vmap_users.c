// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds out whether VmallocUsed can be trusted. vfree() subtracts pages that vmap() got together
// with VM_MAP_PUT_PAGES, although vmap() never added them to the counter (mm/vmalloc.c, vfree() and
// __vunmap()). That is so from Linux 5.10 (commit b944afc9d64d) to the fix a2e740e216f5, which
// stable kernels have too. No file shows whether a kernel has the fix. But i915 is the only driver
// that uses the flag, as the fix says, so without i915 the counter is exact.

#include "source/source.h"

#define FOLDER "sys/module/i915"

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	bool found = kt_root_has(root, FOLDER);

	/*
	 * a capture keeps files, not empty directories, and captures of other tools have no
	 * /sys/module
	 */
	if (found) {
		KT_CLEANUP(text) struct kt_text text = { 0 };

		kt_err_free(kt_root_read_head(root, kt_source_vmap_users.paths[0], 64, &text));
	} else if (kt_root_kind(root) != KT_ROOT_LIVE || !kt_root_has(root, "sys/module"))
		return kt_err_new(KT_ERR_ABSENT, FOLDER ": not visible here");
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_VMALLOC_UNDERCOUNTS,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .raw = found,
				      .path = FOLDER,
				      .field = found ? "loaded" : "not loaded" });
	return NULL;
}

/* nr_vmalloc of /proc/vmstat is newer than the fix, and replaces VmallocUsed. */
static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val used = kt_snapshot_get(snap, KT_VMALLOC_USED, KT_NO_NODE);
	struct kt_val known = kt_snapshot_get(snap, KT_VMALLOC_UNDERCOUNTS, KT_NO_NODE);

	return (want & KT_WANT_ALL) ||
	       (kt_ok(used) && !kt_ok(known) && used.entry && used.entry->rank != KT_RANK_VMSTAT);
}

const struct kt_source kt_source_vmap_users = {
	.name = "vmap_users",
	.summary = "drivers that make the counter of vmalloc too small",
	.paths = { FOLDER "/parameters/modeset" },
	.cost = KT_COST_CHEAP,
	.lack = "the counter of vmalloc is compared with the list of all areas",
	.gives = "a mounted /sys",
	.provides = { KT_VMALLOC_UNDERCOUNTS },
	.nr_provides = 1,
	.unwanted = "the counter is known to be right, or there is none",
	.wanted = wanted,
	.read = read_it,
};
