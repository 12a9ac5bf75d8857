// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/cgroup.h"
#include "root/root_ops.h"
#include "source/lists/cgroup_walk.h"

#define V2 "sys/fs/cgroup/"
#define V1 "sys/fs/cgroup/memory/"

static struct kt_root *memory_root(void)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	return root;
}

static void add(struct kt_root *root, const char *path, const char *text)
{
	kt_err_free(kt_root_memory_add(root, path, strdup(text), strlen(text)));
}

static struct kt_snapshot *walked(struct kt_root *root)
{
	struct kt_snapshot *snap = machine(4096);

	kt_err_free(kt_source_cgroups.read(root, snap));
	return snap;
}

static const struct kt_cgroup *group(const struct kt_snapshot *snap, const char *path)
{
	static const struct kt_cgroup none = { .path = "none", .depth = -1 };

	for (size_t i = 0; i < snap->cgroups.groups.count; i++) {
		if (strcmp(snap->cgroups.groups.items[i].path, path) == 0)
			return &snap->cgroups.groups.items[i];
	}
	return &none;
}

TEST(a_group_of_v2_is_a_folder_with_memory_stat)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "memory.stat", "anon 1\nkernel 900\nslab 700\n");
	add(root, V2 "a/memory.stat",
		"anon 4096\nfile 8192\nkernel 500\nkernel_stack 16\npagetables 17\n"
		"sec_pagetables 18\npercpu 19\nsock 20\nvmalloc 21\nshmem 22\nzswap 23\n"
		"slab_reclaimable 24\nslab_unreclaimable 25\nslab 49\n");
	add(root, V2 "a/memory.current", "123\n");
	add(root, V2 "a/memory.max", "max\n");
	add(root, V2 "a/b/memory.stat", "kernel 100\n");
	add(root, V2 "a/b/memory.max", "65536\n");
	add(root, V2 "a-b/cgroup.stat", "nr_descendants 0\n");
	snap = walked(root);
	CHECK_INT(snap->cgroups.groups.count, 3);
	CHECK(!snap->cgroups.v1);
	CHECK_INT(group(snap, "/")->keys[KT_CGROUP_KERNEL], 900);
	CHECK_INT(group(snap, "/")->current, -1);
	CHECK_INT(group(snap, "/")->keys[KT_CGROUP_SOCK], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_ANON], 4096);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_STACKS], 16);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_TABLES], 17);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SEC_TABLES], 18);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_PERCPU], 19);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SOCK], 20);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_VMALLOC], 21);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SHMEM], 22);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SLAB_R], 24);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SLAB_U], 25);
	CHECK_INT(group(snap, "/a")->current, 123);
	CHECK_INT(group(snap, "/a")->limit, KT_CGROUP_NO_LIMIT);
	CHECK_INT(group(snap, "/a/b")->limit, 65536);
	CHECK_INT(group(snap, "/a/b")->depth, 2);
	CHECK_STR(snap->cgroups.groups.items[group(snap, "/a/b")->parent].path, "/a");
}

TEST(the_root_of_older_kernels_has_no_memory_stat_and_its_groups_are_found)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "a/memory.stat", "slab 700\n");
	snap = walked(root);
	CHECK_INT(snap->cgroups.groups.count, 2);
	CHECK_INT(group(snap, "/")->keys[KT_CGROUP_SLAB], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SLAB], 700);
}

TEST(of_a_hybrid_the_hierarchy_with_the_memory_controller_is_read)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "unified/cgroup.stat", "nr_descendants 0\nnr_dying_descendants 7\n");
	add(root, V1 "memory.kmem.usage_in_bytes", "900\n");
	add(root, V1 "memory.usage_in_bytes", "1000\n");
	add(root, V1 "a/memory.kmem.usage_in_bytes", "500\n");
	add(root, V1 "a/memory.kmem.tcp.usage_in_bytes", "8\n");
	add(root, V1 "a/memory.usage_in_bytes", "600\n");
	add(root, V1 "a/memory.limit_in_bytes", "9223372036854771712\n");
	snap = walked(root);
	CHECK(snap->cgroups.v1);
	CHECK_INT(snap->cgroups.groups.count, 2);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_KERNEL], 500);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SOCK], 8);
	CHECK_INT(group(snap, "/a")->current, 600);
	CHECK_INT(group(snap, "/a")->limit, KT_CGROUP_NO_LIMIT);
	CHECK_INT(group(snap, "/a")->nr_dying, -1);
	CHECK_INT(group(snap, "/a")->nr_slab_pages, -1);
}

