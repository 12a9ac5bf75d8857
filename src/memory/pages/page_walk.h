// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_PAGE_WALK_H
#define KT_MEMORY_PAGES_PAGE_WALK_H

#include "memory/holders/holder_search.h"
#include "memory/page_table.h"
#include "memory/page_words.h"
#include "memory/pages/page_claims.h"
#include "memory/pages/page_contests.h"
#include "model/snapshot.h"

/** State of the walk of memory/pages/direct_pages.h, and its parts; private to src/memory. */

#define KT_PAGE_BLOCKS_MAX (1u << 20)

struct kt_page_block {
	uint64_t pfn, nr_pages;
};

/** A page of an area of vmalloc. */
struct kt_mapped_page {
	uint64_t address, pfn;
};

/** A page that a variable points to, and the number of the variable as its owner. */
struct kt_named_page {
	uint64_t pfn;
	uint32_t owner;
};

/** A page whose list ends here: its next one is no page. */
struct kt_list_end {
	uint64_t pfn, head;
};

enum kt_page_pass {
	KT_PASS_PAGES, /* pointers to pages are looked for */
	KT_PASS_NODES, /* pointers to objects without a name, that point to pages */
	KT_PASS_AGAIN, /* pointers to pages, now that objects have names */
};

struct kt_direct_pages_sum;

struct kt_page_walk {
	struct kt_target *target;
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	struct kt_page_table table; /* form NULL: it is not known */
	struct kt_page_claims claims;
	struct kt_page_contests contests;
	struct kt_holders holders;
	struct kt_holder_search search;
	struct kt_areas areas;
	struct kt_snapshot *snap;
	struct kt_direct_pages_sum *sum;
	struct kt_arena arena;
	KT_LIST(struct kt_page_block) large;   /* of large kmalloc */
	int64_t nr_large, nr_large_blocks;     /* pages and blocks of large kmalloc */
	KT_LIST(struct kt_mapped_page) mapped; /* in areas, whose contents are searched */
	KT_LIST(struct kt_list_end) ends;
	KT_LIST(struct kt_named_page) named_pages;
	struct kt_field lru, mark, mapping; /* of struct page */
	enum kt_page_pass pass;
	bool has_areas;
	char *buffer; /* of KT_IMAGE_BLOCK */
};

/** Whether an address is in the memory map. */
bool kt_page_walk_is_info(const struct kt_page_walk *walk, uint64_t pointer);

/** Takes a word that may be a pointer: `take` of the search; memory/pages/page_pointers.c. */
void kt_page_walk_pointer(void *walk, struct kt_holder *holder, uint64_t at, uint64_t word);
/** Searches all memory of the kernel for pointers. */
struct kt_err *kt_page_walk_search(struct kt_page_walk *walk) KT_MUST_CHECK;
/** Claims what the page table maps, and the tables themselves; memory/pages/page_mapped.c. */
void kt_page_walk_mapped(struct kt_page_walk *walk);
/** Claims tables of processes that are not marked: by their contents. */
void kt_page_walk_tables(struct kt_page_walk *walk);
/** Claims pages that are linked to lists; memory/pages/page_lists.c. */
void kt_page_walk_lists(struct kt_page_walk *walk);
/** Claims pages that other pages point to. */
void kt_page_walk_through(struct kt_page_walk *walk);
/** Claims the hash tables of the boot; memory/pages/page_hashes.c. */
void kt_page_walk_hashes(struct kt_page_walk *walk);

#endif
