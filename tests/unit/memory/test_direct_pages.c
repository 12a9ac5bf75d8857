// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who has direct pages by pointers to them, in memory that was made by hand, and in damaged memory.

#include "direct_check.h"
#include "random.h"

#include "memory/holders/holders.h"

/* ---- pointers ---- */

TEST(a_variable_of_the_kernel_has_the_page_that_it_points_to)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 1);
	direct_use(&direct, FIRST + 3);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	direct_set64(&direct, direct_variable(DIRECT_PAGE) + 32, direct_page(FIRST + 1));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_info(FIRST + 3));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "page_variable", 2, 2 },
		{ KT_OWNER_DATA, "other_variable", 1, 1 });
}

TEST(variables_have_no_names_where_the_kernel_shows_none)
{
	struct direct_bytes direct;

	direct_init(&direct, false);
	direct_use(&direct, FIRST);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, NULL, 1, 1 });
}

TEST(per_cpu_variables_have_the_pages_that_they_point_to)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	for (unsigned i = 0; i < SLUB_CPUS; i++) {
		direct_use(&direct, FIRST + 2 * i);
		direct_set64(&direct, direct_page(DIRECT_CPU) + (i + 1ull) * SLUB_STEP + 8,
			direct_info(FIRST + 2 * i));
	}
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "per-CPU memory", 2, 2 });
}

TEST(objects_of_a_cache_with_one_purpose_have_the_name_of_the_cache)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	for (unsigned i = 0; i < 4; i++)
		direct_use(&direct, FIRST + 2 * i);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_PAGE, direct_info(FIRST));
	/* the lowest bits of a pointer to a struct page may be marks */
	direct_set64(&direct, direct_user(&direct, 1) + DUSER_PAGE, direct_info(FIRST + 2) | 2);
	direct_set64(&direct, direct_user(&direct, 2) + DUSER_ADDRESS, direct_page(FIRST + 4));
	/* what comes after the struct may be anything */
	direct_set64(&direct, direct_user(&direct, 15) + DUSER_AFTER + 8, direct_page(FIRST + 6));
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "direct_user", 4, 4 });
}

TEST(an_object_of_a_cache_with_many_purposes_has_the_name_of_what_it_points_to)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 2);
	direct_set64(&direct, direct_kmalloc(&direct, 3) + 8, direct_info(FIRST));
	direct_set64(&direct, direct_kmalloc(&direct, 3) + 64, DIRECT_TEXT + 0x100);
	direct_set64(&direct, direct_kmalloc(&direct, 4) + 8, direct_variable(DIRECT_OTHER));
	direct_set64(&direct, direct_kmalloc(&direct, 4) + 16, direct_page(FIRST + 2));
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "kmalloc-128: driver_function", 1, 1 },
		{ KT_OWNER_OBJECT, "kmalloc-128: other_variable", 1, 1 });
}

/* The page, an object without a name, and `steps` more of them up to the object with a name. */
static void make_chain(struct direct_bytes *direct, unsigned steps)
{
	direct_init(direct, true);
	direct_use(direct, FIRST);
	direct_set64(direct, direct_kmalloc(direct, 0) + 40, direct_info(FIRST));
	for (unsigned i = 0; i < steps; i++) /* into the object, not at its begin */
		direct_set64(
			direct, direct_kmalloc(direct, i + 1) + 8, direct_kmalloc(direct, i) + 24);
}

TEST(an_object_without_a_name_has_that_of_what_points_to_it)
{
	for (unsigned steps = 0; steps < 3; steps++) {
		struct direct_bytes direct;

		make_chain(&direct, steps);
		direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS,
			direct_kmalloc(&direct, steps));
		CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "direct_user", 1, 1 });
		make_chain(&direct, steps);
		direct_set64(
			&direct, direct_variable(DIRECT_OTHER), direct_kmalloc(&direct, steps));
		CHECK_OWNERS(&direct, { KT_OWNER_DATA, "other_variable", 1, 1 });
		make_chain(&direct, steps);
		CHECK_OWNERS(&direct, { KT_OWNER_NAMELESS, NULL, 1, 1 });
	}
}

