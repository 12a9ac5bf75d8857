// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "analysis/users.h"
#include "base/allocator.h"

#define OWNER  "sys/kernel/debug/page_owner"
#define STACKS "sys/kernel/debug/page_owner_stacks/show_stacks"

static const struct kt_users_row *row(const struct kt_users *users, const char *name)
{
	static const struct kt_users_row none = { .bytes = -12345 };

	for (size_t i = 0; i < users->rows.count; i++) {
		if (strcmp(users->rows.items[i].name, name) == 0)
			return &users->rows.items[i];
	}
	CHECK(!"there is such a row");
	return &none;
}

static void group(struct kt_snapshot *snap, enum kt_user_file file, struct kt_users *ret_users)
{
	kt_users_group(&snap->arena, snap, file, ret_users);
}

TEST(pages_of_slab_caches_and_per_cpu_chunks_are_counted_once)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_users users;

	FEED(snap, allocinfo, "proc/allocinfo",
		"allocinfo - version: 1.0\n"
		"40960 10 mm/slub.c:2450 func:alloc_slab_page\n"
		"4096 1 mm/slub.c:2452 func:alloc_slab_page\n"
		"8192 2 mm/percpu-vm.c:95 func:pcpu_alloc_pages\n"
		"36864 9 drivers/a.c:1 func:alloc_slab_page\n"
		"20000 200 net/b.c:2 [b] func:b_new\n"
		"-100 0 net/b.c:3 [b] func:b_old\n");
	group(snap, KT_USERS_SITES, &users);
	CHECK_INT(users.pools.count, 3);
	CHECK_STR(users.pools.items[0].what, "pages of slab caches");
	CHECK_STR(users.pools.items[2].what, "pages of per-CPU memory");
	CHECK_INT(users.rows.count, 3);
	CHECK_INT(users.bytes, 36864 + 20000 - 100);
	CHECK_INT(users.nr_negative, 1);
	CHECK_STR(row(&users, "b_new")->module, "b");
	CHECK_STR(row(&users, "b_new")->where, "net/b.c:2");
}

TEST(a_stack_has_the_name_of_its_first_function_that_is_no_allocator)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_users users;

	FEED(snap, page_owner, OWNER,
		"Page allocated via order 1, mask 0x0()\n"
		" post_alloc_hook+0x1/0x2\n get_page_from_freelist+0x1/0x2\n"
		" __alloc_frozen_pages_noprof+0x1/0x2\n anything_noprof+0x1/0x2\n"
		" rx_refill.isra.0+0x1/0x2 [nic]\n poll+0x1/0x2 [nic]\n net_rx+0x1/0x2\n"
		" third+0x1/0x2\n"
		"Page allocated via order 0, mask 0x0()\n"
		" __alloc_pages+0x1/0x2\n kmalloc_large+0x1/0x2\n"
		"Page allocated via order 3, mask 0x0()\n"
		" __alloc_pages+0x1/0x2\n allocate_slab+0x1/0x2\n ___slab_alloc+0x1/0x2\n"
		" reader+0x1/0x2\n");
	group(snap, KT_USERS_PAGES, &users);
	CHECK_INT(users.rows.count, 3);
	CHECK_STR(row(&users, "rx_refill")->module, "nic");
	CHECK_STR(row(&users, "rx_refill")->where, "poll < net_rx");
	CHECK_INT(row(&users, "rx_refill")->bytes, 8192);
	CHECK_INT(row(&users, "kmalloc_large")->nr_pages, 1);
	CHECK_STR(row(&users, "reader")->what, "pages of slab caches");
	CHECK_INT(users.bytes, 8192 + 4096 + 32768);
}

