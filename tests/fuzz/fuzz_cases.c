// SPDX-License-Identifier: GPL-2.0-or-later
//
// A case of any text, tried on facts of a machine.

#include "fuzz.h"
#include "fuzz_record.h"

#include "cases/cases.h"

static void put_facts(struct kt_facts *facts)
{
	kt_facts_init(facts);
	kt_facts_add(facts, KT_FACT_RAM, "", 1 << 30);
	kt_facts_add(facts, KT_FACT_CPUS, "", 2);
	kt_facts_add(facts, KT_FACT_DENTRIES, "", 900);
	kt_facts_add(facts, KT_FACT_SLAB, "dentry", 4096);
	kt_facts_add(facts, KT_FACT_SLAB, "a*b", 0);
	kt_facts_add(facts, KT_FACT_SLAB_USED, "dentry", 0.5);
	kt_facts_add(facts, KT_FACT_KMALLOC, "64", 1e15);
	kt_facts_add(facts, KT_FACT_UPTIME, "", 1e9);
	kt_facts_add_text(facts, "hypervisor", "KVM");
	facts->complete[KT_FACT_MODULE] = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_cases cases = { 0 };
	struct kt_facts older, facts;
	struct kt_report report;
	struct kt_case one;
	struct kt_err *err = kt_case_parse(
		&cases.arena, "one", "one", (struct kt_span){ (const char *)data, size }, &one);

	if (err) {
		fuzz_must(*kt_err_text(err) != 0, "an error without a text");
		kt_err_free(err);
		kt_cases_cleanup(&cases);
		return 0;
	}
	put_facts(&older);
	put_facts(&facts);
	kt_facts_add(&facts, KT_FACT_SLAB, "dentry", 1e9);
	facts.older = &older;
	facts.older_s = 60;
	*kt_list_push(&cases.arena, &cases.items) = one;
	kt_report_init(&report, "ktally/diagnose/1");
	kt_cases_put(&cases, &facts, &report);
	for (size_t i = 0; i < report.findings.count; i++)
		fuzz_must(report.findings.items[i].title && report.findings.items[i].subject,
			"a finding without title or subject");
	fuzz_must(report.findings.count <= KT_CASE_ITEMS_MAX, "too many findings of a case");
	kt_report_cleanup(&report);
	kt_facts_cleanup(&facts);
	kt_facts_cleanup(&older);
	kt_cases_cleanup(&cases);
	return 0;
}
