// SPDX-License-Identifier: GPL-2.0-or-later
//
// Directories, nodes of kernfs and lists of unused objects in memory that was made by hand, and in
// damaged memory.

#include "files_bytes.h"
#include "random.h"
#include "test.h"

enum { TOP, A, DEEP, ER, B, FIRST_FILE, FILES_IN_ER = 10, PIPE = FIRST_FILE + FILES_IN_ER, LONG };

struct tree {
	struct files_bytes files;
	uint64_t super, pipes, sysfs;
	uint64_t dentries, inodes, nodes;
	struct kt_snapshot *snap;
};

static uint64_t dentry_at(const struct tree *tree, unsigned i)
{
	return tree->dentries + (uint64_t)i * DENTRY_BYTES;
}

static uint64_t inode_at(const struct tree *tree, unsigned i)
{
	return tree->inodes + (uint64_t)i * INODE_BYTES;
}

static void add_dentry(struct tree *tree, unsigned i, unsigned parent, const char *name)
{
	files_dentry(&tree->files, dentry_at(tree, i), tree->super, 0, 1, false);
	files_name(&tree->files, dentry_at(tree, i), dentry_at(tree, parent), name);
	files_inode(&tree->files, inode_at(tree, i), tree->super, 0);
	files_alias(&tree->files, dentry_at(tree, i), inode_at(tree, i));
}

/* A pipe is in no directory, and its inode on no list. */
static void add_pipe(struct tree *tree)
{
	uint64_t inode = inode_at(tree, PIPE);

	files_dentry(&tree->files, dentry_at(tree, PIPE), tree->pipes, 0, 1, false);
	files_name(&tree->files, dentry_at(tree, PIPE), dentry_at(tree, PIPE), "");
	slub_set64(&tree->files.slub, inode + INODE_SB, tree->pipes);
	slub_list(&tree->files.slub, inode + INODE_LIST);
	files_alias(&tree->files, dentry_at(tree, PIPE), inode);
}

static void add_mount(struct tree *tree, const char *root, const char *path)
{
	struct kt_mount *mount = kt_list_push(&tree->snap->arena, &tree->snap->mounts);

	*mount = (struct kt_mount){ 8, 1, root, path };
}

/* Ten nodes: the top of a tree, a directory, files in it. */
static void add_nodes(struct tree *tree)
{
	struct slub_bytes *slub = &tree->files.slub;
	uint64_t cache = slub_cache(slub, "kernfs_node_cache", 64, 64, 64);
	uint64_t root = slub_take(slub, 64), info = slub_take(slub, 64);

	tree->nodes = files_slab(&tree->files, cache, 64, 10);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t node = tree->nodes + i * 64;

		slub_set64(slub, node + NODE_PARENT, i ? tree->nodes + (i > 1) * 64 : 0);
		slub_set64(slub, node + NODE_ROOT, i < 2 ? root : 0x1234);
	}
	slub_set64(slub, root + ROOT_TOP, tree->nodes);
	slub_list(slub, root + ROOT_SUPERS);
	slub_link(slub, root + ROOT_SUPERS, info + INFO_NODE);
	slub_set64(slub, info + INFO_SUPER, tree->sysfs);
}

/* An array of nodes, and a tree of two levels with three lists. */
static void add_lrus(struct tree *tree)
{
	struct slub_bytes *slub = &tree->files.slub;
	uint64_t cache = slub_cache(slub, "kmalloc-128", 128, 128, 32);
	uint64_t at = files_slab(&tree->files, cache, 128, 8);

	slub_set64(slub, tree->super + SUPER_LRUS, at);
	slub_set64(slub, tree->super + SUPER_LRUS + 16, at + 128);
	slub_set64(slub, tree->super + SUPER_LRUS + 8, (at + 2 * 128) | 2);
	slub_set64(slub, at + 2 * 128 + TREE_SLOTS, (at + 3 * 128) | 2);
	slub_set64(slub, at + 2 * 128 + TREE_SLOTS + 8, at + 4 * 128);
	slub_set64(slub, at + 3 * 128 + TREE_SLOTS + 16, at + 5 * 128);
	slub_set64(slub, at + 3 * 128 + TREE_SLOTS + 24, at + 6 * 128);
}

/* /a/deep/er with ten files, /b; one name is long; a pipe. */
static void fill(struct tree *tree)
{
	char name[8];

	*tree = (struct tree){ .snap = kt_snapshot_new() };
	files_init(&tree->files);
	tree->super = files_super(&tree->files, "ext4", "sda1", 8, 1);
	tree->pipes = files_super(&tree->files, "pipefs", "pipefs", 0, 9);
	tree->sysfs = files_super(&tree->files, "sysfs", "sysfs", 0, 20);
	tree->dentries = files_slab(&tree->files, tree->files.dentries, DENTRY_BYTES, LONG + 1);
	tree->inodes = files_slab(&tree->files, tree->files.inodes, INODE_BYTES, LONG + 1);
	add_dentry(tree, TOP, TOP, "/");
	add_dentry(tree, A, TOP, "a");
	add_dentry(tree, DEEP, A, "deep");
	add_dentry(tree, ER, DEEP, "er");
	add_dentry(tree, B, TOP, "b");
	for (unsigned i = 0; i < FILES_IN_ER; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		add_dentry(tree, FIRST_FILE + i, ER, name);
	}
	add_pipe(tree);
	add_dentry(tree, LONG, B, "long");
	/* its name is in an object of another cache: an inode's */
	slub_set64(
		&tree->files.slub, dentry_at(tree, LONG) + DENTRY_NAME, inode_at(tree, LONG) + 64);
	slub_set64(&tree->files.slub, tree->super + SUPER_ROOT, dentry_at(tree, TOP));
	add_nodes(tree);
	add_lrus(tree);
}

