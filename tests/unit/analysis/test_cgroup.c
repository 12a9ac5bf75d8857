// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/cgroup.h"

static size_t put(struct kt_snapshot *snap, size_t parent, int64_t kernel)
{
	struct kt_cgroup *group = kt_list_push(&snap->arena, &snap->cgroups.groups);

	*group = (struct kt_cgroup){ .path = "x",
		.parent = parent,
		.inclusive = true,
		.current = -1,
		.limit = -1,
		.nr_dying = -1,
		.nr_slab_pages = -1 };
	for (size_t i = 0; i < KT_CGROUP_NR_KEYS; i++)
		group->keys[i] = -1;
	group->keys[KT_CGROUP_KERNEL] = kernel;
	return snap->cgroups.groups.count - 1;
}

static struct kt_cgroup *at(struct kt_snapshot *snap, size_t index)
{
	return &snap->cgroups.groups.items[index];
}

static struct kt_cgroup_sums sums_of(struct kt_snapshot *snap)
{
	struct kt_cgroup_sums sums;

	CHECK(kt_cgroup_sums(snap, &snap->arena, &sums));
	return sums;
}

#define CHECK_AMOUNT(amount, wanted)                         \
	do {                                                 \
		if (CHECK((amount).known))                   \
			CHECK_INT((amount).bytes, (wanted)); \
	} while (0)
#define OWN(sums, index) ((sums).groups[index].own[KT_CGROUP_KIND_KERNEL])
#define TOTAL(sums)	 ((sums).total[KT_CGROUP_KIND_KERNEL])

TEST(own_amounts_are_without_the_groups_below_and_add_up_to_the_root)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 1000), a = put(snap, root, 700);
	size_t b = put(snap, root, 200), aa = put(snap, a, 650);
	struct kt_cgroup_sums sums = sums_of(snap);

	CHECK_AMOUNT(OWN(sums, root), 100);
	CHECK_AMOUNT(OWN(sums, a), 50);
	CHECK_AMOUNT(OWN(sums, b), 200);
	CHECK_AMOUNT(OWN(sums, aa), 650);
	CHECK_AMOUNT(TOTAL(sums), 1000);
	CHECK(!sums.lower_bound && !sums.kinds);
}

TEST(page_tables_are_not_known_where_the_kernel_says_none_of_groups_with_threads)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 1000), a = put(snap, root, 700);
	struct kt_cgroup_sums sums;

	for (size_t i = root; i <= a; i++) {
		at(snap, i)->keys[KT_CGROUP_STACKS] = 300;
		at(snap, i)->keys[KT_CGROUP_ANON] = 5000;
		at(snap, i)->keys[KT_CGROUP_TABLES] = at(snap, i)->keys[KT_CGROUP_SEC_TABLES] = 0;
	}
	sums = sums_of(snap);
	CHECK(sums.without_tables && !sums.groups[a].all[KT_CGROUP_KIND_TABLES].known);
	CHECK_AMOUNT(sums.groups[a].all[KT_CGROUP_KIND_OTHER], 400);
	at(snap, root)->keys[KT_CGROUP_TABLES] = 40;
	sums = sums_of(snap);
	CHECK(!sums.without_tables);
	CHECK_AMOUNT(sums.groups[a].all[KT_CGROUP_KIND_TABLES], 0);
	CHECK_AMOUNT(sums.groups[root].all[KT_CGROUP_KIND_TABLES], 40);
}

TEST(a_child_that_grew_after_its_parent_was_read_leaves_less_than_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 1000), a = put(snap, root, 1010);
	struct kt_cgroup_sums sums = sums_of(snap);

	CHECK_AMOUNT(OWN(sums, root), -10);
	CHECK_AMOUNT(OWN(sums, a), 1010);
	CHECK_AMOUNT(TOTAL(sums), 1000);
}

