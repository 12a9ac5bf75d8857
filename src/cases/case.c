// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/case.h"

#include "verdict/verdict.h"

#include <math.h>

#define VALUE_MAX 8192u /* bytes of the value of a key, its continuation lines included */

enum value_kind {
	IS_TEXT,
	IS_FILL,
	IS_CONDITION,
	IS_EXPR,
	IS_EVIDENCE,
	IS_STATE,
	IS_SEVERITY,
	IS_SHARE,
	IS_COUNT,
};

static const struct {
	const char *key;
	enum value_kind kind;
	size_t offset;
} keys[] = {
#define KEY(key, kind, member)                              \
	{                                                   \
		key, kind, offsetof(struct kt_case, member) \
	}
	KEY("title", IS_TEXT, title),
	KEY("finding", IS_FILL, finding),
	KEY("about", IS_TEXT, about),
	KEY("each", IS_TEXT, each),
	KEY("except", IS_TEXT, except),
	KEY("symptom", IS_CONDITION, symptom),
	KEY("grows", IS_CONDITION, grows),
	KEY("series", IS_TEXT, series),
	KEY("where", IS_CONDITION, where),
	KEY("subject", IS_FILL, subject),
	KEY("state", IS_STATE, state),
	KEY("severity", IS_SEVERITY, severity),
	KEY("notice", IS_CONDITION, graver[KT_SEVERITY_NOTICE]),
	KEY("warning", IS_CONDITION, graver[KT_SEVERITY_WARNING]),
	KEY("critical", IS_CONDITION, graver[KT_SEVERITY_CRITICAL]),
	KEY("bytes", IS_EXPR, bytes),
	KEY("confidence", IS_SHARE, confidence),
	KEY("evidence", IS_EVIDENCE, evidence),
	KEY("test", IS_TEXT, test),
	KEY("culprit", IS_FILL, culprit),
	KEY("remedy", IS_FILL, remedy),
	KEY("costs", IS_FILL, costs),
	KEY("next", IS_FILL, next),
	KEY("counts", IS_COUNT, counts),
	KEY("versions", IS_TEXT, versions),
	KEY("reference", IS_TEXT, reference),
	KEY("more", IS_TEXT, more),
	KEY("hides", IS_TEXT, hides),
#undef KEY
};

static struct kt_err *set_state(struct kt_span text, const char **ret)
{
	for (enum kt_verdict i = 0; i < KT_NR_VERDICTS; i++) {
		if (kt_span_eq(text, kt_verdict_name(i))) {
			*ret = kt_verdict_name(i);
			return NULL;
		}
	}
	return kt_err_new(KT_ERR_PARSE, "'%.*s' is not a state", (int)text.n, text.p);
}

static struct kt_err *set_severity(struct kt_span text, enum kt_severity *ret)
{
	for (enum kt_severity i = 0; i < KT_NR_SEVERITIES; i++) {
		if (kt_span_eq(text, kt_severity_name(i))) {
			*ret = i;
			return NULL;
		}
	}
	return kt_err_new(KT_ERR_PARSE, "'%.*s' is not a severity", (int)text.n, text.p);
}

static struct kt_err *set_expr(
	struct kt_arena *arena, struct kt_span text, bool condition, struct kt_expr *ret)
{
	struct kt_err *err = kt_expr_parse(arena, text, ret);

	if (!err && condition && ret->unit != KT_FACT_TRUTH)
		err = kt_err_new(KT_ERR_PARSE, "it is not a condition");
	if (!err && !condition && ret->unit != KT_FACT_BYTES)
		err = kt_err_new(KT_ERR_PARSE, "it is not an amount of memory");
	ret->text = text.p;
	return err;
}

static struct kt_err *set_fill(struct kt_arena *arena, struct kt_span text, struct kt_fill *ret)
{
	struct kt_err *err = kt_fill_parse(arena, text, ret);

	ret->text = text.p;
	return err;
}

static struct kt_err *set_share(struct kt_arena *arena, struct kt_span text, double *ret)
{
	const struct kt_facts none = { 0 };
	struct kt_expr expr;
	struct kt_err *err = kt_expr_parse(arena, text, &expr);

	if (err)
		return err;
	*ret = kt_expr_value(&expr, &none, NULL).value;
	if ((expr.unit == KT_FACT_NUMBER || expr.unit == KT_FACT_SHARE) && *ret >= 0 && *ret <= 1)
		return NULL;
	return kt_err_new(KT_ERR_PARSE, "it is not a share from 0 to 1");
}

static struct kt_err *set_count(struct kt_span text, const char **ret)
{
	for (enum kt_driver i = 0; i < KT_NR_DRIVERS; i++) {
		if (kt_span_eq(text, kt_driver_name(i))) {
			*ret = kt_driver_name(i);
			return NULL;
		}
	}
	return kt_err_new(KT_ERR_PARSE, "'%.*s' is not counted", (int)text.n, text.p);
}

static struct kt_err *set(
	struct kt_arena *arena, struct kt_case *one, size_t key, struct kt_span text)
{
	void *member = (char *)one + keys[key].offset;

