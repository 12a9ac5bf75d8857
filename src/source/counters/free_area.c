// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/counters/free_area.h"

#define NODE_MAX  1024u
#define PAGES_MAX (KT_AMOUNT_MAX / 4096)

bool kt_free_area_head(struct kt_span *rest, struct kt_arena *arena, struct kt_free_area *ret_area)
{
	struct kt_span word;
	uint64_t node;

	if (!kt_span_skip(rest, "Node "))
		return false;
	*rest = kt_span_trim(*rest);
	if (!kt_span_take_u64(rest, &node) || node > NODE_MAX || !kt_span_skip(rest, ",") ||
		!kt_span_word(rest, &word) || !kt_span_eq(word, "zone") ||
		!kt_span_word(rest, &word))
		return false;
	if (kt_span_ends(word, ","))
		word.n--;
	*ret_area = (struct kt_free_area){
		.node = (int)node, .zone = kt_arena_name(arena, word), .nr_pageblocks = KT_UNKNOWN
	};
	return true;
}

bool kt_free_area_counts(struct kt_span rest, struct kt_free_area *ret_area, int64_t *nr_pages)
{
	struct kt_span word;
	uint64_t nr_blocks;

	while (kt_span_word(&rest, &word)) {
		int order = ret_area->nr_orders;

		ret_area->capped |= kt_span_skip(&word, ">");
		if (order == KT_ORDERS_MAX || !kt_span_u64(word, &nr_blocks) ||
			nr_blocks > (uint64_t)PAGES_MAX >> order)
			return false;
		*nr_pages += (int64_t)nr_blocks << order;
		if (*nr_pages > PAGES_MAX)
			return false;
		ret_area->nr_blocks[ret_area->nr_orders++] = (int64_t)nr_blocks;
	}
	return ret_area->nr_orders > 0;
}
