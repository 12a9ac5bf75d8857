// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_OBJECT_LINKS_H
#define KT_MEMORY_OBJECT_LINKS_H

#include "memory/holders/holders.h"

/**
 * Pointers to objects of a cache, of which some matter more than others. An object keeps what a
 * former one had in the same place, so any pointer may be a left one; in a list of thousands there
 * are some, and each would give its name to all that follows.
 *
 * A list shows: many objects point from the same place to the same place of another one. Its
 * objects are one group, and only pointers to the first ones of it count. Everything else that
 * points to the start of an object counts next; what points elsewhere, and what points to the
 * middle of a list, only where nothing better does.
 */
struct kt_object_link {
	uint32_t from;		 /* an owner, or a node and KT_HOLDER_NODE */
	uint32_t to;		 /* a node */
	uint16_t from_at, to_at; /* bytes from the start of an object; KT_LINK_ELSEWHERE */
	bool weak;		 /* it counts where no other pointer is */
};

#define KT_LINK_ELSEWHERE UINT16_MAX /* where one end is no object of the cache */

#define KT_LINKS_SEEN 8192u

struct kt_object_links {
	struct kt_object_link *all; /* from malloc() */
	/* lately: a million objects of one owner may point to one, or one a hundred times */
	struct kt_object_links_seen {
		uint32_t from, to, count;
	} seen[KT_LINKS_SEEN];
	size_t count, room;
	bool truncated, failed;
};

/** Notes a pointer. */
void kt_object_links_add(struct kt_object_links *links, struct kt_object_link link);
/**
 * Gives the holders the pointers that count, with the lists, and keeps the weak ones. The first
 * `nr_nodes` nodes are the objects.
 */
void kt_object_links_put(
	struct kt_object_links *links, struct kt_holders *holders, uint32_t nr_nodes);
/** Gives the holders the weak pointers, and empties the links. */
void kt_object_links_put_weak(struct kt_object_links *links, struct kt_holders *holders);
void kt_object_links_fini(struct kt_object_links *links);

#endif
