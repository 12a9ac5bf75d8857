// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packing of slabs, the best size classes, and kmalloc by requested sizes.

#include "random.h"
#include "test.h"

#include "whatif/size_classes.h"
#include "whatif/whatif.h"

/* Slots with order and objects of their slabs in Linux 6.18 with 2 CPUs, by /sys/kernel/slab. */
TEST(slabs_have_the_order_that_the_kernel_chose)
{
	static const struct {
		int64_t slot;
		int order;
		int64_t objs;
	} caches[] = { { 8, 0, 512 }, { 104, 0, 39 }, { 192, 0, 21 }, { 320, 0, 12 },
		{ 344, 1, 23 }, { 624, 1, 13 }, { 632, 2, 25 }, { 640, 1, 12 }, { 688, 2, 23 },
		{ 1016, 2, 16 }, { 1128, 2, 14 }, { 1352, 2, 12 }, { 1472, 3, 22 }, { 2168, 3, 15 },
		{ 2672, 3, 12 }, { 4096, 3, 8 }, { 4232, 3, 7 }, { 5824, 3, 5 }, { 8192, 3, 4 },
		{ 51488, 4, 1 } };

	for (size_t i = 0; i < KT_LEN(caches); i++) {
		struct kt_packing packing = kt_slub_packing(caches[i].slot, 2, 4096);

		CHECK_INT(packing.pages_per_slab, 1ll << caches[i].order);
		CHECK_INT(packing.objs_per_slab, caches[i].objs);
	}
	CHECK_INT(kt_slub_packing(0, 2, 4096).objs_per_slab, 0);
	CHECK_INT(kt_slub_packing(64, 0, 4096).objs_per_slab, 0);
}

static const struct kt_slabs_of two = { .nr_cpus = 2, .page_bytes = 4096, .nr_lists = 3 };

/*
 * Pages of a choice of classes: bit i of `set` is size i, rounded up to what the sizes of its class
 * are aligned to; the last size must be a class. INT64_MAX: a class is so large that it takes the
 * objects of the next one.
 */
static int64_t pages_of(const struct kt_size_count *sizes, size_t count, unsigned set, int64_t *ret)
{
	int64_t pages = 0, objs[3] = { 0 }, align = 1;

	for (size_t i = 0; i < count; i++) {
		struct kt_packing packing;
		int64_t bytes;

		align = sizes[i].align_bytes > align ? sizes[i].align_bytes : align;
		for (size_t k = 0; k < KT_LEN(objs); k++)
			objs[k] += sizes[i].nr_objs[k];
		if (!(set >> i & 1))
			continue;
		bytes = (sizes[i].bytes + align - 1) & -align;
		if (i + 1 < count && bytes >= sizes[i + 1].bytes)
			return INT64_MAX;
		if (ret)
			*ret++ = bytes;
		packing = kt_slub_packing(bytes, 2, 4096);
		for (size_t k = 0; k < KT_LEN(objs); k++) {
			pages += kt_slabs_pages(&two, &packing, objs[k]);
			objs[k] = 0;
		}
		align = 1;
	}
	return pages;
}

/* Whether one choice of that many classes has the pages and the classes, and none has fewer. */
static bool are_best(
	const struct kt_size_count *sizes, size_t count, const struct kt_classes *classes, size_t k)
{
	bool found = false;

	for (unsigned set = 1u << (count - 1); set < 1u << count; set++) {
		int64_t bytes[9] = { 0 }, pages;

		if ((size_t)__builtin_popcount(set) != k + 1)
			continue;
		pages = pages_of(sizes, count, set, bytes);
		if (pages < classes->pages[k])
			return false;
		found |= pages == classes->pages[k] &&
			 memcmp(bytes, classes->bytes[k], (k + 1) * sizeof(bytes[0])) == 0;
	}
	return found;
}

/* Every choice of classes is tried for some hundred histograms. */
TEST(no_other_classes_have_fewer_pages)
{
	for (int round = 0; round < 300; round++) {
		struct kt_arena arena = { 0 };
		struct kt_size_count sizes[9] = { 0 };
		size_t count = 1 + dice(9);
		static struct kt_classes classes;
		int64_t bytes = 0;

		for (size_t i = 0; i < count; i++) {
			bytes += 8 * (1 + dice_of(100));
			sizes[i].bytes = bytes;
			sizes[i].align_bytes = dice(3) ? 0 : bytes & -bytes;
			for (size_t k = 0; k < 3; k++)
				sizes[i].nr_objs[k] = dice(2) ? 0 : dice_of(3000);
		}
		CHECK(kt_classes_best(&arena, sizes, count, KT_CLASSES_MAX, &two, &classes));
		CHECK_INT(classes.count, count);
		for (size_t k = 0; k < classes.count; k++)
			CHECK(are_best(sizes, count, &classes, k));
		kt_arena_fini(&arena);
	}
}

