// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_DIFF_SIDE_H
#define KT_CMD_PAST_DIFF_SIDE_H

#include "base/map.h"
#include "model/val.h"
#include "report/report.h"

/** The two sides of a comparison, and their rows joined by identity. */

/** A list of one side. Texts of rows point into the report that it is in. */
struct kt_diff_side {
	const struct kt_table *table; /* NULL: this side cannot show the list */
	size_t amount, leaf, parent;  /* columns; leaf: KT_NO_COLUMN: the list is no tree */
	bool partial;		      /* the list may leave out rows: a missing row is not 0 */
	struct kt_map rows;	      /* rows of the account by name; the first row of a name */
};

/** A row of one side or of both sides. */
struct kt_diff_pair {
	const char *key, *name, *title;
	/* before, after */
	struct kt_cell cells[2];
	enum kt_quality qualities[2]; /* KT_EXACT unless stated */
	bool stated[2];		      /* the list states the quality */
	bool has[2];		      /* the side has the row */
};

typedef KT_LIST(struct kt_diff_pair) kt_diff_pairs;

enum kt_diff_place { KT_DIFF_LEAF, KT_DIFF_GROUP, KT_DIFF_INSIDE };

/**
 * Finds the table `key` of the report, or the first table with a tracked column (key: NULL), and
 * its column `column`, or the tracked column (column: NULL).
 */
void kt_diff_side_find(struct kt_diff_side *side, const struct kt_report *report, const char *key,
	const char *column);
void kt_diff_side_fini(struct kt_diff_side *side);
/** Whether the column has a number in any row. */
bool kt_diff_side_has(const struct kt_diff_side *side, size_t column);
/** Joins the rows of that place by identity, and the remaining rows of a name by order. */
kt_diff_pairs kt_diff_join(
	struct kt_arena *arena, const struct kt_diff_side sides[2], enum kt_diff_place place);

#endif
