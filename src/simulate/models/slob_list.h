// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SIMULATE_MODELS_SLOB_LIST_H
#define KT_SIMULATE_MODELS_SLOB_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The lists of SLOB: pages with free bytes, in the order in which a request searches them.
 *
 * The original walks its lists, and rotates a list to the page that it took from. Here each list is
 * a tree in the order of the list, balanced by random priorities, with a head that moves instead. A
 * page has a limit for each class of requests, which is an alignment: it has no room for a longer
 * one, and maybe none for a shorter one. The tree leads to pages whose limits are high enough.
 */

enum { SLOB_SMALL, SLOB_MEDIUM, SLOB_LARGE, SLOB_LISTS };

struct slob_page {
	uint32_t left, right, parent; /* in the tree of its list; 0: none */
	uint32_t priority;
	uint32_t block;	  /* of the page allocator, if there is one */
	uint16_t units;	  /* free */
	int16_t least;	  /* no limit of the page is lower */
	uint8_t list;	  /* SLOB_LISTS: none, no byte is free */
	int16_t limits[]; /* granules by class: of the page, then the highest here and below */
};

struct slob_lists {
	char *pages; /* of `stride` bytes; the first one is not used */
	size_t stride;
	uint32_t count, room;
	uint32_t nr_classes;
	uint32_t roots[SLOB_LISTS], heads[SLOB_LISTS]; /* pages; 0: the list is empty */
	uint64_t random;
};

static inline struct slob_page *slob_page_at(const struct slob_lists *lists, uint32_t page)
{
	return (struct slob_page *)(void *)(lists->pages + page * lists->stride);
}

void slob_lists_init(struct slob_lists *lists, uint32_t nr_classes);
void slob_lists_fini(struct slob_lists *lists);
/** Number of a further page, which is not yet initialized; 0: out of memory. */
uint32_t slob_page_number(struct slob_lists *lists);
/** Makes it a page without free bytes, on no list. */
void slob_page_init(struct slob_lists *lists, uint32_t page);

/** Puts a page before the head of a list, so that it is the head. */
void slob_list_add(struct slob_lists *lists, uint32_t list, uint32_t page);
/** Takes a page off its list. */
void slob_list_remove(struct slob_lists *lists, uint32_t page);

/** The page has a free run of so many granules: no limit is lower from now on. */
void slob_page_raise(struct slob_lists *lists, uint32_t page, uint32_t length);
/** Lowers the limit of a class. */
void slob_page_lower(struct slob_lists *lists, uint32_t page, uint32_t class, uint32_t length);

/** The first page, in the order of the tree, whose limit is high enough; 0: none. */
uint32_t slob_list_first(
	const struct slob_lists *lists, uint32_t list, uint32_t class, uint32_t length);
/** The first such page after a page; 0: none. */
uint32_t slob_list_next(
	const struct slob_lists *lists, uint32_t page, uint32_t class, uint32_t length);

#endif
