// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "cases/cases.h"

#include <math.h>
#include <string.h>

/* A machine whose negative dentries grow, at two times. */
static void facts_make(struct kt_facts *facts, double negative)
{
	kt_facts_init(facts);
	kt_facts_add(facts, KT_FACT_RAM, "", 1e11);
	kt_facts_add(facts, KT_FACT_DENTRIES, "", 2e5);
	kt_facts_add(facts, KT_FACT_DENTRIES_NEGATIVE, "", negative);
	kt_facts_add(facts, KT_FACT_SLAB, "dentry", 4e7);
}

static struct kt_report findings(struct kt_facts *facts, struct kt_facts *older)
{
	struct kt_report report;
	struct kt_cases cases;
	struct kt_err *err = kt_cases_open(NULL, 0, &cases);

	CHECK(!err);
	kt_err_free(err);
	kt_report_init(&report, "test");
	facts->older = older;
	facts->older_s = 3600;
	kt_cases_put(&cases, facts, &report);
	kt_cases_cleanup(&cases);
	return report;
}

TEST(growth_between_two_times_is_a_finding_of_its_own_state)
{
	struct kt_facts now, before;
	struct kt_report report;

	facts_make(&now, 150000);
	facts_make(&before, 20000);
	report = findings(&now, NULL);
	CHECK_INT((int)report.findings.count, 0);
	kt_report_cleanup(&report);
	report = findings(&now, &before);
	CHECK_INT((int)report.findings.count, 1);
	if (report.findings.count) {
		CHECK_STR(report.findings.items[0].id, "negative-dentries");
		CHECK_STR(report.findings.items[0].state, "growing, not yet known");
		CHECK_INT(report.findings.items[0].bytes, 30000000);
	}
	kt_report_cleanup(&report);
	kt_facts_cleanup(&now);
	kt_facts_cleanup(&before);
}

TEST(a_series_finds_the_case_that_explains_it)
{
	struct kt_facts facts;
	struct kt_cases cases;
	struct kt_err *err = kt_cases_open(NULL, 0, &cases);
	const struct kt_case *one;

	CHECK(!err);
	kt_err_free(err);
	kt_facts_init(&facts);
	one = kt_cases_of_series(&cases, &facts, "slab:jool_joold_nodes");
	CHECK(one && strcmp(one->id, "jool-joold-nodes") == 0);
	/* what it needs in addition is not known */
	CHECK(!kt_cases_of_series(&cases, &facts, "slab:kmalloc-64"));
	facts.complete[KT_FACT_MODULE] = true;
	CHECK(!kt_cases_of_series(&cases, &facts, "slab:kmalloc-64"));
	kt_facts_add(&facts, KT_FACT_MODULE, "nvidia_drm", 1);
	one = kt_cases_of_series(&cases, &facts, "slab:kmalloc-rnd-03-64");
	CHECK(one && strcmp(one->id, "nvidia-fence-leak") == 0);
	kt_facts_cleanup(&facts);
	kt_cases_cleanup(&cases);
}

TEST(growth_that_a_case_explains_names_it)
{
	static const char *const subjects[] = { "slab:jool_joold_nodes", "percpu", "slab:other" };
	struct kt_report report;
	struct kt_facts facts;
	struct kt_cases cases;
	struct kt_err *err = kt_cases_open(NULL, 0, &cases);

	CHECK(!err);
	kt_err_free(err);
	kt_facts_init(&facts);
	kt_facts_add(&facts, KT_FACT_CGROUPS, "", 10);
	kt_facts_add(&facts, KT_FACT_CGROUPS_DYING, "", 9000);
	kt_report_init(&report, "test");
	for (size_t i = 0; i < KT_LEN(subjects); i++)
		kt_report_finding(&report, "growing", KT_SEVERITY_NOTICE, "growing", subjects[i])
			->hourly_bytes = 1 << 20;
	report.findings.items[1].remedy = "its own";
	kt_cases_explain_growth(&cases, &facts, &report);
	CHECK_STR(report.findings.items[0].evidence.items[0],
		"known case jool-joold-nodes: Jool keeps session updates that it never sends");
	CHECK(report.findings.items[0].remedy && report.findings.items[0].culprit);
	CHECK_STR(report.findings.items[1].remedy, "its own");
	CHECK(report.findings.items[1].reference != NULL);
	CHECK(!report.findings.items[2].reference && !report.findings.items[2].evidence.count);
	kt_report_cleanup(&report);
	kt_facts_cleanup(&facts);
	kt_cases_cleanup(&cases);
}

TEST(a_pattern_matches_in_time_that_its_length_bounds)
{
	char name[4096];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK(!kt_fact_matches(KT_SPAN("a*a*a*a*a*a*a*a*b"), name));
	CHECK(kt_fact_matches(KT_SPAN("a*a*a"), name));
	CHECK(kt_fact_matches(KT_SPAN("*"), ""));
	CHECK(!kt_fact_matches(KT_SPAN("slab:*64"), "slab:kmalloc-640"));
}