TEST(objects_without_a_name_that_point_to_each_other_are_nameless)
{
	struct direct_bytes direct;

	make_chain(&direct, 2);
	direct_set64(&direct, direct_kmalloc(&direct, 0) + 8, direct_kmalloc(&direct, 2));
	direct_set64(&direct, direct_kmalloc(&direct, 0) + 16, direct_kmalloc(&direct, 0));
	CHECK_OWNERS(&direct, { KT_OWNER_NAMELESS, NULL, 1, 1 });
}

/*
 * Objects without a name that are a list, as those of a trace buffer: `nr` of them in kmalloc, each
 * with a page, and each points to the ones before and after it.
 */
static void make_ring(struct direct_bytes *direct, unsigned nr)
{
	direct_init(direct, true);
	for (unsigned i = 0; i < nr; i++) {
		uint64_t object = direct_kmalloc(direct, i);

		direct_use(direct, FIRST + 2 * i);
		direct_set64(direct, object + 16, direct_info(FIRST + 2 * i));
		direct_set64(direct, object, direct_kmalloc(direct, (i + 1) % nr));
		direct_set64(direct, object + 8, direct_kmalloc(direct, (i + nr - 1) % nr));
	}
}

TEST(a_list_of_objects_has_one_name_the_one_that_points_to_it_most)
{
	struct direct_bytes direct;

	make_ring(&direct, 12);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_kmalloc(&direct, 6));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_kmalloc(&direct, 0));
	direct_set64(&direct, direct_variable(DIRECT_OTHER) + 8, direct_kmalloc(&direct, 11));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "other_variable", 12, 12 });
	make_ring(&direct, 12);
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_kmalloc(&direct, 0));
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_kmalloc(&direct, 6));
	direct_set64(&direct, direct_user(&direct, 1) + DUSER_ADDRESS, direct_kmalloc(&direct, 7));
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "direct_user", 12, 12 });
}

/* Two objects point to the list, one of them twice; each has its name from elsewhere. */
TEST(a_list_that_objects_without_a_name_point_to_has_one_name_too)
{
	struct direct_bytes direct;

	make_ring(&direct, 12);
	direct_set64(&direct, direct_kmalloc(&direct, 13) + 8, direct_kmalloc(&direct, 6));
	direct_set64(&direct, direct_kmalloc(&direct, 14) + 8, direct_kmalloc(&direct, 0));
	direct_set64(&direct, direct_kmalloc(&direct, 14) + 16, direct_kmalloc(&direct, 3));
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_kmalloc(&direct, 13));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_kmalloc(&direct, 14));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "other_variable", 12, 12 });
}

TEST(a_name_wins_over_objects_without_one)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_set64(&direct, direct_kmalloc(&direct, 0), direct_info(FIRST));
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "page_variable", 1, 1 });
}

/* An array that a function used for pages that were given back since. */
TEST(a_variable_that_is_scratch_takes_no_page_from_its_owner)
{
	struct direct_bytes direct;

	make_chain(&direct, 1);
	direct_block(&direct, FIRST + 8, 4);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_kmalloc(&direct, 1));
	direct_set64(&direct, direct_user(&direct, 1) + DUSER_ADDRESS, direct_page(FIRST + 8));
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_info(FIRST + 8));
	direct_set64(&direct, direct_variable(DIRECT_PAGE) + 8, direct_info(FIRST + 10));
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "direct_user", 5, 2 });
}

/* Arrays in two objects without a name; pages of the first one were given to the second one. */
static void make_arrays(struct direct_bytes *direct, unsigned nr_first, unsigned nr_second)
{
	direct_init(direct, true);
	for (unsigned i = 0; i < nr_second; i++) {
		direct_use(direct, FIRST + i);
		direct_set64(direct, direct_kmalloc(direct, 1) + 8ull * i, direct_info(FIRST + i));
	}
	for (unsigned i = 0; i < nr_first; i++)
		direct_set64(direct, direct_kmalloc(direct, 0) + 8ull * i, direct_info(FIRST + i));
	direct_set64(direct, direct_variable(DIRECT_OTHER), direct_kmalloc(direct, 0));
	direct_set64(direct, direct_user(direct, 0) + DUSER_ADDRESS, direct_kmalloc(direct, 1));
}

