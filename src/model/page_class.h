// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_PAGE_CLASS_H
#define KT_MODEL_PAGE_CLASS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * What a page of memory is used for, as far as its word in /proc/kpageflags tells. Every
 * page is of exactly one class. A picture blends them in this order.
 */
enum kt_page_class {
	KT_PAGE_FREE,
	KT_PAGE_ANON,	  /* mapped by a process */
	KT_PAGE_SHMEM,	  /* shared memory, tmpfs */
	KT_PAGE_FILE,	  /* page cache, buffers */
	KT_PAGE_UNMAPPED, /* swap cache, and what is left of anonymous memory */
	KT_PAGE_HUGETLB,  /* huge page pools, used and free */
	KT_PAGE_SLAB,	  /* slab caches, without large kmalloc */
	KT_PAGE_TABLE,	  /* page tables */
	KT_PAGE_MAPPED,	  /* the kernel's, mapped by a process: ring buffers, drivers */
	KT_PAGE_COMPOUND, /* no flag, several pages in one piece: large kmalloc, drivers */
	KT_PAGE_NONE,	  /* no flag at all: vmalloc, per-CPU lists, direct allocations */
	KT_PAGE_OTHER,	  /* only flags that tell nothing: zsmalloc, drivers */
	KT_PAGE_ZERO,	  /* the (huge) zero page */
	KT_PAGE_OFFLINE,  /* balloons, pages that virtual machines gave away */
	KT_PAGE_POISONED, /* taken out of use after a memory error */
	KT_PAGE_RESERVED, /* never given to the page allocator */
	KT_PAGE_HOLE,	  /* no page here, by kernels that still say so */
	KT_PAGE_UNREAD,	  /* the file ends before it */
	KT_PAGE_CLASSES
};

const char *kt_page_class_id(enum kt_page_class class);
const char *kt_page_class_title(enum kt_page_class class);

/** Reads words one after the other; all zero at the beginning of each range. */
struct kt_page_reader {
	enum kt_page_class class; /* of the last word */
	bool lru;		  /* the page is on an LRU list */
	bool compound;		  /* the last word was a head, or a tail behind one */
	bool tail;		  /* the last word is a tail behind its head */
};

void kt_page_read(struct kt_page_reader *reader, uint64_t word);

/** Bits that no kernel has: where one is set, the words are not page flags. */
#define KT_PAGE_FLAGS_IMPOSSIBLE (~0ull << 48)

#endif
