// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files counted in memory that was made by hand, and in damaged memory.

#include "files_bytes.h"
#include "random.h"
#include "test.h"

/* Two file systems: 40 dentries and 20 inodes of one, 7 and 3 of the other; other slots are free.
 */
static void fill(struct files_bytes *files)
{
	uint64_t one = files_super(files, "ext4", "vda1", 254, 1);
	uint64_t two = files_super(files, "tmpfs", "tmpfs", 0, 33);
	uint64_t dentries = files_slab(files, files->dentries, DENTRY_BYTES, 48);
	uint64_t inodes = files_slab(files, files->inodes, INODE_BYTES, 23);
	uint64_t ready;

	/* 25 with a file, of them 5 unused; 15 negative; 4 with long names */
	for (unsigned i = 0; i < 40; i++)
		files_dentry(files, dentries + i * DENTRY_BYTES, one,
			i < 25 ? inodes + i % 20 * INODE_BYTES : 0, i < 20 ? 1 : 0, i % 10 == 3);
	for (unsigned i = 40; i < 47; i++)
		files_dentry(files, dentries + i * DENTRY_BYTES, two, inodes, 1, false);
	/* the last one in use is of no file system: it is being freed */
	files_dentry(files, dentries + 47 * DENTRY_BYTES, two, 0, -128, false);
	for (unsigned i = 0; i < 23; i++)
		files_inode(files, inodes + i * INODE_BYTES, i < 20 ? one : two, i);
	/* a slab that a CPU has: all slots in use but two, of which one is kept ready */
	dentries = files_slab(files, files->dentries, DENTRY_BYTES, 4096 / DENTRY_BYTES - 1);
	for (unsigned i = 0; i < 4096 / DENTRY_BYTES - 1; i++)
		files_dentry(files, dentries + i * DENTRY_BYTES, i ? 0 : two, 0, 1, false);
	ready = dentries;
	slub_set64(&files->slub, slub_cpu(&files->slub, files->dentries, 0), ready);
	slub_set64(&files->slub, ready,
		slub_get64(&files->slub, files->dentries + CACHE_RANDOM) ^
			__builtin_bswap64(ready));
}

static const struct kt_superblock *find(const struct kt_snapshot *snap, const char *fstype)
{
	for (size_t i = 0; i < snap->superblocks.count; i++) {
		if (strcmp(snap->superblocks.items[i].fstype, fstype) == 0)
			return &snap->superblocks.items[i];
	}
	return NULL;
}

TEST(each_allocated_dentry_and_inode_belongs_to_its_file_system)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_superblocks_sum sum;
	struct files_bytes files;
	const struct kt_superblock *super;

	files_init(&files);
	fill(&files);
	CHECK(!files_walk(&files, snap, &sum));
	CHECK_INT(snap->superblocks.count, 2);
	CHECK_INT(sum.nr_torn, 0);
	super = find(snap, "ext4");
	if (CHECK(super != NULL)) {
		CHECK_STR(super->device, "vda1");
		CHECK_INT(super->major, 254);
		CHECK_INT(super->minor, 1);
		CHECK_INT(super->nr_dentries, 40);
		CHECK_INT(super->nr_unused, 20);
		CHECK_INT(super->nr_negative, 15);
		CHECK_INT(super->nr_long_names, 4);
		CHECK_INT(super->nr_inodes, 20);
		CHECK_INT(super->cached_pages, 19 * 20 / 2);
		CHECK_INT(super->dentry_bytes, 40 * DENTRY_BYTES);
		CHECK_INT(super->inode_bytes, 20 * INODE_BYTES);
	}
	super = find(snap, "tmpfs");
	if (CHECK(super != NULL)) {
		/* the slot that a CPU keeps ready looks like a dentry, and is none */
		CHECK_INT(super->nr_dentries, 7);
		CHECK_INT(super->nr_inodes, 3);
		CHECK_INT(super->nr_unused, 0);
	}
	kt_snapshot_free(snap);
	files_fini(&files);
}

TEST(a_list_of_inodes_that_leads_elsewhere_is_unknown)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_superblocks_sum sum;
	struct files_bytes files;
	uint64_t inodes;

	files_init(&files);
	fill(&files);
	inodes = SLUB_BASE + (uint64_t)(FILES_FIRST + 1) * 4096;
	slub_set64(&files.slub, inodes + 5 * INODE_BYTES + INODE_LIST,
		inodes + 22 * INODE_BYTES + INODE_LIST); /* an inode of the other file system */
	CHECK(!files_walk(&files, snap, &sum));
	CHECK_INT(find(snap, "ext4")->nr_inodes, KT_UNKNOWN);
	CHECK_INT(find(snap, "ext4")->nr_dentries, 40);
	CHECK_INT(find(snap, "tmpfs")->nr_inodes, 3);
	CHECK_INT(sum.nr_torn, 1);
	kt_snapshot_free(snap);
	files_fini(&files);
}

/* An inode that was removed leads to itself; one that was used anew is the first of the list. */
TEST(an_inode_that_is_removed_or_used_anew_meanwhile_ends_no_count_late_and_adds_nothing)
{
	for (unsigned anew = 0; anew < 2; anew++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		struct kt_superblocks_sum sum;
		struct files_bytes files;
		uint64_t inodes, fifth, first;

		files_init(&files);
		fill(&files);
		inodes = SLUB_BASE + (uint64_t)(FILES_FIRST + 1) * 4096;
		first = inodes + INODE_LIST;
		fifth = first + 5 * INODE_BYTES;
		slub_set64(&files.slub, fifth, anew ? first : fifth);
		slub_set64(
			&files.slub, fifth + 8, anew ? slub_get64(&files.slub, first + 8) : fifth);
		CHECK(!files_walk(&files, snap, &sum));
		CHECK_INT(find(snap, "ext4")->nr_inodes, KT_UNKNOWN);
		CHECK_INT(find(snap, "tmpfs")->nr_inodes, 3);
		CHECK_INT(sum.nr_torn, 1);
		CHECK(files.slub.target->nr_reads < 1000);
		kt_snapshot_free(snap);
		files_fini(&files);
	}
}

TEST(damaged_memory_ends_the_count_of_files)
{
	struct files_bytes files;

	files_init(&files);
	fill(&files);
	for (unsigned i = 0; i < 10000; i++) {
		bool in_map = dice(3) == 0;
		char *memory = in_map ? files.map : files.slub.memory;
		size_t first = in_map ? FILES_FIRST * PAGE_BYTES : 0;
		size_t room = in_map ? 4 * PAGE_BYTES : SLUB_BYTES - 8, at = first + dice(room);
		struct kt_snapshot *snap = kt_snapshot_new();
		struct kt_superblocks_sum sum;
		uint64_t before, value = dice(2) ? dice(UINT64_MAX) : SLUB_BASE + dice(SLUB_BYTES);

		memcpy(&before, memory + at, sizeof(before));
		memcpy(memory + at, &value, 1ull << dice(4));
		kt_err_free(files_walk(&files, snap, &sum));
		for (size_t k = 0; k < snap->superblocks.count; k++) {
			const struct kt_superblock *super = &snap->superblocks.items[k];

			CHECK(super->nr_negative <= super->nr_unused);
			CHECK(super->nr_unused <= super->nr_dentries);
		}
		CHECK(files.slub.target->nr_reads < 100000);
		files.slub.target->nr_reads = 0;
		memcpy(memory + at, &before, sizeof(before));
		kt_snapshot_free(snap);
	}
	files_fini(&files);
}
