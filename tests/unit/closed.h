// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_CLOSED_H
#define KT_TEST_CLOSED_H

/** The promise of the account, checked from outside: shared by the unit tests and the fuzzers. */

#include "account/account.h"

#include <stddef.h>

/** Sum of what is known below a line; `ret_known` counts how much that is. */
static inline int64_t sum_below(const struct kt_account *account, size_t parent, size_t *ret_known)
{
	int64_t sum = 0;

	*ret_known = 0;
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];

		if (line->parent_index != parent || !kt_ok(line->val))
			continue;
		++*ret_known;
		/* may not wrap silently: then no sum is the right one */
		if (__builtin_add_overflow(sum, line->val.value, &sum))
			*ret_known = SIZE_MAX;
	}
	return sum;
}

static inline bool has_children(const struct kt_account *account, size_t parent)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		if (account->lines.items[i].parent_index == parent)
			return true;
	}
	return false;
}

/** The first line that is not the sum of its children, or NULL. */
static inline const struct kt_line *line_not_closed(const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		size_t nr_known;
		int64_t sum;

		if (!has_children(account, i))
			continue;
		sum = sum_below(account, i, &nr_known);
		if (kt_ok(line->val) ? nr_known == SIZE_MAX || sum != line->val.value : nr_known)
			return line;
	}
	return NULL;
}

/**
 * What the rows of a level add up to, which must be the total that a file states: an
 * account may close on paper and still have lost or invented memory.
 */
static inline int64_t sum_of_level(
	const struct kt_account *account, enum kt_level level, bool *ret_has_rest)
{
	int64_t sum = 0;

	*ret_has_rest = false;
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];

		if (line->row == KT_ROW_NONE || kt_rows[line->row].level != level ||
			!kt_ok(line->val))
			continue;
		sum = (int64_t)((uint64_t)sum + (uint64_t)line->val.value);
		*ret_has_rest |= kt_rows[line->row].rest;
	}
	return sum;
}

/** Do the rows of the page allocator and those reserved at boot add up to their totals? */
static inline bool levels_closed(const struct kt_snapshot *snap, const struct kt_account *account)
{
	struct kt_val managed = kt_snapshot_get(snap, KT_MANAGED, account->node);
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, account->node);
	struct kt_val dimms = kt_snapshot_get(snap, KT_DIMMS, account->node);
	/* persistent memory is no part of what SMBIOS calls memory modules */
	struct kt_val persistent = kt_snapshot_get(snap, KT_FW_PERSISTENT, account->node);
	bool has_rest;
	int64_t sum = sum_of_level(account, KT_LEVEL_MANAGED, &has_rest);

	if (has_rest && sum != managed.value)
		return false;
	sum = sum_of_level(account, KT_LEVEL_RESERVED, &has_rest);
	if (has_rest && (!kt_ok(present) || sum != present.value - managed.value))
		return false;
	sum = sum_of_level(account, KT_LEVEL_FIRMWARE, &has_rest);
	sum -= kt_ok(persistent) ? persistent.value : 0;
	return !has_rest || (kt_ok(dimms) && kt_ok(present) && sum == dimms.value - present.value);
}

#endif
