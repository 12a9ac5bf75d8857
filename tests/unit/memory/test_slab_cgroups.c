// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slab objects counted by cgroup, in memory that was made by hand and in damaged memory.

#include "charges_bytes.h"
#include "random.h"
#include "test.h"

#define BIG   256u /* bytes of an object; 16 of them a slab */
#define SMALL 64u  /* 64 a slab */

struct made {
	struct charges_bytes charges;
	uint64_t big, small; /* caches */
	uint32_t first;	     /* slab of `big` */
	uint64_t of_service; /* owner */
};

/*
 * Of big objects the service has 10 and another group 3, of which a removed group left 1. Of small
 * ones the service has 7 in two slabs, the root 2, and a dying group 1.
 */
static void fill(struct made *made, enum charges_kind kind, bool sheaves)
{
	struct charges_bytes *charges = &made->charges;
	uint64_t slice, service, other, root, dying;
	uint32_t slab;

	charges_init(charges, kind, sheaves);
	made->big = slub_cache(&charges->slub, "filp", BIG, BIG, 4096 / BIG);
	made->small = slub_cache(&charges->slub, "two words", SMALL, SMALL, 4096 / SMALL);
	slice = charges_node(charges, charges->root, "system.slice");
	service = charges_group(charges, charges_node(charges, slice, "a.service"), true);
	other = charges_group(charges, slice, true);
	root = charges_group(charges, charges->root, true);
	dying = charges_group(charges, charges_node(charges, slice, "b\x01"), false);
	made->of_service = charges_owner(charges, service, false);
	made->first = charges_slab(charges, made->big, BIG);
	charges_own(charges, made->first, BIG, 0, 10, made->of_service);
	charges_own(charges, made->first, BIG, 12, 2, charges_owner(charges, other, false));
	charges_own(charges, made->first, BIG, 15, 1, charges_owner(charges, other, true));
	slab = charges_slab(charges, made->small, SMALL);
	charges_own(charges, slab, SMALL, 0, 4, made->of_service);
	charges_own(charges, slab, SMALL, 10, 2, charges_owner(charges, root, false));
	charges_own(charges, slab, SMALL, 63, 1, charges_owner(charges, dying, false));
	slab = charges_slab(charges, made->small, SMALL);
	charges_own(charges, slab, SMALL, 61, 3, made->of_service);
}

static const struct kt_slab_charge *find(
	const struct kt_snapshot *snap, const char *cache, const char *cgroup)
{
	static const struct kt_slab_charge none;

	for (size_t i = 0; i < snap->slab_charges.count; i++) {
		const struct kt_slab_charge *charge = &snap->slab_charges.items[i];

		if (strcmp(charge->cache, cache) == 0 &&
			strcmp(charge->cgroup ? charge->cgroup : "", cgroup) == 0)
			return charge;
	}
	return &none;
}

static void check_kind(enum charges_kind kind)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slab_cgroups_sum sum;
	const struct kt_slab_charge *charge;
	struct made made;

	fill(&made, kind, false);
	CHECK(!charges_walk(&made.charges, snap, &sum));
	CHECK_INT(snap->slab_charges.count, 5);
	CHECK_INT(sum.nr_slabs, 3);
	CHECK_INT(sum.nr_torn + sum.nr_unread, 0);
	charge = find(snap, "filp", "/system.slice/a.service");
	CHECK_INT(charge->nr_objs, 10);
	CHECK_INT(charge->slot_bytes, BIG);
	CHECK_INT(charge->left_objs + charge->rcu_objs, 0);
	charge = find(snap, "filp", "/system.slice");
	CHECK_INT(charge->nr_objs, 3);
	CHECK_INT(charge->left_objs, 1);
	CHECK_INT(find(snap, "two words", "/system.slice/a.service")->nr_objs, 7);
	CHECK(!find(snap, "two words", "/system.slice/a.service")->dying);
	CHECK_INT(find(snap, "two words", "/")->nr_objs, 2);
	charge = find(snap, "two words", "/system.slice/b?");
	CHECK_INT(charge->nr_objs, 1);
	CHECK(charge->dying);
	kt_snapshot_free(snap);
	charges_fini(&made.charges);
}

TEST(objects_belong_to_the_cgroup_that_their_pointer_leads_to)
{
	check_kind(CHARGES_OLD);
	check_kind(CHARGES_VECTOR);
	check_kind(CHARGES_STRIDE);
}

TEST(freed_objects_that_wait_for_a_grace_period_are_apart)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slab_cgroups_sum sum;
	const struct kt_slab_charge *charge;
	struct made made;
	uint64_t sheaf, page;

	fill(&made, CHARGES_STRIDE, true);
	page = SLUB_BASE + (uint64_t)made.first * 4096;
	sheaf = slub_sheaf(&made.charges.slub, made.big, 3);
	slub_take(&made.charges.slub, 64); /* the objects of the sheaf */
	slub_set64(&made.charges.slub, sheaf + 32, page + 3 * BIG);
	slub_set64(&made.charges.slub, sheaf + 40, page + 15 * BIG);
	slub_set64(&made.charges.slub, sheaf + 48, page + 2 * BIG);
	slub_set64(&made.charges.slub, slub_cpu(&made.charges.slub, made.big, 1) + 16, sheaf);
	CHECK(!charges_walk(&made.charges, snap, &sum));
	charge = find(snap, "filp", "/system.slice/a.service");
	CHECK_INT(charge->nr_objs, 8);
	CHECK_INT(charge->rcu_objs, 2);
	charge = find(snap, "filp", "/system.slice");
	CHECK_INT(charge->nr_objs, 2);
	CHECK_INT(charge->rcu_objs, 1);
	CHECK_INT(charge->left_objs, 1);
	kt_snapshot_free(snap);
	charges_fini(&made.charges);
}