TEST(a_hybrid_may_have_the_controller_in_the_unified_hierarchy)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "cpu/cpu.stat", "x 0\n");
	add(root, V2 "unified/a/memory.stat", "slab 700\n");
	snap = walked(root);
	CHECK(!snap->cgroups.v1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SLAB], 700);
}

TEST(slab_caches_of_a_groups_own_are_added_up)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V1 "memory.kmem.usage_in_bytes", "900\n");
	add(root, V1 "memory.kmem.slabinfo", "");
	add(root, V1 "a/memory.kmem.usage_in_bytes", "500\n");
	add(root, V1 "a/memory.kmem.slabinfo",
		"slabinfo - version: 2.1\n# name <active_objs>\n"
		"dentry 1 1 192 21 1 : tunables 0 0 0 : slabdata 90 100 0\n"
		"a b(c) 1 1 64 1 8 : tunables 0 0 0 : slabdata 3 4 0\n"
		"bad 1 1 64 1 x : tunables 0 0 0 : slabdata 3 4 0\n"
		"big 1 1 64 1 9999999999999 : tunables 0 0 0 : slabdata 3 99999999999 0\n"
		"cut 1 1 64 1 8 : tunables 0 0 0 : slabdata 3");
	snap = walked(root);
	CHECK_INT(group(snap, "/a")->nr_slab_pages, 100 + 4 * 8);
	CHECK_INT(group(snap, "/")->nr_slab_pages, 0);
}

TEST(a_group_without_use_hierarchy_is_without_those_below_it)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V1 "memory.kmem.usage_in_bytes", "900\n");
	add(root, V1 "memory.use_hierarchy", "0\n");
	add(root, V1 "a/memory.kmem.usage_in_bytes", "500\n");
	add(root, V1 "a/memory.use_hierarchy", "1\n");
	add(root, V1 "a/b/memory.kmem.usage_in_bytes", "400\n");
	snap = walked(root);
	CHECK(!group(snap, "/")->inclusive);
	CHECK(group(snap, "/a")->inclusive);
	CHECK(group(snap, "/a/b")->inclusive);
}

TEST(dying_groups_are_those_of_the_memory_controller_where_it_counts_them)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "memory.stat", "kernel 900\n");
	add(root, V2 "cgroup.stat",
		"nr_descendants 3\nnr_dying_descendants 9\nnr_dying_subsys_memory 7\n");
	add(root, V2 "a/memory.stat", "kernel 1\n");
	add(root, V2 "a/cgroup.stat", "nr_descendants 0\nnr_dying_descendants 0\n");
	/* not read, because nothing can be dying below it */
	add(root, V2 "a/b/memory.stat", "kernel 1\n");
	add(root, V2 "a/b/cgroup.stat", "nr_descendants 0\nnr_dying_descendants 5\n");
	snap = walked(root);
	CHECK_INT(group(snap, "/")->nr_dying, 7);
	CHECK_INT(group(snap, "/a")->nr_dying, 0);
	CHECK_INT(group(snap, "/a/b")->nr_dying, 0);
}

TEST(what_cannot_be_a_size_is_not_known)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "memory.stat", "kernel 900\n");
	add(root, V2 "a/memory.stat",
		"kernel -1\nslab 18446744073709551615\nsock 9007199254740993\npercpu\n"
		"vmalloc 0x10\nkernel_stack 9007199254740992\n");
	add(root, V2 "a/memory.current", "\n");
	add(root, V2 "a/memory.max", "lots\n");
	snap = walked(root);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_KERNEL], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SLAB], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_SOCK], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_PERCPU], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_VMALLOC], -1);
	CHECK_INT(group(snap, "/a")->keys[KT_CGROUP_STACKS], KT_AMOUNT_MAX);
	CHECK_INT(group(snap, "/a")->current, -1);
	CHECK_INT(group(snap, "/a")->limit, -1);
}

TEST(names_are_printable_and_stay_apart)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "\001/memory.stat", "kernel 1\n");
	add(root, V2 "\002/memory.stat", "kernel 2\n");
	add(root, V2 "\303\251\377\177/memory.stat", "kernel 3\n");
	snap = walked(root);
	CHECK_INT(group(snap, "/\\x01")->keys[KT_CGROUP_KERNEL], 1);
	CHECK_INT(group(snap, "/\\x02")->keys[KT_CGROUP_KERNEL], 2);
	CHECK_INT(group(snap, "/\\xc3\\xa9\\xff\\x7f")->keys[KT_CGROUP_KERNEL], 3);
}

TEST(groups_that_are_too_deep_are_counted_above_and_it_is_said)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;
	char path[600] = "sys/fs/cgroup";

	for (int i = 0; i < 100; i++) {
		char file[700];

		snprintf(file, sizeof(file), "%s/memory.stat", path);
		add(root, file, "kernel 5\n");
		strcat(path, "/d");
	}
	snap = walked(root);
	CHECK_INT(snap->cgroups.groups.count, 65);
	CHECK(any_note_has(snap, "64 levels deep"));
}

