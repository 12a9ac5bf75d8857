// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REPORT_REPORT_H
#define KT_REPORT_REPORT_H

#include "base/arena.h"
#include "model/metric.h"
#include "model/unknown.h"
#include "report/chart.h"
#include "report/drawing.h"
#include "report/family.h"
#include "report/finding.h"

#include <stdbool.h>

/**
 * Results of a command, without their presentation. Commands build a report, outputs render it:
 * text, JSON, CSV, OpenMetrics. Neither side knows the other.
 */

enum kt_cell_type {
	KT_CELL_TEXT,
	KT_CELL_BYTES, /* int64 */
	KT_CELL_COUNT, /* int64 */
	KT_CELL_SHARE, /* double, 1 is all */
	KT_CELL_REAL,  /* double */
	KT_CELL_BOOL,  /* int64 */
};

/** One member is used, by the type of the column: lists may have a million cells. */
struct kt_cell {
	enum kt_state state;
	union {
		int64_t number;
		double real;
		const char *text; /* also the reason of a missing value; NULL: no reason */
	};
};

enum kt_column_flags {
	KT_COL_TREE = 1u << 0,	    /* indented by the row's depth */
	KT_COL_LABEL = 1u << 1,	    /* a label of the families that name it */
	KT_COL_DATA_ONLY = 1u << 2, /* not in text */
	KT_COL_TEXT_ONLY = 1u << 3, /* only in text */
	KT_COL_BAR = 1u << 4,	    /* text draws a bar of the share */
	KT_COL_WRAP = 1u << 5,	    /* text wraps it, being the last */
	KT_COL_WIDE = 1u << 6,	    /* text shows it only with all columns, or as the sort column */
	/* columns of lists, see report/list.h */
	KT_COL_KEY = 1u << 7,	     /* identifies the rows; --filter matches it */
	KT_COL_SUM = 1u << 8,	     /* summed over the rows */
	KT_COL_RANK = 1u << 9,	     /* default sort column, largest first */
	KT_COL_TRACK = 1u << 10,     /* its change over time is computed; one per table */
	KT_COL_GROWTH = 1u << 11,    /* filled by report/growth.h: change since the start */
	KT_COL_RATE = 1u << 12,	     /* filled by report/growth.h: current change per second */
	KT_COL_ASCENDING = 1u << 13, /* sorted smallest first: a position in time */
	/* columns of lists with twins, rows of equal keys, see report/row_key.h */
	KT_COL_TWIN = 1u << 14, /* constant number that distinguishes twins */
	KT_COL_COPY = 1u << 15, /* filled by row_key: number of the twin; the first has none */
	KT_COL_SAME = 1u << 16, /* the same in every row, sums of rows included */
	/* limits of its values, for the JSON schema; by default a value may be null */
	KT_COL_SIGNED = 1u << 17,	 /* may be below zero */
	KT_COL_SET = 1u << 18,		 /* never null */
	KT_COL_NULL = 1u << 19,		 /* always null */
	KT_COL_SET_IF_OK = 1u << 20,	 /* null unless the column "state" is "ok" */
	KT_COL_SET_UNLESS_OK = 1u << 21, /* null if the column "state" is "ok", and only then */
	KT_COL_NULL_IF_OK = 1u << 22,	 /* null if the column "state" is "ok" */
	KT_COL_OPTIONAL = 1u << 23,	 /* of fields: may be missing */
	KT_COL_EMPTY = 1u << 24,	 /* text that may be empty */
	KT_COL_CHANGE = 1u << 25,	 /* a change: text shows its sign, also of growth */
	KT_COL_TITLE = 1u << 26,	 /* text has it in place of the key; sums too */
	KT_COL_TIME = 1u << 27,		 /* a time in UTC; text shows it in the local zone */
};

struct kt_column {
	const char *key, *title;
	enum kt_cell_type type;
	unsigned flags;
	const struct kt_family *metric; /* OpenMetrics family, or NULL; of a text column: value 1 */
	const char *label;		/* name as a label, if it differs from the key */
	/*
	 * Indexes of the two columns of a share (num / den, also in sums) or of a difference (num -
	 * den; the total's is computed from the totals). Both 0: neither.
	 */
	unsigned char num, den;
	/* for the JSON schema */
	const char *help;    /* description; NULL: none */
	const char *words;   /* the texts it may be: "user|kernel"; NULL: any */
	const char *pattern; /* regular expression of its text; NULL: any */
	int64_t min, max;    /* of numbers; max 0: any */
};

/* The two columns that report/growth.h fills; they follow the column whose change they contain. */
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
	struct kt_cell *cells; /* one per column */
	int depth;
	bool minor;  /* text shows it only with all rows */
	bool pinned; /* a cut list shows it at any rank */
	bool strong;
	const char *mark; /* text: after the row */
	/* advice for a note if it grows; NULL: no note */
	const char *next;
	int64_t error_bytes; /* growth within it means nothing */
	const char *key;     /* identity in its table, see report/row_key.h; NULL: not computed */
};

/** Called with a row, which is valid until it returns. */
typedef struct kt_err *(*kt_row_visit)(void *arg, const struct kt_report_row *row);

/**
 * Rows of a table that are too many to be kept: each output asks for all of them, one after the
 * other, as often as it needs them. They have no tree, and no list is made of them.
 */