TEST(a_root_without_numbers_is_as_large_as_its_children)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, -1), a = put(snap, root, 700);
	struct kt_cgroup_sums sums;

	put(snap, root, 200);
	put(snap, a, 600);
	sums = sums_of(snap);
	CHECK(!OWN(sums, root).known);
	CHECK_AMOUNT(OWN(sums, a), 100);
	CHECK_AMOUNT(TOTAL(sums), 900);
}

TEST(a_group_that_does_not_tell_is_passed_over_and_its_parent_has_the_rest)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 1000), a = put(snap, root, -1);
	struct kt_cgroup_sums sums;

	put(snap, a, 300);
	sums = sums_of(snap);
	CHECK_AMOUNT(OWN(sums, root), 700);
	CHECK(!OWN(sums, a).known);
	CHECK_AMOUNT(TOTAL(sums), 1000);
}

TEST(where_a_part_is_missing_there_is_no_total)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, -1);

	put(snap, root, 700);
	put(snap, root, -1);
	CHECK(!TOTAL(sums_of(snap)).known);
}

TEST(groups_that_are_not_inclusive_add_up_as_they_are)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 10), a = put(snap, root, 700);
	struct kt_cgroup_sums sums;

	put(snap, a, 600);
	at(snap, root)->inclusive = false;
	sums = sums_of(snap);
	CHECK_AMOUNT(OWN(sums, root), 10);
	CHECK_AMOUNT(OWN(sums, a), 100);
	CHECK_AMOUNT(TOTAL(sums), 710);
}

TEST(what_no_kind_names_is_other_so_that_kinds_add_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 1000);
	struct kt_cgroup_sums sums;
	int64_t sum = 0;

	at(snap, root)->keys[KT_CGROUP_SLAB_R] = 100;
	at(snap, root)->keys[KT_CGROUP_SLAB_U] = 200;
	at(snap, root)->keys[KT_CGROUP_STACKS] = 30;
	at(snap, root)->keys[KT_CGROUP_TABLES] = 40;
	at(snap, root)->keys[KT_CGROUP_SEC_TABLES] = 5;
	at(snap, root)->keys[KT_CGROUP_PERCPU] = 6;
	at(snap, root)->keys[KT_CGROUP_VMALLOC] = 7;
	at(snap, root)->keys[KT_CGROUP_SOCK] = 999;
	sums = sums_of(snap);
	CHECK_AMOUNT(sums.groups[0].own[KT_CGROUP_KIND_SLAB], 300);
	CHECK_AMOUNT(sums.groups[0].own[KT_CGROUP_KIND_TABLES], 45);
	CHECK_AMOUNT(sums.groups[0].own[KT_CGROUP_KIND_OTHER], 1000 - 300 - 30 - 45 - 6 - 7);
	for (size_t i = KT_CGROUP_KIND_SLAB; i <= KT_CGROUP_KIND_OTHER; i++)
		sum += sums.groups[0].own[i].bytes;
	CHECK_INT(sum, 1000);
	CHECK(sums.kinds && !sums.lower_bound);
}

TEST(without_a_sum_of_kernel_memory_the_kinds_are_a_lower_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, -1);
	struct kt_cgroup_sums sums;

	at(snap, root)->keys[KT_CGROUP_SLAB] = 300;
	at(snap, root)->keys[KT_CGROUP_STACKS] = 30;
	sums = sums_of(snap);
	CHECK_AMOUNT(OWN(sums, root), 330);
	CHECK(!sums.groups[0].own[KT_CGROUP_KIND_OTHER].known);
	CHECK(!sums.groups[0].own[KT_CGROUP_KIND_PERCPU].known);
	CHECK(sums.lower_bound);
}

TEST(caches_of_a_groups_own_are_its_own_slab)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 900 << 12), a = put(snap, root, 800 << 12);
	struct kt_cgroup_sums sums;

	at(snap, a)->nr_slab_pages = 50;
	at(snap, root)->nr_slab_pages = 0;
	sums = sums_of(snap);
	CHECK_AMOUNT(sums.groups[a].own[KT_CGROUP_KIND_SLAB], 50 << 12);
	CHECK_AMOUNT(sums.total[KT_CGROUP_KIND_SLAB], 50 << 12);
	CHECK(sums.kinds);
}

