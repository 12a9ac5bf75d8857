// SPDX-License-Identifier: GPL-2.0-or-later
//
// Classes of pages by their struct page, in a memory map that was made by hand, and in a damaged
// one.

#include "page_bytes.h"
#include "random.h"
#include "test.h"

/* Counts the classes of all pages; returns how many pages were counted. */
static size_t count(struct page_bytes *pages, int64_t *nr)
{
	struct kt_page_reader reader = { 0 };
	const uint64_t *words;
	size_t done = 0;

	memset(nr, 0, KT_PAGE_CLASSES * sizeof(*nr));
	kt_page_words_begin(pages->words);
	while (done < PAGES_COUNT) {
		size_t got = kt_page_words_read(pages->words, done, PAGES_COUNT - done, &words);

		if (!got)
			break;
		for (size_t i = 0; i < got; i++) {
			kt_page_read(&reader, words[i]);
			nr[reader.class]++;
		}
		done += got;
	}
	return done;
}

TEST(each_kernel_marks_pages_in_its_own_way_and_their_classes_are_the_same)
{
	for (unsigned form = 0; form < PAGES_FORMS; form++) {
		struct page_bytes pages;
		int64_t nr[KT_PAGE_CLASSES];

		pages_init(&pages, (enum pages_form)form);
		pages_held(&pages, 0, FLAG_RESERVED);
		pages_typed(&pages, 1, KT_TYPE_TABLE);
		pages_typed(&pages, 2, KT_TYPE_OFFLINE);
		pages_held(&pages, 3, 0);
		pages_held(&pages, 4, FLAG_UPTODATE);
		pages_held(&pages, 5, FLAG_LRU | FLAG_UPTODATE);
		pages_held(&pages, 6, FLAG_LRU | FLAG_SWAPBACKED);
		pages_held(&pages, 7, FLAG_LRU | FLAG_SWAPBACKED);
		pages_put(&pages, 7, PAGE_MAPPING, 0xffff888000001001, 8);
		pages_put(&pages, 7, PAGE_TYPE_AT, 0, 4); /* mapped once */
		pages_typed(&pages, 8, KT_TYPE_SLAB);
		pages_join(&pages, 8, 3);
		pages_held(&pages, 16, 0);
		pages_join(&pages, 16, 2);
		pages_held(&pages, 20, 0);
		pages_put(&pages, 20, PAGE_TYPE_AT, 0, 4);
		pages_free(&pages, 64, 6);
		pages_hugetlb(&pages, 512, 9);
		/* a huge page that a process maps, as a whole */
		pages_held(&pages, 1024, FLAG_LRU | FLAG_SWAPBACKED);
		pages_join(&pages, 1024, 9);
		pages_put(&pages, 1024, PAGE_MAPPING, 0xffff888000001001, 8);
		pages_put(&pages, 1025, PAGE_LARGE, 0, 4);
		/* one that waits to be freed */
		pages_held(&pages, 1536, FLAG_LRU | FLAG_SWAPBACKED);
		pages_join(&pages, 1536, 9);
		pages_put(&pages, 1536, PAGE_MAPPING, 0xffff888000001001, 8);

		CHECK_INT(count(&pages, nr), PAGES_COUNT);
		CHECK_INT(nr[KT_PAGE_RESERVED], 1);
		CHECK_INT(nr[KT_PAGE_TABLE], 1);
		CHECK_INT(nr[KT_PAGE_OFFLINE], 1);
		CHECK_INT(nr[KT_PAGE_NONE], 1);
		CHECK_INT(nr[KT_PAGE_OTHER], 1);
		CHECK_INT(nr[KT_PAGE_FILE], 1);
		CHECK_INT(nr[KT_PAGE_SHMEM], 1);
		CHECK_INT(nr[KT_PAGE_ANON], 1 + 512);
		CHECK_INT(nr[KT_PAGE_UNMAPPED], 512);
		CHECK_INT(nr[KT_PAGE_SLAB], 8);
		CHECK_INT(nr[KT_PAGE_COMPOUND], 4);
		CHECK_INT(nr[KT_PAGE_MAPPED], 1);
		CHECK_INT(nr[KT_PAGE_FREE], 64);
		CHECK_INT(nr[KT_PAGE_HUGETLB], 512);
		CHECK_INT(nr[KT_PAGE_UNREFERENCED],
			PAGES_COUNT - 1 - 1 - 1 - 1 - 1 - 1 - 1 - 513 - 512 - 8 - 4 - 1 - 64 - 512);
		pages_fini(&pages);
	}
}

