// SPDX-License-Identifier: GPL-2.0-or-later
//
// Conditions of --fail-if, for scripts. A condition that cannot be decided is an error and never
// counts as passed: a check that silently checks nothing is worse than none.

#include "cmd/past/fail_if.h"

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

/*
 * "+5%", "-10MiB", "1048576" The number is an integer of at most 2^52, which a double holds
 * exactly.
 */
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

/* The first of '<' and '>' counts, so a name cannot contain them. */
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
 * Returns the row of that name, or the only row that begins with these words: "kernel_clone" is
 * the row "kernel_clone vmalloc", as long as no other row has this caller.
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

/* Compares changes, not sizes: "slab>+5%" means that it grew by more than 5 %. */
static bool holds(const struct condition *condition, int64_t before, int64_t change)
{
	double moved = (double)change;

	/* growth from 0 is more than any percentage */
	if (condition->relative && !before)
		return condition->below ? change < 0 : change > 0;
	if (condition->relative)
		moved /= fabs((double)before);
	return condition->below ? moved < condition->limit : moved > condition->limit;
}

/* "x#2" is a twin of "x": what is asked of a name is asked of each row that has it. */
static bool is_twin(const char *text, const char *of)
{
	size_t n = strlen(of);

	return strncmp(text, of, n) == 0 && text[n] == '#' && text[n + 1] &&
	       strspn(text + n + 1, "0123456789") == strlen(text + n + 1);
}

/* Returns the row, or the first of its twins, for which the condition holds; NULL: none. */
static const struct kt_report_row *worst_twin(const struct kt_table *table, size_t name,
	size_t change, size_t before, const struct kt_report_row *row,
	const struct condition *condition)
{
	const char *text = row->cells[name].text;

	if (holds(condition, row->cells[before].number, row->cells[change].number))
		return row;
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct kt_cell *cells = table->rows.items[i].cells;

		if (is_twin(name_at(table, name, i), text) && cells[change].state == KT_OK &&
			holds(condition, cells[before].number, cells[change].number))
			return &table->rows.items[i];
	}
	return NULL;
}

/*
 * The first list that has the name or title decides; rows of the account come before caches and
 * callers. Several conditions may fail, and each gets a note.
 */
static struct kt_err *check(const struct condition *condition, struct kt_report *report)
{
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];
		size_t name = kt_table_column_named(table, "name"),
		       before = kt_table_column_named(table, "before");
		size_t change = kt_table_column_named(table, "change"),
		       title = kt_table_column_named(table, "title");
		const struct kt_report_row *row;

		if (name == KT_NO_COLUMN || before == KT_NO_COLUMN || change == KT_NO_COLUMN)
			continue;
		row = find_in(table, name, condition->name);
		if (!row && title != KT_NO_COLUMN)
			row = find_in(table, title, condition->name);
		if (!row)
			continue;
		if (row->cells[change].state != KT_OK)
			return kt_err_new(KT_ERR_ABSENT,
				"--fail-if: %.*s is not known on both sides",
				(int)condition->name.n, condition->name.p);
		row = worst_twin(table, name, change, before, row, condition);
		if (!row)
			return NULL;
		report->exit_status = KT_FAIL_IF_STATUS;
		kt_report_note(report, "failed: %.*s: it was %lld bytes and moved by %+lld",
			(int)condition->text.n, condition->text.p,
			(long long)row->cells[before].number, (long long)row->cells[change].number);
		return NULL;
	}
	return kt_err_new(KT_ERR_ABSENT,
		"--fail-if: no row of any list is called '%.*s'; 'ktally explain' lists the rows "
		"of "
		"the account",
		(int)(condition->name.n < 64 ? condition->name.n : 64), condition->name.p);
}

struct kt_err *kt_fail_if(const char *conditions, struct kt_report *report)
{
	struct kt_span rest = kt_span_str(conditions), part;
	struct kt_err *err = NULL;
	bool more = true;

	/* an empty condition is a mistake */
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
