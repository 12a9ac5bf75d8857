// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/searcher.h"

#include "test.h"

#include <stdlib.h>

static size_t first_by_hand(struct kt_span text, const char *const words[], size_t nr_words)
{
	size_t first = text.n;

	for (size_t i = 0; i < nr_words; i++) {
		size_t at = kt_span_find(text, words[i]);

		first = at < first ? at : first;
	}
	return first;
}

/* Texts of few letters, so that words, parts of words and overlaps of words are frequent. */
TEST(finds_the_first_of_the_words)
{
	static const char *const words[] = { "abab", "bbb", "aabaa", "ac", "cabbac" };
	struct kt_searcher *search = malloc(sizeof(*search));
	size_t nr_found = 0, nr_wrong = 0;
	char text[40];

	srand(3);
	for (int round = 0; round < 100000; round++) {
		size_t n = (size_t)rand() % sizeof(text), first = 1 + (size_t)rand() % 5;
		size_t found, wanted;

		for (size_t i = 0; i < n; i++)
			text[i] = (char)('a' + rand() % 3);
		kt_searcher_init(search, words + 5 - first, first);
		found = kt_searcher_find(search, (struct kt_span){ text, n });
		wanted = first_by_hand((struct kt_span){ text, n }, words + 5 - first, first);
		nr_wrong += found != wanted;
		nr_found += found < n;
	}
	CHECK_INT(nr_wrong, 0);
	CHECK(nr_found > 10000 && nr_found < 90000);
	free(search);
}

TEST(a_text_shorter_than_the_words_has_none)
{
	static const char *const words[] = { "abc" };
	struct kt_searcher *search = malloc(sizeof(*search));

	kt_searcher_init(search, words, 1);
	CHECK_INT(kt_searcher_find(search, (struct kt_span){ NULL, 0 }), 0);
	CHECK_INT(kt_searcher_find(search, KT_SPAN("ab")), 2);
	CHECK_INT(kt_searcher_find(search, KT_SPAN("xxabc")), 2);
	CHECK_INT(kt_searcher_find(search, KT_SPAN("xxab")), 4);
	free(search);
}