TEST(dying_groups_are_counted_where_they_were)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, 9), a = put(snap, root, 8);
	struct kt_cgroup_sums sums;

	at(snap, root)->nr_dying = 100;
	at(snap, a)->nr_dying = 97;
	sums = sums_of(snap);
	CHECK_AMOUNT(sums.groups[root].own_dying, 3);
	CHECK_AMOUNT(sums.groups[a].own_dying, 97);
	CHECK_AMOUNT(sums.nr_dying, 100);
}

TEST(in_v1_the_dying_are_those_that_are_counted_and_not_there)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	put(snap, KT_CGROUP_NO_PARENT, 9);
	snap->cgroups.v1 = true;
	CHECK(!sums_of(snap).nr_dying.known);
	snap->cgroups.nr_counted = 43;
	CHECK_AMOUNT(sums_of(snap).nr_dying, 42);
	snap->cgroups.cut = true;
	CHECK(!sums_of(snap).nr_dying.known);
}

TEST(a_container_of_v1_does_not_take_groups_that_it_cannot_see_for_dying)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	put(snap, KT_CGROUP_NO_PARENT, 9);
	snap->cgroups.v1 = true;
	snap->cgroups.nr_counted = 43;
	snap->host.container = "docker";
	CHECK(!sums_of(snap).nr_dying.known);
	CHECK_INT(kt_cgroups_dying(snap), KT_UNKNOWN);
	/* some containers are shown the groups of the whole machine */
	snap->cgroups.whole = true;
	CHECK_AMOUNT(sums_of(snap).nr_dying, 42);
	CHECK_INT(kt_cgroups_dying(snap), 42);
}

TEST(sums_that_no_machine_has_do_not_overflow)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	size_t root = put(snap, KT_CGROUP_NO_PARENT, -1);

	for (int i = 0; i < 3000; i++) {
		size_t index = put(snap, root, KT_AMOUNT_MAX);

		at(snap, index)->nr_slab_pages = KT_AMOUNT_MAX / 4096;
		at(snap, index)->nr_dying = KT_AMOUNT_MAX;
	}
	sums_of(snap);
}

#define CHECK_NAME(path, wanted) CHECK_STR(kt_cgroup_name(&snap->arena, path), wanted)

TEST(names_are_short_and_tell_the_container)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char path[400];

	CHECK_NAME("/", "(root)");
	CHECK_NAME("/system.slice", "system.slice");
	CHECK_NAME("/system.slice/ssh.service", "ssh.service");
	CHECK_NAME("/user.slice/user-1000.slice/session-3.scope", "user-1000/session-3.scope");
	CHECK_NAME("/system.slice/snap-kube\\x2dproxy-2360.mount", "snap-kube-proxy-2360.mount");
	snprintf(path, sizeof(path), "/docker/%s", id);
	CHECK_NAME(path, "docker/0123456789ab");
	snprintf(path, sizeof(path), "/system.slice/docker-%s.scope", id);
	CHECK_NAME(path, "docker-0123456789ab");
	snprintf(path, sizeof(path),
		"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod01234567_89ab_"
		"cdef_0123_456789abcdef.slice/crio-%s.scope",
		id);
	CHECK_NAME(path, "…/crio-0123456789ab");
	CHECK_NAME("/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/nginx",
		"pod01234567/nginx");
	CHECK_NAME("/kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice",
		"pod01234567");
	CHECK_NAME("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", "…/d/e/f/g/h/i/j/k/l/m/n/o/p");
	CHECK_NAME("/a-service-with-a-name-that-is-very-long", "a-service-wit…t-is-very-long");
	CHECK_NAME("//", "");
}
