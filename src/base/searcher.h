// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_SEARCHER_H
#define KT_BASE_SEARCHER_H

#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/**
 * Searches a text for several words in one pass without looking at most of its bytes (S. Wu, U.
 * Manber: A fast algorithm for multi-pattern searching, 1994).
 */
#define KT_SEARCHER_WORDS_MAX 16u

struct kt_searcher {
	const char *const *words;
	size_t lengths[KT_SEARCHER_WORDS_MAX];
	size_t nr_words, shortest;
	/* by the last two bytes of the window: bytes that the window can move on */
	uint8_t shift[1u << 16];
};

/** Prepares a search; `words` have two bytes or more each and must outlive the search. */
void kt_searcher_init(struct kt_searcher *search, const char *const words[], size_t nr_words);
/** Position of the first occurrence of any word in `text`; `text.n`: none. */
size_t kt_searcher_find(const struct kt_searcher *search, struct kt_span text);

#endif