/* kmalloc() aligns what is requested with 1024 bytes to 1024: 1032 is no class for it. */
TEST(a_class_is_aligned_as_its_sizes_are)
{
	struct kt_arena arena = { 0 };
	static struct kt_classes classes;
	struct kt_size_count sizes[2] = {
		{ .bytes = 1024, .align_bytes = 1024, .nr_objs = { 100 } },
		{ .bytes = 1032, .align_bytes = 8, .nr_objs = { 100 } }
	};

	CHECK(kt_classes_best(&arena, sizes, 2, KT_CLASSES_MAX, &two, &classes));
	CHECK_INT(classes.bytes[0][0], 2048);
	CHECK_INT(classes.pages[0], (200 + 15) / 16 * 8 + 3 * 8 / 2);
	CHECK_INT(classes.bytes[1][0], 1024);
	CHECK_INT(classes.bytes[1][1], 1032);
	kt_arena_fini(&arena);
}

/* ---- kmalloc ---- */

static const char *const frames[] = { "alloc_iova_fast+0x1/0x20" };

/* One line of the file, as it is read: its waste is a multiple of its objects. */
static void put_size(struct kt_snapshot *snap, struct kt_user *user, int64_t nr, int64_t waste)
{
	struct kt_user_size *size = kt_arena_alloc(&snap->arena, sizeof(*size));

	if (waste % nr) {
		user->nr_unsized += nr;
		return;
	}
	*size = (struct kt_user_size){ user->sizes, nr, waste / nr };
	user->sizes = size;
}

static void put_user(struct kt_snapshot *snap, const char *cache, int64_t nr, int64_t waste)
{
	struct kt_user *user = kt_list_push(&snap->arena, &snap->users);

	*user = kt_user_unknown(KT_USERS_OBJECTS);
	user->cache = cache;
	user->frames = frames;
	user->nr_frames = 1;
	user->nr = nr;
	user->waste_bytes = waste;
	put_size(snap, user, nr, kt_known_of(waste, 0));
}

static struct kt_snapshot *two_cpus(void)
{
	struct kt_snapshot *snap = machine(4096);

	snap->host.nr_cpus_present = snap->host.nr_cpus_possible = 2;
	snap->host.nr_nodes = 1;
	return snap;
}

/*
 * The magazines of iova: 1,000 objects of 1,032 bytes in 2,048. Today 63 slabs of 8 pages with 16
 * objects, and 10 slabs of a page with 64 objects of 64 bytes: 514 pages. Three lists, of 2 CPUs
 * and a node, have a slab more that is half full: 12 + 2 pages. One class has 8,192, for what no
 * caller requested so far: 410 slabs of 8 pages, and 12. Two: 1,032 bytes with 15 objects in 4
 * pages, but 64 bytes aligned to 64: 1,088 with 15 objects in 4 pages, so 110 slabs, and 6. Three:
 * 67 * 4 + 6 + 10 + 2 = 286. They save 242 pages. The slabs of the lists may be empty or full: 3 *
 * (4 + 1 + 8 + 1) / 2.
 */
TEST(magazines_of_1032_bytes_are_found)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_user(snap, "kmalloc-2k", 1000, 1000 * 1016);
	put_user(snap, "kmalloc-64", 640, KT_UNKNOWN);
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK_INT(result.state, KT_OK);
	CHECK_INT(result.quality, KT_ESTIMATE);
	CHECK_INT(result.now_bytes, 528 * 4096);
	CHECK_INT(result.saves_bytes, 242 * 4096);
	CHECK_INT(result.low_bytes, (242 - 21) * 4096);
	CHECK_INT(result.high_bytes, (242 + 21) * 4096);
	CHECK_INT(result.points.count, 4);
	CHECK_INT(result.points.items[0].count, 3);
	CHECK_INT(result.points.items[1].bytes, (410 * 8 + 12) * 4096);
	CHECK_INT(result.points.items[2].bytes, 446 * 4096);
	CHECK_INT(result.points.items[3].bytes, 286 * 4096);
	CHECK_STR(result.notes.items[0], "best 3 classes: 64, 1032, 8192 bytes");
	/* 1000 of 16 in 8 pages fill 500 pages; slabs of their own are 268 */
	CHECK_INT(result.parts.count, 1);
	CHECK_STR(result.parts.items[0].name, "alloc_iova_fast: up to 1032 bytes in 2048");
	CHECK_INT(result.parts.items[0].now_bytes, 500 * 4096);
	CHECK_INT(result.parts.items[0].then_bytes, 268 * 4096);
	kt_arena_fini(&arena);
}