static void tree_fini(struct tree *tree)
{
	kt_snapshot_free(tree->snap);
	files_fini(&tree->files);
}

static const struct kt_directory *directory_of(
	const struct tree *tree, const char *fstype, const char *path)
{
	const struct kt_snapshot *snap = tree->snap;

	for (size_t i = 0; i < snap->directories.count; i++) {
		const struct kt_directory *directory = &snap->directories.items[i];

		if (strcmp(snap->superblocks.items[directory->superblock].fstype, fstype) == 0 &&
			(path ? directory->path && strcmp(directory->path, path) == 0
			      : !directory->path))
			return directory;
	}
	return NULL;
}

static void check_directory(const struct tree *tree, const char *path, const char *root,
	int64_t nr_dentries, int64_t nr_inodes)
{
	const struct kt_directory *directory = directory_of(tree, "ext4", path);

	if (!CHECK(directory != NULL))
		return;
	CHECK_INT(directory->nr_dentries, nr_dentries);
	CHECK_INT(directory->nr_inodes, nr_inodes);
	CHECK_STR(directory->root, root);
}

TEST(dentries_and_inodes_are_of_the_directory_above_them_that_is_listed)
{
	struct kt_superblocks_sum sum;
	struct tree tree;
	const struct kt_directory *none;

	fill(&tree);
	add_mount(&tree, "/", "/mnt");
	CHECK(!files_walk_directories(&tree.files, 2, tree.snap, &sum));
	CHECK_INT(sum.nr_torn, 0);
	check_directory(&tree, "/", "/", 3, 3);	 /* itself, a, b */
	check_directory(&tree, "/a", "/", 1, 1); /* deep */
	check_directory(&tree, "/a/deep", "/", 1 + FILES_IN_ER, 1 + FILES_IN_ER);
	check_directory(&tree, "/b", "/", 1, 1);
	CHECK(!directory_of(&tree, "ext4", "/a/deep/er"));
	CHECK_INT(directory_of(&tree, "ext4", "/b")->nr_long_names, 1);
	CHECK_INT(directory_of(&tree, "ext4", "/b")->name_bytes, INODE_BYTES);
	none = directory_of(&tree, "pipefs", NULL);
	if (CHECK(none != NULL)) {
		CHECK_INT(none->nr_dentries, 1);
		CHECK_INT(none->nr_inodes, 1);
		CHECK_STR(none->root, NULL);
	}
	none = directory_of(&tree, "ext4", NULL);
	if (CHECK(none != NULL)) {
		CHECK_INT(none->nr_dentries, 0);
		CHECK_INT(none->nr_inodes, 0);
	}
	tree_fini(&tree);
}

TEST(a_directory_that_is_mounted_starts_anew)
{
	struct kt_superblocks_sum sum;
	struct tree tree;

	fill(&tree);
	add_mount(&tree, "/a/deep", "/one");
	add_mount(&tree, "/a/deep", "/two");
	add_mount(&tree, "/nosuch", "/three");
	CHECK(!files_walk_directories(&tree.files, 0, tree.snap, &sum));
	/* the top itself is mounted nowhere */
	check_directory(&tree, "/", NULL, 5, 5);
	check_directory(&tree, "/a/deep", "/a/deep", 1 + FILES_IN_ER, 1 + FILES_IN_ER);
	CHECK_STR(kt_mounts_text(&tree.snap->arena, tree.snap->mounts.items,
			  tree.snap->mounts.count, 8, 1, "/a/deep"),
		"/one, /two");
	CHECK_STR(kt_mounts_first(tree.snap->mounts.items, tree.snap->mounts.count, 8, 1, NULL),
		"/one");
	CHECK_STR(kt_mounts_first(tree.snap->mounts.items, tree.snap->mounts.count, 8, 2, NULL),
		NULL);
	tree_fini(&tree);
}

TEST(three_mounts_are_named_and_the_others_counted)
{
	struct kt_mount mounts[] = { { 8, 1, "/", "/a" }, { 8, 2, "/", "/x" }, { 8, 1, "/", "/b" },
		{ 8, 1, "/b", "/y" }, { 8, 1, "/", "/c" }, { 8, 1, "/", "/d" },
		{ 8, 1, "/", "/e" } };
	struct kt_arena arena = { 0 };

	CHECK_STR(
		kt_mounts_text(&arena, mounts, KT_LEN(mounts), 8, 1, "/"), "/a, /b, /c and 2 more");
	CHECK_STR(kt_mounts_text(&arena, mounts, KT_LEN(mounts), 8, 1, "/c"), NULL);
	kt_arena_fini(&arena);
}

