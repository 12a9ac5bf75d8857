// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_NAMES_H
#define KT_HISTORY_NAMES_H

#include "root/root.h"

/** Lists of names that come and go, such as caches, modules and mounts. */

/** Sorts by bytes. */
void kt_names_sort(kt_names *names);

/** A walk over the difference of two sorted lists, from its begin: { 0 }. */
struct kt_names_walk {
	size_t now, before;
};
/** Returns the next name of `now` that `before` does not have, or not as often; NULL: no more. */
const char *kt_names_next_missing(
	const kt_names *now, const kt_names *before, struct kt_names_walk *walk);

#endif
