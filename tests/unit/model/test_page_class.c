// SPDX-License-Identifier: GPL-2.0-or-later
//
// Words as kernels print them: fs/proc/page.c of 5.10 to 6.18, and what was seen of them in
// /proc/kpageflags of idle and of loaded machines.

#include "model/page_class.h"

#include "test.h"

#define BIT(n) (1ull << (n))

enum {
	LOCKED,
	REFERENCED = 2,
	UPTODATE,
	DIRTY,
	LRU,
	ACTIVE,
	SLAB,
	WRITEBACK,
	BUDDY = 10,
	MMAP,
	ANON,
	SWAPCACHE,
	SWAPBACKED,
	HEAD,
	TAIL,
	HUGE,
	UNEVICTABLE,
	HWPOISON,
	NOPAGE,
	KSM,
	THP,
	OFFLINE,
	ZERO,
	IDLE,
	PGTABLE,
	RESERVED = 32,
	OWNER_2 = 34,
	PRIVATE = 35
};

static enum kt_page_class alone(uint64_t word)
{
	struct kt_page_reader reader = { 0 };

	kt_page_read(&reader, word);
	return reader.class;
}

/* Class of the last of the words. */
static struct kt_page_reader after(const uint64_t *words, size_t count)
{
	struct kt_page_reader reader = { 0 };

	for (size_t i = 0; i < count; i++)
		kt_page_read(&reader, words[i]);
	return reader;
}

