// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/slab.h"

#include "feed.h"
#include "test.h"

static struct kt_cache *cache(struct kt_snapshot *snap, const char *name, int64_t active,
	int64_t objs, int64_t slot, int64_t per_slab, int64_t pages, int64_t slabs)
{
	struct kt_cache *slot_of = kt_list_push(&snap->arena, &snap->caches);

	*slot_of = kt_cache_unknown(name);
	slot_of->active_objs = active;
	slot_of->nr_objs = objs;
	slot_of->slot_bytes = slot;
	slot_of->objs_per_slab = per_slab;
	slot_of->pages_per_slab = pages;
	slot_of->nr_slabs = slabs;
	return slot_of;
}

static struct kt_cache_folder *folder(struct kt_snapshot *snap, const char *name, int64_t object)
{
	struct kt_cache_folder *slot = kt_list_push(&snap->arena, &snap->cache_folders);

	memset(slot, 0xff, sizeof(*slot));
	slot->name = slot->path = name;
	memset(&slot->names, 0, sizeof(slot->names));
	slot->ctor = NULL;
	slot->object_bytes = object;
	return slot;
}

static void alias(struct kt_snapshot *snap, struct kt_cache_folder *folder, const char *name)
{
	*kt_list_push(&snap->arena, &folder->names) = name;
}

static struct kt_slab_uses analyse(const struct kt_snapshot *snap)
{
	struct kt_slab_uses uses;
	KT_CLEANUP(err) struct kt_err *err = kt_slab_analyse(snap, &uses);

	CHECK_STR(err ? kt_err_text(err) : NULL, NULL);
	return uses;
}

TEST(in_use_free_padding_and_tail_are_what_a_cache_holds)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	const struct kt_slab_use *use;

	cache(snap, "ext4_inode_cache", 100, 140, 1128, 14, 4, 10);
	folder(snap, "ext4_inode_cache", 1120);
	uses = analyse(snap);
	use = &uses.items.items[0];
	CHECK_INT(use->held_bytes, 10 * 16384);
	CHECK_INT(use->in_use_bytes, 100 * 1120);
	CHECK_INT(use->free_bytes, 40 * 1128);
	CHECK_INT(use->padding_bytes, 100 * 8);
	CHECK_INT(use->tail_bytes, 10 * (16384 - 14 * 1128));
	CHECK_INT(use->uncertain_bytes, 0);
}

TEST(padding_that_nobody_told_is_missing_and_not_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };

	cache(snap, "dentry", 20, 21, 192, 21, 1, 1);
	uses = analyse(snap);
	CHECK_INT(uses.items.items[0].padding_bytes, -1);
	CHECK_INT(uses.items.items[0].in_use_bytes, 20 * 192);
	CHECK_INT(uses.items.items[0].ready_bytes, -1);
	CHECK_INT(uses.padding_bytes, -1);
	CHECK_INT(uses.held_bytes, 4096);
}

TEST(slabs_of_a_lower_order_are_an_uncertainty_and_no_loss_of_bytes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	const struct kt_slab_use *use;

	/* two of ten slabs have one page and 3 objects instead of four and 14 */
	cache(snap, "ext4_inode_cache", 118, 8 * 14 + 2 * 3, 1128, 14, 4, 10);
	uses = analyse(snap);
	use = &uses.items.items[0];
	CHECK_INT(use->in_use_bytes + use->free_bytes + use->tail_bytes, 10 * 16384);
	CHECK(use->uncertain_bytes >= 2 * 3 * 4096); /* what is really not there */
	CHECK(use->uncertain_bytes <= use->tail_bytes);
}

TEST(counts_that_cannot_be_of_one_cache_give_no_split)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };

	cache(snap, "more objects than fit", 10, 1000, 1024, 4, 1, 10);
	cache(snap, "more active than there are", 50, 40, 1024, 4, 1, 10);
	cache(snap, "unknown", -1, 40, 1024, 4, 1, 10);
	cache(snap, "enormous", KT_AMOUNT_MAX, KT_AMOUNT_MAX, KT_AMOUNT_MAX, 4, 1, 10);
	uses = analyse(snap);
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(uses.items.items[i].held_bytes, 40960);
		CHECK_INT(uses.items.items[i].in_use_bytes, -1);
		CHECK_INT(uses.items.items[i].free_bytes, -1);
		CHECK_INT(uses.items.items[i].tail_bytes, -1);
	}
}

