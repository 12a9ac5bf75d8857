// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_HOLDER_SEARCH_H
#define KT_MEMORY_HOLDER_SEARCH_H

#include "memory/holders/holders.h"
#include "memory/memmap.h"
#include "memory/page_table.h"
#include "memory/page_words.h"

/** Parts of kernel memory, word by word: each word that may be a pointer is passed on. */
struct kt_holder_search {
	struct kt_target *target;
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	struct kt_holders *holders;
	const struct kt_page_table *table; /* its form NULL: it is not known */
	struct kt_page_words *words;	   /* of one page at a time */
	char *buffer;			   /* of KT_IMAGE_BLOCK */
	void (*take)(void *arg, struct kt_holder *holder, uint64_t at, uint64_t word);
	void *arg;
};

/** Any word of a holder may be a pointer. */
void kt_holder_search(struct kt_holder_search *search, struct kt_holder *holder);
/** An allocated object: its pointers, if its type is known, unless it is about to be freed. */
void kt_holder_search_object(struct kt_holder_search *search, const struct kt_slub_cache *cache,
	uint64_t address, const char *object);
/** The kernel's own data. False: it is not known where that is. */
bool kt_holder_search_image(struct kt_holder_search *search);
/** Per-CPU variables, and what follows them: the first chunk of per-CPU memory. */
void kt_holder_search_cpus(struct kt_holder_search *search);
/** A block of large kmalloc. */
void kt_holder_search_large(struct kt_holder_search *search, uint64_t pfn, uint64_t nr_pages);

/** Class of one page, now. */
enum kt_page_class kt_holder_search_class(const struct kt_holder_search *search, uint64_t pfn);

#endif
