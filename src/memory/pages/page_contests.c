// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_contests.h"

#define CONTESTS_MAX (1u << 20)
#define MARGIN	     2u /* times as many of the other's pages must be contested */

static struct kt_contested_owner *owner_at(
	struct kt_page_contests *contests, struct kt_arena *arena, uint32_t owner)
{
	while (contests->owners.count <= owner) {
		struct kt_contested_owner *slot = kt_list_push(arena, &contests->owners);

		if (!slot)
			return NULL;
		*slot = (struct kt_contested_owner){ 0 };
	}
	return &contests->owners.items[owner];
}

static void add(struct kt_page_contests *contests, struct kt_arena *arena, uint32_t owner,
	uint32_t nr_pointers, uint32_t nr_contested)
{
	struct kt_contested_owner *slot = owner_at(contests, arena, owner);

	if (!slot)
		return;
	slot->nr_pointers += nr_pointers;
	slot->nr_contested += nr_contested;
}

void kt_page_contests_note(struct kt_page_contests *contests, struct kt_arena *arena,
	struct kt_page_contest pointer, uint32_t has, enum kt_claim_rank has_rank)
{
	bool certain = has_rank >= KT_CLAIM_LIST;
	bool contested = !certain && has && has != pointer.owner && has_rank == pointer.rank;
	struct kt_page_contest *slot;

	add(contests, arena, pointer.owner, 1, certain || contested);
	if (!contested)
		return;
	add(contests, arena, has, 0, 1);
	slot = contests->contests.count < CONTESTS_MAX ? kt_list_push(arena, &contests->contests)
						       : NULL;
	if (slot)
		*slot = pointer;
}

bool kt_page_contests_wins(const struct kt_page_contests *contests,
	const struct kt_page_contest *contest, uint32_t has)
{
	const struct kt_contested_owner *mine, *others;

	if (contest->owner >= contests->owners.count || has >= contests->owners.count)
		return false;
	mine = &contests->owners.items[contest->owner];
	others = &contests->owners.items[has];
	return (uint64_t)mine->nr_contested * others->nr_pointers * MARGIN <
	       (uint64_t)others->nr_contested * mine->nr_pointers;
}
