// SPDX-License-Identifier: GPL-2.0-or-later
//
// File systems in damaged memory. The input is a list of changes to memory that was made by hand: a
// place in memory or in the memory map, and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/files_bytes.h"

#define READS_MAX 200000u /* more is no bounded walk */

static void fill(struct files_bytes *files)
{
	uint64_t super = files_super(files, "ext4", "vda1", 254, 1);
	uint64_t dentries = files_slab(files, files->dentries, DENTRY_BYTES, 8);
	uint64_t inodes = files_slab(files, files->inodes, INODE_BYTES, 8);

	for (unsigned i = 0; i < 8; i++) {
		files_dentry(files, dentries + i * DENTRY_BYTES, super, inodes + i * INODE_BYTES,
			(int32_t)i - 1, i == 3);
		files_name(files, dentries + i * DENTRY_BYTES,
			dentries + (i ? i - 1 : 0) * DENTRY_BYTES, "a");
		files_inode(files, inodes + i * INODE_BYTES, super, i);
		files_alias(files, dentries + i * DENTRY_BYTES, inodes + i * INODE_BYTES);
	}
	slub_set64(&files->slub, super + SUPER_ROOT, dentries);
}

/* Most changes are near what was made. */
static void damage(struct files_bytes *files, const uint8_t *data, size_t size)
{
	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at;
		uint64_t value = change.value;

		if (at >> 31)
			value = SLUB_BASE + value % SLUB_BYTES;
		at &= 0x7fffffff;
		if (at % 4 == 0)
			memcpy(files->map + FILES_FIRST * PAGE_BYTES + at / 4 % (4 * PAGE_BYTES),
				&value, sizeof(value));
		else if (at % 4 == 1)
			memcpy(files->slub.memory + at / 4 % (files->slub.used - 8), &value,
				sizeof(value));
		else
			memcpy(files->slub.memory + FILES_FIRST * 4096 + at / 4 % (2 * 4096),
				&value, sizeof(value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_superblocks_sum sum;
	struct files_bytes files;
	struct kt_mount *mount;
	int64_t nr_dentries = 0;

	if (!snap)
		abort();
	files_init(&files);
	fill(&files);
	damage(&files, data, size);
	mount = kt_list_push(&snap->arena, &snap->mounts);
	if (!mount)
		abort();
	*mount = (struct kt_mount){ 254, 1, "/a/a", "/mnt" };
	kt_err_free(files_walk_directories(&files, 1, snap, &sum));
	for (size_t i = 0; i < snap->superblocks.count; i++) {
		const struct kt_superblock *super = &snap->superblocks.items[i];

		if (super->nr_negative > super->nr_unused || super->nr_unused > super->nr_dentries)
			abort();
		nr_dentries += super->nr_dentries;
	}
	for (size_t i = 0; i < snap->directories.count; i++)
		nr_dentries -= snap->directories.items[i].nr_dentries;
	if (nr_dentries)
		abort();
	if (files.slub.target->nr_reads > READS_MAX)
		abort();
	files_fini(&files);
	kt_snapshot_free(snap);
	return 0;
}
