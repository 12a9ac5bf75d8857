// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ACCOUNT_ROW_H
#define KT_ACCOUNT_ROW_H

#include "account/row_id.h"
#include "model/snapshot.h"

/* Regular expressions for JSON schemas: id of a row, id of its parent, kt_line_contained_in(). */
#define KT_ID_PATTERN	   "^[a-z][a-z0-9_]*(\\.[A-Za-z0-9_]+)?$"
#define KT_PARENT_PATTERN  "^[a-z][a-z0-9_]*$"
#define KT_HOLDERS_PATTERN "^[a-z_]+(, [a-z_]+)*$"

/**
 * The total that a row's bytes are part of. The kernel or the firmware states the total of each
 * level, and one row takes the difference between the total and the other rows. So the account
 * closes on every level, and memory that no counter explains is always in a row.
 */
enum kt_level {
	KT_LEVEL_NONE,	   /* a group: the sum of its children */
	KT_LEVEL_FIRMWARE, /* installed, but never present to the kernel */
	KT_LEVEL_RESERVED, /* present, but never given to the page allocator */
	KT_LEVEL_MANAGED,  /* managed by the page allocator */
	KT_LEVEL_COUNT
};

/**
 * One signed summand. A missing optional term counts as 0 and lowers the quality: the row becomes a
 * lower bound, or, where the term is subtracted, an upper bound.
 *
 * `of` names the row whose bytes a subtracted term takes off. While the term is missing, those
 * bytes are in this row, and the account says so: see kt_line.holders. If `overlaps` is set, the
 * term exceeds what the row `of` counts, so the total is too high too.
 */
struct kt_term {
	int sign;
	enum kt_metric metric;
	bool optional, overlaps;
	enum kt_row_id of; /* KT_ROW_NONE: no row */
};

/** Rows that exist only at run time: one for each hash table, zone, huge page pool. */
struct kt_child {
	const char *id, *title; /* id: appended to the parent's id, after a period */
	struct kt_val val;
};
typedef struct {
	struct kt_child *items;
	size_t count, room;
	const char *rest_title; /* of the part that no child names; NULL: rest_title of the row */
} kt_children;
typedef void (*kt_row_expand)(
	struct kt_snapshot *snap, int node, struct kt_arena *arena, kt_children *ret_children);

/** A row of the account, as data: an entry of rows.txt, compiled in by tools/gen_rows.c. */
struct kt_row {
	const char *id, *title;
	enum kt_row_id parent; /* KT_ROW_NONE: this is the root */
	enum kt_level level;
	bool rest;   /* takes the difference between the total of its level and the other rows */
	bool always; /* every machine has some: if missing, a note names the holding rows */
	bool apart;  /* not part of the total of its level */
	struct kt_term terms[KT_ROW_TERMS];
	kt_row_expand expand;
	const char *rest_title; /* title of the part that no child names, for a row with children */
	const char *means, *grows, *next;
	int unusual_permille; /* per mille of memory; above it the report has a note; 0: never */
};

/** Indexed by row id; a parent comes before its children. */
extern const struct kt_row kt_rows[KT_ROW_COUNT];

/** A count that overlaps rows: shown next to them, never added. */
struct kt_annotation {
	const char *id;
	enum kt_row_id row;
	const char *title;
	enum kt_metric metric;
};

extern const struct kt_annotation kt_annotations[];
extern const size_t kt_nr_annotations;

/** Whether `id`, the text of a report, is the name of this row. */
bool kt_row_is(enum kt_row_id row, const char *id);
/** Finds the row with a name that a user or a file gives; KT_ROW_NONE: no such row. */
enum kt_row_id kt_row_find(const char *id);
/** Finds the row whose first term is `metric`; KT_ROW_NONE: no such row. */
enum kt_row_id kt_row_with(enum kt_metric metric);
/** Returns the name of a row in files and JSON; NULL for KT_ROW_NONE. */
const char *kt_row_id_name(enum kt_row_id row);
/** Whether `row` is the row `top`, or below it. */
bool kt_row_is_below(enum kt_row_id row, enum kt_row_id top);

#endif
