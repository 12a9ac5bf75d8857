// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_ROW_H
#define KT_MODEL_ROW_H

#include "model/snapshot.h"

#define KT_ROW_TERMS 4

/**
 * What a row's bytes are part of. Each level has a total that the kernel or the firmware
 * states, and one row that takes what the others leave of it; so the account closes on
 * every level, and what no counter explains is always a row.
 */
enum kt_level {
	KT_LEVEL_NONE,	   /* a group: the sum of its children */
	KT_LEVEL_FIRMWARE, /* installed, but never present to the kernel */
	KT_LEVEL_RESERVED, /* present, but never given to the page allocator */
	KT_LEVEL_MANAGED,  /* of the page allocator */
	KT_LEVEL_COUNT
};

/** One signed summand. A missing optional one counts as nothing and lowers the quality. */
struct kt_term {
	int sign;
	enum kt_metric metric;
	bool optional;
};

/** Rows that exist only at run time: one for each hash table, zone, huge page pool. */
struct kt_child {
	const char *id, *title; /* id: appended to the parent's, behind a dot */
	struct kt_val val;
};
typedef KT_LIST(struct kt_child) kt_children;
typedef void (*kt_row_expand)(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);

/** A row of the account, as data. Adding a row is adding one of these to rows.c. */
struct kt_row {
	const char *id, *parent, *title;
	enum kt_level level;
	bool rest; /* takes what the others leave of its level */
	struct kt_term terms[KT_ROW_TERMS];
	kt_row_expand expand;
	const char *rest_title; /* of the part that no child names, where there are children */
	const char *means, *grows, *next;
	int unusual_permille; /* of the memory; beyond it the report has a note. 0: never */
};

extern const struct kt_row kt_rows[];
extern const size_t kt_nr_rows;

/** Sub-counts that overlap rows and are shown beside them, never added. */
struct kt_annotation {
	const char *id, *row, *title;
	enum kt_metric metric;
};

extern const struct kt_annotation kt_annotations[];
extern const size_t kt_nr_annotations;

const struct kt_row *kt_row_find(const char *id);

#endif
