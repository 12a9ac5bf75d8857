// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who has direct pages by what is known of themselves: lists, marks, contents, the page table, and
// the log of the boot, in memory that was made by hand.

#include "direct_check.h"

#include <time.h>

/* ---- lists and marks ---- */

TEST(pages_on_a_list_have_the_owner_of_its_head)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_list(&direct, direct_variable(DIRECT_LIST) + 16);
	direct_list(&direct, direct_user(&direct, 5) + DUSER_LIST);
	for (unsigned i = 0; i < 10; i++) {
		direct_use(&direct, FIRST + 2 * i);
		direct_link(&direct,
			i < 7 ? direct_variable(DIRECT_LIST) + 16
			      : direct_user(&direct, 5) + DUSER_LIST,
			direct_info(FIRST + 2 * i) + DPAGE_LRU);
	}
	/* a list counts more than a pointer */
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_PAGE, direct_info(FIRST + 4));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "list_variable", 7, 7 },
		{ KT_OWNER_OBJECT, "direct_user", 3, 3 });
}

TEST(a_list_without_a_known_head_is_no_block)
{
	struct direct_bytes direct;
	uint64_t head;

	/* in memory that is no slab, no variable and no area */
	direct_init(&direct, true);
	head = slub_take(&direct.slub, 16);
	direct_list(&direct, head);
	direct_use(&direct, FIRST);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	for (unsigned i = 1; i < 5; i++) {
		direct_use(&direct, FIRST + i);
		direct_link(&direct, head, direct_info(FIRST + i) + DPAGE_LRU);
	}
	CHECK_OWNERS(
		&direct, { KT_OWNER_DATA, "page_variable", 1, 1 }, { KT_OWNER_NOBODY, NULL, 4, 4 });
}

/* Lists that a test damages: 8 pages. */
static void make_list(struct direct_bytes *direct)
{
	direct_init(direct, true);
	direct_list(direct, direct_variable(DIRECT_LIST));
	for (unsigned i = 0; i < 8; i++) {
		direct_use(direct, FIRST + 2 * i);
		direct_link(direct, direct_variable(DIRECT_LIST),
			direct_info(FIRST + 2 * i) + DPAGE_LRU);
	}
}

/* Walks over a list that is broken, and checks that the walk ends early. */
static void check_torn(struct direct_bytes *direct, int64_t nr_pages)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	const struct kt_page_owner *owner;

	CHECK(!direct_walk(direct, snap, &sum));
	CHECK_INT(sum.nr_torn, 1);
	owner = find(snap, KT_OWNER_DATA, "list_variable");
	CHECK_INT(owner ? owner->nr_pages : 0, nr_pages);
	CHECK_INT(direct_sum(snap), direct->nr_used);
	kt_snapshot_free(snap);
	direct_fini(direct);
}

TEST(a_list_that_is_a_circle_ends)
{
	struct direct_bytes direct;

	make_list(&direct);
	/* from the fifth page before the end to the end */
	direct_set64(&direct, direct_info(FIRST + 6) + DPAGE_LRU + 8,
		direct_info(FIRST + 14) + DPAGE_LRU);
	check_torn(&direct, 5);
}

TEST(a_list_ends_where_a_page_is_not_linked_back)
{
	struct direct_bytes direct;

	/* the page left the list while it was read, and another list has it */
	make_list(&direct);
	direct_set64(&direct, direct_info(FIRST + 6) + DPAGE_LRU, direct_info(FIRST) + DPAGE_LRU);
	check_torn(&direct, 4);
	/* not at the member of a page that links it */
	make_list(&direct);
	direct_set64(&direct, direct_info(FIRST + 6) + DPAGE_LRU + 8, direct_info(FIRST + 4) + 32);
	check_torn(&direct, 5);
}

TEST(pages_that_are_on_no_list_cost_no_read)
{
	struct direct_bytes direct;
	struct kt_direct_pages_sum sum;
	uint64_t nr_reads[2];

	for (unsigned i = 0; i < 2; i++) {
		struct kt_snapshot *snap = kt_snapshot_new();

		direct_init(&direct, true);
		for (unsigned k = 0; k < 40; k++) {
			direct_use(&direct, FIRST + k);
			if (i)
				direct_set64(&direct, direct_info(FIRST + k) + DPAGE_LRU, 0);
		}
		CHECK(!direct_walk(&direct, snap, &sum));
		nr_reads[i] = direct.slub.target->nr_reads;
		kt_snapshot_free(snap);
		direct_fini(&direct);
	}
	CHECK_INT(nr_reads[0], nr_reads[1]);
}

