// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_set.h"

#include <stdlib.h>

#define WORD_BITS 64u

struct kt_err *kt_page_set_init(struct kt_page_set *set, uint64_t pfn_end)
{
	uint64_t nr_words = pfn_end / WORD_BITS + 1;

	*set = (struct kt_page_set){ .pfn_end = pfn_end };
	if (pfn_end > UINT32_MAX)
		return kt_err_new(KT_ERR_LIMIT, "memory has more than 4 billion pages");
	set->bits = calloc(nr_words, sizeof(*set->bits));
	set->before = calloc(nr_words, sizeof(*set->before));
	return set->bits && set->before ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

void kt_page_set_add(struct kt_page_set *set, uint64_t pfn)
{
	if (pfn < set->pfn_end)
		set->bits[pfn / WORD_BITS] |= 1ull << pfn % WORD_BITS;
}

static uint32_t bits_of(uint64_t word)
{
	return (uint32_t)__builtin_popcountll(word);
}

void kt_page_set_end(struct kt_page_set *set)
{
	set->count = 0;
	for (uint64_t i = 0; i <= set->pfn_end / WORD_BITS; i++) {
		set->before[i] = set->count;
		set->count += bits_of(set->bits[i]);
	}
}

bool kt_page_set_find(const struct kt_page_set *set, uint64_t pfn, uint32_t *ret_index)
{
	uint64_t at = pfn / WORD_BITS, bit = 1ull << pfn % WORD_BITS;

	if (pfn >= set->pfn_end || !(set->bits[at] & bit))
		return false;
	*ret_index = set->before[at] + bits_of(set->bits[at] & (bit - 1));
	return true;
}

void kt_page_set_each(const struct kt_page_set *set, kt_page_set_fn fn, void *arg)
{
	uint32_t index = 0;

	for (uint64_t i = 0; i <= set->pfn_end / WORD_BITS; i++) {
		for (uint64_t left = set->bits[i]; left; left &= left - 1)
			fn(arg, i * WORD_BITS + (uint64_t)__builtin_ctzll(left), index++);
	}
}

void kt_page_set_fini(struct kt_page_set *set)
{
	free(set->bits);
	free(set->before);
}