TEST(an_inode_without_a_dentry_is_in_no_directory)
{
	struct kt_superblocks_sum sum;
	struct tree tree;

	fill(&tree);
	/* its name was dropped */
	slub_set64(&tree.files.slub, dentry_at(&tree, FIRST_FILE) + DENTRY_INODE, 0);
	CHECK(!files_walk_directories(&tree.files, 1, tree.snap, &sum));
	check_directory(&tree, "/a", NULL, 2 + FILES_IN_ER, 2 + FILES_IN_ER - 1);
	CHECK_INT(directory_of(&tree, "ext4", NULL)->nr_inodes, 1);
	tree_fini(&tree);
}

TEST(directories_that_lead_in_a_circle_are_of_none)
{
	struct kt_superblocks_sum sum;
	struct tree tree;

	fill(&tree);
	slub_set64(&tree.files.slub, dentry_at(&tree, A) + DENTRY_PARENT, dentry_at(&tree, ER));
	CHECK(!files_walk_directories(&tree.files, 2, tree.snap, &sum));
	check_directory(&tree, "/", NULL, 2, 2);
	CHECK_INT(sum.nr_torn, 3 + FILES_IN_ER);
	CHECK_INT(directory_of(&tree, "ext4", NULL)->nr_dentries, 3 + FILES_IN_ER);
	tree_fini(&tree);
}

TEST(nodes_and_lists_are_of_their_file_system)
{
	struct kt_superblocks_sum sum;
	struct tree tree;

	fill(&tree);
	CHECK(!files_walk(&tree.files, tree.snap, &sum));
	CHECK_INT(tree.snap->superblocks.count, 3); /* ext4, pipefs, sysfs */
	CHECK_STR(tree.snap->superblocks.items[0].fstype, "ext4");
	CHECK_INT(tree.snap->superblocks.items[0].kernfs_bytes, 0);
	/* two arrays, two nodes of the tree, three lists */
	CHECK_INT(tree.snap->superblocks.items[0].lru_bytes, 7 * 128);
	CHECK_INT(tree.snap->superblocks.items[1].nr_inodes, 1);
	CHECK_INT(tree.snap->superblocks.items[1].inode_bytes, INODE_BYTES);
	CHECK_STR(tree.snap->superblocks.items[2].fstype, "sysfs");
	CHECK_INT(tree.snap->superblocks.items[2].kernfs_bytes, 10 * 64);
	CHECK_INT(tree.snap->superblocks.items[2].lru_bytes, 0);
	tree_fini(&tree);
}

static void check_sums(const struct kt_snapshot *snap)
{
	int64_t in_directories = 0, in_supers = 0;

	for (size_t i = 0; i < snap->directories.count; i++) {
		const struct kt_directory *directory = &snap->directories.items[i];

		in_directories += directory->nr_dentries;
		CHECK(directory->superblock < snap->superblocks.count);
		CHECK(directory->nr_negative <= directory->nr_unused);
		CHECK(directory->nr_unused <= directory->nr_dentries);
		CHECK(directory->nr_inodes >= KT_UNKNOWN);
	}
	for (size_t i = 0; i < snap->superblocks.count; i++)
		in_supers += snap->superblocks.items[i].nr_dentries;
	CHECK_INT(in_directories, in_supers);
}

TEST(damaged_memory_ends_the_count_of_directories)
{
	struct tree tree;

	fill(&tree);
	for (unsigned i = 0; i < 10000; i++) {
		bool in_map = dice(4) == 0;
		char *memory = in_map ? tree.files.map : tree.files.slub.memory;
		size_t first = in_map ? FILES_FIRST * PAGE_BYTES : 0;
		size_t room = in_map ? 5 * PAGE_BYTES : SLUB_BYTES - 8, at = first + dice(room);
		uint64_t before, value = dice(2) ? dice(UINT64_MAX) : SLUB_BASE + dice(SLUB_BYTES);
		struct kt_superblocks_sum sum;

		/* most are where dentries and nodes are */
		if (!in_map && dice(4))
			at = (size_t)FILES_FIRST * 4096 + dice(4 * 4096 - 8);
		memcpy(&before, memory + at, sizeof(before));
		memcpy(memory + at, &value, 1ull << dice(4));
		kt_snapshot_free(tree.snap);
		tree.snap = kt_snapshot_new();
		add_mount(&tree, "/a/deep", "/one");
		kt_err_free(files_walk_directories(&tree.files, 2, tree.snap, &sum));
		check_sums(tree.snap);
		CHECK(tree.files.slub.target->nr_reads < 200000);
		tree.files.slub.target->nr_reads = 0;
		memcpy(memory + at, &before, sizeof(before));
	}
	tree_fini(&tree);
}
