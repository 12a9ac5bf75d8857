// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGE_WORDS_H
#define KT_MEMORY_PAGE_WORDS_H

#include "memory/memmap.h"
#include "model/page_class.h"

/**
 * Makes the words of /proc/kpageflags out of the memory map, faster than the kernel does, and with
 * the bits that the file does not have (model/page_class.h). Only bits that decide the class of a
 * page are made; all flags that make no difference among them are one bit.
 *
 * The kernel changes pages meanwhile. A free block whose pages are not free ends there.
 */
struct kt_page_words;

#define KT_PAGE_WORDS_MAX 8192u /* pages that are read at once */

/**
 * `nr_at_once`: pages that are read at once, a power of two. ABSENT: the kernel's type data lacks a
 * member of struct page.
 */
struct kt_err *kt_page_words_new(struct kt_memmap *memmap, uint32_t nr_at_once,
	struct kt_page_words **ret_words) KT_MUST_CHECK;
/** NULL is allowed. */
void kt_page_words_free(struct kt_page_words *words);
void kt_page_words_cleanup(struct kt_page_words **words);

/** Classes that words of this kernel can have: 1 << enum kt_page_class. */
uint32_t kt_page_words_classes(const struct kt_page_words *words);

/** Starts a range of pages: call it when the next page does not follow the last one. */
void kt_page_words_begin(struct kt_page_words *words);
/**
 * Makes the words of pages from `pfn` on, at most as many as fit a block; returns how many. A page
 * whose struct page cannot be read has the word KT_PAGE_WORD_UNREAD.
 */
size_t kt_page_words_read(
	struct kt_page_words *words, uint64_t pfn, size_t count, const uint64_t **ret_words);

#endif