#define AFTER(...)                               \
	after((const uint64_t[]){ __VA_ARGS__ }, \
		sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

TEST(a_page_type_comes_before_every_other_bit)
{
	CHECK_INT(alone(BIT(BUDDY)), KT_PAGE_FREE);
	CHECK_INT(alone(BIT(BUDDY) | BIT(UPTODATE)), KT_PAGE_FREE);
	CHECK_INT(alone(BIT(RESERVED)), KT_PAGE_RESERVED);
	CHECK_INT(alone(BIT(RESERVED) | BIT(PRIVATE)), KT_PAGE_RESERVED);
	CHECK_INT(alone(BIT(PGTABLE)), KT_PAGE_TABLE);
	CHECK_INT(alone(BIT(OFFLINE)), KT_PAGE_OFFLINE);
	CHECK_INT(alone(BIT(NOPAGE)), KT_PAGE_HOLE);
	/* 6.18 has ANON and KSM on slab: what lies in the mapping field of a page */
	CHECK_INT(alone(BIT(SLAB) | BIT(ANON) | BIT(KSM)), KT_PAGE_SLAB);
	CHECK_INT(alone(BIT(HUGE) | BIT(HEAD) | BIT(UPTODATE) | BIT(MMAP) | BIT(ANON)),
		KT_PAGE_HUGETLB);
}

TEST(user_memory_is_told_by_who_maps_or_owns_it)
{
	CHECK_INT(alone(0x400005828), KT_PAGE_ANON); /* 6.18: UPTODATE|LRU|MMAP|ANON|SWAPBACKED */
	CHECK_INT(alone(BIT(LRU) | BIT(ANON) | BIT(SWAPBACKED) | BIT(SWAPCACHE)), KT_PAGE_UNMAPPED);
	CHECK_INT(alone(BIT(LRU) | BIT(SWAPBACKED) | BIT(SWAPCACHE)), KT_PAGE_UNMAPPED);
	CHECK_INT(alone(0x2044038), KT_PAGE_SHMEM);
	CHECK_INT(alone(0x40000006c), KT_PAGE_FILE);
	/* MADV_FREE: anonymous without SWAPBACKED */
	CHECK_INT(alone(BIT(LRU) | BIT(ANON) | BIT(MMAP)), KT_PAGE_ANON);
	/* 6.12: KSM on every anonymous page */
	CHECK_INT(
		alone(BIT(LRU) | BIT(ANON) | BIT(MMAP) | BIT(SWAPBACKED) | BIT(KSM)), KT_PAGE_ANON);
	CHECK(AFTER(BIT(LRU)).lru);
}

TEST(user_memory_off_the_lists_is_still_user_memory)
{
	CHECK_INT(alone(BIT(ANON) | BIT(MMAP) | BIT(SWAPBACKED) | BIT(UPTODATE)), KT_PAGE_ANON);
	CHECK_INT(alone(BIT(SWAPBACKED) | BIT(UPTODATE)), KT_PAGE_SHMEM);
	CHECK(!AFTER(BIT(ANON) | BIT(MMAP)).lru);
}

TEST(what_has_no_flag_is_the_kernels)
{
	CHECK_INT(alone(0), KT_PAGE_NONE);
	CHECK_INT(alone(BIT(HEAD)), KT_PAGE_COMPOUND);
	CHECK_INT(alone(BIT(TAIL)), KT_PAGE_COMPOUND);
	CHECK_INT(alone(BIT(MMAP)), KT_PAGE_MAPPED);
	CHECK_INT(alone(BIT(HEAD) | BIT(MMAP)), KT_PAGE_MAPPED);
	/* zsmalloc of 6.17 */
	CHECK_INT(alone(BIT(UPTODATE)), KT_PAGE_OTHER);
	CHECK_INT(alone(BIT(UPTODATE) | BIT(PRIVATE)), KT_PAGE_OTHER);
	CHECK_INT(alone(BIT(HWPOISON)), KT_PAGE_POISONED);
	CHECK_INT(alone(BIT(ZERO)), KT_PAGE_ZERO);
	CHECK_INT(alone(BIT(ZERO) | BIT(THP) | BIT(HEAD)), KT_PAGE_ZERO);
}

TEST(a_tail_of_5_10_is_what_its_head_is)
{
	uint64_t head = BIT(LRU) | BIT(UPTODATE) | BIT(SWAPBACKED) | BIT(HEAD) | BIT(THP);

	/* tmpfs in huge pages: tails show TAIL and THP and nothing of an LRU list */
	CHECK_INT(AFTER(head, BIT(TAIL) | BIT(THP)).class, KT_PAGE_SHMEM);
	CHECK(AFTER(head, BIT(TAIL) | BIT(THP)).lru);
	CHECK_INT(AFTER(BIT(SLAB) | BIT(HEAD), BIT(SLAB) | BIT(TAIL)).class, KT_PAGE_SLAB);
	CHECK_INT(AFTER(BIT(HEAD), BIT(TAIL), BIT(TAIL)).class, KT_PAGE_COMPOUND);
	CHECK_INT(AFTER(BIT(PGTABLE) | BIT(HEAD), BIT(TAIL)).class, KT_PAGE_TABLE);
}

TEST(the_order_in_the_first_tail_of_6_8_is_no_flag)
{
	uint64_t garbage = BIT(TAIL) | BIT(LOCKED) | BIT(UPTODATE) | BIT(WRITEBACK);

	CHECK_INT(AFTER(BIT(HEAD), garbage).class, KT_PAGE_COMPOUND);
	CHECK_INT(AFTER(BIT(HEAD), garbage, BIT(TAIL)).class, KT_PAGE_COMPOUND);
}

TEST(a_tail_of_6_12_carries_the_flags_of_its_head)
{
	CHECK_INT(AFTER(0x80240802c, 0x80241002c).class, KT_PAGE_FILE);
	CHECK_INT(AFTER(0x402415828).class, KT_PAGE_ANON);
}

TEST(behind_a_page_that_is_no_head_a_tail_stands_for_itself)
{
	CHECK_INT(AFTER(BIT(LRU) | BIT(HEAD), 0, BIT(TAIL)).class, KT_PAGE_COMPOUND);
	CHECK_INT(AFTER(BIT(BUDDY), BIT(TAIL) | BIT(SLAB)).class, KT_PAGE_SLAB);
}

TEST(every_word_is_of_one_class)
{
	for (unsigned i = 0; i < 64; i++) {
		for (unsigned k = 0; k < 64; k++)
			CHECK(alone(1ull << i | 1ull << k) < KT_PAGE_CLASSES);
	}
	/* of the words that a file can have */
	for (unsigned i = 0; i < 48; i++) {
		for (unsigned k = 0; k < 48; k++)
			CHECK(alone(1ull << i | 1ull << k) < KT_PAGE_UNREAD);
	}
	for (unsigned i = 0; i < KT_PAGE_CLASSES; i++)
		CHECK(kt_page_class_id(i) && kt_page_class_title(i));
}
