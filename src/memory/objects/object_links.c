// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/object_links.h"

#include "base/attr.h"

#include <stdlib.h>

#define LINKS_MAX  (8u << 20)
#define LISTS_MAX  8u /* kinds of lists: a bit for each */
#define LIST_LINKS 4u /* fewer are no list */
#define LIST_PART                                                                      \
	16u /* of the links of the longest list: fewer may be left from former objects \
	     */
#define PLACES	     4096u /* words in the largest object of a slab cache */
#define SAME_MAX     64u   /* pointers from one owner to one object: more say nothing more */
#define WORD	     ((unsigned)sizeof(uint64_t))
#define PLACES_BYTES (PLACES * WORD)

/* Places of a link in what has it and in what it leads to. */
enum shape {
	TO_START,  /* a pointer to the next object */
	TO_SAME,   /* struct list_head, and forward in a struct hlist_node */
	TO_BEFORE, /* back in a struct hlist_node */
	NR_SHAPES
};

struct list {
	uint16_t from_at, to_at;
	uint32_t count;
};

struct sorting {
	struct kt_holders *holders;
	struct list lists[LISTS_MAX];
	unsigned nr_lists;
	uint8_t *in, *out; /* of an object: in which lists something is before it, and after it */
	uint32_t nr_nodes;
};

static bool is_seen(struct kt_object_links *links, const struct kt_object_link *link)
{
	uint32_t slot = (link->from * 0x9e3779b1u ^ link->to * 0x85ebca6bu) >> 7;
	struct kt_object_links_seen *seen = &links->seen[slot % KT_LINKS_SEEN];

	if (link->from_at != KT_LINK_ELSEWHERE)
		return false;
	if (seen->from != link->from || seen->to != link->to)
		*seen = (struct kt_object_links_seen){ link->from, link->to, 0 };
	return seen->count++ >= (link->from & KT_HOLDER_NODE ? 1 : SAME_MAX);
}

void kt_object_links_add(struct kt_object_links *links, struct kt_object_link link)
{
	if (link.from == (link.to | KT_HOLDER_NODE) || is_seen(links, &link))
		return;
	if (links->count == links->room) {
		size_t room = links->room ? links->room * 2 : 4096;
		struct kt_object_link *grown;

		if (links->room >= LINKS_MAX) {
			links->truncated = true;
			return;
		}
		grown = realloc(links->all, room * sizeof(*grown));
		if (!grown) {
			links->failed = true;
			return;
		}
		links->all = grown;
		links->room = room;
	}
	links->all[links->count++] = link;
}

/* ---- lists ---- */

/* NR_SHAPES: it is no link of a list. */
static enum shape shape_of(const struct kt_object_link *link)
{
	if (link->weak || link->from_at == KT_LINK_ELSEWHERE || link->from_at >= PLACES_BYTES)
		return NR_SHAPES;
	if (link->to_at == 0)
		return TO_START;
	if (link->to_at == link->from_at)
		return TO_SAME;
	return link->to_at + WORD == link->from_at ? TO_BEFORE : NR_SHAPES;
}

static int by_count(const void *a, const void *b)
{
	const struct list *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static uint16_t place_to(uint32_t from_at, unsigned shape)
{
	return (uint16_t)(shape == TO_START ? 0 : shape == TO_SAME ? from_at : from_at - WORD);
}

/* The lists with most links. */
static bool find_lists(struct sorting *sorting, const struct kt_object_links *links)
{
	uint32_t *counts = calloc((size_t)PLACES * NR_SHAPES, sizeof(*counts));
	uint32_t most = LIST_LINKS * LIST_PART;
	KT_LIST(struct list) found = { 0 };
	struct kt_arena arena = { 0 };

	for (size_t i = 0; counts && i < links->count; i++) {
		enum shape shape = shape_of(&links->all[i]);

		if (shape != NR_SHAPES)
			counts[links->all[i].from_at / WORD * NR_SHAPES + shape]++;
	}
	for (uint32_t i = 0; counts && i < PLACES * NR_SHAPES; i++) {
		struct list *slot = counts[i] >= LIST_LINKS ? kt_list_push(&arena, &found) : NULL;
		uint32_t from_at = i / NR_SHAPES * WORD;

		if (slot)
			*slot = (struct list){ (uint16_t)from_at, place_to(from_at, i % NR_SHAPES),
				counts[i] };
		most = counts[i] > most ? counts[i] : most;
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), by_count);
	for (size_t i = 0; i < found.count && sorting->nr_lists < LISTS_MAX; i++) {
		if (found.items[i].count >= most / LIST_PART)
			sorting->lists[sorting->nr_lists++] = found.items[i];
	}
	free(counts);
	if (arena.failed || !counts)
		sorting->holders->arena.failed = true;
	kt_arena_fini(&arena);
	return !sorting->holders->arena.failed;
}

