// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_PAGE_CLAIMS_H
#define KT_MEMORY_PAGES_PAGE_CLAIMS_H

#include "memory/memmap.h"
#include "memory/pages/page_set.h"

/**
 * The pages that the kernel uses and no counter names, and which holder claims each: one that
 * points to it.
 * A pointer is the address of a page's struct page, or its address in the direct map.
 *
 * Pages of one block have one claim: the claim of its first page.
 */
enum kt_claim_rank {
	KT_CLAIM_NONE,
	KT_CLAIM_INSIDE_NAMELESS, /* a pointer into the page, of an object without a name */
	KT_CLAIM_INSIDE,	  /* a pointer into the page */
	KT_CLAIM_THROUGH,	  /* a pointer in another page, whose owner is known */
	KT_CLAIM_DATA,	   /* a pointer of a variable: it may be scratch, left from former pages */
	KT_CLAIM_NAMELESS, /* a pointer to the page, of an object without a name */
	KT_CLAIM_POINTER,  /* a pointer to the page */
	KT_CLAIM_LIST,	   /* the page is on a list, whose head is known */
	KT_CLAIM_MAPPED,   /* the page table, or the page's own mark */
	KT_CLAIM_FREE,	   /* the page allocator itself */
};

struct kt_page_claim {
	uint32_t owner;	    /* a number of the walk */
	unsigned char rank; /* enum kt_claim_rank */
	bool tail;	    /* of a compound page */
	bool inner;	    /* it was not the first page of what was allocated at once */
	bool unreferenced;  /* its count of references is 0 */
};

struct kt_page_claims {
	const struct kt_memmap *memmap;
	struct kt_page_set set;
	struct kt_page_claim *of; /* by number in the set */
	uint64_t pfn_end;	  /* of memory */
};

struct kt_err *kt_page_claims_init(
	struct kt_page_claims *claims, const struct kt_memmap *memmap) KT_MUST_CHECK;
/** Ends the adding of pages to the set. */
struct kt_err *kt_page_claims_end(struct kt_page_claims *claims) KT_MUST_CHECK;
void kt_page_claims_fini(struct kt_page_claims *claims);

/** Finds the page of memory that a pointer leads to. `ret_exact`: to its first byte. */
bool kt_page_claims_pfn(
	const struct kt_page_claims *claims, uint64_t pointer, uint64_t *ret_pfn, bool *ret_exact);
/** The first page of the block that has this page of the set. */
uint32_t kt_page_claims_first(const struct kt_page_claims *claims, uint64_t pfn, uint32_t index);
/** Claims a page; the higher rank wins, and the first of equal ones. */
void kt_page_claims_put(
	struct kt_page_claims *claims, uint32_t index, uint32_t owner, enum kt_claim_rank rank);
/**
 * Whether a page without a claim is of the block that begins at a page before it: one that is
 * not marked as a block (alloc_pages_exact(), split_page(), or without __GFP_COMP). A block is
 * aligned to its size.
 */
bool kt_page_claims_continues(
	const struct kt_page_claims *claims, uint64_t first, uint64_t pfn, uint32_t index);
/** Gives each page of a block the claim of its first page. */
void kt_page_claims_spread(struct kt_page_claims *claims);

#endif