TEST(pages_of_a_page_pool_are_marked)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_compound(&direct, FIRST + 2, 2);
	direct_use(&direct, FIRST + 4);
	direct_use(&direct, FIRST + 6);
	direct_set64(&direct, direct_info(FIRST) + DPAGE_LRU, 0xdead000000000040ull);
	/* it is a tail's head, too: the mark has that bit free, and an index for DMA */
	direct_set64(&direct, direct_info(FIRST + 2) + DPAGE_LRU, 0xdead000000001240ull);
	direct_set64(&direct, direct_info(FIRST + 4) + DPAGE_LRU, 0xdead000000000042ull);
	direct_set64(&direct, direct_info(FIRST + 6) + DPAGE_LRU, 0xdead008000000040ull);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	CHECK_OWNERS(&direct, { KT_OWNER_POOL, NULL, 4, 3 }, { KT_OWNER_NOBODY, NULL, 1, 1 });
}

/* ---- pages that point to pages ---- */

TEST(a_page_that_another_page_points_to_has_its_owner)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_compound(&direct, FIRST + 2, 2);
	direct_use(&direct, FIRST + 6);
	direct_use(&direct, FIRST + 8);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	direct_set64(&direct, direct_page(FIRST) + 4088, direct_info(FIRST + 2));
	direct_set64(&direct, direct_page(FIRST + 3) + 8, direct_page(FIRST + 6));
	/* no pointer to its first byte */
	direct_set64(&direct, direct_page(FIRST) + 16, direct_page(FIRST + 8) + 8);
	CHECK_OWNERS(
		&direct, { KT_OWNER_DATA, "page_variable", 4, 3 }, { KT_OWNER_NOBODY, NULL, 1, 1 });
}

TEST(pages_that_only_point_to_each_other_have_no_owner)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_use(&direct, FIRST + 2);
	direct_set64(&direct, direct_page(FIRST), direct_info(FIRST + 2));
	direct_set64(&direct, direct_page(FIRST + 2), direct_info(FIRST));
	CHECK_OWNERS(&direct, { KT_OWNER_NOBODY, NULL, 2, 2 });
}

/* ---- hash tables ---- */

TEST(a_hash_table_of_the_boot_is_found_by_its_variable)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct direct_bytes direct;

	direct_init(&direct, true);
	/* its pages look like single ones; only the variable and the log say what it is */
	for (unsigned i = 0; i < 8; i++)
		direct_use(&direct, FIRST + 8 + i);
	direct_exact(&direct, FIRST + 16, 8);
	direct_set64(&direct, direct_variable(DIRECT_HASH), direct_page(FIRST + 8));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_page(FIRST + 16));
	/* what is in the table may point back into it */
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_ADDRESS, direct_page(FIRST + 9));
	add_hash(snap, "Mount-cache", 8 * 4096);
	check_with(&direct, snap,
		(const struct kt_page_owner[]){ { KT_OWNER_HASH, "Mount-cache", 8, 1 },
			{ KT_OWNER_DATA, "other_variable", 8, 1 } },
		2);
}

TEST(a_hash_table_without_names_of_variables_shows_its_length)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct direct_bytes direct;

	direct_init(&direct, false);
	direct_exact(&direct, FIRST + 8, 8);
	direct_exact(&direct, FIRST + 16, 4); /* shorter */
	direct_use(&direct, FIRST + 20);
	direct_set64(&direct, direct_variable(DIRECT_HASH), direct_page(FIRST + 8));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_page(FIRST + 16));
	add_hash(snap, "Mount-cache", 8 * 4096);
	add_hash(snap, "one page", 4096);
	add_hash(snap, "none of it", 64 * 4096);
	check_with(&direct, snap,
		(const struct kt_page_owner[]){ { KT_OWNER_HASH, "Mount-cache", 8, 1 },
			{ KT_OWNER_DATA, NULL, 4, 1 }, { KT_OWNER_NOBODY, NULL, 1, 1 } },
		3);
}

/* ---- the page table ---- */