TEST(an_array_all_of_whose_pages_another_one_has_is_left_over)
{
	struct direct_bytes direct;

	make_arrays(&direct, 4, 12);
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "direct_user", 12, 12 });
	/* each has pages of its own: the first one keeps what it has */
	make_arrays(&direct, 4, 12);
	for (unsigned i = 4; i < 12; i++) {
		direct_use(&direct, FIRST + 10 + i);
		direct_set64(&direct, direct_kmalloc(&direct, 0) + 8ull * i,
			direct_info(FIRST + 10 + i));
	}
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "other_variable", 12, 12 },
		{ KT_OWNER_OBJECT, "direct_user", 8, 8 });
}

/* Pages of per-CPU memory are mapped: who else points to them says nothing of other pages. */
TEST(an_array_whose_other_pages_are_mapped_is_left_over_too)
{
	struct direct_bytes direct;

	make_arrays(&direct, 4, 10);
	direct_map_all(&direct);
	direct_area(&direct, DIRECT_AREA, 9, 0, DIRECT_TEXT + 0x210);
	for (unsigned i = 0; i < 8; i++) {
		direct_use(&direct, FIRST + 20 + i);
		direct_map(&direct, DIRECT_AREA + 4096ull * i, FIRST + 20 + i);
		direct_set64(&direct, direct_kmalloc(&direct, 0) + 32 + 8ull * i,
			direct_info(FIRST + 20 + i));
	}
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "direct_user", 10, 10 },
		{ KT_OWNER_MAPPED, "area_function", 8, 8 });
}

TEST(a_pointer_to_the_page_wins_over_one_into_it)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 2);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_page(FIRST) + 8);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_page(FIRST));
	direct_set64(&direct, direct_user(&direct, 1) + DUSER_ADDRESS, direct_page(FIRST + 2) + 8);
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "page_variable", 1, 1 },
		{ KT_OWNER_OBJECT, "direct_user", 1, 1 });
}

TEST(large_kmalloc_is_searched_and_named_like_an_object)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_compound(&direct, FIRST + 4, 4);
	direct_set(&direct, direct_info(FIRST + 4) + DPAGE_TYPE, 0xf8u << 24, 4);
	direct_set64(&direct, direct_page(FIRST + 4), DIRECT_TEXT + 0x100);
	direct_set64(&direct, direct_page(FIRST + 7) + 4088, direct_info(FIRST));
	CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "large kmalloc: driver_function", 1, 1 },
		{ KT_OWNER_KMALLOC, NULL, 4, 1 });
}

/* ---- what is no pointer ---- */

TEST(a_freed_object_has_nothing)
{
	struct direct_bytes direct;
	uint64_t freed, kept;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 2);
	direct_use(&direct, FIRST + 4);
	direct_set64(&direct, direct_user(&direct, DIRECT_USED) + DUSER_PAGE, direct_info(FIRST));
	freed = direct_kmalloc(&direct, DIRECT_USED + 1);
	direct_set64(&direct, freed + 8, direct_info(FIRST + 2));
	direct_set64(&direct, freed + 16, DIRECT_TEXT + 0x100);
	/* a CPU keeps it: it is on no list of the slab */
	kept = direct_user(&direct, 2);
	direct_set64(&direct, slub_cpu(&direct.slub, direct.users, 0), kept);
	direct_set64(&direct, kept,
		direct_get64(&direct, direct.users + CACHE_RANDOM) ^ __builtin_bswap64(kept));
	direct_set64(&direct, kept + DUSER_PAGE, direct_info(FIRST + 4));
	CHECK_OWNERS(&direct, { KT_OWNER_NOBODY, NULL, 3, 3 });
}

