// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/pages/page_walk.h"

#include "base/attr.h"

#include <string.h>

/* Variables of the kernel that point to tables, by their names in the log. */
static const struct {
	const char *title, *variable;
} hash_variables[] = {
	{ "IP idents", "ip_idents" },
	{ "MPTCP token", "token_hash" },
	{ "Mount-cache", "mount_hashtable" },
	{ "Mountpoint-cache", "mountpoint_hashtable" },
	{ "TCP bind", "tcp_hashinfo" },
	{ "TCP established", "tcp_hashinfo" },
	{ "Table-perturb", "table_perturb" },
	{ "UDP", "udp_table" },
	{ "UDP-Lite", "udplite_table" },
	{ "futex", "__futex_data" },
	{ "posixtimers", "__timer_data" },
	{ "tcp_listen_portaddr_hash", "tcp_hashinfo" },
};

/* Pages of the block that begins at a page, if it is not marked as one. */
static uint64_t pages_from(const struct kt_page_walk *walk, uint64_t first)
{
	uint64_t nr = 1;
	uint32_t index;

	while (kt_page_set_find(&walk->claims.set, first + nr, &index) &&
		kt_page_claims_continues(&walk->claims, first, first + nr, index))
		nr++;
	return nr;
}

/* Whether no other holder points to the pages; what is in a table may point back into it. */
static bool is_room(const struct kt_page_walk *walk, uint64_t first, uint64_t nr_pages)
{
	uint32_t index;

	for (uint64_t i = 0; i < nr_pages; i++) {
		if (!kt_page_set_find(&walk->claims.set, first + i, &index) ||
			walk->claims.of[index].tail ||
			walk->claims.of[index].rank >=
				(!i || walk->holders.has_data ? KT_CLAIM_MAPPED : KT_CLAIM_THROUGH))
			return false;
	}
	return true;
}

/* Whether the variable that points to the page may be the variable of the table. */
static bool is_variable_of(const struct kt_page_walk *walk, const struct kt_named_page *page,
	const struct kt_hash *hash)
{
	const char *name;

	if (!walk->holders.has_data)
		return true;
	name = walk->holders.owners.items[page->owner - 1].name;
	for (size_t i = 0; name && i < KT_LEN(hash_variables); i++) {
		if (strcmp(hash_variables[i].title, hash->name) == 0)
			return strcmp(hash_variables[i].variable, name) == 0;
	}
	return false;
}

/*
 * Finds the block that a table is: aligned to its size, with room for it, and most of it known to
 * be one block.
 */
static void place_hash(struct kt_page_walk *walk, const struct kt_hash *hash)
{
	uint64_t page_bytes = walk->target->page_bytes, alignment = 1, best = 0, best_pages = 0,
		 nr_pages = ((uint64_t)hash->size_bytes + page_bytes - 1) / page_bytes;
	uint32_t owner = kt_holders_owner(&walk->holders, KT_OWNER_HASH, hash->name), index;

	while (alignment < nr_pages)
		alignment *= 2;
	for (size_t i = 0; i < walk->named_pages.count; i++) {
		const struct kt_named_page *page = &walk->named_pages.items[i];
		uint64_t pfn = page->pfn, pages;

		if (pfn % alignment || !is_room(walk, pfn, nr_pages) ||
			!is_variable_of(walk, page, hash))
			continue;
		pages = pages_from(walk, pfn);
		/* a longer block is another table */
		if (pages <= nr_pages && pages > best_pages) {
			best = pfn;
			best_pages = pages;
		}
	}
	/* a variable's name says it; without names the block has to show a part of its length */
	if (!walk->holders.has_data && best_pages * 4 < nr_pages)
		return;
	for (uint64_t i = 0; i < nr_pages && best_pages; i++) {
		if (!kt_page_set_find(&walk->claims.set, best + i, &index))
			continue;
		kt_page_claims_put(&walk->claims, index, owner, KT_CLAIM_MAPPED);
		walk->claims.of[index].tail = i > 0;
	}
}

void kt_page_walk_hashes(struct kt_page_walk *walk)
{
	for (size_t i = 0; i < walk->snap->hashes.count; i++) {
		const struct kt_hash *hash = &walk->snap->hashes.items[i];

		if (hash->place == KT_HASH_DIRECT &&
			hash->size_bytes > (int64_t)walk->target->page_bytes)
			place_hash(walk, hash);
	}
}
