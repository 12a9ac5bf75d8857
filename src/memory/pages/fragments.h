// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_FRAGMENTS_H
#define KT_MEMORY_PAGES_FRAGMENTS_H

struct kt_page_walk;
struct kt_page_words;

/**
 * Sorts blocks of the size of a huge page by the pages in them that the kernel cannot move, and
 * finds whose these are where they are few. Fills the element of snap->fragments, which has the
 * number of pages of a block, and appends to snap->fragment_pins. Call it when the owners of pages
 * are known.
 */
void kt_page_walk_fragments(struct kt_page_walk *walk, struct kt_page_words *words);

#endif