/* The list that has a link; LISTS_MAX: none. */
static unsigned list_of(const struct sorting *sorting, const struct kt_object_link *link)
{
	for (unsigned i = 0; i < sorting->nr_lists && !link->weak; i++) {
		if (sorting->lists[i].from_at == link->from_at &&
			sorting->lists[i].to_at == link->to_at)
			return i;
	}
	return LISTS_MAX;
}

static void find_order(struct sorting *sorting, const struct kt_object_links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		const struct kt_object_link *link = &links->all[i];
		unsigned list = list_of(sorting, link);

		if (list == LISTS_MAX)
			continue;
		kt_holders_unite(sorting->holders, link->from & ~KT_HOLDER_NODE, link->to);
		sorting->out[link->from & ~KT_HOLDER_NODE] |= (uint8_t)(1u << list);
		sorting->in[link->to] |= (uint8_t)(1u << list);
	}
}

/* ---- links ---- */

/* Whether a pointer leads to where lists link objects. */
static bool is_list_place(const struct sorting *sorting, uint16_t at)
{
	for (unsigned i = 0; i < sorting->nr_lists; i++) {
		if (sorting->lists[i].to_at == at)
			return true;
	}
	return !at;
}

static bool is_weak(const struct sorting *sorting, const struct kt_object_link *link)
{
	uint8_t in, out;

	if (link->weak)
		return true;
	if (link->to >= sorting->nr_nodes)
		return link->to_at;
	in = sorting->in[link->to];
	out = sorting->out[link->to];
	/* the first object of a list is the one that is held: others count less */
	return !is_list_place(sorting, link->to_at) || ((in | out) && !(out & ~in));
}

static void put(struct sorting *sorting, struct kt_object_links *links)
{
	size_t nr_weak = 0;

	for (size_t i = 0; i < links->count; i++) {
		struct kt_object_link link = links->all[i];

		if (list_of(sorting, &link) != LISTS_MAX)
			continue;
		link.weak = is_weak(sorting, &link);
		if (link.weak)
			links->all[nr_weak++] = link;
		else
			kt_holders_link(sorting->holders, link.from, link.to);
	}
	links->count = nr_weak;
}

void kt_object_links_put(
	struct kt_object_links *links, struct kt_holders *holders, uint32_t nr_nodes)
{
	struct sorting sorting = { .holders = holders, .nr_nodes = nr_nodes };

	sorting.in = calloc(nr_nodes + 1, 1);
	sorting.out = calloc(nr_nodes + 1, 1);
	if (!sorting.in || !sorting.out) {
		links->failed = true;
	} else if (find_lists(&sorting, links)) {
		find_order(&sorting, links);
		put(&sorting, links);
	}
	free(sorting.in);
	free(sorting.out);
}

void kt_object_links_put_weak(struct kt_object_links *links, struct kt_holders *holders)
{
	for (size_t i = 0; i < links->count; i++)
		kt_holders_link(holders, links->all[i].from, links->all[i].to);
	links->count = 0;
}

void kt_object_links_fini(struct kt_object_links *links)
{
	free(links->all);
	links->all = NULL;
	links->count = links->room = 0;
}