TEST(objects_that_cpus_keep_bound_the_error_of_what_is_in_use)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_cache_folder *f;

	snap->host.nr_cpus_possible = 2;
	snap->host.nr_nodes = 1;
	cache(snap, "maple_node", 1000, 1600, 256, 16, 1, 100);
	f = folder(snap, "maple_node", 256);
	f->nr_cpu_slabs = 2;
	f->sheaf_capacity = 32;
	cache(snap, "small", 10, 1600, 256, 16, 1, 100);
	f = folder(snap, "small", 256);
	f->nr_cpu_slabs = 3;
	uses = analyse(snap);
	CHECK_INT(uses.items.items[0].ready_bytes, (2 * 16 + 32 * (3 * 2 + 10)) * 256);
	/* no more than there is */
	CHECK_INT(uses.items.items[1].ready_bytes, 10 * 256);
}

TEST(a_merged_cache_is_found_by_any_of_its_names)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_cache_folder *f;

	cache(snap, "eventpoll_epi", 1, 21, 192, 21, 1, 1);
	f = folder(snap, ":aA-0000192", 184);
	alias(snap, f, "cred_jar");
	alias(snap, f, "eventpoll_epi");
	uses = analyse(snap);
	CHECK(uses.items.items[0].folder == f);
	CHECK(kt_slab_folder(snap, "cred_jar") == f);
	CHECK_STR(kt_slab_aliases(&uses.items.items[0], "eventpoll_epi", &uses.arena), "cred_jar");
	CHECK_INT(kt_slab_reclaimable(&uses.items.items[0]), 1);
	CHECK_INT(kt_slab_accounted(&uses.items.items[0]), 1);
	f->name = ":0000192";
	CHECK_INT(kt_slab_accounted(&uses.items.items[0]), 0);
	f->name = "eventpoll_epi";
	CHECK_INT(kt_slab_accounted(&uses.items.items[0]), -1);
}

TEST(what_slab_has_beyond_its_caches_is_large_kmalloc)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };

	cache(snap, "dentry", 21, 21, 192, 21, 1, 10);
	vmstat_pages(snap, KT_SLAB_R, 10);
	vmstat_pages(snap, KT_SLAB_U, 7);
	uses = analyse(snap);
	CHECK(uses.has_rest && uses.rest_is_large);
	CHECK_INT(uses.rest_bytes, 7 * 4096);
	CHECK_INT(uses.slab_bytes, 17 * 4096);
}

TEST(a_rest_that_cannot_be_large_kmalloc_is_not_called_so)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 }, less = { 0 };

	cache(snap, "dentry", 21, 21, 192, 21, 1, 10);
	vmstat_pages(snap, KT_SLAB_R, 100);
	vmstat_pages(snap, KT_SLAB_U, 7);
	uses = analyse(snap);
	CHECK(uses.has_rest && !uses.rest_is_large);
	cache(snap, "inode_cache", 21, 21, 192, 21, 1, 1000);
	less = analyse(snap);
	CHECK(less.has_rest && !less.rest_is_large);
	CHECK_INT(less.rest_bytes, (107 - 1010) * 4096);
	kt_slab_uses_cleanup(&less);
}

TEST(sums_of_an_oom_report_are_enough)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_cache *c = kt_list_push(&snap->arena, &snap->caches);

	*c = kt_cache_unknown("kmalloc-64");
	c->used_bytes = 1024;
	c->total_bytes = 4096;
	uses = analyse(snap);
	CHECK_INT(uses.items.items[0].held_bytes, 4096);
	CHECK_INT(uses.items.items[0].in_use_bytes, 1024);
	CHECK_INT(uses.items.items[0].free_bytes, 3072);
	CHECK_INT(uses.items.items[0].tail_bytes, -1);
	CHECK_INT(uses.tail_bytes, -1);
}

