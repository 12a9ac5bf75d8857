// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/explained.h"

#include "account/row.h"
#include "cases/facts_of.h"

#include <string.h>

#define LARGE_ROW "large-row" /* rows above their usual share, found before the cases */

static const char *without(const char *subject, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(subject, prefix, n) == 0 ? subject + n : NULL;
}

/* The row that has the memory of a subject: "slab:dentry" is slab. */
static enum kt_row_id row_of(const char *subject)
{
	const char *row = without(subject, "account:");

	if (without(subject, "slab:") || without(subject, "kmalloc:"))
		return KT_ROW_SLAB;
	return without(subject, "vmalloc") ? KT_ROW_VMALLOC : kt_row_find(row ? row : subject);
}

/* Either may be a part of the other: slab is divided into rows, and caches are not. */
static bool is_in_row(const char *subject, const char *row)
{
	enum kt_row_id a = row_of(subject), b = kt_row_find(row);

	return a != KT_ROW_NONE && b != KT_ROW_NONE &&
	       (kt_row_is_below(a, b) || kt_row_is_below(b, a));
}

/* Is the subject of a case the memory of a series? "kmalloc:2048" is of "slab:kmalloc-cg-2k". */
static bool is_of_series(struct kt_report *report, const char *subject, const char *series)
{
	const char *size = without(subject, "kmalloc:"), *cache = without(series, "slab:");
	const char *row = without(series, "account:"), *of_cache;

	if (row)
		return row_of(subject) != KT_ROW_NONE && row_of(subject) == kt_row_find(row);
	if (!size || !cache)
		return strcmp(subject, series) == 0;
	of_cache = kt_facts_kmalloc_size(cache, &report->arena);
	return of_cache && strcmp(size, of_cache) == 0;
}

static bool is_of_growth(
	struct kt_report *report, const char *subject, const struct kt_finding *growth)
{
	if (is_of_series(report, subject, growth->subject))
		return true;
	for (size_t i = 0; i < growth->in_step.count; i++) {
		if (growth->in_step.items[i] &&
			is_of_series(report, subject, growth->in_step.items[i]))
			return true;
	}
	return false;
}

/* A row above its usual share needs no finding of its own if another one explains half of it. */
static bool explains_row(const struct kt_finding *one, const struct kt_finding *row)
{
	return strcmp(row->id, LARGE_ROW) == 0 && strcmp(one->id, LARGE_ROW) != 0 &&
	       is_in_row(one->subject, row->subject) && one->bytes >= row->bytes / 2;
}

/*
 * Growth with a holder says who has the memory and how it comes back, where a case about its amount
 * says only that it is large. Growth has a rate, cases have none.
 */
static bool explains_case(
	struct kt_report *report, const struct kt_finding *growth, const struct kt_finding *one)
{
	return growth->hourly_bytes > 0 && growth->culprit && growth->remedy &&
	       !(one->hourly_bytes > 0) && one->severity != KT_SEVERITY_INFO &&
	       growth->bytes >= one->bytes / 2 && is_of_growth(report, one->subject, growth);
}

void kt_explained_drop(struct kt_report *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->findings.count; i++) {
		struct kt_finding *one = &report->findings.items[i];
		bool explained = false;

		for (size_t j = 0; j < report->findings.count && !explained; j++) {
			struct kt_finding *other = &report->findings.items[j];

			/* out of memory: the report fails, and its findings have gaps */
			if (other == one || !other->subject || !one->subject)
				continue;
			if (explains_case(report, other, one)) {
				explained = true;
				if (other->severity < one->severity)
					other->severity = one->severity;
			}
			explained |= explains_row(other, one);
		}
		if (!explained)
			report->findings.items[kept++] = *one;
	}
	report->findings.count = kept;
}