/* It is still allocated, for others that look at it without a reference. */
TEST(an_object_without_a_reference_has_nothing)
{
	for (unsigned count = 0; count < 2; count++) {
		struct direct_bytes direct;
		uint64_t mm;

		direct_init(&direct, true);
		direct_use(&direct, FIRST);
		strcpy(direct_at(&direct, direct_get64(&direct, direct.users + CACHE_NAME)),
			"mm_struct");
		mm = direct_user(&direct, 0);
		direct_set64(&direct, mm + 8, direct_info(FIRST));
		direct_set(&direct, mm + DMM_COUNT, count, 4);
		if (count)
			CHECK_OWNERS(&direct, { KT_OWNER_OBJECT, "mm_struct", 1, 1 });
		else
			CHECK_OWNERS(&direct, { KT_OWNER_NOBODY, NULL, 1, 1 });
	}
}

TEST(a_freed_object_gives_no_name_to_another_one)
{
	struct direct_bytes direct;

	make_chain(&direct, 0);
	direct_set64(&direct, direct_user(&direct, DIRECT_USED) + DUSER_ADDRESS,
		direct_kmalloc(&direct, 0));
	CHECK_OWNERS(&direct, { KT_OWNER_NAMELESS, NULL, 1, 1 });
}

TEST(a_number_that_looks_like_a_pointer_is_none)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 2);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_NUMBER, direct_info(FIRST));
	/* into a struct page, and before and after all of them */
	direct_set64(&direct, direct_user(&direct, 1) + DUSER_PAGE, direct_info(FIRST + 2) + 8);
	direct_set64(&direct, direct_user(&direct, 2) + DUSER_PAGE, DIRECT_MAP - 64);
	direct_set64(&direct, direct_user(&direct, 3) + DUSER_PAGE, direct_info(DIRECT_PAGES));
	direct_set64(&direct, direct_user(&direct, 4) + DUSER_PAGE, direct_page(DIRECT_PAGES));
	direct_set64(&direct, direct_user(&direct, 5) + DUSER_PAGE, UINT64_MAX);
	CHECK_OWNERS(&direct, { KT_OWNER_NOBODY, NULL, 2, 2 });
}

TEST(the_first_page_of_a_range_may_stand_for_the_range)
{
	/* slabs are in the first range */
	const struct kt_pfn_range ranges[] = { { 0, FIRST }, { FIRST, DIRECT_PAGES } };
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample sample = { .address = DIRECT_MAP };
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;
	struct kt_memmap memmap;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 2);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_PAGE, direct_info(FIRST));
	/* a pointer in a page counts more than a pointer to the range */
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST + 2));
	direct_set64(&direct, direct_page(FIRST + 2), direct_info(FIRST));
	CHECK(!kt_memmap_open(direct.slub.target, &sample, ranges, 2, &memmap));
	CHECK(!kt_direct_pages_walk(&memmap, &opts, &direct.symbols, snap, &sum));
	check_owners(
		snap, &(struct kt_page_owner){ KT_OWNER_DATA, "page_variable", 2, 2 }, 1, &direct);
	kt_snapshot_free(snap);
	direct_fini(&direct);
}

/* ---- blocks ---- */

TEST(a_compound_page_is_one_block_of_whoever_has_its_head_or_a_tail)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_compound(&direct, FIRST, 8);
	direct_compound(&direct, FIRST + 8, 8);
	direct_compound(&direct, FIRST + 16, 4);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_page(FIRST + 13));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "page_variable", 8, 1 },
		{ KT_OWNER_DATA, "other_variable", 8, 1 }, { KT_OWNER_NOBODY, NULL, 4, 1 });
}

TEST(a_block_without_a_mark_has_pages_without_a_reference)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_block(&direct, FIRST, 4);
	direct_block(&direct, FIRST + 8, 8);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	/* a pointer into the block is none to a page of its own */
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_page(FIRST + 2) + 16);
	CHECK_OWNERS(
		&direct, { KT_OWNER_DATA, "page_variable", 4, 1 }, { KT_OWNER_NOBODY, NULL, 8, 1 });
}

