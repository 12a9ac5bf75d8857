// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_CASES_H
#define KT_CASES_CASES_H

#include "cases/case.h"
#include "cases/facts.h"
#include "report/findings.h"

/** All known cases, and the findings that facts make of them. */

/** The directory of a machine's own cases; missing: there are none. */
#define KT_CASES_DIRECTORY "/etc/ktally/cases"

struct kt_cases {
	struct kt_arena arena;
	KT_LIST(struct kt_case) items; /* by id */
};

/**
 * Reads the cases of the program, then the cases of the directories, which replace
 * cases with the same id. An error names file and line; a directory that cannot be read is
 * an error too, except KT_CASES_DIRECTORY. The caller cleans up *ret_cases after an error too.
 */
struct kt_err *kt_cases_open(
	const char *const *directories, size_t count, struct kt_cases *ret_cases) KT_MUST_CHECK;
void kt_cases_cleanup(struct kt_cases *cases);

/** Finds a case by its id; NULL: there is none. */
const struct kt_case *kt_cases_find(const struct kt_cases *cases, const char *id);
/**
 * Finds the case that explains the growth of a series ("slab:kmalloc-64", "row:percpu"), by its
 * pattern `series` and by what the facts say of its condition `where`; NULL: none does.
 */
const struct kt_case *kt_cases_of_series(
	const struct kt_cases *cases, const struct kt_facts *facts, const char *series);

/**
 * Adds to each finding of growth the case that explains it, if one does: a line of evidence, and
 * the culprit, remedy and reference that the finding lacks.
 */
void kt_cases_explain_growth(
	const struct kt_cases *cases, const struct kt_facts *facts, struct kt_report *report);
/** Whether a name matches one of the patterns between blanks; NULL: there are none. */
bool kt_case_patterns_match(const char *patterns, const char *name);
/** Adds a finding for each case whose symptom the facts show, and ranks the report's findings. */
void kt_cases_put(
	const struct kt_cases *cases, const struct kt_facts *facts, struct kt_report *report);

#endif
