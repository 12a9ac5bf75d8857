// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/fail_if.h"

#include "base/span.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct condition {
	struct kt_span text, name;
	bool below; /* '<' */
	double limit;
	bool relative; /* to what it was before */
};

/* "+5%", "-10MiB", "1048576" */
static bool take_limit(struct kt_span text, struct condition *condition)
{
	static const struct {
		const char *unit;
		double bytes;
	} units[] = { { "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1048576 },
		{ "GiB", 1073741824 } };
	int sign = kt_span_skip(&text, "-") ? -1 : 1;
	uint64_t number;

	kt_span_skip(&text, "+");
	if (!kt_span_take_u64(&text, &number) || number > 1ull << 52)
		return false;
	condition->limit = sign * (double)number;
	condition->relative = kt_span_eq(text, "%");
	if (condition->relative) {
		condition->limit /= 100;
		return true;
	}
	for (size_t i = 0; i < KT_LEN(units); i++) {
		if (kt_span_eq(text, units[i].unit)) {
			condition->limit *= units[i].bytes;
			return true;
		}
	}
	return false;
}

static bool parse(struct kt_span text, struct condition *ret_condition)
{
	size_t above = kt_span_find(text, ">"), below = kt_span_find(text, "<");
	size_t at = above < below ? above : below;

	*ret_condition = (struct condition){ .text = text, .below = below < above };
	if (at == text.n)
		return false;
	ret_condition->name = kt_span_trim((struct kt_span){ text.p, at });
	return ret_condition->name.n &&
	       take_limit(kt_span_trim(kt_span_from(text, at + 1)), ret_condition);
}

static const char *name_at(const struct kt_table *table, size_t name, size_t row)
{
	const struct kt_cell *cell = &table->rows.items[row].cells[name];

	return cell->state == KT_OK ? cell->text : "";
}

/*
 * The row of that name; or the only one whose first words it is: "kernel_clone" is the caller
 * of "kernel_clone vmalloc", as long as it calls for nothing else.
 */
static const struct kt_report_row *find_in(
	const struct kt_table *table, size_t name, struct kt_span wanted)
{
	const struct kt_report_row *found = NULL;
	size_t nr_found = 0;

	for (size_t i = 0; i < table->rows.count; i++) {
		const char *text = name_at(table, name, i);

		if (kt_span_eq(wanted, text))
			return &table->rows.items[i];
		if (!wanted.n || strncmp(text, wanted.p, wanted.n) != 0 || text[wanted.n] != ' ')
			continue;
		found = &table->rows.items[i];
		nr_found++;
	}
	return nr_found == 1 ? found : NULL;
}

static bool holds(const struct condition *condition, int64_t before, int64_t change)
{
	double moved = (double)change;

	/* from nothing, any growth is more than any part of it */
	if (condition->relative && !before)
		return condition->below ? change < 0 : change > 0;
	if (condition->relative)
		moved /= fabs((double)before);
	return condition->below ? moved < condition->limit : moved > condition->limit;
}

static struct kt_err *check(const struct condition *condition, struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];
		size_t name = kt_table_column_named(table, "name"),
		       before = kt_table_column_named(table, "before");
		size_t change = kt_table_column_named(table, "change");
		const struct kt_report_row *row;

		if (name == KT_NO_COLUMN || before == KT_NO_COLUMN || change == KT_NO_COLUMN)
			continue;
		row = find_in(table, name, condition->name);
		if (!row)
			continue;
		if (row->cells[change].state != KT_OK)
			return kt_err_new(KT_ERR_ABSENT,
				"--fail-if: %.*s is not known on both sides",
				(int)condition->name.n, condition->name.p);
		if (!holds(condition, row->cells[before].number, row->cells[change].number))
			return NULL;
		report->failed = true;
		kt_report_note(report, "failed: %.*s: it was %lld bytes and moved by %+lld",
			(int)condition->text.n, condition->text.p,
			(long long)row->cells[before].number, (long long)row->cells[change].number);
		return NULL;
	}
	return kt_err_new(KT_ERR_ABSENT,
		"--fail-if: no row, cache or caller is called '%.*s'; 'ktally explain' lists rows",
		(int)(condition->name.n < 64 ? condition->name.n : 64), condition->name.p);
}

struct kt_err *kt_fail_if(const char *conditions, struct kt_report *report)
{
	struct kt_span rest = kt_span_str(conditions), part;
	struct kt_err *err = NULL;
	bool more = true;

	/* nothing between commas, or nothing at all, is a mistake and no check */
	while (!err && more) {
		struct condition condition;

		more = kt_span_until(&rest, ',', &part);
		if (!more)
			part = rest;
		if (!parse(part, &condition))
			return kt_err_new(KT_ERR_USAGE,
				"--fail-if takes NAME>LIMIT, with a limit such as +5%%, +10MiB, "
				"-1GiB: 'slab>+5%%'; not '%.*s'",
				(int)(part.n < 64 ? part.n : 64), part.p);
		err = check(&condition, report);
	}
	return err;
}