TEST(a_block_ends_where_its_alignment_does)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	/* a block of 4 at 204 cannot go on to 208 */
	direct_block(&direct, FIRST + 4, 4);
	direct_use(&direct, FIRST + 8);
	direct_list(&direct, direct_info(FIRST + 8) + DPAGE_LRU);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST + 4));
	CHECK_OWNERS(
		&direct, { KT_OWNER_DATA, "page_variable", 4, 1 }, { KT_OWNER_NOBODY, NULL, 1, 1 });
}

TEST(pages_allocated_exactly_are_one_block)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_exact(&direct, FIRST, 6);
	direct_use(&direct, FIRST + 6); /* allocated alone */
	direct_exact(&direct, FIRST + 8, 3);
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_page(FIRST));
	CHECK_OWNERS(
		&direct, { KT_OWNER_OBJECT, "direct_user", 6, 1 }, { KT_OWNER_NOBODY, NULL, 4, 2 });
}

TEST(a_block_does_not_take_pages_of_others)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_exact(&direct, FIRST, 8);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_page(FIRST));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_page(FIRST + 4));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "page_variable", 4, 1 },
		{ KT_OWNER_DATA, "other_variable", 4, 1 });
}

/* ---- what changes meanwhile, and limits ---- */

/* The second time that a slab cache is read, its slots have another size. */
static struct {
	const struct kt_target_ops *ops;
	struct direct_bytes *direct;
	unsigned nr_times;
} change;

static bool read_changing(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	if (address == change.direct->users && ++change.nr_times == 2)
		direct_set(change.direct, address + CACHE_SIZE, 2ull * DUSER_BYTES, 4);
	return change.ops->read(target, address, to, size);
}

TEST(a_cache_that_becomes_another_one_meanwhile_is_searched_as_far_as_it_is_known)
{
	struct kt_target_ops ops = { .read = read_changing };
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;

	make_chain(&direct, 0);
	/* of the first object once slots are longer: after what is known of its words */
	direct_set64(&direct, direct_user(&direct, 1) + DUSER_LIST, direct_kmalloc(&direct, 0));
	change.ops = direct.slub.target->ops;
	change.direct = &direct;
	change.nr_times = 0;
	direct.slub.target->ops = &ops;
	CHECK(!direct_walk(&direct, snap, &sum));
	CHECK(change.nr_times > 1);
	check_owners(
		snap, &(struct kt_page_owner){ KT_OWNER_OBJECT, "direct_user", 1, 1 }, 1, &direct);
	direct.slub.target->ops = change.ops;
	kt_snapshot_free(snap);
	direct_fini(&direct);
}

TEST(an_owner_keeps_its_number_when_there_is_no_room_for_more)
{
	struct kt_place_names *names = NULL;
	struct kt_holders holders;
	struct direct_bytes direct;
	uint32_t first, last = 0;

	direct_init(&direct, true);
	CHECK(!kt_place_names_new(direct.slub.target, &direct.symbols, &names));
	CHECK(!kt_holders_init(&holders, direct.slub.target, &direct.symbols, names));
	first = kt_holders_owner(&holders, KT_OWNER_OBJECT, "first");
	for (unsigned i = 0; i < 100000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		last = kt_holders_owner(&holders, KT_OWNER_OBJECT, name);
	}
	CHECK(holders.truncated);
	CHECK(holders.owners.count < 100000);
	CHECK(first && first != last);
	CHECK(!holders.owners.items[last - 1].name);
	CHECK_INT(kt_holders_owner(&holders, KT_OWNER_OBJECT, "first"), first);
	kt_holders_fini(&holders);
	kt_place_names_free(names);
	direct_fini(&direct);
}

/* ---- damage ---- */

