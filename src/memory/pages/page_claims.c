// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_claims.h"

#include "base/attr.h"

#include <stdlib.h>

#define BLOCK_PAGES (1ull << 20) /* largest compound page */

struct kt_err *kt_page_claims_init(struct kt_page_claims *claims, const struct kt_memmap *memmap)
{
	*claims = (struct kt_page_claims){ .memmap = memmap };
	claims->pfn_end = kt_memmap_end(memmap);
	return kt_page_set_init(&claims->set, claims->pfn_end);
}

struct kt_err *kt_page_claims_end(struct kt_page_claims *claims)
{
	kt_page_set_end(&claims->set);
	claims->of = calloc((size_t)claims->set.count + 1, sizeof(*claims->of));
	return claims->of ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

void kt_page_claims_fini(struct kt_page_claims *claims)
{
	kt_page_set_fini(&claims->set);
	free(claims->of);
}

bool kt_page_claims_pfn(
	const struct kt_page_claims *claims, uint64_t pointer, uint64_t *ret_pfn, bool *ret_exact)
{
	const struct kt_memmap *memmap = claims->memmap;
	/* the lowest bits of a pointer to a struct page may be marks */
	uint64_t at = (pointer & ~3ull) - memmap->base, bytes = memmap->page_struct_bytes;

	if (pointer >= memmap->base && at < claims->pfn_end * bytes) {
		*ret_pfn = at / bytes;
		*ret_exact = true;
		return at % bytes == 0;
	}
	at = pointer - memmap->direct;
	bytes = memmap->target->page_bytes;
	if (pointer < memmap->direct || at >= claims->pfn_end * bytes)
		return false;
	*ret_pfn = at / bytes;
	*ret_exact = at % bytes == 0;
	return true;
}

uint32_t kt_page_claims_first(const struct kt_page_claims *claims, uint64_t pfn, uint32_t index)
{
	uint64_t nr = 0;
	uint32_t before;

	while (claims->of[index].tail && pfn && nr++ < BLOCK_PAGES &&
		kt_page_set_find(&claims->set, pfn - 1, &before)) {
		pfn--;
		index = before;
	}
	return index;
}

void kt_page_claims_put(
	struct kt_page_claims *claims, uint32_t index, uint32_t owner, enum kt_claim_rank rank)
{
	struct kt_page_claim *claim = &claims->of[index];

	if (claim->rank >= (unsigned char)rank)
		return;
	claim->owner = owner;
	claim->rank = (unsigned char)rank;
}

bool kt_page_claims_continues(
	const struct kt_page_claims *claims, uint64_t first, uint64_t pfn, uint32_t index)
{
	const struct kt_page_claim *claim = &claims->of[index];
	uint64_t alignment = first & (~first + 1);

	/* a page without a reference of its own is of a block, or free: it has no holder */
	return (claim->unreferenced ? claim->rank < KT_CLAIM_LIST
				    : claim->inner && claim->rank <= KT_CLAIM_INSIDE) &&
	       (!first || pfn - first < alignment);
}

/* The block that the pages before belong to. */
struct block {
	struct kt_page_claims *claims;
	const struct kt_page_claim *first; /* NULL: there is none */
	uint64_t pfn, next;
};

static bool follows(const struct block *block, const struct kt_page_claim *claim, uint64_t pfn)
{
	if (!block->first || pfn != block->next)
		return false;
	return claim->tail || kt_page_claims_continues(block->claims, block->pfn, pfn,
				      (uint32_t)(claim - block->claims->of));
}

static void spread(void *arg, uint64_t pfn, uint32_t index)
{
	struct block *block = arg;
	struct kt_page_claim *claim = &block->claims->of[index];

	if (follows(block, claim, pfn)) {
		if (claim->rank < block->first->rank ||
			(claim->unreferenced && !claim->tail && block->first->rank)) {
			claim->owner = block->first->owner;
			claim->rank = block->first->rank;
		}
		claim->tail = true;
	} else {
		block->first = claim->unreferenced ? NULL : claim;
		block->pfn = pfn;
	}
	block->next = pfn + 1;
}

void kt_page_claims_spread(struct kt_page_claims *claims)
{
	struct block block = { .claims = claims };

	kt_page_set_each(&claims->set, spread, &block);
}
