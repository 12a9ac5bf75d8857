// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds rows in the table that tools/gen_rows.c makes from rows.txt.

#include "account/row.h"

#include <string.h>

bool kt_row_is(enum kt_row_id row, const char *id)
{
	return row != KT_ROW_NONE && strcmp(kt_rows[row].id, id) == 0;
}

enum kt_row_id kt_row_find(const char *id)
{
	enum kt_row_id row = 0;

	while (row < KT_ROW_COUNT && strcmp(kt_rows[row].id, id) != 0)
		row++;
	return row;
}

enum kt_row_id kt_row_with(enum kt_metric metric)
{
	enum kt_row_id row = 0;

	while (row < KT_ROW_COUNT &&
		!(kt_rows[row].terms[0].sign && kt_rows[row].terms[0].metric == metric))
		row++;
	return row;
}

const char *kt_row_id_name(enum kt_row_id row)
{
	return row == KT_ROW_NONE ? NULL : kt_rows[row].id;
}

bool kt_row_is_below(enum kt_row_id row, enum kt_row_id top)
{
	while (row != KT_ROW_NONE && row != top)
		row = kt_rows[row].parent;
	return row == top;
}