	switch (keys[key].kind) {
	case IS_TEXT: *(const char **)member = text.p; return NULL;
	case IS_FILL: return set_fill(arena, text, member);
	case IS_CONDITION: return set_expr(arena, text, true, member);
	case IS_EXPR: return set_expr(arena, text, false, member);
	case IS_EVIDENCE:
		if (one->nr_evidence == KT_CASE_EVIDENCE)
			return kt_err_new(
				KT_ERR_LIMIT, "more than %d lines of it", KT_CASE_EVIDENCE);
		return kt_fill_parse(arena, text, &one->evidence[one->nr_evidence++]);
	case IS_STATE: return set_state(text, member);
	case IS_SEVERITY: return set_severity(text, member);
	case IS_SHARE: return set_share(arena, text, member);
	case IS_COUNT: return set_count(text, member);
	}
	return NULL;
}

static size_t find_key(struct kt_span name)
{
	size_t i = 0;

	while (i < KT_LEN(keys) && !kt_span_eq(name, keys[i].key))
		i++;
	return i;
}

/* Takes a key with its value, which goes on in lines that begin with a blank. */
static struct kt_err *take_value(struct kt_arena *arena, struct kt_span *rest, int *number,
	struct kt_span *ret_key, struct kt_span *ret_value)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };
	struct kt_span line, value;

	kt_span_line(rest, &line);
	++*number;
	value = line;
	if (!kt_span_until(&value, ':', ret_key))
		return kt_err_new(KT_ERR_PARSE, "no 'key: value'");
	value = kt_span_trim(value);
	kt_buf_add(&buf, value.p, value.n);
	while (rest->n && (*rest->p == ' ' || *rest->p == '\t')) {
		kt_span_line(rest, &line);
		++*number;
		line = kt_span_trim(line);
		kt_buf_join(&buf, " ", "%.*s", (int)line.n, line.p);
		if (buf.size > VALUE_MAX)
			return kt_err_new(KT_ERR_LIMIT, "longer than %u bytes", VALUE_MAX);
	}
	if (buf.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!buf.size)
		return kt_err_new(KT_ERR_PARSE, "'%.*s' has no value", (int)ret_key->n, ret_key->p);
	value = (struct kt_span){ buf.data, buf.size };
	*ret_value = kt_span_str(kt_arena_name(arena, value));
	return buf.failed || arena->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *parse_line(struct kt_arena *arena, struct kt_case *one, struct kt_span *rest,
	int *number, uint64_t *seen)
{
	struct kt_span key = KT_SPAN(""), value = KT_SPAN("");
	struct kt_err *err = take_value(arena, rest, number, &key, &value);
	size_t at;

	if (err)
		return err;
	at = find_key(key);
	if (at == KT_LEN(keys))
		return kt_err_new(KT_ERR_PARSE, "there is no key '%.*s'",
			(int)(key.n < 32 ? key.n : 32), key.p);
	if (*seen >> at & 1 && keys[at].kind != IS_EVIDENCE)
		return kt_err_new(KT_ERR_PARSE, "a second '%s'", keys[at].key);
	*seen |= 1ull << at;
	err = set(arena, one, at, value);
	return err ? kt_err_prepend(err, "%s", keys[at].key) : NULL;
}

static struct kt_err *check(const struct kt_case *one, uint64_t seen)
{
	static const char *const needed[] = { "title", "subject", "state", "severity", "evidence",
		"reference" };

	for (size_t i = 0; i < KT_LEN(needed); i++) {
		if (!(seen >> find_key(kt_span_str(needed[i])) & 1))
			return kt_err_new(KT_ERR_PARSE, "'%s' is missing", needed[i]);
	}
	if (!one->symptom.nodes && !one->grows.nodes)
		return kt_err_new(KT_ERR_PARSE, "'symptom' or 'grows' is missing");
	if (one->each && kt_fact_word_of(kt_span_str(one->each)) == KT_FACT_WORDS)
		return kt_err_new(KT_ERR_PARSE, "each: '%s' is not a pattern of facts", one->each);
	return NULL;
}

struct kt_err *kt_case_parse(struct kt_arena *arena, const char *id, const char *file,
	struct kt_span text, struct kt_case *ret_case)
{
	struct kt_err *err = NULL;
	uint64_t seen = 0;
	int number = 0, first = 0;

	*ret_case = (struct kt_case){ .id = id, .file = file, .confidence = NAN };
	if (text.n > KT_CASE_FILE_MAX)
		return kt_err_new(KT_ERR_LIMIT, "%s: longer than %u bytes", file, KT_CASE_FILE_MAX);
	while (!err && text.n) {
		struct kt_span rest = text, line;

		kt_span_line(&rest, &line);
		first = number + 1;
		if (line.n && *line.p != '#') {
			err = parse_line(arena, ret_case, &text, &number, &seen);
			continue;
		}
		number++;
		text = rest;
	}
	if (err)
		return kt_err_prepend(err, "%s:%d", file, first);
	err = check(ret_case, seen);
	return err ? kt_err_prepend(err, "%s", file) : NULL;
}
