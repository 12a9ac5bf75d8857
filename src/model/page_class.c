// SPDX-License-Identifier: GPL-2.0-or-later
//
// Classifies pages. Order matters: on slab pages and on tails of compound pages the kernel shows
// bits that have another meaning there (fs/proc/page.c, stable_page_flags()).

#include "model/page_class.h"

static const struct {
	const char *id, *title;
} classes[] = {
	[KT_PAGE_FREE] = { "free", "free" },
	[KT_PAGE_ANON] = { "anonymous", "anonymous" },
	[KT_PAGE_SHMEM] = { "shmem", "shared memory, tmpfs" },
	[KT_PAGE_FILE] = { "page_cache", "page cache" },
	[KT_PAGE_UNMAPPED] = { "unmapped", "unmapped, swap cache too" },
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
	[KT_PAGE_HOLE] = { "hole", "no page" },
	[KT_PAGE_UNREAD] = { "unread", "not read" },
	[KT_PAGE_KMALLOC] = { "kmalloc_large", "large kmalloc" },
	[KT_PAGE_ZSMALLOC] = { "zsmalloc", "compressed memory (zsmalloc)" },
	[KT_PAGE_UNACCEPTED] = { "unaccepted", "not yet accepted" },
	[KT_PAGE_UNREFERENCED] = { "unreferenced", "no flag, no reference" },
	[KT_PAGE_UNINITIALISED] = { "uninitialised", "not yet initialised" },
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
 * Classifies user memory. MADV_FREE clears SWAPBACKED on anonymous pages, so ANON decides; swap
 * cache of shared memory no longer counts as shared memory.
 */
static enum kt_page_class class_of_user(uint64_t word)
{
	if (word & KT_PAGE_WORD_ANON)
		return word & KT_PAGE_WORD_MMAP ? KT_PAGE_ANON : KT_PAGE_UNMAPPED;
	if (word & KT_PAGE_WORD_SWAPCACHE)
		return KT_PAGE_UNMAPPED;
	return word & KT_PAGE_WORD_SWAPBACKED ? KT_PAGE_SHMEM : KT_PAGE_FILE;
}

/* Classifies what no flag names. Compound pages may have no reference (from 6.14, frozen pages). */
static enum kt_page_class class_of_unnamed(uint64_t word)
{
	if (word & ~(KT_PAGE_WORD_HEAD | KT_PAGE_WORD_TAIL | KT_PAGE_WORD_MMAP |
			   KT_PAGE_WORD_UNREFERENCED))
		return KT_PAGE_OTHER;
	if (word & KT_PAGE_WORD_MMAP)
		return KT_PAGE_MAPPED;
	if (word & (KT_PAGE_WORD_HEAD | KT_PAGE_WORD_TAIL))
		return KT_PAGE_COMPOUND;
	return word ? KT_PAGE_UNREFERENCED : KT_PAGE_NONE;
}

static enum kt_page_class class_of(uint64_t word)
{
	static const struct {
		uint64_t bit;
		enum kt_page_class class;
	} types[] = {
		{ KT_PAGE_WORD_UNREAD, KT_PAGE_UNREAD },
		{ KT_PAGE_WORD_NOPAGE, KT_PAGE_HOLE },
		{ KT_PAGE_WORD_BUDDY, KT_PAGE_FREE },
		{ KT_PAGE_WORD_RESERVED, KT_PAGE_RESERVED },
		{ KT_PAGE_WORD_SLAB, KT_PAGE_SLAB },
		{ KT_PAGE_WORD_TABLE, KT_PAGE_TABLE },
		{ KT_PAGE_WORD_HUGE, KT_PAGE_HUGETLB },
		{ KT_PAGE_WORD_OFFLINE, KT_PAGE_OFFLINE },
		{ KT_PAGE_WORD_KMALLOC, KT_PAGE_KMALLOC },
		{ KT_PAGE_WORD_ZSMALLOC, KT_PAGE_ZSMALLOC },
		{ KT_PAGE_WORD_UNACCEPTED, KT_PAGE_UNACCEPTED },
		{ KT_PAGE_WORD_UNINITIALISED, KT_PAGE_UNINITIALISED },
	};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (word & types[i].bit)
			return types[i].class;
	}
	if (word & KT_PAGE_WORD_LRU)
		return class_of_user(word);
	if (word & KT_PAGE_WORD_HWPOISON)
		return KT_PAGE_POISONED;
	if (word & KT_PAGE_WORD_ZERO)
		return KT_PAGE_ZERO;
	if (word & (KT_PAGE_WORD_ANON | KT_PAGE_WORD_SWAPBACKED | KT_PAGE_WORD_THP))
		return class_of_user(word); /* isolated, or on its way to an LRU list */
	return class_of_unnamed(word);
}

/*
 * Up to 6.9 a tail page shows its own flags instead of its head's: no LRU flag, and the first tail
 * stores the order of the page, which looks like flags. A tail therefore gets the class of its
 * head; on newer kernels the flags are equal anyway.
 */
void kt_page_read(struct kt_page_reader *reader, uint64_t word)
{
	reader->tail = (word & KT_PAGE_WORD_TAIL) && reader->compound;
	if (reader->tail)
		return;
	reader->class = class_of(word);
	reader->lru = (word & KT_PAGE_WORD_LRU) && reader->class <= KT_PAGE_UNMAPPED &&
		      reader->class != KT_PAGE_FREE;
	reader->compound = word & KT_PAGE_WORD_HEAD;
}