TEST(uses_that_the_file_does_not_show_are_told_where_the_kernel_marks_them)
{
	const uint32_t told = 1u << KT_PAGE_KMALLOC | 1u << KT_PAGE_UNACCEPTED;
	struct page_bytes pages;
	int64_t nr[KT_PAGE_CLASSES];

	pages_init(&pages, PAGES_6_18);
	pages_typed(&pages, 4, KT_TYPE_LARGE_KMALLOC);
	pages_join(&pages, 4, 2);
	pages_typed(&pages, 9, KT_TYPE_ZSMALLOC);
	pages_put(&pages, 9, PAGE_FLAGS, FLAG_UPTODATE, 8);
	pages_typed(&pages, 10, KT_TYPE_UNACCEPTED);
	memset(pages.map + 11 * PAGES_BYTES, 0, PAGES_BYTES);
	CHECK_INT(count(&pages, nr), PAGES_COUNT);
	CHECK_INT(nr[KT_PAGE_KMALLOC], 4);
	CHECK_INT(nr[KT_PAGE_ZSMALLOC], 1);
	CHECK_INT(nr[KT_PAGE_UNACCEPTED], 1);
	CHECK_INT(nr[KT_PAGE_UNINITIALISED], 1);
	CHECK_INT(kt_page_words_classes(pages.words) & told, told);
	pages_fini(&pages);
	pages_init(&pages, PAGES_6_1);
	CHECK_INT(kt_page_words_classes(pages.words) & told, 0);
	pages_fini(&pages);
}

/* The block was taken while it was read: only what is still free is free. */
TEST(a_free_block_ends_where_its_pages_are_not_free)
{
	struct page_bytes pages;
	int64_t nr[KT_PAGE_CLASSES];

	pages_init(&pages, PAGES_6_18);
	pages_free(&pages, 64, 6);
	pages_held(&pages, 80, 0);
	pages_free(&pages, 129, 4); /* no block of this order begins here */
	pages_free(&pages, 256, 63);
	CHECK_INT(count(&pages, nr), PAGES_COUNT);
	CHECK_INT(nr[KT_PAGE_FREE], 16 + 1 + 1);
	CHECK_INT(nr[KT_PAGE_NONE], 1);
	pages_fini(&pages);
}

TEST(a_tail_without_its_head_before_it_has_the_class_of_its_head)
{
	struct page_bytes pages;
	struct kt_page_reader reader = { 0 };
	const uint64_t *words;

	for (unsigned form = PAGES_6_18; form <= PAGES_7_2; form++) {
		pages_init(&pages, (enum pages_form)form);
		pages_typed(&pages, 8, KT_TYPE_SLAB);
		pages_join(&pages, 8, 3);
		CHECK_INT(kt_page_words_read(pages.words, 11, 5, &words), 5);
		for (unsigned i = 0; i < 5; i++) {
			kt_page_read(&reader, words[i]);
			CHECK_INT(reader.class, KT_PAGE_SLAB);
		}
		pages_fini(&pages);
	}
}

TEST(a_hole_in_the_memory_map_is_unread)
{
	struct page_bytes pages;
	const uint64_t *words;
	size_t got;

	pages_init(&pages, PAGES_6_18);
	got = kt_page_words_read(pages.words, PAGES_COUNT - 3, 8, &words);
	CHECK_INT(got, 8);
	for (unsigned i = 0; i < 8; i++)
		CHECK_INT(words[i] == KT_PAGE_WORD_UNREAD, i >= 3);
	pages_fini(&pages);
}

