// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_PAGE_CLASS_H
#define KT_MODEL_PAGE_CLASS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Use of a page of memory, as far as its word in /proc/kpageflags shows. Every page has exactly one
 * class. A picture blends the classes in this order.
 */
enum kt_page_class {
	KT_PAGE_FREE,
	KT_PAGE_ANON,	  /* mapped by a process */
	KT_PAGE_SHMEM,	  /* shared memory, tmpfs */
	KT_PAGE_FILE,	  /* page cache, buffers */
	KT_PAGE_UNMAPPED, /* swap cache, and leftovers of anonymous memory */
	KT_PAGE_HUGETLB,  /* huge page pools, used and free */
	KT_PAGE_SLAB,	  /* slab caches, without large kmalloc */
	KT_PAGE_TABLE,	  /* page tables */
	KT_PAGE_MAPPED,	  /* kernel pages mapped by a process: ring buffers, drivers */
	KT_PAGE_COMPOUND, /* no flag, several contiguous pages: large kmalloc, drivers */
	KT_PAGE_NONE,	  /* no flag at all: vmalloc, per-CPU lists, direct allocations */
	KT_PAGE_OTHER,	  /* only ambiguous flags: zsmalloc, drivers */
	KT_PAGE_ZERO,	  /* the (huge) zero page */
	KT_PAGE_OFFLINE,  /* balloons, pages that virtual machines returned */
	KT_PAGE_POISONED, /* taken out of use after a memory error */
	KT_PAGE_RESERVED, /* never given to the page allocator */
	KT_PAGE_HOLE,	  /* no page; only older kernels report it */
	KT_PAGE_UNREAD,	  /* the file ends before it, or its struct page is not there */
	/* only struct page shows these; the words of the file have them in the classes above */
	KT_PAGE_KMALLOC,       /* large kmalloc */
	KT_PAGE_ZSMALLOC,      /* compressed memory */
	KT_PAGE_UNACCEPTED,    /* free, and the hypervisor has not given it yet */
	KT_PAGE_UNREFERENCED,  /* no flag, no reference: in per-CPU lists, or after a first page */
	KT_PAGE_UNINITIALISED, /* its struct page is blank: free memory that was not needed yet */
	KT_PAGE_CLASSES
};

const char *kt_page_class_id(enum kt_page_class class);
const char *kt_page_class_title(enum kt_page_class class);

/** Reads consecutive words; all zero at the beginning of each range. */
struct kt_page_reader {
	enum kt_page_class class; /* class of the last word */
	bool lru;		  /* the page is on an LRU list */
	bool compound;		  /* the last word was a head, or a tail after its head */
	bool tail;		  /* the last word is a tail after its head */
};

void kt_page_read(struct kt_page_reader *reader, uint64_t word);

/** Bits that no kernel uses: if one is set, the words of a file are not page flags. */
#define KT_PAGE_FLAGS_IMPOSSIBLE (~0ull << 48)

/** Bits that decide the class: include/uapi/linux/kernel-page-flags.h. */
#define KT_PAGE_WORD_OTHER	(1ull << 3) /* up to date; stands for flags of many meanings */
#define KT_PAGE_WORD_LRU	(1ull << 5)
#define KT_PAGE_WORD_SLAB	(1ull << 7)
#define KT_PAGE_WORD_BUDDY	(1ull << 10)
#define KT_PAGE_WORD_MMAP	(1ull << 11)
#define KT_PAGE_WORD_ANON	(1ull << 12)
#define KT_PAGE_WORD_SWAPCACHE	(1ull << 13)
#define KT_PAGE_WORD_SWAPBACKED (1ull << 14)
#define KT_PAGE_WORD_HEAD	(1ull << 15)
#define KT_PAGE_WORD_TAIL	(1ull << 16)
#define KT_PAGE_WORD_HUGE	(1ull << 17)
#define KT_PAGE_WORD_HWPOISON	(1ull << 19)
#define KT_PAGE_WORD_NOPAGE	(1ull << 20)
#define KT_PAGE_WORD_THP	(1ull << 22)
#define KT_PAGE_WORD_OFFLINE	(1ull << 23)
#define KT_PAGE_WORD_ZERO	(1ull << 24)
#define KT_PAGE_WORD_TABLE	(1ull << 26)
#define KT_PAGE_WORD_RESERVED	(1ull << 32)
/** Bits that the file does not have; memory/page_words.h makes them. */
#define KT_PAGE_WORD_KMALLOC	   (1ull << 48)
#define KT_PAGE_WORD_ZSMALLOC	   (1ull << 49)
#define KT_PAGE_WORD_UNACCEPTED	   (1ull << 50)
#define KT_PAGE_WORD_UNREFERENCED  (1ull << 51)
#define KT_PAGE_WORD_UNREAD	   (1ull << 52)
#define KT_PAGE_WORD_UNINITIALISED (1ull << 53)

#endif
