// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tries the cases on facts, and makes a finding of each that fits.

#include "cases/cases.h"
#include "cases/explained.h"

#include "verdict/verdict.h"

#include <math.h>
#include <stdlib.h>

/** A case that fits, for one thing. */
struct hit {
	const struct kt_case *of;
	const char *thing; /* NULL: the case has no `each` */
	double bytes;
	bool grows; /* by its growth only */
};

typedef KT_LIST(struct hit) hits;

static void try_thing(struct kt_arena *arena, hits *all, const struct kt_case *one,
	const struct kt_facts *facts, const char *thing)
{
	bool symptom = kt_expr_holds(&one->symptom, facts, thing);
	struct hit *slot;

	if (!symptom && !kt_expr_holds(&one->grows, facts, thing))
		return;
	slot = kt_list_push(arena, all);
	if (slot)
		*slot = (struct hit){ one, thing, kt_expr_value(&one->bytes, facts, thing).value,
			!symptom };
}

static int compare_hits(const void *left, const void *right)
{
	const struct hit *a = left, *b = right;

	if (isnan(a->bytes) || isnan(b->bytes))
		return isnan(a->bytes) - isnan(b->bytes);
	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* Tries a case on each thing that its pattern matches; the largest remain. */
static void try_each(
	struct kt_arena *arena, hits *all, const struct kt_case *one, const struct kt_facts *facts)
{
	size_t prefix = strcspn(one->each, "*"), first = all->count;

	for (size_t i = 0; i < facts->items.count; i++) {
		const char *name = facts->items.items[i].name;

		if (kt_fact_matches(kt_span_str(one->each), name) &&
			!kt_case_patterns_match(one->except, name))
			try_thing(arena, all, one, facts, name + prefix);
	}
	if (all->count - first < 2)
		return;
	qsort(&all->items[first], all->count - first, sizeof(*all->items), compare_hits);
	if (all->count - first > KT_CASE_ITEMS_MAX)
		all->count = first + KT_CASE_ITEMS_MAX;
}

/* A case that names the cause hides vaguer ones. */
static bool is_hidden(const hits *all, const struct kt_case *one)
{
	for (size_t i = 0; i < all->count; i++) {
		const char *hides = all->items[i].of->hides;

		if (hides && all->items[i].of != one &&
			kt_span_has_word(kt_span_str(hides), one->id))
			return true;
	}
	return false;
}

static enum kt_severity severity_of(
	const struct kt_case *one, const struct kt_facts *facts, const char *thing)
{
	enum kt_severity severity = one->severity;

	for (enum kt_severity i = severity + 1; i < KT_NR_SEVERITIES; i++) {
		if (kt_expr_holds(&one->graver[i], facts, thing))
			severity = i;
	}
	return severity;
}

/* Findings name rows by their id alone. */
static const char *row_or_series(const char *subject)
{
	size_t n = strlen("row:");

	return strncmp(subject, "row:", n) == 0 ? subject + n : subject;
}

static void put_hit(struct kt_report *report, const struct kt_facts *facts, const struct hit *hit)
{
	struct kt_arena *arena = &report->arena;
	const struct kt_case *one = hit->of;
	const char *sentence = kt_fill_text(&one->finding, facts, hit->thing, arena);
	const char *subject = kt_fill_text(&one->subject, facts, hit->thing, arena);
	struct kt_finding *finding = kt_report_finding(report, kt_report_text(report, one->id).text,
		severity_of(one, facts, hit->thing),
		hit->grows ? kt_verdict_name(KT_VERDICT_GROWING)
			   : kt_report_text(report, one->state).text,
		subject ? row_or_series(subject) : "machine");

	if (!finding)
		return;
	finding->title = sentence ? sentence : kt_report_text(report, one->title).text;
	for (size_t i = 0; i < one->nr_evidence; i++) {
		const char *text = kt_fill_text(&one->evidence[i], facts, hit->thing, arena);

		if (text)
			kt_finding_evidence(report, finding, "%s", text);
	}
	finding->culprit = kt_fill_text(&one->culprit, facts, hit->thing, arena);
	finding->remedy = kt_fill_text(&one->remedy, facts, hit->thing, arena);
	finding->costs = kt_fill_text(&one->costs, facts, hit->thing, arena);
	if (!facts->of_log)
		finding->next = kt_fill_text(&one->next, facts, hit->thing, arena);
	finding->reference = kt_report_text(report, one->reference).text;
	finding->confidence = one->confidence;
	finding->follows = one->counts;
	finding->is_case = true;
	if (hit->bytes >= 0 && hit->bytes < (double)KT_AMOUNT_MAX)
		finding->bytes = llround(hit->bytes);
}

static const struct kt_case *case_of_growth(const struct kt_cases *cases,
	const struct kt_facts *facts, struct kt_report *report, const char *subject)
{
	const struct kt_case *one = kt_cases_of_series(cases, facts, subject);
	const char *row = one ? NULL : kt_arena_printf(&report->arena, "row:%s", subject);

	return row ? kt_cases_of_series(cases, facts, row) : one;
}

void kt_cases_explain_growth(
	const struct kt_cases *cases, const struct kt_facts *facts, struct kt_report *report)
{
	struct kt_arena *arena = &report->arena;

	for (size_t i = 0; i < report->findings.count; i++) {
		struct kt_finding *finding = &report->findings.items[i];
		const struct kt_case *one =
			finding->hourly_bytes > 0 && !finding->reference
				? case_of_growth(cases, facts, report, finding->subject)
				: NULL;

		if (!one)
			continue;
		kt_finding_evidence(report, finding, "known case %s: %s", one->id, one->title);
		finding->reference = kt_report_text(report, one->reference).text;
		if (!finding->culprit)
			finding->culprit = kt_fill_text(&one->culprit, facts, NULL, arena);
		if (!finding->remedy) {
			finding->remedy = kt_fill_text(&one->remedy, facts, NULL, arena);
			finding->costs = kt_fill_text(&one->costs, facts, NULL, arena);
		}
	}
}

void kt_cases_put(
	const struct kt_cases *cases, const struct kt_facts *facts, struct kt_report *report)
{
	struct kt_arena arena = { 0 };
	hits all = { 0 };

	for (size_t i = 0; i < cases->items.count; i++) {
		const struct kt_case *one = &cases->items.items[i];

		if (one->each)
			try_each(&arena, &all, one, facts);
		else
			try_thing(&arena, &all, one, facts, NULL);
	}
	for (size_t i = 0; i < all.count; i++) {
		if (!is_hidden(&all, all.items[i].of))
			put_hit(report, facts, &all.items[i]);
	}
	report->arena.failed |= arena.failed;
	kt_arena_fini(&arena);
	kt_explained_drop(report);
	kt_findings_rank(report);
}