TEST(pages_of_an_area_are_of_vmalloc_or_of_who_mapped_them)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;
	const uint64_t start[] = { DIRECT_AREA, DIRECT_AREA + 0x100000, DIRECT_AREA + 0x200000,
		DIRECT_AREA + 0x300000 };

	direct_init(&direct, true);
	direct_map_all(&direct);
	direct_area(&direct, start[0], 3, 2, DIRECT_TEXT + 0x210);
	direct_area(&direct, start[1], 2, 4, DIRECT_TEXT + 0x210);
	direct_area(&direct, start[2], 2, 2, DIRECT_TEXT + 0x310);
	for (unsigned i = 0; i < 7; i++) {
		direct_use(&direct, FIRST + 2 * i);
		direct_map(&direct,
			i < 3 ? start[0] + i * 4096
			      : start[i < 5 ? 1 : 2] + (i - (i < 5 ? 3 : 5)) * 4096,
			FIRST + 2 * i);
	}
	/* mapped, but in no area */
	direct_use(&direct, FIRST + 20);
	direct_map(&direct, start[3], FIRST + 20);
	/* what is in an area is searched, unless it is a stack */
	direct_use(&direct, FIRST + 22);
	direct_use(&direct, FIRST + 24);
	direct_set64(&direct, direct_page(FIRST) + 8, direct_info(FIRST + 22));
	direct_set64(&direct, direct_page(FIRST + 10) + 8, direct_info(FIRST + 24));
	CHECK(!direct_walk(&direct, snap, &sum));
	CHECK(sum.has_page_table);
	check_owners(snap,
		(const struct kt_page_owner[]){ { KT_OWNER_VMALLOC, "area_function", 3, 3 },
			{ KT_OWNER_MAPPED, "area_function", 2, 2 }, { KT_OWNER_STACK, NULL, 2, 2 },
			{ KT_OWNER_OBJECT, "vmalloc: area_function", 1, 1 },
			{ KT_OWNER_NOBODY, NULL, 2, 2 } },
		5, &direct);
	kt_snapshot_free(snap);
	direct_fini(&direct);
}

TEST(tables_of_the_page_table_and_added_memory_maps_are_named)
{
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_map_all(&direct);
	direct_map(&direct, DIRECT_MAP + 4096, FIRST);
	direct_use(&direct, FIRST);
	direct_use(&direct, DIRECT_TABLES);
	/* a table of a process: its entries lead only to marked tables */
	direct_use(&direct, FIRST + 2);
	direct_use(&direct, FIRST + 4);
	direct_use(&direct, FIRST + 6);
	direct.nr_used--;
	direct_set(&direct, direct_info(FIRST + 6) + DPAGE_TYPE, 0xf2u << 24, 4);
	direct_set64(&direct, direct_page(FIRST + 2) + 80, (FIRST + 6ull) << 12 | 0x67);
	direct_set64(&direct, direct_page(FIRST + 4) + 80, (FIRST + 6ull) << 12 | 0x67);
	direct_set64(&direct, direct_page(FIRST + 4) + 88, (FIRST + 2ull) << 12 | 0x67);
	CHECK_OWNERS(&direct, { KT_OWNER_MEMMAP, NULL, 1, 1 }, { KT_OWNER_TABLE, NULL, 1, 1 },
		{ KT_OWNER_USER_TABLE, NULL, 1, 1 }, { KT_OWNER_NOBODY, NULL, 1, 1 });
}

TEST(an_entry_that_maps_more_than_memory_ends_with_it)
{
	struct direct_bytes direct;
	clock_t begin = clock();

	direct_init(&direct, true);
	direct_map_all(&direct);
	direct_area(&direct, DIRECT_AREA, 64ull << 27, 2, DIRECT_TEXT + 0x210);
	direct_use(&direct, FIRST);
	/* each maps 512 GiB */
	for (unsigned i = 0; i < 64; i++)
		direct_set64(&direct, direct.root + 8 * ((DIRECT_AREA >> 39 & 511) + i), 0x83);
	CHECK_OWNERS(&direct, { KT_OWNER_VMALLOC, "area_function", 1, 1 });
	CHECK((clock() - begin) / CLOCKS_PER_SEC < 4);
}

TEST(an_area_that_contradicts_itself_is_none)
{
	for (unsigned i = 0; i < 5; i++) {
		const uint64_t wrong[] = { DIRECT_AREA + 8, 0x1000, DIRECT_AREA + 0x100000, 0, 0 };
		struct direct_bytes direct;

		direct_init(&direct, true);
		direct_map_all(&direct);
		direct_area(&direct, DIRECT_AREA, 4, 2, DIRECT_TEXT + 0x210);
		direct_use(&direct, FIRST);
		direct_map(&direct, DIRECT_AREA, FIRST);
		if (i < 3)
			direct_set64(&direct, direct.area_slab, wrong[i]);
		else /* it ends before it begins; its struct vm_struct is another address's */
			direct_set64(&direct,
				i == 3 ? direct.area_slab + 8
				       : direct_get64(&direct, direct.area_slab + 16) + DVM_ADDR,
				i == 3 ? DIRECT_AREA - 4096 : DIRECT_AREA + 4096);
		CHECK_OWNERS(&direct, { KT_OWNER_NOBODY, NULL, 1, 1 });
	}
}

