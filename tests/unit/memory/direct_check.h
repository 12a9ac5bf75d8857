// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_DIRECT_CHECK_H
#define KT_TEST_DIRECT_CHECK_H

/** Owners of direct pages, compared with what a test wants. */

#include "direct_bytes.h"
#include "test.h"

#define FIRST DIRECT_FIRST

static inline const struct kt_page_owner *find(
	const struct kt_snapshot *snap, enum kt_page_owner_kind kind, const char *name)
{
	for (size_t i = 0; i < snap->page_owners.count; i++) {
		const struct kt_page_owner *owner = &snap->page_owners.items[i];

		if (owner->kind == kind && !owner->name == !name &&
			(!name || strcmp(owner->name, name) == 0))
			return owner;
	}
	return NULL;
}

static inline void check_owners(const struct kt_snapshot *snap, const struct kt_page_owner *wanted,
	size_t count, const struct direct_bytes *direct)
{
	for (size_t i = 0; i < count; i++) {
		const struct kt_page_owner *owner = find(snap, wanted[i].kind, wanted[i].name);

		if (!owner) {
			FAILED_AT(__FILE__, __LINE__, "no owner of kind %u, \"%s\"", wanted[i].kind,
				wanted[i].name ? wanted[i].name : "");
			continue;
		}
		CHECK_INT(owner->nr_pages, wanted[i].nr_pages);
		CHECK_INT(owner->nr_blocks, wanted[i].nr_blocks);
	}
	CHECK_INT(snap->page_owners.count, count);
	CHECK_INT(direct_sum(snap), direct->nr_used);
}

/* Walks; the owners are exactly the wanted ones, and have all pages. Frees the kernel. */
static inline void check_with(struct direct_bytes *direct, struct kt_snapshot *snap,
	const struct kt_page_owner *wanted, size_t count)
{
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_direct_pages_sum sum;

	err = direct_walk(direct, snap, &sum);
	if (err)
		FAILED_AT(__FILE__, __LINE__, "%s", kt_err_text(err));
	check_owners(snap, wanted, count, direct);
	CHECK_INT(sum.nr_pages, DIRECT_PAGES);
	CHECK_INT(sum.nr_unread, 0);
	CHECK_INT(sum.nr_torn, 0);
	CHECK(sum.has_free_lists);
	CHECK(!sum.truncated);
	kt_snapshot_free(snap);
	direct_fini(direct);
}

static inline void check(
	struct direct_bytes *direct, const struct kt_page_owner *wanted, size_t count)
{
	check_with(direct, kt_snapshot_new(), wanted, count);
}

#define CHECK_OWNERS(direct, ...)                                       \
	check(direct, (const struct kt_page_owner[]){ __VA_ARGS__ },    \
		sizeof((const struct kt_page_owner[]){ __VA_ARGS__ }) / \
			sizeof(struct kt_page_owner))

static inline void add_hash(struct kt_snapshot *snap, const char *name, int64_t size_bytes)
{
	*kt_list_push(&snap->arena, &snap->hashes) =
		(struct kt_hash){ .name = name, .size_bytes = size_bytes, .place = KT_HASH_DIRECT };
}

#endif
