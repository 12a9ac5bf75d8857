// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parses expressions by recursive descent, with bounds for depth and number of nodes. Units are
// checked here, so that a case that compares bytes with a count is refused when it is read.

#include "cases/expr.h"

#include "cases/expr_node.h"

#include <math.h>

#define NAMES_MAX	  16
#define NUMBER_DIGITS_MAX 15

struct parser {
	struct kt_arena *arena;
	struct kt_span rest;
	struct kt_expr_node *nodes; /* KT_EXPR_NODES_MAX of them */
	uint32_t count;
	int depth;
	struct kt_err *err; /* the first one */
};

static const char *const units[] = {
	[KT_FACT_TRUTH] = "a condition",
	[KT_FACT_NUMBER] = "a number",
	[KT_FACT_SHARE] = "a number",
	[KT_FACT_BYTES] = "an amount of memory",
	[KT_FACT_SECONDS] = "a time",
	[KT_FACT_RATE] = "memory per hour",
};

static uint32_t parse_or(struct parser *p);

static uint32_t fail(struct parser *p, const char *why)
{
	if (!p->err)
		p->err = kt_err_new(KT_ERR_PARSE, "%s at '%.*s'", why,
			(int)(p->rest.n < 40 ? p->rest.n : 40), p->rest.p);
	return 0;
}

static uint32_t put(struct parser *p, struct kt_expr_node node)
{
	if (p->count >= KT_EXPR_NODES_MAX)
		return fail(p, "the expression is too long");
	p->nodes[p->count] = node;
	return p->count++;
}

static void skip_blanks(struct parser *p)
{
	while (p->rest.n && (*p->rest.p == ' ' || *p->rest.p == '\t'))
		p->rest = kt_span_from(p->rest, 1);
}

static bool is_name(char c, bool first)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

	return letter || (!first && c && (strchr("_:.*?-$", c) || (c >= '0' && c <= '9')));
}

static struct kt_span peek_name(const struct parser *p)
{
	struct kt_span name = { p->rest.p, 0 };

	while (name.n < p->rest.n && is_name(p->rest.p[name.n], name.n == 0))
		name.n++;
	return name;
}

static struct kt_expr_name peek_fact(const struct parser *p)
{
	struct kt_span name = peek_name(p);

	return (struct kt_expr_name){ name, kt_fact_word_of(name) };
}

static bool take(struct parser *p, const char *sign)
{
	skip_blanks(p);
	return kt_span_skip(&p->rest, sign);
}

static bool take_word(struct parser *p, const char *word)
{
	skip_blanks(p);
	if (!kt_span_eq(peek_name(p), word))
		return false;
	p->rest = kt_span_from(p->rest, strlen(word));
	return true;
}

/* Units of numbers; the longest spelling comes first. */
static const struct {
	const char *text;
	enum kt_fact_unit unit;
	double factor;
} suffixes[] = {
	{ "KiB/h", KT_FACT_RATE, 1024. },
	{ "MiB/h", KT_FACT_RATE, 1048576. },
	{ "GiB/h", KT_FACT_RATE, 1073741824. },
	{ "KiB", KT_FACT_BYTES, 1024. },
	{ "MiB", KT_FACT_BYTES, 1048576. },
	{ "GiB", KT_FACT_BYTES, 1073741824. },
	{ "TiB", KT_FACT_BYTES, 1099511627776. },
	{ "bytes", KT_FACT_BYTES, 1. },
	{ "min", KT_FACT_SECONDS, 60. },
	{ "days", KT_FACT_SECONDS, 86400. },
	{ "h", KT_FACT_SECONDS, 3600. },
	{ "s", KT_FACT_SECONDS, 1. },
	{ "%", KT_FACT_SHARE, 0.01 },
};

static bool take_digits(struct parser *p, double *value, double *scale)
{
	size_t n = 0;

	for (; n < p->rest.n && p->rest.p[n] >= '0' && p->rest.p[n] <= '9'; n++) {
		*value = *value * 10 + (p->rest.p[n] - '0');
		*scale *= 10;
	}
	p->rest = kt_span_from(p->rest, n);
	return n > 0 && n <= NUMBER_DIGITS_MAX;
}

static uint32_t parse_number(struct parser *p)
{
	struct kt_expr_node node = { .kind = KT_EXPR_CONSTANT, .unit = KT_FACT_NUMBER };
	double scale = 1;

	if (!take_digits(p, &node.value, &scale))
		return fail(p, "no number that ktally can read");
	scale = 1;
	if (kt_span_skip(&p->rest, ".") && !take_digits(p, &node.value, &scale))
		return fail(p, "no digit after the period");
	node.value /= scale;
	for (size_t i = 0; i < KT_LEN(suffixes); i++) {
		struct kt_span rest = p->rest;

		while (rest.n && *rest.p == ' ')
			rest = kt_span_from(rest, 1);
		if (!kt_span_skip(&rest, suffixes[i].text) ||
			(rest.n && is_name(*rest.p, false) && suffixes[i].unit != KT_FACT_SHARE))
			continue;
		node.unit = suffixes[i].unit;
		node.value *= suffixes[i].factor;
		p->rest = rest;
		break;
	}
	return put(p, node);
}