TEST(pointers_that_lead_to_no_cgroup_are_reported)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slab_cgroups_sum sum;
	struct made made;

	fill(&made, CHARGES_VECTOR, false);
	charges_own(&made.charges, made.first, BIG, 4, 2, SLUB_BASE + 4096);
	CHECK(!charges_walk(&made.charges, snap, &sum));
	CHECK_INT(sum.nr_torn, 1);
	CHECK_INT(find(snap, "filp", "/system.slice/a.service")->nr_objs, 8);
	CHECK_INT(find(snap, "filp", "")->nr_objs, 2);
	kt_snapshot_free(snap);
	charges_fini(&made.charges);
}

TEST(pointers_that_cannot_be_read_are_reported)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slab_cgroups_sum sum;
	uint64_t nowhere = 0x1001;
	struct made made;

	fill(&made, CHARGES_VECTOR, false);
	memcpy(made.charges.map + (size_t)made.first * CHARGES_PAGE + PAGE_OWNERS, &nowhere, 8);
	CHECK(!charges_walk(&made.charges, snap, &sum));
	CHECK_INT(sum.nr_unread, 1);
	CHECK_INT(find(snap, "filp", "/system.slice/a.service")->nr_objs, 0);
	CHECK_INT(find(snap, "two words", "/")->nr_objs, 2);
	/* the kernel had no memory for the pointers: only tags */
	nowhere = 1;
	memcpy(made.charges.map + (size_t)made.first * CHARGES_PAGE + PAGE_OWNERS, &nowhere, 8);
	CHECK(!charges_walk(&made.charges, snap, &sum));
	CHECK_INT(sum.nr_unread, 0);
	kt_snapshot_free(snap);
	charges_fini(&made.charges);
}

TEST(nodes_that_are_their_own_parents_end)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_slab_cgroups_sum sum;
	struct made made;

	fill(&made, CHARGES_OLD, false);
	slub_set64(&made.charges.slub, made.charges.root + KN_PARENT, made.charges.root);
	slub_set64(&made.charges.slub, made.charges.root + KN_NAME,
		charges_text(&made.charges, "again"));
	CHECK(!charges_walk(&made.charges, snap, &sum));
	CHECK_INT(sum.nr_torn, 3);
	CHECK_INT(find(snap, "filp", "")->nr_objs, 13);
	kt_snapshot_free(snap);
	charges_fini(&made.charges);
}

TEST(a_kernel_without_such_pointers_is_named)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	struct kt_slab_cgroups_sum sum;
	struct slub_bytes slub;
	struct kt_memmap memmap;
	struct kt_err *err;

	slub_init(&slub, false, false);
	memmap = (struct kt_memmap){ .target = slub.target };
	err = kt_slab_cgroups_walk(&memmap, &opts, snap, &sum);
	CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
	kt_err_free(err);
	kt_snapshot_free(snap);
	slub_fini(&slub);
}

/* Numbers may be wrong, but not below zero, and the walk ends. */
static void check_damaged(enum charges_kind kind)
{
	struct made made;
	struct charges_bytes *charges = &made.charges;

	fill(&made, kind, kind == CHARGES_STRIDE);
	for (unsigned i = 0; i < 3400; i++) {
		bool in_map = dice(3) == 0;
		char *memory = in_map ? charges->map : charges->slub.memory;
		size_t first = in_map ? CHARGES_FIRST * CHARGES_PAGE : 0;
		size_t room = in_map ? 4 * CHARGES_PAGE : charges->slub.used,
		       at = first + dice(room);
		struct kt_snapshot *snap = kt_snapshot_new();
		struct kt_slab_cgroups_sum sum;
		uint64_t before,
			value = dice(2) ? dice(UINT64_MAX) : SLUB_BASE + dice(charges->slub.used);

		memcpy(&before, memory + at, sizeof(before));
		memcpy(memory + at, &value, 1ull << dice(4));
		kt_err_free(charges_walk(charges, snap, &sum));
		for (size_t k = 0; k < snap->slab_charges.count; k++) {
			const struct kt_slab_charge *charge = &snap->slab_charges.items[k];

			CHECK(charge->nr_objs >= 0 && charge->rcu_objs >= 0);
			CHECK(charge->left_objs <= charge->nr_objs + charge->rcu_objs);
			CHECK(charge->cache && charge->slot_bytes > 0);
		}
		CHECK(charges->slub.target->nr_reads < 1000000);
		charges->slub.target->nr_reads = 0;
		memcpy(memory + at, &before, sizeof(before));
		kt_snapshot_free(snap);
	}
	charges_fini(charges);
}

TEST(damaged_memory_ends_the_count_of_charges)
{
	check_damaged(CHARGES_OLD);
	check_damaged(CHARGES_VECTOR);
	check_damaged(CHARGES_STRIDE);
}
