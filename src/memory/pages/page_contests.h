// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGES_PAGE_CONTESTS_H
#define KT_MEMORY_PAGES_PAGE_CONTESTS_H

#include "base/arena.h"
#include "memory/pages/page_claims.h"

/**
 * Pages to which several owners point. An array that was used for other pages before may still
 * point to them: then other owners point to all of its pages. An owner that is alone with most of
 * its pages is more likely to be right.
 */
struct kt_page_contest {
	uint32_t index; /* of the page */
	uint32_t owner; /* that points to it, in addition to the one of its claim */
	enum kt_claim_rank rank;
};

struct kt_contested_owner {
	uint32_t nr_pointers; /* to pages */
	uint32_t nr_contested;
};

struct kt_page_contests {
	KT_LIST(struct kt_page_contest) contests;
	KT_LIST(struct kt_contested_owner) owners; /* by number of the owner */
};

/**
 * Notes that an owner points to a page. `has`: owner of the page's claim, 0: none is known. More
 * contests than are kept are decided by the claims alone.
 */
void kt_page_contests_note(struct kt_page_contests *contests, struct kt_arena *arena,
	struct kt_page_contest pointer, uint32_t has, enum kt_claim_rank has_rank);
/** Whether the owner of a contest is more likely than the one that the page has. */
bool kt_page_contests_wins(const struct kt_page_contests *contests,
	const struct kt_page_contest *contest, uint32_t has);

#endif