TEST(without_groups_there_is_an_error)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(err) struct kt_err *err = NULL;

	add(root, V2 "cpu.stat", "x 0\n");
	err = kt_source_cgroups.read(root, snap);
	CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
	CHECK_INT(snap->cgroups.groups.count, 0);
}

TEST(proc_cgroups_counts_only_those_of_v1)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, cgroup_count, "proc/cgroups",
		"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t99\t1\nmemory\t0\t98\t1\n");
	CHECK_INT(snap->cgroups.nr_counted, KT_UNKNOWN);
	FEED(snap, cgroup_count, "proc/cgroups", "memory\t4\t43\t1\n");
	CHECK_INT(snap->cgroups.nr_counted, 43);
	FEED(snap, cgroup_count, "sys/fs/cgroup/cgroup.stat",
		"nr_descendants 20\nnr_subsys_memory 10\nnr_dying_descendants 5\n");
	CHECK_INT(snap->cgroups.nr_live, 10);
	CHECK_INT(snap->cgroups.nr_dying, 5);
	CHECK(!snap->cgroups.counted_all);
	FEED(snap, cgroup_count, "sys/fs/cgroup/cgroup.stat", "nr_descendants 20\n");
	CHECK_INT(snap->cgroups.nr_live, 21); /* the root is none of its descendants */
	CHECK_INT(snap->cgroups.nr_dying, -1);
	CHECK(snap->cgroups.counted_all);
}

/* ---- more groups than are listed ---- */

static struct kt_snapshot *limited(struct kt_root *root, size_t max)
{
	struct kt_snapshot *snap = machine(4096);

	kt_err_free(kt_cgroups_read(root, snap, max));
	return snap;
}

static void add_group(struct kt_root *root, const char *path, long kernel, long current)
{
	char file[300], text[64];

	snprintf(file, sizeof(file), "%s/memory.stat", path);
	snprintf(text, sizeof(text), "kernel %ld\nslab %ld\n", kernel, kernel / 2);
	add(root, file, text);
	snprintf(file, sizeof(file), "%s/memory.current", path);
	snprintf(text, sizeof(text), "%ld\n", current);
	add(root, file, text);
}

static const struct kt_cgroup *others_below(const struct kt_snapshot *snap, const char *path)
{
	for (size_t i = 1; i < snap->cgroups.groups.count; i++) {
		const struct kt_cgroup *rest = &snap->cgroups.groups.items[i];

		if (rest->nr_folded &&
			strcmp(snap->cgroups.groups.items[rest->parent].path, path) == 0)
			return rest;
	}
	return group(snap, "none");
}

TEST(the_largest_groups_are_listed_and_the_rest_is_folded_below_its_parent)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "memory.stat", "kernel 1000\n");
	add_group(root, V2 "a", 600, 6000);
	add_group(root, V2 "a/small", 10, 100);
	add_group(root, V2 "a/small/smaller", 9, 90);
	add_group(root, V2 "a/large", 500, 5000);
	add_group(root, V2 "b", 300, 3000);
	add_group(root, V2 "b/x", 20, 200);
	add_group(root, V2 "b/y", 30, 300);
	snap = limited(root, 4);
	CHECK_INT(snap->cgroups.nr_folded, 4);
	CHECK_INT(kt_cgroups_count(&snap->cgroups), 8);
	CHECK_INT(group(snap, "/a/large")->keys[KT_CGROUP_KERNEL], 500);
	CHECK_INT(group(snap, "/b")->keys[KT_CGROUP_KERNEL], 300);
	/* the smaller one is in the number of the small one */
	CHECK_INT(others_below(snap, "/a")->keys[KT_CGROUP_KERNEL], 10);
	CHECK_INT(others_below(snap, "/a")->current, 100);
	CHECK_INT(others_below(snap, "/a")->nr_folded, 2);
	CHECK_INT(others_below(snap, "/b")->keys[KT_CGROUP_KERNEL], 50);
	CHECK_INT(others_below(snap, "/b")->keys[KT_CGROUP_SLAB], 25);
	CHECK(any_note_has(
		snap, "the row (smaller cgroups) contains the smallest cgroups, 4 of them"));
	CHECK(any_note_has(snap, "600 B"));
}

