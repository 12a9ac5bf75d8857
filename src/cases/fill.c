// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/fill.h"

#include "base/human.h"
#include "model/metric.h"

#include <math.h>
#include <stdio.h>

#define TIMES_FROM 2 /* larger ratios are no parts of a whole */

enum part_kind { PART_TEXT, PART_VALUE, PART_THING, PART_NAME };

struct kt_fill_part {
	enum part_kind kind;
	struct kt_span text; /* of PART_TEXT and PART_NAME */
	struct kt_expr expr; /* of PART_VALUE */
};

static struct kt_err *parse_place(
	struct kt_arena *arena, struct kt_span place, struct kt_fill_part *ret)
{
	if (kt_span_eq(place, "$")) {
		ret->kind = PART_THING;
		return NULL;
	}
	if (kt_span_skip(&place, "@")) {
		*ret = (struct kt_fill_part){ .kind = PART_NAME, .text = place };
		return NULL;
	}
	ret->kind = PART_VALUE;
	return kt_expr_parse(arena, place, &ret->expr);
}

struct kt_err *kt_fill_parse(struct kt_arena *arena, struct kt_span text, struct kt_fill *ret_fill)
{
	struct kt_fill_part parts[KT_FILL_PARTS_MAX];
	struct kt_fill_part *copy;
	size_t count = 0;

	*ret_fill = (struct kt_fill){ 0 };
	while (text.n) {
		size_t plain = kt_span_find(text, "{");
		struct kt_span inside;
		struct kt_err *err;

		if (count + 2 > KT_FILL_PARTS_MAX)
			return kt_err_new(KT_ERR_LIMIT, "more than %u figures in a text",
				KT_FILL_PARTS_MAX / 2);
		if (plain)
			parts[count++] = (struct kt_fill_part){ .text = { text.p, plain } };
		text = kt_span_from(text, plain);
		if (!kt_span_skip(&text, "{"))
			break;
		if (!kt_span_until(&text, '}', &inside))
			return kt_err_new(KT_ERR_PARSE, "'}' is missing");
		parts[count] = (struct kt_fill_part){ 0 };
		err = parse_place(arena, inside, &parts[count++]);
		if (err)
			return err;
	}
	copy = kt_arena_alloc(arena, count * sizeof(*copy));
	if (!copy)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	memcpy(copy, parts, count * sizeof(*copy));
	*ret_fill = (struct kt_fill){ copy, count };
	return NULL;
}

/* 1234567 as "1,234,567" */
static void put_count(struct kt_buf *buf, double value)
{
	char text[KT_NUMBER_MAX];
	size_t n = kt_number_text(llround(value), text);

	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0 && text[i - 1] != '-')
			kt_buf_puts(buf, ",");
		kt_buf_add(buf, &text[i], 1);
	}
}

static void put_number(struct kt_buf *buf, double value)
{
	if (fabs(value) < 1e15 && (value == floor(value) || fabs(value) >= 100))
		put_count(buf, value);
	else if (fabs(value) >= 10)
		kt_buf_printf(buf, "%.0f", value);
	else
		kt_buf_printf(buf, "%.1f", value);
}

static void put_share(struct kt_buf *buf, double value)
{
	if (fabs(value) >= TIMES_FROM)
		kt_buf_printf(buf, "%.0f times", value);
	else
		kt_buf_printf(buf, fabs(value) >= 0.1 ? "%.0f %%" : "%.1f %%", value * 100);
}

void kt_fill_value(struct kt_buf *buf, struct kt_expr_value value)
{
	char human[24];

	switch (value.unit) {
	case KT_FACT_TRUTH: kt_buf_puts(buf, value.value == 1 ? "yes" : "no"); return;
	case KT_FACT_NUMBER: put_number(buf, value.value); return;
	case KT_FACT_SHARE: put_share(buf, value.value); return;
	case KT_FACT_BYTES:
	case KT_FACT_RATE:
		if (fabs(value.value) > (double)KT_AMOUNT_MAX)
			kt_buf_puts(buf, "an impossible amount");
		else {
			kt_human_bytes(llround(value.value), human);
			kt_buf_printf(buf, "%s%s", human, value.unit == KT_FACT_RATE ? "/h" : "");
		}
		return;
	case KT_FACT_SECONDS:
		if (value.value < 7200)
			kt_buf_printf(buf, "%.0f min", value.value / 60);
		else if (value.value < 172800)
			kt_buf_printf(buf, "%.0f h", value.value / 3600);
		else
			kt_buf_printf(buf, "%.0f days", value.value / 86400);
		return;
	}
}

static bool put_part(struct kt_buf *buf, const struct kt_fill_part *part,
	const struct kt_facts *facts, const char *thing)
{
	struct kt_expr_value value;
	const char *text;

	switch (part->kind) {
	case PART_TEXT: kt_buf_add(buf, part->text.p, part->text.n); return true;
	case PART_THING: kt_buf_puts(buf, thing ? thing : ""); return thing != NULL;
	case PART_NAME:
		text = kt_facts_text(facts, part->text);
		kt_buf_puts(buf, text ? text : "");
		return text != NULL;
	case PART_VALUE: break;
	}
	value = kt_expr_value(&part->expr, facts, thing);
	if (isnan(value.value))
		return false;
	kt_fill_value(buf, value);
	return true;
}

const char *kt_fill_text(const struct kt_fill *fill, const struct kt_facts *facts,
	const char *thing, struct kt_arena *arena)
{
	KT_CLEANUP(buf) struct kt_buf buf = { 0 };

	for (size_t i = 0; i < fill->count; i++) {
		if (!put_part(&buf, &fill->parts[i], facts, thing) || buf.size > KT_FILL_MAX)
			return NULL;
	}
	return fill->parts ? kt_arena_text(arena, &buf) : NULL;
}
