// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/searcher.h"

#include <string.h>

static size_t pair(const char *p)
{
	return (size_t)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

void kt_searcher_init(struct kt_searcher *search, const char *const words[], size_t nr_words)
{
	size_t shortest = UINT8_MAX;

	search->words = words;
	search->nr_words = nr_words < KT_SEARCHER_WORDS_MAX ? nr_words : KT_SEARCHER_WORDS_MAX;
	for (size_t i = 0; i < search->nr_words; i++) {
		search->lengths[i] = strlen(words[i]);
		if (search->lengths[i] < shortest)
			shortest = search->lengths[i];
	}
	search->shortest = shortest;
	memset(search->shift, (int)(shortest - 1), sizeof(search->shift));
	for (size_t i = 0; i < search->nr_words; i++) {
		for (size_t at = 0; at + 2 <= shortest; at++) {
			uint8_t *shift = &search->shift[pair(words[i] + at)];

			if (shortest - 2 - at < *shift)
				*shift = (uint8_t)(shortest - 2 - at);
		}
	}
}

static bool is_at(const struct kt_searcher *search, struct kt_span text)
{
	for (size_t i = 0; i < search->nr_words; i++) {
		if (text.n >= search->lengths[i] &&
			memcmp(text.p, search->words[i], search->lengths[i]) == 0)
			return true;
	}
	return false;
}

size_t kt_searcher_find(const struct kt_searcher *search, struct kt_span text)
{
	size_t at = 0;

	while (text.n - at >= search->shortest) {
		size_t shift = search->shift[pair(text.p + at + search->shortest - 2)];

		if (shift) {
			at += shift;
		} else if (is_at(search, kt_span_from(text, at))) {
			return at;
		} else {
			at++;
		}
		if (at > text.n)
			break;
	}
	return text.n;
}
