// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_EXPR_H
#define KT_CASES_EXPR_H

#include "cases/facts.h"

/**
 * Expressions over facts: "dentries_negative > 50% * dentries and slab:dentry > 100 MiB".
 *
 *	or, and, not          three-valued: an unknown fact makes them unknown unless the rest
 *decides < <= > >= = !=        of two values with one unit
 *	+ - * /               between blanks, because names may have these characters
 *	12  3%  4 MiB  2 MiB/h  30 min
 *	NAME                  a fact; `$` in it is the thing that the case is tried on
 *	sum(NAME...)          of all facts that match; unknown if none is known
 *	max(NAME...)          the largest; count(NAME...) how many
 *	growth(NAME...)       of their sum, per hour, since the older facts
 *	usual(NAME)           the most that machines of this size have; see usual.h
 */

struct kt_expr_node;

/** A parsed expression; `nodes` NULL: none was given. */
struct kt_expr {
	const struct kt_expr_node *nodes; /* the last one is the result */
	size_t count;
	enum kt_fact_unit unit;
	const char *text; /* as in the file of its case */
};

/** A value; NaN: unknown. */
struct kt_expr_value {
	double value;
	enum kt_fact_unit unit;
};

#define KT_EXPR_BYTES_MAX 4096u /* bytes of text */
#define KT_EXPR_NODES_MAX 256u
#define KT_EXPR_DEPTH_MAX 32

/** Parses a text. The nodes are in `arena`; names point into `text`. */
struct kt_err *kt_expr_parse(
	struct kt_arena *arena, struct kt_span text, struct kt_expr *ret_expr) KT_MUST_CHECK;
/** Computes an expression; `thing` is the text for `$`, or NULL. */
struct kt_expr_value kt_expr_value(
	const struct kt_expr *expr, const struct kt_facts *facts, const char *thing);
/** Whether it is a truth and known to hold. */
bool kt_expr_holds(const struct kt_expr *expr, const struct kt_facts *facts, const char *thing);

#endif
