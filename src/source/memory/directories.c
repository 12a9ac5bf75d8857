// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts dentries and inodes of each mounted directory, and of those below it, in kernel memory.
// They are no part of a capture: names of directories are private.

#include "memory/files/superblocks.h"
#include "source/memory/open.h"
#include "source/memory/seen_mounts.h"

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(memory) struct kt_memory memory = { 0 };
	struct kt_superblocks_sum sum;
	struct kt_memmap memmap;
	struct kt_err *err;

	if (kt_root_kind(root) != KT_ROOT_LIVE)
		return kt_err_new(
			KT_ERR_ABSENT, "directories are read of the running machine only");
	err = kt_memory_open(root, snap, &memory);
	if (!err)
		err = kt_memory_map(&memory, &memmap);
	if (err)
		return err;
	kt_seen_mounts_read(root, snap);
	err = kt_directories_walk(&memmap, &memory.slub, snap->asked_depth, snap, &sum);
	if (!err)
		kt_memory_unread(snap, sum.nr_unread);
	if (!err && sum.nr_torn)
		kt_snapshot_note(snap,
			"%llu slabs, lists and directories changed while they were read: what is "
			"in them may be missing, counted twice or in no directory",
			(unsigned long long)sum.nr_torn);
	return err;
}

const struct kt_source kt_source_directories = {
	.name = "directories",
	.summary = "dentries and inodes of each directory, in kernel memory",
	.paths = { "ktally/directories" }, /* no capture has it */
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally dcache --by directory' and '--by mount' are not possible",
	.gives = KT_MEMORY_GIVES,
	.read = read_it,
};
