// SPDX-License-Identifier: GPL-2.0-or-later
//
// Computes expressions. An unknown value is NaN, which arithmetic keeps; conditions follow the
// three-valued logic of Kleene: "unknown or true" is true.

#include "cases/expr.h"
#include "cases/expr_node.h"
#include "cases/usual.h"

#include <math.h>
#include <string.h>

#define NAME_MAX_BYTES 512

/* Puts the thing into a name; an empty span: too long. */
static struct kt_span name_of(struct kt_span name, const char *thing, char ret[NAME_MAX_BYTES])
{
	const char *place = memchr(name.p, '$', name.n);
	size_t before, n;

	if (!place)
		return name;
	before = (size_t)(place - name.p);
	n = thing ? strlen(thing) : 0;
	if (!thing || name.n - 1 + n >= NAME_MAX_BYTES)
		return (struct kt_span){ ret, 0 };
	memcpy(ret, name.p, before);
	memcpy(ret + before, thing, n);
	memcpy(ret + before + n, place + 1, name.n - before - 1);
	return (struct kt_span){ ret, name.n - 1 + n };
}

struct gathered {
	double sum, max, count;
};

/* A thing may have a `*` in its name, so only the text of the case makes a pattern. */
static void gather(const struct kt_facts *facts, const struct kt_expr_name *of, const char *thing,
	struct gathered *all)
{
	char room[NAME_MAX_BYTES];
	struct kt_span name = name_of(of->text, thing, room);

	if (!name.n)
		return;
	if (!memchr(of->text.p, '*', of->text.n)) {
		double value = kt_facts_value(facts, name);

		if (!isnan(value)) {
			all->sum += value;
			all->max = fmax(all->max, value);
			all->count += value != 0 || !facts->complete[of->word];
		}
		return;
	}
	for (size_t i = 0; i < facts->items.count; i++) {
		const struct kt_fact *one = &facts->items.items[i];

		if (one->word != of->word || !kt_fact_matches(name, one->name))
			continue;
		all->sum += one->value;
		all->max = fmax(all->max, one->value);
		all->count++;
	}
}

/* A list that is read in full has zero of what is not in it. */
static bool is_complete(const struct kt_facts *facts, const struct kt_expr_node *node)
{
	for (size_t i = 0; i < node->nr_names; i++) {
		if (!facts->complete[node->names[i].word])
			return false;
	}
	return true;
}

static double of_names(
	const struct kt_facts *facts, const struct kt_expr_node *node, const char *thing)
{
	struct gathered all = { 0 };

	for (size_t i = 0; i < node->nr_names; i++)
		gather(facts, &node->names[i], thing, &all);
	if (!all.count && !is_complete(facts, node))
		return NAN;
	return node->kind == KT_EXPR_COUNT ? all.count
	       : node->kind == KT_EXPR_MAX ? all.max
					   : all.sum;
}

static double growth_of(
	const struct kt_facts *facts, const struct kt_expr_node *node, const char *thing)
{
	struct kt_expr_node sum = *node;

	sum.kind = KT_EXPR_SUM;
	if (!facts->older || !(facts->older_s > 0))
		return NAN;
	return (of_names(facts, &sum, thing) - of_names(facts->older, &sum, thing)) * 3600 /
	       facts->older_s;
}

static double truth_of(enum kt_expr_kind kind, double a, double b)
{
	switch (kind) {
	case KT_EXPR_AND:
		if (a == 0 || b == 0)
			return 0;
		return isnan(a) || isnan(b) ? NAN : 1;
	case KT_EXPR_OR:
		if (a == 1 || b == 1)
			return 1;
		return isnan(a) || isnan(b) ? NAN : 0;
	default: break;
	}
	if (isnan(a) || isnan(b))
		return NAN;
	switch (kind) {
	case KT_EXPR_LESS: return a < b;
	case KT_EXPR_LESS_EQUAL: return a <= b;
	case KT_EXPR_MORE: return a > b;
	case KT_EXPR_MORE_EQUAL: return a >= b;
	case KT_EXPR_EQUAL: return a == b;
	default: return a != b;
	}
}

static double value_of(const struct kt_expr_node *node, double a, double b)
{
	double value = NAN;

	if (node->kind == KT_EXPR_NOT)
		return isnan(a) ? NAN : a == 0;
	if (node->kind < KT_EXPR_PLUS)
		return truth_of(node->kind, a, b);
	if (node->kind == KT_EXPR_PLUS)
		value = a + b;
	else if (node->kind == KT_EXPR_MINUS)
		value = a - b;
	else if (node->kind == KT_EXPR_TIMES)
		value = a * b;
	else
		value = a / b;
	return isfinite(value) ? value : NAN;
}

static double leaf_of(
	const struct kt_facts *facts, const struct kt_expr_node *node, const char *thing)
{
	char room[NAME_MAX_BYTES];
	struct kt_span name;

	if (node->kind == KT_EXPR_CONSTANT)
		return node->value;
	if (node->kind == KT_EXPR_GROWTH)
		return growth_of(facts, node, thing);
	if (node->kind != KT_EXPR_NAME && node->kind != KT_EXPR_USUAL)
		return of_names(facts, node, thing);
	name = name_of(node->names[0].text, thing, room);
	if (!name.n)
		return NAN;
	return node->kind == KT_EXPR_USUAL ? kt_usual_most(facts, name).most
					   : kt_facts_value(facts, name);
}

/* Operands come before their operator. */
struct kt_expr_value kt_expr_value(
	const struct kt_expr *expr, const struct kt_facts *facts, const char *thing)
{
	struct kt_expr_value result = { NAN, expr->unit };
	double values[KT_EXPR_NODES_MAX];

	for (size_t i = 0; i < expr->count; i++) {
		const struct kt_expr_node *node = &expr->nodes[i];

		values[i] = node->kind < KT_EXPR_NOT
				    ? leaf_of(facts, node, thing)
				    : value_of(node, values[node->left], values[node->right]);
	}
	if (expr->count)
		result.value = values[expr->count - 1];
	return result;
}

bool kt_expr_holds(const struct kt_expr *expr, const struct kt_facts *facts, const char *thing)
{
	return expr->unit == KT_FACT_TRUTH && kt_expr_value(expr, facts, thing).value == 1;
}
