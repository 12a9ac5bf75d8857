// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/shape.h"

#include <ctype.h>
#include <string.h>

void kt_report_begin(struct kt_report *report, const struct kt_shape *shape)
{
	kt_report_init(report, shape->schema);
	report->shape = shape;
}

/* Whether the key matches: it has a number for the '#' in `pattern`, if there is one. */
static bool key_matches(const char *pattern, const char *key)
{
	const char *number = strchr(pattern, '#');
	size_t before = number ? (size_t)(number - pattern) : strlen(pattern), digits = 0;

	if (!number)
		return strcmp(pattern, key) == 0;
	if (strncmp(pattern, key, before) != 0)
		return false;
	while (isdigit((unsigned char)key[before + digits]))
		digits++;
	return digits && strcmp(key + before + digits, number + 1) == 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct kt_err *differs(const struct kt_report *report, const char *what, const char *key)
{
	return kt_err_new(KT_ERR_REFUSED, "the report %s has %s '%s' that its shape does not state",
		report->schema, what, key);
}

/* ---- what the report has ---- */

static const struct kt_column *column_of(const struct kt_part *part, const char *key)
{
	for (size_t i = 0; i < part->nr_columns; i++) {
		if (strcmp(part->columns[i].key, key) == 0)
			return &part->columns[i];
	}
	return NULL;
}

static struct kt_err *check_field(const struct kt_report *report, size_t index)
{
	const struct kt_field *field = &report->fields.items[index];

	for (size_t i = 0; i < index; i++) {
		const struct kt_field *other = &report->fields.items[i];

		if (same(other->group, field->group) && strcmp(other->key, field->key) == 0)
			return differs(report, "twice the field", field->key);
	}
	for (const struct kt_part *const *part = report->shape->parts; *part; part++) {
		const struct kt_column *column = NULL;

		if ((*part)->kind == KT_PART_FIELDS && same((*part)->key, field->group))
			column = column_of(*part, field->key);
		if (column && column->type == field->type)
			return NULL;
	}
	return differs(report, "a field", field->key);
}

static enum kt_part_kind kind_of(const struct kt_table *table)
{
	if (!table->list)
		return KT_PART_TABLE;
	return table->plain ? KT_PART_PLAIN_LIST : KT_PART_LIST;
}

/* The next column that is not only in text. */
static const struct kt_column *next_column(const struct kt_column **at, const struct kt_column *end)
{
	while (*at < end && ((*at)->flags & KT_COL_TEXT_ONLY))
		(*at)++;
	return *at < end ? (*at)++ : NULL;
}

static struct kt_err *check_columns(
	const struct kt_report *report, const struct kt_table *table, const struct kt_part *part)
{
	const struct kt_column *has = table->columns, *has_end = has + table->nr_columns;
	const struct kt_column *states = part->columns, *states_end = states + part->nr_columns;
	const struct kt_column *stated, *column;

	while ((stated = next_column(&states, states_end))) {
		column = next_column(&has, has_end);
		if (!column || strcmp(column->key, stated->key) != 0 ||
			column->type != stated->type)
			return differs(report, "not the column", stated->key);
	}
	while ((column = next_column(&has, has_end))) {
		if (!part->more || column->type != part->more->type ||
			!key_matches(part->more->key, column->key))
			return differs(report, "a column", column->key);
	}
	return NULL;
}

static struct kt_err *check_table(const struct kt_report *report, size_t index)
{
	const struct kt_table *table = report->tables.items[index];

	for (size_t i = 0; i < index; i++) {
		if (!report->tables.items[i]->text_only &&
			strcmp(report->tables.items[i]->key, table->key) == 0)
			return differs(report, "twice the table", table->key);
	}
	for (const struct kt_part *const *part = report->shape->parts; *part; part++) {
		if ((*part)->kind == kind_of(table) && same((*part)->key, table->key))
			return check_columns(report, table, *part);
	}
	return differs(report, "a table", table->key);
}

/* ---- what the shape has ---- */

static bool has_field(const struct kt_report *report, const char *group, const char *key)
{
	for (size_t i = 0; i < report->fields.count; i++) {
		if (same(report->fields.items[i].group, group) &&
			strcmp(report->fields.items[i].key, key) == 0)
			return true;
	}
	return false;
}

static bool has_table(const struct kt_report *report, const char *key)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		if (!report->tables.items[i]->text_only &&
			strcmp(report->tables.items[i]->key, key) == 0)
			return true;
	}
	return false;
}

/* All that the part demands, or some of it. */
static bool has_part(const struct kt_report *report, const struct kt_part *part, bool all)
{
	if (part->kind == KT_PART_CHARTS)
		return report->charts.count;
	if (part->kind == KT_PART_FINDINGS)
		return report->judged;
	if (part->kind != KT_PART_FIELDS)
		return has_table(report, part->key);
	for (size_t i = 0; i < part->nr_columns; i++) {
		if (all && (part->columns[i].flags & KT_COL_OPTIONAL))
			continue;
		if (has_field(report, part->key, part->columns[i].key) != all)
			return !all;
	}
	return all;
}

/* NULL: the report has this form. */
static const struct kt_part *misfit(const struct kt_report *report, unsigned form)
{
	for (const struct kt_part *const *part = report->shape->parts; *part; part++) {
		bool in = !(*part)->forms || ((*part)->forms & form);
		bool optional = ((*part)->optional & form) && !has_part(report, *part, false);

		if (in && !optional && !has_part(report, *part, true))
			return *part;
		if (!in && has_part(report, *part, false))
			return *part;
	}
	return NULL;
}

static struct kt_err *check_form(const struct kt_report *report)
{
	const struct kt_part *lacks = NULL;
	unsigned forms = 0;

	for (const struct kt_part *const *part = report->shape->parts; *part; part++)
		forms |= (*part)->forms;
	forms = forms ? forms : 1;
	for (unsigned form = 1; form && form <= forms; form <<= 1) {
		if (!(forms & form))
			continue;
		lacks = misfit(report, form);
		if (!lacks)
			return NULL;
	}
	return differs(report, "a form without or with", lacks && lacks->key ? lacks->key : "");
}

struct kt_err *kt_shape_check(const struct kt_report *report)
{
	struct kt_err *err = NULL;

	if (!report->shape)
		return NULL;
	for (size_t i = 0; i < report->fields.count && !err; i++)
		err = check_field(report, i);
	for (size_t i = 0; i < report->tables.count && !err; i++) {
		if (!report->tables.items[i]->text_only)
			err = check_table(report, i);
	}
	return err ? err : check_form(report);
}