static void fill(struct direct_bytes *direct, struct kt_snapshot *snap)
{
	direct_map_all(direct);
	direct_area(direct, DIRECT_AREA, 3, 2, DIRECT_TEXT + 0x210);
	for (unsigned i = 0; i < 4; i++)
		direct_use(direct, FIRST + i);
	direct_map(direct, DIRECT_AREA, FIRST);
	direct_set64(direct, direct_page(FIRST) + 8, direct_info(FIRST + 2));
	direct_set64(direct, direct_user(direct, 0) + DUSER_PAGE, direct_info(FIRST + 1));
	direct_list(direct, direct_user(direct, 1) + DUSER_LIST);
	for (unsigned i = 4; i < 8; i++) {
		direct_use(direct, FIRST + i);
		direct_link(direct, direct_user(direct, 1) + DUSER_LIST,
			direct_info(FIRST + i) + DPAGE_LRU);
	}
	direct_exact(direct, FIRST + 8, 8);
	direct_set64(direct, direct_variable(DIRECT_HASH), direct_page(FIRST + 8));
	direct_compound(direct, FIRST + 16, 4);
	direct_set64(direct, direct_kmalloc(direct, 0), direct_page(FIRST + 17));
	direct_set64(direct, direct_kmalloc(direct, 1), direct_kmalloc(direct, 0));
	direct_block(direct, FIRST + 20, 4);
	direct_keep(direct, 0, FIRST + 24);
	direct_keep(direct, 1, FIRST + 25);
	add_hash(snap, "Mount-cache", 8 * 4096);
}

static uint64_t random_value(const struct direct_bytes *direct)
{
	switch (dice(6)) {
	case 0: return dice(UINT64_MAX);
	case 1: return direct_info(dice(DIRECT_PAGES + 2)) + 8 * dice(8) * dice(2);
	case 2: return direct_page(dice(DIRECT_PAGES + 2)) + 8 * dice(512) * dice(2);
	case 3: return direct->user_slab + 8 * dice(512 * 3);
	case 4: return dice(2) ? dice(DIRECT_PAGES) << 12 | dice(256) : dice(1ull << 52);
	default: return DIRECT_DATA + 8 * dice(64);
	}
}

/* A place near what was made, and how many bytes are there to change. */
static char *random_place(struct direct_bytes *direct)
{
	switch (dice(6)) {
	case 0: return direct->data + dice(320);
	case 1: return direct->map + FIRST * DPAGE_BYTES + dice(28 * DPAGE_BYTES);
	case 2: return direct->map + DIRECT_SLABS * DPAGE_BYTES + dice(3 * DPAGE_BYTES);
	case 3: return direct_at(direct, direct->user_slab) + dice(3 * 4096 - 8);
	case 4:
		return direct_at(direct, direct->root) +
		       8 * dice((direct->next_table - DIRECT_TABLES) * 512ull);
	default: return direct->slub.memory + dice(direct->slub.used);
	}
}

TEST(damaged_memory_ends_the_walk_and_no_page_counts_twice)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct direct_bytes direct;
	unsigned nr_changes;

	dice_state = 0x9e3779b97f4a7c15u;
	direct_init(&direct, true);
	fill(&direct, snap);
	/* of 10,000 changes; a walk has one to four */
	for (unsigned i = 0; i < 10000; i += nr_changes) {
		char *at[4], before[4][8];
		struct kt_direct_pages_sum sum;

		nr_changes = 1 + (unsigned)dice(KT_LEN(at));
		for (unsigned k = 0; k < nr_changes; k++) {
			uint64_t value = random_value(&direct);

			at[k] = random_place(&direct);
			memcpy(before[k], at[k], 8);
			memcpy(at[k], &value, 1ull << dice(4));
		}
		direct.slub.target->nr_reads = 0;
		snap->page_owners.count = 0;
		kt_err_free(direct_walk(&direct, snap, &sum));
		CHECK(direct.slub.target->nr_reads < 200000);
		CHECK(direct_sum(snap) <= DIRECT_PAGES);
		for (size_t k = 0; k < snap->page_owners.count; k++) {
			const struct kt_page_owner *owner = &snap->page_owners.items[k];

			CHECK(owner->nr_pages > 0 && owner->nr_blocks >= 0 &&
				owner->nr_blocks <= owner->nr_pages);
		}
		for (unsigned k = nr_changes; k-- > 0;)
			memcpy(at[k], before[k], 8);
	}
	kt_snapshot_free(snap);
	direct_fini(&direct);
}