/* Takes names up to the closing bracket. All have one unit. */
static bool take_names(struct parser *p, struct kt_expr_node *node)
{
	struct kt_expr_name names[NAMES_MAX];
	struct kt_expr_name *copy;

	do {
		struct kt_expr_name *name = &names[node->nr_names];

		skip_blanks(p);
		if (node->nr_names == NAMES_MAX)
			return fail(p, "too many names"), false;
		*name = peek_fact(p);
		if (name->word == KT_FACT_WORDS)
			return fail(p, "not the name of a fact"), false;
		if (node->nr_names && kt_facts_about[name->word].unit != node->unit)
			return fail(p, "facts with different units"), false;
		node->unit = kt_facts_about[name->word].unit;
		node->nr_names++;
		p->rest = kt_span_from(p->rest, name->text.n);
	} while (take(p, ","));
	if (!take(p, ")"))
		return fail(p, "')' is missing"), false;
	copy = kt_arena_alloc(p->arena, node->nr_names * sizeof(*copy));
	if (copy)
		memcpy(copy, names, node->nr_names * sizeof(*copy));
	node->names = copy;
	return copy != NULL;
}

static uint32_t parse_function(struct parser *p, enum kt_expr_kind kind)
{
	struct kt_expr_node node = { .kind = kind };

	if (!take_names(p, &node))
		return 0;
	if (kind == KT_EXPR_USUAL && node.nr_names != 1)
		return fail(p, "usual() takes one name");
	if (kind == KT_EXPR_COUNT)
		node.unit = KT_FACT_NUMBER;
	if (kind == KT_EXPR_GROWTH && node.unit == KT_FACT_BYTES)
		node.unit = KT_FACT_RATE;
	return put(p, node);
}

static uint32_t parse_name(struct parser *p)
{
	static const struct {
		const char *name;
		enum kt_expr_kind kind;
	} functions[] = {
		{ "sum", KT_EXPR_SUM },
		{ "max", KT_EXPR_MAX },
		{ "count", KT_EXPR_COUNT },
		{ "growth", KT_EXPR_GROWTH },
		{ "usual", KT_EXPR_USUAL },
	};
	struct kt_expr_name name = peek_fact(p);
	struct kt_expr_node node = { .kind = KT_EXPR_NAME, .nr_names = 1 };
	struct kt_expr_name *copy;

	for (size_t i = 0; i < KT_LEN(functions); i++) {
		if (!kt_span_eq(name.text, functions[i].name))
			continue;
		p->rest = kt_span_from(p->rest, name.text.n);
		return take(p, "(") ? parse_function(p, functions[i].kind)
				    : fail(p, "'(' is missing");
	}
	if (name.word == KT_FACT_WORDS)
		return fail(p, "not the name of a fact");
	if (memchr(name.text.p, '*', name.text.n))
		return fail(p, "a pattern needs sum(), max() or count()");
	copy = kt_arena_alloc(p->arena, sizeof(*copy));
	if (!copy)
		return 0;
	*copy = name;
	p->rest = kt_span_from(p->rest, name.text.n);
	node.names = copy;
	node.unit = kt_facts_about[name.word].unit;
	return put(p, node);
}

static uint32_t parse_atom(struct parser *p)
{
	uint32_t node;

	skip_blanks(p);
	if (!p->rest.n)
		return fail(p, "something is missing");
	if (*p->rest.p >= '0' && *p->rest.p <= '9')
		return parse_number(p);
	if (is_name(*p->rest.p, true))
		return parse_name(p);
	if (!kt_span_skip(&p->rest, "("))
		return fail(p, "neither a number nor a name");
	node = parse_or(p);
	return p->err || take(p, ")") ? node : fail(p, "')' is missing");
}

static enum kt_fact_unit plain(enum kt_fact_unit unit)
{
	return unit == KT_FACT_SHARE ? KT_FACT_NUMBER : unit;
}

/* Units of products: only a number or a ratio scales an amount. */
static bool product_unit(
	bool over, enum kt_fact_unit a, enum kt_fact_unit b, enum kt_fact_unit *ret)
{
	if (a == KT_FACT_TRUTH || b == KT_FACT_TRUTH)
		return false;
	if (over && a == b)
		*ret = KT_FACT_SHARE;
	else if (plain(b) == KT_FACT_NUMBER)
		*ret = a;
	else if (plain(a) == KT_FACT_NUMBER && !over)
		*ret = b;
	else if (over && a == KT_FACT_BYTES && b == KT_FACT_RATE)
		*ret = KT_FACT_SECONDS;
	else
		return false;
	return true;
}