TEST(stacks_of_one_name_and_the_same_callers_are_one_row)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_users users;

	FEED(snap, page_stacks, STACKS,
		" a+0x1/0x20\n b+0x1/0x20\n c+0x1/0x20\n d+0x1/0x20\nnr_base_pages: 2\n"
		" a+0x9/0x20\n b+0x1/0x20\n c+0x1/0x20\n e+0x1/0x20\nnr_base_pages: 5\n"
		" a+0x9/0x20\n x+0x1/0x20\nnr_base_pages: 7\n");
	group(snap, KT_USERS_PAGE_STACKS, &users);
	CHECK_INT(users.rows.count, 2);
	CHECK_INT(row(&users, "a")->bytes, 7 * 4096);
	CHECK_INT(row(&users, "a")->nr_stacks, 2);
	CHECK_STR(row(&users, "a")->user->frames[3], "e+0x1/0x20");
}

TEST(a_number_of_a_stack_is_replaced_where_the_stack_is_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_users users;

	FEED(snap, page_handles, STACKS "_handles", " named+0x1/0x2\nhandle: 7\n\n");
	FEED(snap, page_owner, OWNER,
		"Page allocated via order 0, mask 0x0()\nhandle: 7\n\n"
		"Page allocated via order 0, mask 0x0()\nhandle: 8\n\n");
	group(snap, KT_USERS_PAGES, &users);
	CHECK_INT(row(&users, "named")->bytes, 4096);
	CHECK_INT(row(&users, "(stack 8)")->bytes, 4096);
}

TEST(without_a_page_size_pages_have_no_bytes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	struct kt_users users;

	FEED(snap, page_stacks, STACKS, " a+0x1/0x20\nnr_base_pages: 2\n");
	group(snap, KT_USERS_PAGE_STACKS, &users);
	CHECK(!row(&users, "a")->has_bytes);
	CHECK_INT(users.nr_unsized, 1);
	CHECK_INT(row(&users, "a")->nr_pages, 2);
}

static void put_cache(struct kt_snapshot *snap, const char *name, int64_t slot, int64_t active)
{
	struct kt_cache *cache = kt_list_push(&snap->arena, &snap->caches);

	*cache = kt_cache_unknown(name);
	cache->slot_bytes = slot;
	cache->active_objs = active;
}

static void put_objects(struct kt_snapshot *snap, const char *cache)
{
	struct kt_user *user = kt_list_push(&snap->arena, &snap->users);

	*user = kt_user_unknown(KT_USERS_OBJECTS);
	user->cache = cache;
	user->nr = 10;
}

TEST(objects_have_the_size_of_a_slot_only_where_it_is_certain)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_users users;

	put_cache(snap, "sized", 192, 10);
	put_cache(snap, "twin", 64, 1);
	put_cache(snap, "twin", 128, 1);
	put_objects(snap, "sized");
	put_objects(snap, "twin");
	put_objects(snap, "other");
	put_objects(snap, NULL);
	group(snap, KT_USERS_OBJECTS, &users);
	CHECK_INT(users.rows.count, 4);
	CHECK_INT(users.nr_unsized, 3);
	CHECK_INT(users.bytes, 1920);
	CHECK_INT(kt_users_slab_in_use(snap), 1920 + 64 + 128);
	snap->caches_partial = true;
	CHECK_INT(kt_users_slab_in_use(snap), KT_UNKNOWN);
}

TEST(allocators_are_known_by_name_and_by_ending)
{
	CHECK(kt_is_allocator(KT_SPAN("kmalloc_trace")));
	CHECK(kt_is_allocator(KT_SPAN("__alloc_pages_noprof")));
	CHECK(kt_is_allocator(KT_SPAN("something_new_noprof")));
	CHECK(kt_is_allocator(KT_SPAN("vrealloc_node_align")));
	CHECK(!kt_is_allocator(KT_SPAN("post_alloc_hooks")));
	CHECK(!kt_is_allocator(KT_SPAN("nvme_alloc_ns")));
	CHECK(!kt_is_allocator(KT_SPAN("alloc_thread_stack_node")));
}
