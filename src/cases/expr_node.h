// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_EXPR_NODE_H
#define KT_CASES_EXPR_NODE_H

#include "cases/facts.h"

/** Nodes of an expression: shared by its parser and its calculation only. */

enum kt_expr_kind {
	KT_EXPR_CONSTANT,
	KT_EXPR_NAME,
	KT_EXPR_SUM, /* functions have a list of names */
	KT_EXPR_MAX,
	KT_EXPR_COUNT,
	KT_EXPR_GROWTH,
	KT_EXPR_USUAL,
	KT_EXPR_NOT,
	KT_EXPR_AND, /* from here on: two operands */
	KT_EXPR_OR,
	KT_EXPR_LESS,
	KT_EXPR_LESS_EQUAL,
	KT_EXPR_MORE,
	KT_EXPR_MORE_EQUAL,
	KT_EXPR_EQUAL,
	KT_EXPR_UNEQUAL,
	KT_EXPR_PLUS,
	KT_EXPR_MINUS,
	KT_EXPR_TIMES,
	KT_EXPR_OVER,
};

/** The name of a fact, or a pattern of names. */
struct kt_expr_name {
	struct kt_span text; /* `$` stands for the thing */
	enum kt_fact_word word;
};

struct kt_expr_node {
	enum kt_expr_kind kind;
	enum kt_fact_unit unit; /* of the result */
	double value;
	const struct kt_expr_name *names;
	size_t nr_names;
	uint32_t left, right; /* earlier nodes */
};

#endif