static uint32_t join(struct parser *p, enum kt_expr_kind kind, uint32_t left, uint32_t right)
{
	struct kt_expr_node node = { .kind = kind, .left = left, .right = right };
	enum kt_fact_unit a, b;

	if (p->err)
		return 0;
	a = p->nodes[left].unit;
	b = p->nodes[right].unit;
	node.unit = kind < KT_EXPR_PLUS ? KT_FACT_TRUTH : a;
	if (kind == KT_EXPR_AND || kind == KT_EXPR_OR) {
		if (a != KT_FACT_TRUTH || b != KT_FACT_TRUTH)
			return fail(p, "'and' and 'or' join conditions, and one side is none");
	} else if (kind >= KT_EXPR_TIMES) {
		if (!product_unit(kind == KT_EXPR_OVER, a, b, &node.unit))
			return fail(p, "units that cannot be multiplied or divided before");
	} else if (plain(a) != plain(b)) {
		p->err = kt_err_new(
			KT_ERR_PARSE, "%s is compared with or added to %s", units[a], units[b]);
		return 0;
	}
	return put(p, node);
}

static uint32_t parse_product(struct parser *p)
{
	uint32_t left = parse_atom(p);

	while (!p->err) {
		if (take(p, "* "))
			left = join(p, KT_EXPR_TIMES, left, parse_atom(p));
		else if (take(p, "/ "))
			left = join(p, KT_EXPR_OVER, left, parse_atom(p));
		else
			break;
	}
	return left;
}

static uint32_t parse_sum(struct parser *p)
{
	uint32_t left = parse_product(p);

	while (!p->err) {
		if (take(p, "+ "))
			left = join(p, KT_EXPR_PLUS, left, parse_product(p));
		else if (take(p, "- "))
			left = join(p, KT_EXPR_MINUS, left, parse_product(p));
		else
			break;
	}
	return left;
}

static uint32_t parse_comparison(struct parser *p)
{
	static const struct {
		const char *sign;
		enum kt_expr_kind kind;
	} signs[] = {
		{ "<=", KT_EXPR_LESS_EQUAL },
		{ ">=", KT_EXPR_MORE_EQUAL },
		{ "!=", KT_EXPR_UNEQUAL },
		{ "<", KT_EXPR_LESS },
		{ ">", KT_EXPR_MORE },
		{ "=", KT_EXPR_EQUAL },
	};
	uint32_t left = parse_sum(p);

	for (size_t i = 0; i < KT_LEN(signs) && !p->err; i++) {
		if (take(p, signs[i].sign))
			return join(p, signs[i].kind, left, parse_sum(p));
	}
	return left;
}

static uint32_t parse_not(struct parser *p)
{
	uint32_t of;

	if (++p->depth > KT_EXPR_DEPTH_MAX) {
		p->depth--;
		return fail(p, "too many brackets in each other");
	}
	if (take_word(p, "not")) {
		of = parse_not(p);
		if (!p->err && p->nodes[of].unit != KT_FACT_TRUTH)
			fail(p, "'not' needs a condition");
		of = p->err ? 0
			    : put(p, (struct kt_expr_node){ .kind = KT_EXPR_NOT,
					     .unit = KT_FACT_TRUTH,
					     .left = of });
	} else
		of = parse_comparison(p);
	p->depth--;
	return of;
}

static uint32_t parse_and(struct parser *p)
{
	uint32_t left = parse_not(p);

	while (!p->err && take_word(p, "and"))
		left = join(p, KT_EXPR_AND, left, parse_not(p));
	return left;
}

static uint32_t parse_or(struct parser *p)
{
	uint32_t left = parse_and(p);

	while (!p->err && take_word(p, "or"))
		left = join(p, KT_EXPR_OR, left, parse_and(p));
	return left;
}

struct kt_err *kt_expr_parse(struct kt_arena *arena, struct kt_span text, struct kt_expr *ret_expr)
{
	struct kt_expr_node room[KT_EXPR_NODES_MAX], *nodes;
	struct parser p = { .arena = arena, .rest = text, .nodes = room };

	*ret_expr = (struct kt_expr){ 0 };
	if (text.n > KT_EXPR_BYTES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "the expression is longer than %u characters",
			KT_EXPR_BYTES_MAX);
	parse_or(&p);
	skip_blanks(&p);
	if (!p.err && p.rest.n)
		fail(&p, "no operator");
	if (p.err)
		return p.err;
	nodes = kt_arena_alloc(arena, p.count * sizeof(*nodes));
	if (!nodes || arena->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	memcpy(nodes, room, p.count * sizeof(*nodes));
	*ret_expr = (struct kt_expr){ nodes, p.count, nodes[p.count - 1].unit };
	return NULL;
}
