// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ACCOUNT_ROW_EXPAND_H
#define KT_ACCOUNT_ROW_EXPAND_H

#include "account/row.h"

/** Add the children that a row has only at run time. Each function serves one row. */
void kt_expand_hashes_early(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);
void kt_expand_hashes_late(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);
void kt_expand_slab_reclaimable(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);
void kt_expand_slab_unreclaimable(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);
void kt_expand_hugepools(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);
void kt_expand_zones(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);
void kt_expand_page_owners(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);

#endif