TEST(a_slabinfo_alone_tells_the_page_size_by_how_slots_fill_slabs)
{
	static const int64_t sizes[] = { 4096, 16384, 65536 };

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
		KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };

		cache(snap, "dentry", 1, 1, 192, sizes[i] / 192, 1, 1);
		cache(snap, "kmalloc-1k", 1, 1, 1024, 2 * sizes[i] / 1024, 2, 1);
		uses = analyse(snap);
		CHECK_INT(uses.page_bytes, sizes[i]);
	}
	{
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
		KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };

		cache(snap, "dentry", 1, 1, 192, 21, 1, 1); /* nothing fills its slab */
		uses = analyse(snap);
		CHECK_INT(uses.page_bytes, KT_UNKNOWN);
		CHECK_INT(uses.items.items[0].held_bytes, -1);
	}
}

TEST(folders_do_where_there_is_no_slabinfo)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_cache_folder *f = folder(snap, "dentry", 192);

	f->slot_bytes = 192;
	f->objs_per_slab = 21;
	f->order = 0;
	f->nr_slabs = 10;
	f->nr_objs = 210;
	uses = analyse(snap);
	CHECK_INT(uses.items.count, 1);
	CHECK_INT(uses.items.items[0].held_bytes, 40960);
	CHECK_INT(uses.items.items[0].in_use_bytes, -1);
}

TEST(the_kinds_of_kmalloc_of_a_size_are_a_family)
{
	static const struct {
		const char *name, *family;
	} names[] = { { "kmalloc-64", "kmalloc-64" }, { "kmalloc-cg-64", "kmalloc-64" },
		{ "kmalloc-rcl-8k", "kmalloc-8k" }, { "dma-kmalloc-512", "kmalloc-512" },
		{ "kmalloc-rnd-07-4k", "kmalloc-4k" }, { "size-64", "size-64" },
		{ "size-64(DMA)", "size-64" }, { "size-64(x)", NULL }, { "kmalloc-", NULL },
		{ "kmalloc-64x", NULL }, { "kmalloc-99999999999", NULL }, { "dentry", NULL },
		{ "biovec-64", NULL }, { "", NULL } };
	struct kt_arena arena = { 0 };

	for (size_t i = 0; i < KT_LEN(names); i++)
		CHECK_STR(kt_slab_family(names[i].name, &arena), names[i].family);
	kt_arena_fini(&arena);
}

TEST(a_constructor_in_a_module_tells_the_module)
{
	struct kt_span module = kt_slab_ctor_module("init_once+0x0/0x80 [ext4]");

	CHECK(kt_span_eq(module, "ext4"));
	CHECK_INT(kt_slab_ctor_module("init_once+0x0/0x80").n, 0);
	CHECK_INT(kt_slab_ctor_module(" []").n, 0);
	CHECK_INT(kt_slab_ctor_module("").n, 0);
	CHECK_INT(kt_slab_ctor_module(NULL).n, 0);
}

static struct kt_cache_memory *memory(struct kt_snapshot *snap, const char *name)
{
	struct kt_cache_memory *slot = kt_list_push(&snap->arena, &snap->cache_memories);

	*slot = (struct kt_cache_memory){ .name = name,
		.slot_bytes = 64,
		.object_bytes = 64,
		.objs_per_slab = 64,
		.pages_per_slab = 1,
		.nr_slabs = 10,
		.nr_objs = 640,
		.used_objs = 600,
		.free_objs = 40 };
	return slot;
}

/* Of a dump, which may lack the memory of a node or of a CPU. */
TEST(sums_without_some_caches_are_counted_and_leave_no_large_kmalloc)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_cache_memory *lost;

	memory(snap, "whole");
	lost = memory(snap, "without a CPU");
	lost->used_objs = lost->cached_objs = lost->rcu_objs = KT_UNKNOWN;
	lost = memory(snap, "without a node");
	lost->used_objs = lost->nr_objs = lost->nr_slabs = lost->free_objs = KT_UNKNOWN;
	fact(snap, KT_SLAB_R, 0);
	fact(snap, KT_SLAB_U, 100 * 4096);
	uses = analyse(snap);
	CHECK_INT(uses.nr_unread, 1);
	CHECK_INT(uses.nr_unsplit, 2);
	CHECK_INT(uses.held_bytes, 20 * 4096);
	CHECK_INT(uses.in_use_bytes, 600 * 64);
	CHECK_INT(uses.items.items[1].held_bytes, 10 * 4096);
	CHECK_INT(uses.items.items[1].in_use_bytes, -1);
	CHECK_INT(uses.items.items[2].held_bytes, -1);
	CHECK(uses.has_rest && !uses.rest_is_large);
}
