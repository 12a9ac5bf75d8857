// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/holders/holders.h"

#include "base/attr.h"

#include <stdlib.h>

/*
 * Objects without a name get it step by step: from owners, then from objects that got a name in
 * the step before. Objects of one size that point to each other are a list, and have one owner.
 * A pointer that is left from a former object looks like any other: more pointers win.
 */
struct vote {
	uint32_t group, owner;
	uint32_t order; /* the first one wins among as many */
};

struct naming {
	struct kt_holders *holders;
	struct kt_arena arena;
	uint32_t *parent; /* of a node: itself, or another node of its group */
	uint32_t *next;	  /* of a node: the next one of its group, in a ring */
	bool *decided;	  /* of the first node of a group */
	KT_LIST(struct vote) votes;
	KT_LIST(uint32_t) named; /* nodes, whose links are to be followed */
};

/* ---- links ---- */

static int by_from(const void *a, const void *b)
{
	const struct kt_holder_link *x = a, *y = b;

	if (x->from != y->from)
		return (x->from > y->from) - (x->from < y->from);
	return (x->to > y->to) - (x->to < y->to);
}

/* The first link that is not before this one. */
static size_t first_link(const struct kt_holders *holders, struct kt_holder_link link)
{
	size_t low = 0, high = holders->links.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_from(&holders->links.items[middle], &link) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_link(const struct kt_holders *holders, uint32_t from, uint32_t to)
{
	struct kt_holder_link link = { from | KT_HOLDER_NODE, to };
	size_t at = first_link(holders, link);

	return at < holders->links.count && by_from(&holders->links.items[at], &link) == 0;
}

/* ---- groups ---- */

static uint32_t group_of(struct naming *naming, uint32_t node)
{
	while (naming->parent[node] != node) {
		naming->parent[node] = naming->parent[naming->parent[node]];
		node = naming->parent[node];
	}
	return node;
}

static void unite(struct naming *naming, uint32_t a, uint32_t b)
{
	uint32_t next;

	a = group_of(naming, a);
	b = group_of(naming, b);
	if (a == b)
		return;
	naming->parent[a < b ? b : a] = a < b ? a : b;
	next = naming->next[a];
	naming->next[a] = naming->next[b];
	naming->next[b] = next;
}

static void find_groups(struct naming *naming)
{
	const struct kt_holders *holders = naming->holders;

	for (size_t i = 0; i < holders->pairs.count; i++)
		unite(naming, holders->pairs.items[i].a, holders->pairs.items[i].b);
	for (size_t i = 0; i < holders->links.count; i++) {
		uint32_t from = holders->links.items[i].from & ~KT_HOLDER_NODE,
			 to = holders->links.items[i].to;

		if ((holders->links.items[i].from & KT_HOLDER_NODE) && from < to &&
			holders->nodes.items[from].bytes == holders->nodes.items[to].bytes &&
			has_link(holders, to, from))
			unite(naming, from, to);
	}
}

/* ---- votes ---- */

static void vote(struct naming *naming, uint32_t node, uint32_t owner)
{
	uint32_t group = group_of(naming, node);
	struct vote *slot =
		naming->decided[group] ? NULL : kt_list_push(&naming->arena, &naming->votes);

	if (slot)
		*slot = (struct vote){ group, owner, (uint32_t)naming->votes.count };
}

static void vote_owners(struct naming *naming)
{
	const struct kt_holders *holders = naming->holders;

	for (size_t i = 0;
		i < holders->links.count && !(holders->links.items[i].from & KT_HOLDER_NODE); i++)
		vote(naming, holders->links.items[i].to, holders->links.items[i].from);
}

static void vote_named(struct naming *naming)
{
	const struct kt_holders *holders = naming->holders;

	for (size_t i = 0; i < naming->named.count; i++) {
		uint32_t node = naming->named.items[i], from = node | KT_HOLDER_NODE;

		for (size_t k = first_link(holders, (struct kt_holder_link){ from, 0 });
			k < holders->links.count && holders->links.items[k].from == from; k++)
			vote(naming, holders->links.items[k].to, holders->nodes.items[node].owner);
	}
	naming->named.count = 0;
}

static int by_group(const void *a, const void *b)
{
	const struct vote *x = a, *y = b;

	if (x->group != y->group)
		return (x->group > y->group) - (x->group < y->group);
	if (x->owner != y->owner)
		return (x->owner > y->owner) - (x->owner < y->owner);
	return (x->order > y->order) - (x->order < y->order);
}

static void name_group(struct naming *naming, uint32_t group, uint32_t owner)
{
	uint32_t node = group, *slot;

	naming->decided[group] = true;
	do {
		struct kt_holder_node *item = &naming->holders->nodes.items[node];

		slot = item->owner ? NULL : kt_list_push(&naming->arena, &naming->named);
		if (slot) {
			item->owner = owner;
			*slot = node;
		}
		node = naming->next[node];
	} while (node != group);
}

/* The owner that most pointers to the group have. */
static void count_votes(struct naming *naming)
{
	const struct vote *votes = naming->votes.items;
	size_t count = naming->votes.count, end;

	if (count)
		qsort(naming->votes.items, count, sizeof(*votes), by_group);
	for (size_t first = 0; first < count; first = end) {
		const struct vote *best = &votes[first];
		size_t most = 0, nr = 0;

		for (end = first; end < count && votes[end].group == votes[first].group; end++) {
			const struct vote *of_owner = &votes[end - nr];

			if (nr && of_owner->owner != votes[end].owner) {
				nr = 0;
				of_owner = &votes[end];
			}
			nr++;
			if (nr > most || (nr == most && of_owner->order < best->order)) {
				most = nr;
				best = of_owner;
			}
		}
		name_group(naming, votes[first].group, best->owner);
	}
	naming->votes.count = 0;
}

/* ---- all ---- */

static bool begin(struct naming *naming)
{
	struct kt_holders *holders = naming->holders;
	size_t count = holders->nodes.count;

	naming->parent = calloc(count + 1, sizeof(*naming->parent));
	naming->next = calloc(count + 1, sizeof(*naming->next));
	naming->decided = calloc(count + 1, sizeof(*naming->decided));
	if (!naming->parent || !naming->next || !naming->decided)
		return false;
	for (uint32_t i = 0; i < count; i++)
		naming->parent[i] = naming->next[i] = i;
	if (holders->links.count)
		qsort(holders->links.items, holders->links.count, sizeof(*holders->links.items),
			by_from);
	find_groups(naming);
	/* nodes with an owner of an earlier pass give it to the others of their group */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *slot = holders->nodes.items[i].owner
					 ? kt_list_push(&naming->arena, &naming->named)
					 : NULL;

		if (slot)
			*slot = i;
	}
	return true;
}

void kt_holders_follow(struct kt_holders *holders)
{
	struct naming naming = { .holders = holders };

	if (begin(&naming)) {
		vote_owners(&naming);
		do {
			vote_named(&naming);
			count_votes(&naming);
		} while (naming.named.count);
	} else {
		holders->arena.failed = true;
	}
	holders->arena.failed |= naming.arena.failed;
	free(naming.parent);
	free(naming.next);
	free(naming.decided);
	kt_arena_fini(&naming.arena);
}
