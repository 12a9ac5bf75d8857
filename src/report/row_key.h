// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_ROW_KEY_H
#define KT_REPORT_ROW_KEY_H

#include "model/copies.h"
#include "report/report.h"

/**
 * Identity of a list's row: one rule for all code that compares a list with its earlier state (-i,
 * top, the web page, diff, monitoring, recordings).
 *
 * A row is identified by its key columns. Rows with equal key columns are twins: two slab caches of
 * one name. Twins are distinguished by a number that is constant while a cache lives, the column
 * with KT_COL_TWIN (the size of an object), and twins of one size by their age. A list of caches
 * has the newest first, because kmem_cache_create() adds to the head of the list that
 * /proc/slabinfo walks (mm/slab_common.c, create_cache(), list_add(&s->list, &slab_caches)). So the
 * last of equal rows is the oldest, and a new twin renames no other. Twins of one size cannot be
 * distinguished when an older twin disappears: each younger twin then takes the place of the next
 * older.
 *
 * Users and other programs see the number of a twin in the column with KT_COL_COPY: none for the
 * first, 2, 3 for later twins, by size and then age. Code that follows a list over time keeps the
 * numbers as they were first given: struct kt_copies.
 */

/**
 * Sets `key` of each row of a table that has key columns, and the cells of its column with
 * KT_COL_COPY. Call it before the rows are sorted, because it depends on the command's order.
 */
void kt_row_keys_of(struct kt_arena *arena, struct kt_table *table);
/** Sets the keys of all tables of a report. A table whose rows have keys is left unchanged. */
void kt_row_keys(struct kt_report *report);

/**
 * Returns the key columns of a row as one text, joined by `joint`. NULL only when out of memory.
 */
const char *kt_row_name(struct kt_arena *arena, const struct kt_table *table,
	const struct kt_report_row *row, const char *joint);
/**
 * Returns the key columns joined by "\x1f", with "#2" for the second row of its name: an identity
 * to show.
 */
const char *kt_row_id(
	struct kt_arena *arena, const struct kt_table *table, const struct kt_report_row *row);
/** Writes the remembered numbers into the table; its rows must have keys. */
void kt_row_keep_copies(struct kt_copies *copies, struct kt_arena *arena, struct kt_table *table);

#endif
