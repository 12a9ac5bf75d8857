// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_MEMMAP_H
#define KT_MEMORY_MEMMAP_H

#include "kernel/target.h"
#include "memory/page_types.h"

#define KT_PAGE_STRUCT_MAX 256u

struct kt_pfn_range {
	uint64_t first, end;
};

/**
 * The memory map: a struct page for each page, by page frame number (PFN), and the addresses at
 * which the kernel sees all of its memory (direct map).
 */
struct kt_memmap {
	struct kt_target *target;
	const struct kt_pfn_range *ranges; /* of RAM; they outlive the map */
	size_t nr_ranges;
	uint64_t base;	 /* address of the struct page of PFN 0 */
	uint64_t direct; /* address of PFN 0 in the direct map; valid if has_direct */
	bool has_direct;
	uint32_t page_struct_bytes; /* at most KT_PAGE_STRUCT_MAX */
	struct kt_field flags, page_type, refcount, slab_cache, freelist, objects, inuse;
	struct kt_field head; /* of a tail page: compound_head, or compound_info from 7.1 */
	struct kt_page_types types;
};

/** A page whose PFN and whose struct page are known; both 0: symbols are needed. */
struct kt_page_sample {
	uint64_t pfn, address;
};

/** Finds the memory map. ABSENT: says what is missing. */
struct kt_err *kt_memmap_open(struct kt_target *target, const struct kt_page_sample *sample,
	const struct kt_pfn_range *ranges, size_t nr_ranges,
	struct kt_memmap *ret_memmap) KT_MUST_CHECK;

/** The PFN after the highest page. */
uint64_t kt_memmap_end(const struct kt_memmap *memmap);
/** Called with each page: its PFN and the copy of its struct page; false ends the walk. */
typedef bool (*kt_memmap_page)(void *arg, uint64_t pfn, const char *page);
/** Reads the struct pages of RAM. Returns the number of them that cannot be read. */
uint64_t kt_memmap_pages(struct kt_memmap *memmap, kt_memmap_page fn, void *arg);

/** Called with each slab: its first PFN and the copy of its struct page. */
typedef void (*kt_memmap_slab)(void *arg, uint64_t pfn, const char *page);
/**
 * Reads the struct pages of RAM, and calls `fn` for each slab of a cache; 0: of any cache. Returns
 * the number of pages whose struct page cannot be read.
 */
uint64_t kt_memmap_slabs(struct kt_memmap *memmap, uint64_t cache, kt_memmap_slab fn, void *arg);

/** Finds a slab cache, the owner of the first slab. False: there is no slab. */
bool kt_memmap_any_cache(struct kt_memmap *memmap, uint64_t *ret_cache);

/** Reads the struct page of a slab again; false: it is unreadable, or no slab. */
bool kt_memmap_read_slab(struct kt_memmap *memmap, uint64_t pfn, char *ret_page);

/**
 * Finds the direct map from slabs, if no symbol says it: a slab's list of free objects leads into
 * its own page. ABSENT: no slab shows it, or they contradict each other.
 */
struct kt_err *kt_memmap_find_direct(struct kt_memmap *memmap) KT_MUST_CHECK;
/** Finds the slab cache that has an address of the direct map; false: it is in none. */
bool kt_memmap_cache_of(struct kt_memmap *memmap, uint64_t address, uint64_t *ret_cache);

/**
 * Address of the head of a compound page, by what its page at `page` has in member `head`; a page
 * that is no tail is its own head.
 */
uint64_t kt_memmap_head(uint64_t page, uint64_t value);

/** Address of a page in the direct map. */
static inline uint64_t kt_memmap_virtual(const struct kt_memmap *memmap, uint64_t pfn)
{
	return memmap->direct + pfn * memmap->target->page_bytes;
}

#endif