/* The first page of a free block says so for all of them: without it they are not known. */
TEST(pages_after_a_hole_may_be_of_a_free_block_that_began_in_it)
{
	struct page_bytes pages;
	const uint64_t *words;

	pages_init(&pages, PAGES_6_18);
	pages.memmap.base -= 4 * PAGES_BYTES;
	pages_held(&pages, 10, 0);
	CHECK_INT(kt_page_words_read(pages.words, 0, 2000, &words), 2000);
	CHECK(words[3] == KT_PAGE_WORD_UNREAD && words[4] == KT_PAGE_WORD_UNREAD &&
		words[13] == KT_PAGE_WORD_UNREAD);
	/* no block goes on after a page that is used */
	CHECK_INT(words[14], 0);
	CHECK_INT(words[15], KT_PAGE_WORD_UNREFERENCED);
	pages_put(&pages, 10, PAGE_COUNT, 0, 4);
	kt_page_words_begin(pages.words);
	CHECK_INT(kt_page_words_read(pages.words, 0, 2000, &words), 2000);
	CHECK(words[14] == KT_PAGE_WORD_UNREAD && words[1023] == KT_PAGE_WORD_UNREAD);
	CHECK_INT(words[1024], KT_PAGE_WORD_UNREFERENCED);
	pages_fini(&pages);
}

/* Single pages of any look, next to each other. */
static void scatter(struct page_bytes *pages)
{
	static const uint64_t flags[] = { 0, FLAG_LOCKED, FLAG_LRU, FLAG_LRU | FLAG_SWAPBACKED,
		FLAG_RESERVED };
	static const uint64_t types[] = { UINT32_MAX, UINT32_MAX, 0, 3 };

	for (unsigned pfn = 0; pfn < PAGES_COUNT; pfn++) {
		pages_put(pages, pfn, PAGE_FLAGS, flags[dice(KT_LEN(flags))], 8);
		pages_put(pages, pfn, PAGE_COUNT, dice(3), 4);
		pages_put(pages, pfn, PAGE_MAPPING, dice(2) ? 0xffff888000001001 : 0, 8);
		pages_put(pages, pfn, PAGE_TYPE_AT, types[dice(KT_LEN(types))], 4);
		if (!dice(6))
			pages_typed(pages, pfn, dice(2) ? KT_TYPE_TABLE : KT_TYPE_SLAB);
	}
}

TEST(what_a_page_is_does_not_depend_on_the_page_before_it)
{
	for (unsigned form = 0; form < PAGES_FORMS; form++) {
		struct page_bytes pages;
		const uint64_t *words, *word;

		pages_init(&pages, (enum pages_form)form);
		scatter(&pages);
		CHECK_INT(kt_page_words_read(pages.words, 0, PAGES_COUNT, &words), PAGES_COUNT);
		for (unsigned pfn = 0; pfn < PAGES_COUNT; pfn++) {
			struct kt_page_words *alone;

			CHECK(!kt_page_words_new(&pages.memmap, 1, &alone));
			CHECK_INT(kt_page_words_read(alone, pfn, 1, &word), 1);
			CHECK_INT(words[pfn], *word);
			kt_page_words_free(alone);
		}
		pages_fini(&pages);
	}
}

static void damage(enum pages_form form)
{
	const size_t map_bytes = (size_t)PAGES_COUNT * PAGES_BYTES;
	struct page_bytes pages;
	char *whole = malloc(map_bytes);

	pages_init(&pages, form);
	pages_free(&pages, 64, 6);
	pages_hugetlb(&pages, 512, 9);
	pages_typed(&pages, 8, KT_TYPE_SLAB);
	pages_join(&pages, 8, 3);
	memcpy(whole, pages.map, map_bytes);
	for (unsigned round = 0; round < 10000 / PAGES_FORMS; round++) {
		int64_t nr[KT_PAGE_CLASSES], sum = 0;

		for (unsigned i = 0; i < 64; i++)
			pages.map[dice(1024ull * PAGES_BYTES)] ^= (char)(1 << dice(8));
		CHECK_INT(count(&pages, nr), PAGES_COUNT);
		for (unsigned i = 0; i < KT_PAGE_CLASSES; i++)
			sum += nr[i];
		CHECK_INT(sum, PAGES_COUNT);
		memcpy(pages.map, whole, map_bytes);
	}
	pages_fini(&pages);
	free(whole);
}

TEST(a_damaged_memory_map_gives_each_page_one_class)
{
	for (unsigned form = 0; form < PAGES_FORMS; form++)
		damage((enum pages_form)form);
}
