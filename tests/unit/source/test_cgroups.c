// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "root/root_ops.h"

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
	CHECK(any_note_has(snap, "64 deep"));
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
	CHECK_INT(snap->cgroups.nr_counted, 0);
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
