// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_CASE_H
#define KT_CASES_CASE_H

#include "cases/expr.h"
#include "cases/fill.h"
#include "report/finding.h"

/**
 * A case: a known cause of memory use, with what shows it and what to do. It is read from a text of
 * "key: value" lines; a line that begins with a blank continues the one before it. docs/CASES.md
 * describes the keys.
 */

#define KT_CASE_EVIDENCE  12
#define KT_CASE_FILE_MAX  (64u << 10) /* bytes */
#define KT_CASE_ITEMS_MAX 3	      /* findings that a case makes for the things of `each` */

struct kt_case {
	const char *id;		/* lower-case letters, digits, hyphens: the name of the file */
	const char *file;	/* for messages */
	const char *title;	/* without figures */
	struct kt_fill finding; /* the sentence with figures */
	const char *about;	/* the mechanism, in a few sentences; NULL */
	const char *each;   /* pattern of names, "slab:*"; `$` stands for the rest; NULL: once */
	const char *except; /* patterns of names that `each` leaves out, between blanks; NULL */
	struct kt_expr symptom; /* at one time */
	struct kt_expr grows;	/* between two times */
	const char *series;	/* patterns of names, between blanks; NULL: none */
	struct kt_expr where;	/* further condition of a series */
	struct kt_fill subject; /* "row:percpu", "slab:dentry" */
	const char *state;	/* as kt_verdict_name() has it */
	enum kt_severity severity;
	struct kt_expr graver[KT_NR_SEVERITIES]; /* raises the severity */
	struct kt_expr bytes;			 /* at stake */
	double confidence;			 /* NaN: not given */
	struct kt_fill evidence[KT_CASE_EVIDENCE];
	size_t nr_evidence;
	struct kt_fill culprit, remedy, costs, next;
	const char *counts;    /* kt_driver_name(): who has most of it is the culprit; NULL */
	const char *test;      /* that decides between this case and others */
	const char *versions;  /* NULL: all */
	const char *reference; /* of a public source */
	const char *more;      /* further sources, between blanks; NULL */
	const char *hides;     /* ids of vaguer cases, between blanks; NULL */
};

/**
 * Reads a case. All of it is in `arena`; `text` is copied. The error begins with `file` and the
 * line.
 */
struct kt_err *kt_case_parse(struct kt_arena *arena, const char *id, const char *file,
	struct kt_span text, struct kt_case *ret_case) KT_MUST_CHECK;

#endif