/* Kinds of kmalloc have slabs of their own, and waste that is no multiple is not believed. */
TEST(kinds_of_kmalloc_share_no_slabs)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_user(snap, "kmalloc-64", 32, 32 * 8);
	put_user(snap, "kmalloc-cg-64", 32, 32 * 8);
	put_user(snap, "kmalloc-64", 3, 4);
	put_user(snap, "dentry", 1000, 8000);
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK_INT(result.now_bytes, 2 * (1 + 2) * 4096);
	CHECK_INT(result.inputs.items[0].count, 64);
	CHECK_INT(result.inputs.items[1].bytes, 64 * 56);
	kt_arena_fini(&arena);
}

static void put_cache(struct kt_snapshot *snap, const char *name, int64_t nr_objs, int64_t nr_slabs)
{
	struct kt_cache *cache = kt_list_push(&snap->arena, &snap->caches);

	*cache = kt_cache_unknown(name);
	cache->nr_objs = nr_objs;
	cache->nr_slabs = nr_slabs;
	cache->pages_per_slab = 1;
}

/*
 * Without requested sizes: an object of kmalloc-192 has 136 bytes or more where kmalloc-128 exists,
 * so 48 pages with 1,008 of them lose 196,608 - 137,088 bytes at most: 59,520, 14 pages. kmalloc-8
 * loses nothing.
 */
TEST(without_requested_sizes_there_is_a_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_cache(snap, "kmalloc-192", 1008, 48);
	put_cache(snap, "kmalloc-128", 0, 0);
	put_cache(snap, "kmalloc-8", 5120, 10);
	put_cache(snap, "dentry", 100000, 5000);
	/* a kernel that keeps no requested sizes prints no waste */
	put_user(snap, "kmalloc-192", 1000, KT_UNKNOWN);
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK_INT(result.state, KT_OK);
	CHECK_INT(result.quality, KT_UPPER_BOUND);
	CHECK_INT(result.saves_bytes, 14 * 4096);
	CHECK_INT(result.parts.count, 3);
	CHECK_INT(result.parts.items[0].saves_bytes, 59520);
	kt_arena_fini(&arena);
	snap->caches_partial = true;
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK(result.state != KT_OK && result.why);
	kt_arena_fini(&arena);
}

/*
 * Two slabs of kmalloc-2k have 16 slots each, of which 20 are in use: 32 of 1,032 bytes are three
 * slabs of 4 pages, as full as those of today. Objects that are not listed count like the listed
 * ones.
 */
TEST(free_slots_stay_with_their_objects)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_user(snap, "kmalloc-2k", 20, 20 * 1016);
	put_cache(snap, "kmalloc-2k", 32, 2);
	put_cache(snap, "kmalloc-8", 0, 0);
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK_INT(result.now_bytes, (16 + 12) * 4096);
	CHECK_INT(result.points.items[2].bytes, (3 * 4 + 6) * 4096);
	kt_arena_fini(&arena);
}

/*
 * One stack of names has objects of 100 and of 60 bytes: both sizes count, and the mean of them is
 * no size. In one cache of their own all would take 104 bytes.
 */
TEST(sizes_of_one_call_site_are_not_averaged)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_user(snap, "kmalloc-128", 3200, 3200 * 28);
	put_size(snap, &snap->users.items[0], 3200, 3200 * 68);
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK_INT(result.inputs.items[0].count, 6400);
	CHECK_INT(result.inputs.items[1].bytes, 3200 * 160);
	CHECK_STR(result.notes.items[0], "best 2 classes: 104, 8192 bytes");
	/* 64 and 39 objects a page; 32 of 128 bytes today */
	CHECK_INT(result.points.items[3].bytes, (50 + 2 + 83 + 2) * 4096);
	CHECK_INT(result.parts.count, 1);
	CHECK_INT(result.parts.items[0].count, 6400);
	CHECK_INT(result.parts.items[0].then_bytes, 165 * 4096);
	kt_arena_fini(&arena);
}

/* Where the smallest class is 64, because of DMA, 1,032 bytes are 1,088. */
TEST(classes_are_multiples_of_the_smallest_one)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = two_cpus();
	struct kt_whatif_result result;
	struct kt_arena arena = { 0 };

	put_user(snap, "kmalloc-2k", 1000, 1000 * 1016);
	put_cache(snap, "kmalloc-2k", 0, 0);
	put_cache(snap, "kmalloc-64", 0, 0);
	CHECK(kt_whatif_compute(&kt_whatif_kmalloc, &arena, snap, &result));
	CHECK_STR(result.notes.items[0], "best 2 classes: 1088, 8192 bytes");
	kt_arena_fini(&arena);
}
