// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_WATCHED_H
#define KT_SOURCE_WATCHED_H

#include "model/snapshot.h"

/**
 * Watches as a text, which a recording keeps: a line for each watch, followed by a line for each
 * stack and for each place that was not watched. Values are "key=value", with a tab between.
 */

#define KT_WATCHED_FILE "ktally/watched"

/** Appends a watch of the snapshot, with at most `nr_stacks` stacks, largest first. */
void kt_watched_write(
	const struct kt_snapshot *snap, uint32_t watch, size_t nr_stacks, struct kt_buf *ret_text);

#endif
