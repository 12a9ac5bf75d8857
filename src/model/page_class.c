// SPDX-License-Identifier: GPL-2.0-or-later
//
// The classifier. Order matters: on slab pages and on tails of compound pages the kernel
// shows bits that mean something else there (fs/proc/page.c, stable_page_flags()).

#include "model/page_class.h"

/* Bits of /proc/kpageflags: include/uapi/linux/kernel-page-flags.h. */
#define LRU	      (1ull << 5)
#define SLAB	      (1ull << 7)
#define BUDDY	      (1ull << 10)
#define MMAP	      (1ull << 11)
#define ANON	      (1ull << 12)
#define SWAPCACHE     (1ull << 13)
#define SWAPBACKED    (1ull << 14)
#define COMPOUND_HEAD (1ull << 15)
#define COMPOUND_TAIL (1ull << 16)
#define HUGE	      (1ull << 17)
#define HWPOISON      (1ull << 19)
#define NOPAGE	      (1ull << 20)
#define THP	      (1ull << 22)
#define OFFLINE	      (1ull << 23)
#define ZERO_PAGE     (1ull << 24)
#define PGTABLE	      (1ull << 26)
#define RESERVED      (1ull << 32)

static const struct {
	const char *id, *title;
} classes[] = {
	[KT_PAGE_FREE] = { "free", "free" },
	[KT_PAGE_ANON] = { "anonymous", "anonymous" },
	[KT_PAGE_SHMEM] = { "shmem", "shared memory, tmpfs" },
	[KT_PAGE_FILE] = { "page_cache", "page cache" },
	[KT_PAGE_UNMAPPED] = { "unmapped", "swap cache, unmapped" },
	[KT_PAGE_HUGETLB] = { "hugetlb", "huge page pools" },
	[KT_PAGE_SLAB] = { "slab", "slab" },
	[KT_PAGE_TABLE] = { "page_tables", "page tables" },
	[KT_PAGE_MAPPED] = { "kernel_mapped", "kernel, mapped to user" },
	[KT_PAGE_COMPOUND] = { "kernel_compound", "kernel, compound" },
	[KT_PAGE_NONE] = { "no_flag", "no flag" },
	[KT_PAGE_OTHER] = { "other", "other flags" },
	[KT_PAGE_ZERO] = { "zero", "zero page" },
	[KT_PAGE_OFFLINE] = { "offline", "balloon, offline" },
	[KT_PAGE_POISONED] = { "poison", "hardware poison" },
	[KT_PAGE_RESERVED] = { "boot", "reserved at boot" },
	[KT_PAGE_HOLE] = { "hole", "no page here" },
	[KT_PAGE_UNREAD] = { "unread", "not in the file" },
};

const char *kt_page_class_id(enum kt_page_class class)
{
	return classes[class].id;
}

const char *kt_page_class_title(enum kt_page_class class)
{
	return classes[class].title;
}

/*
 * Of user memory. MADV_FREE takes SWAPBACKED from anonymous pages, so ANON decides; swap
 * cache of shared memory is in no counter of shared memory any more.
 */
static enum kt_page_class class_of_user(uint64_t word)
{
	if (word & ANON)
		return word & MMAP ? KT_PAGE_ANON : KT_PAGE_UNMAPPED;
	if (word & SWAPCACHE)
		return KT_PAGE_UNMAPPED;
	return word & SWAPBACKED ? KT_PAGE_SHMEM : KT_PAGE_FILE;
}

static enum kt_page_class class_of(uint64_t word)
{
	static const struct {
		uint64_t bit;
		enum kt_page_class class;
	} types[] = {
		{ NOPAGE, KT_PAGE_HOLE },
		{ BUDDY, KT_PAGE_FREE },
		{ RESERVED, KT_PAGE_RESERVED },
		{ SLAB, KT_PAGE_SLAB },
		{ PGTABLE, KT_PAGE_TABLE },
		{ HUGE, KT_PAGE_HUGETLB },
		{ OFFLINE, KT_PAGE_OFFLINE },
	};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (word & types[i].bit)
			return types[i].class;
	}
	if (word & LRU)
		return class_of_user(word);
	if (word & HWPOISON)
		return KT_PAGE_POISONED;
	if (word & ZERO_PAGE)
		return KT_PAGE_ZERO;
	if (word & (ANON | SWAPBACKED | THP))
		return class_of_user(word); /* isolated, or on its way to an LRU list */
	if (!(word & ~(COMPOUND_HEAD | COMPOUND_TAIL | MMAP)))
		return word & MMAP ? KT_PAGE_MAPPED : word ? KT_PAGE_COMPOUND : KT_PAGE_NONE;
	return KT_PAGE_OTHER;
}

/*
 * Up to 6.9 a tail shows its own flags and not those of its head: nothing of an LRU list,
 * and in the first one the order of the page, which looks like flags. So a tail is what its
 * head is; on newer kernels that is the same.
 */
void kt_page_read(struct kt_page_reader *reader, uint64_t word)
{
	reader->tail = (word & COMPOUND_TAIL) && reader->compound;
	if (reader->tail)
		return;
	reader->class = class_of(word);
	reader->lru =
		(word & LRU) && reader->class <= KT_PAGE_UNMAPPED && reader->class != KT_PAGE_FREE;
	reader->compound = word & COMPOUND_HEAD;
}
