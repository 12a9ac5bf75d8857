// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_REPORT_H
#define KT_MODEL_REPORT_H

#include "base/arena.h"
#include "model/chart.h"
#include "model/metric.h"

#include <stdbool.h>

/**
 * What a command has found out, before anybody decides how it looks. Commands build one,
 * outputs render it: text, JSON, CSV, OpenMetrics. Neither knows the other.
 */

enum kt_cell_type {
	KT_CELL_TEXT,
	KT_CELL_BYTES, /* int64 */
	KT_CELL_COUNT, /* int64 */
	KT_CELL_SHARE, /* double, 1 is all */
	KT_CELL_REAL,  /* double */
	KT_CELL_BOOL,  /* int64 */
};

struct kt_cell {
	enum kt_state state; /* where not KT_OK, `text` may say why */
	int64_t number;
	double real;
	const char *text;
};

enum kt_column_flags {
	KT_COL_TREE = 1u << 0,	    /* indented by the row's depth */
	KT_COL_LABEL = 1u << 1,	    /* a label of the row's metrics */
	KT_COL_DATA_ONLY = 1u << 2, /* not in text */
	KT_COL_TEXT_ONLY = 1u << 3, /* only in text */
	KT_COL_BAR = 1u << 4,	    /* text draws a bar of the share */
	KT_COL_WRAP = 1u << 5,	    /* text wraps it, being the last */
	KT_COL_WIDE = 1u << 6, /* in text only where everything is asked for, or it is sorted by */
	/* of lists, see model/list.h */
	KT_COL_KEY = 1u << 7,	     /* tells the rows apart, and is what --filter looks at */
	KT_COL_SUM = 1u << 8,	     /* adds up over the rows */
	KT_COL_RANK = 1u << 9,	     /* what a list is sorted by where nobody says, largest first */
	KT_COL_TRACK = 1u << 10,     /* whose change over time is told; one in a table */
	KT_COL_GROWTH = 1u << 11,    /* filled by model/growth.h: its change since the start */
	KT_COL_RATE = 1u << 12,	     /* filled by model/growth.h: its change per second, of late */
	KT_COL_ASCENDING = 1u << 13, /* sorted smallest first: a place in time */
	KT_COL_COUNTER = 1u << 14,   /* OpenMetrics: it only grows, from the boot on */
};

struct kt_column {
	const char *key, *title;
	enum kt_cell_type type;
	unsigned flags;
	const char *metric, *help; /* OpenMetrics family of a value column, or NULL */
	const char *label;	   /* name as a label, where it is not the key */
	/*
	 * A share that is one column of its row over another, in sums too; or a difference, of
	 * which the total's is that of the totals. Both 0: neither.
	 */
	unsigned char num, den;
};

/* The two columns that model/growth.h fills, behind the one whose change they tell. */
#define KT_COLUMN_GROWTH(cells, more)                                \
	{                                                            \
		.key = "growth", .title = "GROWTH", .type = (cells), \
		.flags = KT_COL_GROWTH | (more)                      \
	}
#define KT_COLUMN_RATE(cells, more)                                                             \
	{                                                                                       \
		.key = "rate", .title = "PER S", .type = (cells), .flags = KT_COL_RATE | (more) \
	}

struct kt_report_row {
	struct kt_cell *cells; /* one for each column */
	int depth;
	bool minor;  /* text leaves it out unless everything is asked for */
	bool pinned; /* a list that is cut shows it whatever its rank */
	bool strong;
	const char *mark; /* text: behind the row */
	/* what to do where it grows, for a note; NULL: it is not worth one */
	const char *next;
	int64_t error_bytes; /* growth within it says nothing */
};