struct kt_feed {
	struct kt_err *(*each)(void *arg, kt_row_visit visit, void *visit_arg);
	void (*free)(void *arg);
	void *arg;
};

struct kt_table {
	const char *key, *title; /* title may be NULL */
	struct kt_feed feed;	 /* of rows above the others; `each` is NULL: there are none */
	const struct kt_column *columns;
	size_t nr_columns;
	KT_LIST(struct kt_report_row) rows;
	bool data_only, text_only;
	/* Members of lists, which kt_list_finish() sorts and cuts. */
	bool list;
	bool plain;		     /* its rows overlap: no sums, and cut rows are only counted */
	struct kt_report_row *rest;  /* sum of the cut rows; NULL: none */
	struct kt_report_row *total; /* sum of all rows; NULL: none */
	size_t nr_rest;
	size_t sorted_by; /* index of the column */
};

struct kt_field {
	const char *group, *key; /* group: NULL: top level */
	enum kt_cell_type type;
	struct kt_cell cell;
	const struct kt_family *metric; /* NULL: none */
};

struct kt_shape;

struct kt_report {
	struct kt_arena arena;
	const char *schema;	      /* name of its JSON schema: "ktally/account/1" */
	const struct kt_shape *shape; /* NULL: not stated, see report/shape.h */
	KT_LIST(struct kt_field) fields;
	KT_LIST(struct kt_table *) tables;
	KT_LIST(struct kt_chart *) charts;
	KT_LIST(struct kt_drawing *) drawings; /* pictures of what tables contain */
	KT_LIST(struct kt_finding) findings;
	KT_LIST(const char *) headlines; /* text: above all else */
	KT_LIST(const char *) notes;
	KT_LIST(const char *) warnings; /* notes that must not be missed */
	bool judged;			/* findings were looked for: an empty list says so */
	bool brief;			/* text shows the findings as notes */
	bool followed;			/* contains growth and rates */
	bool finished;			/* its lists are sorted and cut */
	bool streamed;			/* the command has already written its output */
	int exit_status;		/* of the program; 0: all went well */
};

void kt_report_init(struct kt_report *report, const char *schema);
void kt_report_cleanup(struct kt_report *report);

struct kt_field *kt_report_field(struct kt_report *report, const char *group, const char *key,
	enum kt_cell_type type, struct kt_cell cell);
/** Value of a field, for code that reads a report; NULL: the report has none, or it is missing. */
const struct kt_cell *kt_report_value(
	const struct kt_report *report, const char *group, const char *key);
/** Adds a table; `columns` must outlive the report. NULL when out of memory. */
struct kt_table *kt_report_table(struct kt_report *report, const char *key, const char *title,
	const struct kt_column *columns, size_t nr_columns);
/** Adds a table whose rows are sorted, filtered, cut and summed when the command has finished. */
struct kt_table *kt_report_list(struct kt_report *report, const char *key, const char *title,
	const struct kt_column *columns, size_t nr_columns);
#define KT_NO_COLUMN SIZE_MAX
/** Index of the first column with one of the flags, or KT_NO_COLUMN. */
size_t kt_table_column(const struct kt_table *table, unsigned flags);
/** Index of the column with this key, as in JSON; text-only columns do not count. */
size_t kt_table_column_named(const struct kt_table *table, const char *key);
/** Makes `to` the column that a list is sorted by, in place of `from`, and shows it in text. */
void kt_column_rank(struct kt_column *columns, size_t from, size_t to);
/** Adds a row of absent cells. NULL when out of memory. */
struct kt_report_row *kt_table_row(struct kt_report *report, struct kt_table *table);
/** Adds a chart. NULL when out of memory. */
struct kt_chart *kt_report_chart(struct kt_report *report, const char *key, const char *title);
/** Adds a drawing. NULL when out of memory. */
struct kt_drawing *kt_report_drawing(struct kt_report *report, const char *key, const char *title);
void kt_report_headline(struct kt_report *report, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_report_note(struct kt_report *report, const char *fmt, ...) KT_PRINTF(2, 3);
/** A note that must not be missed: the program says it where the output has no notes. */
void kt_report_warn(struct kt_report *report, const char *text);

/** Makes a cell with a copy of `text`, which may belong to a snapshot that is freed first. */
struct kt_cell kt_report_text(struct kt_report *report, const char *text);
/** Text such as "1.4 GiB", in the arena of the report. */
const char *kt_report_bytes(struct kt_report *report, int64_t bytes);
/** Text such as "90 min", "5 h", "3 days", in the arena of the report. */
const char *kt_report_span(struct kt_report *report, int64_t seconds);
/** Makes a missing cell with a copy of the reason. */
struct kt_cell kt_report_missing(struct kt_report *report, enum kt_state state, const char *why);

/** Makes a text cell. `text` must outlive the report: a literal, or in its arena. */
static inline struct kt_cell kt_cell_text(const char *text)
{
	return (struct kt_cell){ .state = text ? KT_OK : KT_ABSENT, .text = text };
}

static inline struct kt_cell kt_cell_number(int64_t number)
{
	return (struct kt_cell){ .number = number };
}

/** Makes a cell from a record's number; absent if it is KT_UNKNOWN. */
static inline struct kt_cell kt_cell_known(int64_t number)
{
	if (!kt_known(number))
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