TEST(the_huge_page_of_zeros_belongs_to_its_variable)
{
	struct direct_bytes direct;
	uint64_t number;

	direct_init(&direct, true);
	number = slub_take(&direct.slub, 16);
	direct_set64(&direct, number, FIRST + 4);
	kt_symbols_add(&direct.slub.target->symbols, KT_SPAN("huge_zero_pfn"), number);
	direct_compound(&direct, FIRST + 4, 4);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST + 4));
	CHECK_OWNERS(&direct, { KT_OWNER_DATA, "page_variable", 4, 1 });
}

/* ---- free pages, and what cannot be read ---- */

TEST(free_pages_that_cpus_keep_are_free_whatever_points_to_them)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_use(&direct, FIRST);
	direct_keep(&direct, 0, FIRST + 1);
	direct_keep(&direct, 0, FIRST + 2);
	direct_keep(&direct, 1, FIRST + 9);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	direct_set64(&direct, direct_user(&direct, 0) + DUSER_PAGE, direct_info(FIRST + 1));
	CHECK(!direct_walk(&direct, snap, &sum));
	check_owners(snap,
		(const struct kt_page_owner[]){ { KT_OWNER_CPU_FREE, NULL, 3, 3 },
			{ KT_OWNER_DATA, "page_variable", 1, 1 } },
		2, &direct);
	CHECK(sum.has_free_lists);
	CHECK_INT(sum.nr_cpu_free, 3);
	CHECK_INT(sum.nr_cpu_counted, 3);
	kt_snapshot_free(snap);
	direct_fini(&direct);
}

TEST(free_pages_of_no_known_list_count_as_freed_meanwhile)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct_keep(&direct, 0, FIRST + 2);
	direct_keep(&direct, 1, FIRST + 9);
	direct_set64(&direct, direct.zone + DZONE_NODE, 0); /* no zone */
	CHECK(!direct_walk(&direct, snap, &sum));
	CHECK(!sum.has_free_lists);
	check_owners(snap, &(struct kt_page_owner){ KT_OWNER_CHANGED, NULL, 2, 2 }, 1, &direct);
	kt_snapshot_free(snap);
	direct_fini(&direct);
}

/* As soon as the kernel's data is read, pages have another use. */
static struct {
	const struct kt_target_ops *ops;
	struct direct_bytes *direct;
} change;

static bool read_changing(struct kt_target *target, uint64_t address, void *to, size_t size)
{
	if (address == DIRECT_DATA) {
		/* page cache, now on an LRU list; freed; freed, and in a free block */
		direct_set64(change.direct, direct_info(FIRST), 1 << 5);
		direct_set(change.direct, direct_info(FIRST + 2) + DPAGE_COUNT, 0, 4);
		direct_set(change.direct, direct_info(FIRST + 4) + DPAGE_TYPE, 0xf0u << 24, 4);
	}
	return change.ops->read(target, address, to, size);
}

TEST(a_page_with_an_owner_that_is_freed_or_given_away_meanwhile_is_no_direct_page)
{
	struct kt_target_ops ops = { .read = read_changing };
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;

	direct_init(&direct, true);
	for (unsigned i = 0; i < 4; i++) {
		direct_use(&direct, FIRST + 2 * i);
		direct_set64(
			&direct, direct_variable(DIRECT_PAGE) + 8 * i, direct_info(FIRST + 2 * i));
	}
	/* it had no reference from the begin: it may be inside of a block */
	direct_set(&direct, direct_info(FIRST + 6) + DPAGE_COUNT, 0, 4);
	change.ops = direct.slub.target->ops;
	change.direct = &direct;
	direct.slub.target->ops = &ops;
	CHECK(!direct_walk(&direct, snap, &sum));
	check_owners(snap,
		(const struct kt_page_owner[]){ { KT_OWNER_CHANGED, NULL, 3, 3 },
			{ KT_OWNER_DATA, "page_variable", 1, 1 } },
		2, &direct);
	direct.slub.target->ops = change.ops;
	kt_snapshot_free(snap);
	direct_fini(&direct);
}

TEST(a_struct_page_that_cannot_be_read_counts_once)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_direct_pages_sum sum;
	struct direct_bytes direct;

	direct_init(&direct, true);
	direct.range.end += 10;
	direct_use(&direct, FIRST);
	direct_set64(&direct, direct_variable(DIRECT_PAGE), direct_info(FIRST));
	direct_set64(&direct, direct_variable(DIRECT_OTHER), direct_info(DIRECT_PAGES + 2));
	CHECK(!direct_walk(&direct, snap, &sum));
	CHECK_INT(sum.nr_pages, DIRECT_PAGES + 10);
	CHECK_INT(sum.nr_unread, 10);
	check_owners(
		snap, &(struct kt_page_owner){ KT_OWNER_DATA, "page_variable", 1, 1 }, 1, &direct);
	kt_snapshot_free(snap);
	direct_fini(&direct);
}