struct kt_table {
	const char *key, *title; /* title may be NULL */
	const struct kt_column *columns;
	size_t nr_columns;
	KT_LIST(struct kt_report_row) rows;
	bool data_only, text_only;
	/* Lists, which kt_list_finish() sorts and cuts. */
	bool list;
	bool plain; /* its rows overlap: there are no sums, and what is cut is only counted */
	struct kt_report_row *rest;  /* the sum of the rows that were cut, or NULL */
	struct kt_report_row *total; /* the sum of all rows, or NULL */
	size_t nr_rest;
	size_t sorted_by; /* index of the column */
};

struct kt_field {
	const char *group, *key; /* group: NULL for the top level */
	enum kt_cell_type type;
	struct kt_cell cell;
	const char *metric, *help;
};

struct kt_report {
	struct kt_arena arena;
	const char *schema; /* name of its JSON schema: "ktally/account/1" */
	KT_LIST(struct kt_field) fields;
	KT_LIST(struct kt_table *) tables;
	KT_LIST(struct kt_chart *) charts;
	KT_LIST(const char *) headlines; /* text: above everything */
	KT_LIST(const char *) notes;
	bool followed; /* growth and rates are in it */
	bool finished; /* its lists are sorted and cut */
	bool streamed; /* the command has written its output itself */
	bool failed;   /* a check that was asked for did not pass: the program's status says so */
};

void kt_report_init(struct kt_report *report, const char *schema);
void kt_report_cleanup(struct kt_report *report);

struct kt_field *kt_report_field(struct kt_report *report, const char *group, const char *key,
	enum kt_cell_type type, struct kt_cell cell);
/** `columns` must outlive the report. NULL when out of memory. */
struct kt_table *kt_report_table(struct kt_report *report, const char *key, const char *title,
	const struct kt_column *columns, size_t nr_columns);
/** A table whose rows are sorted, filtered, cut and added up when the command is done. */
struct kt_table *kt_report_list(struct kt_report *report, const char *key, const char *title,
	const struct kt_column *columns, size_t nr_columns);
#define KT_NO_COLUMN SIZE_MAX
/** Index of the first column with one of the flags, or KT_NO_COLUMN. */
size_t kt_table_column(const struct kt_table *table, unsigned flags);
/** Index of the column with this key, as in JSON: one that is text only has none there. */
size_t kt_table_column_named(const struct kt_table *table, const char *key);
/** The cells start absent. NULL when out of memory. */
struct kt_report_row *kt_table_row(struct kt_report *report, struct kt_table *table);
/** NULL when out of memory. */
struct kt_chart *kt_report_chart(struct kt_report *report, const char *key, const char *title);
void kt_report_headline(struct kt_report *report, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_report_note(struct kt_report *report, const char *fmt, ...) KT_PRINTF(2, 3);

/** A cell with a copy of `text`, which may belong to a snapshot that dies first. */
struct kt_cell kt_report_text(struct kt_report *report, const char *text);
/** "1.4 GiB", in the arena of the report. */
const char *kt_report_bytes(struct kt_report *report, int64_t bytes);
/** A missing cell with a copy of the reason. */
struct kt_cell kt_report_missing(struct kt_report *report, enum kt_state state, const char *why);

/** `text` must outlive the report: a literal, or in its arena. */
static inline struct kt_cell kt_cell_text(const char *text)
{
	return (struct kt_cell){ .state = text ? KT_OK : KT_ABSENT, .text = text };
}

static inline struct kt_cell kt_cell_number(int64_t number)
{
	return (struct kt_cell){ .number = number };
}

/** Of an amount that is never negative: -1 is one that is not known. */
static inline struct kt_cell kt_cell_known(int64_t number)
{
	if (number < 0)
		return (struct kt_cell){ .state = KT_ABSENT };
	return kt_cell_number(number);
}

static inline struct kt_cell kt_cell_real(double real)
{
	return (struct kt_cell){ .real = real };
}

static inline struct kt_cell kt_cell_missing(enum kt_state state, const char *why)
{
	return (struct kt_cell){ .state = state, .text = why };
}

#endif