/* Nothing is in the number of the group above: all of the folded groups are added. */
TEST(folded_groups_that_no_number_above_contains_are_added)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	for (int i = 0; i < 3; i++) {
		static const char *const groups[] = { "", "a/", "a/b/" };
		char path[200];

		snprintf(path, sizeof(path), V1 "%smemory.kmem.usage_in_bytes", groups[i]);
		add(root, path, "100\n");
		snprintf(path, sizeof(path), V1 "%smemory.usage_in_bytes", groups[i]);
		add(root, path, "1000\n");
		snprintf(path, sizeof(path), V1 "%smemory.use_hierarchy", groups[i]);
		add(root, path, "0\n");
	}
	snap = limited(root, 1);
	CHECK_INT(snap->cgroups.nr_folded, 2);
	CHECK_INT(others_below(snap, "/")->keys[KT_CGROUP_KERNEL], 200);
	CHECK_INT(others_below(snap, "/")->current, 2000);
}

TEST(a_sum_of_folded_groups_lacks_what_one_of_them_lacks)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, V2 "memory.stat", "kernel 1000\n");
	add_group(root, V2 "a", 600, 6000);
	add_group(root, V2 "b", 1, 20);
	add(root, V2 "c/memory.stat", "slab 7\n");
	snap = limited(root, 2);
	CHECK_INT(others_below(snap, "/")->nr_folded, 2);
	CHECK_INT(others_below(snap, "/")->keys[KT_CGROUP_KERNEL], -1);
	CHECK_INT(others_below(snap, "/")->keys[KT_CGROUP_SLAB], 7);
	CHECK_INT(others_below(snap, "/")->current, -1);
	CHECK(any_note_has(snap, "(smaller cgroups)"));
}

/* A directory of a made-up tree: its own kernel memory plus that of all below it. */
static long grow_tree(struct kt_root *root, const char *path, int depth, uint32_t *seed)
{
	long kernel = 0;

	for (int i = 0; depth > 0 && i < 6; i++) {
		char child[100];

		snprintf(child, sizeof(child), "%.80s/g%d", path, i);
		kernel += grow_tree(root, child, depth - 1, seed);
	}
	*seed = *seed * 1664525u + 1013904223u;
	kernel += (long)(*seed >> 16) % 1000;
	add_group(root, path, kernel, 10 * kernel);
	return kernel;
}

static int64_t least_listed(const struct kt_snapshot *snap)
{
	int64_t least = INT64_MAX;

	for (size_t i = 1; i < snap->cgroups.groups.count; i++) {
		const struct kt_cgroup *one = &snap->cgroups.groups.items[i];

		if (!one->nr_folded && one->current < least)
			least = one->current;
		CHECK(one->parent < i);
	}
	return least;
}

static void check_against(const struct kt_snapshot *all, const struct kt_snapshot *some, size_t max)
{
	struct kt_arena arena = { 0 };
	struct kt_cgroup_sums whole, part;
	int64_t least = least_listed(some), sum = 0;
	size_t nr_listed = 0;

	CHECK(kt_cgroup_sums(all, &arena, &whole) && kt_cgroup_sums(some, &arena, &part));
	for (size_t i = 0; i < some->cgroups.groups.count; i++) {
		nr_listed += some->cgroups.groups.items[i].nr_folded == 0;
		sum += part.groups[i].own[KT_CGROUP_KIND_KERNEL].bytes;
		CHECK(part.groups[i].own[KT_CGROUP_KIND_KERNEL].bytes >= 0);
	}
	CHECK_INT(nr_listed, max);
	CHECK_INT(kt_cgroups_count(&some->cgroups), all->cgroups.groups.count);
	CHECK_INT(sum, whole.total[KT_CGROUP_KIND_KERNEL].bytes);
	CHECK_INT(part.total[KT_CGROUP_KIND_SLAB].bytes, whole.total[KT_CGROUP_KIND_SLAB].bytes);
	for (size_t i = 1; i < all->cgroups.groups.count; i++) {
		const struct kt_cgroup *one = &all->cgroups.groups.items[i];

		if (one->current > least)
			CHECK_STR(group(some, one->path)->path, one->path);
	}
	kt_arena_fini(&arena);
}

/* 1,555 groups: with few listed they are folded again and again while they are found. */
TEST(with_any_limit_the_sums_are_those_of_all_groups)
{
	static const size_t limits[] = { 1, 2, 3, 7, 50, 400, 1500, 1554 };
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *all = NULL;
	uint32_t seed = 1;

	grow_tree(root, "sys/fs/cgroup", 4, &seed);
	all = limited(root, 50000);
	CHECK_INT(all->cgroups.groups.count, 1555);
	CHECK_INT(all->cgroups.nr_folded, 0);
	for (size_t i = 0; i < KT_LEN(limits); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *some = limited(root, limits[i]);

		check_against(all, some, limits[i]);
	}
}
