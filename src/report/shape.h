// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_SHAPE_H
#define KT_REPORT_SHAPE_H

#include "base/err.h"
#include "report/report.h"

/**
 * The shape of a report as data: its parts, with the columns that the report is built from. The
 * JSON schema of a command is printed from it (tools/gen_schema.c), and a report is compared with
 * it.
 */

enum kt_part_kind {
	KT_PART_FIELDS, /* one value for each column, in an object or at the top level */
	KT_PART_TABLE,
	KT_PART_LIST,	    /* a table with KEY_others and KEY_total */
	KT_PART_PLAIN_LIST, /* a list without sums: its rows overlap */
	KT_PART_CHARTS,
	KT_PART_FINDINGS, /* of report/findings.h */
};

#define KT_ANY_FORM (~0u)

struct kt_part {
	const char *key; /* of the object or table; NULL: fields at the top level */
	enum kt_part_kind kind;
	const struct kt_column *columns;
	size_t nr_columns;
	const struct kt_column *more; /* columns with a number for the '#' in the key; or NULL */
	/*
	 * Bits of the forms of the report that have the part, and of those forms that may lack it.
	 * A report has exactly one form. 0: all forms; none of them.
	 */
	unsigned forms, optional;
	unsigned min_rows, max_rows; /* max_rows 0: any number */
	const char *help;	     /* description in the schema; NULL: none */
	const char *json;	     /* further members of its schema; NULL: none */
};

struct kt_shape {
	const char *schema;		    /* "ktally/slab/1" */
	const char *title;		    /* NULL: the summary of the command */
	const struct kt_part *const *parts; /* ends with NULL */
};

#define KT_PARTS(...)	     ((const struct kt_part *const[]){ __VA_ARGS__, NULL })
#define KT_COLUMNS_OF(array) .columns = (array), .nr_columns = KT_LEN(array)

/* Texts of columns with a state and a quality. */
#define KT_STATE_WORDS	 "ok|absent|denied|unsupported|bad"
#define KT_QUALITY_WORDS "exact|estimate|upper_bound|lower_bound"
#define KT_TIME_PATTERN	 "^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"

/** Starts an empty report that is to have this shape. */
void kt_report_begin(struct kt_report *report, const struct kt_shape *shape);

/**
 * Compares a report with its shape: names, types, order of columns, missing parts. NULL: no
 * difference, or no shape.
 */
struct kt_err *kt_shape_check(const struct kt_report *report) KT_MUST_CHECK;

#endif
