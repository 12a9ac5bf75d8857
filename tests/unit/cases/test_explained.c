// SPDX-License-Identifier: GPL-2.0-or-later
#include "cases/explained.h"

#include "test.h"

#include <string.h>

#define MIB (1ll << 20)

static struct kt_finding *add(struct kt_report *report, const char *id, enum kt_severity severity,
	const char *subject, int64_t bytes)
{
	struct kt_finding *finding =
		kt_report_finding(report, id, severity, "out of proportion", subject);

	finding->bytes = bytes;
	return finding;
}

/* Threads of a process: stacks, and two caches in step with them. */
static struct kt_finding *add_threads(struct kt_report *report)
{
	struct kt_finding *growth =
		add(report, "follows", KT_SEVERITY_NOTICE, "account:kernel_stacks", 300 * MIB);
	static const char *const in_step[] = { "slab:task_struct", "slab:kmalloc-cg-2k" };

	growth->hourly_bytes = 4096 * MIB;
	growth->culprit = "process pooler (PID 4711)";
	growth->remedy = "kill 4711";
	for (size_t i = 0; i < KT_LEN(in_step); i++) {
		const char **slot = kt_list_push(&report->arena, &growth->in_step);

		*slot = in_step[i];
	}
	return growth;
}

static bool has(const struct kt_report *report, const char *subject)
{
	for (size_t i = 0; i < report->findings.count; i++) {
		if (strcmp(report->findings.items[i].subject, subject) == 0)
			return true;
	}
	return false;
}

TEST(growth_with_a_holder_explains_what_grows_in_step_with_it)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	add(&report, "kmalloc-out-of-proportion", KT_SEVERITY_WARNING, "kmalloc:2048", 200 * MIB);
	add(&report, "many-threads", KT_SEVERITY_NOTICE, "kernel_stacks", 170 * MIB);
	add_threads(&report);
	add(&report, "slab-out-of-proportion", KT_SEVERITY_NOTICE, "slab:task_struct", 90 * MIB);
	add(&report, "slab-out-of-proportion", KT_SEVERITY_NOTICE, "slab:dentry", 90 * MIB);
	add(&report, "kmalloc-out-of-proportion", KT_SEVERITY_WARNING, "kmalloc:512", 90 * MIB);
	kt_explained_drop(&report);
	CHECK_INT(report.findings.count, 3);
	CHECK(has(&report, "account:kernel_stacks"));
	CHECK(has(&report, "slab:dentry"));
	CHECK(has(&report, "kmalloc:512"));
	/* as grave as what it explains */
	CHECK_INT(report.findings.items[0].severity, KT_SEVERITY_WARNING);
}

TEST(growth_without_a_holder_explains_no_case)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	add_threads(&report)->culprit = NULL;
	add(&report, "many-threads", KT_SEVERITY_NOTICE, "kernel_stacks", 170 * MIB);
	kt_explained_drop(&report);
	CHECK_INT(report.findings.count, 2);
}

TEST(growth_explains_no_case_of_far_more_memory)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	add_threads(&report);
	add(&report, "many-threads", KT_SEVERITY_NOTICE, "kernel_stacks", 700 * MIB);
	kt_explained_drop(&report);
	CHECK_INT(report.findings.count, 2);
}

TEST(a_large_row_that_grew_needs_no_finding_of_its_own)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	add(&report, "large-row", KT_SEVERITY_NOTICE, "kernel_stacks", 310 * MIB);
	add(&report, "large-row", KT_SEVERITY_NOTICE, "percpu", 310 * MIB);
	add_threads(&report);
	kt_explained_drop(&report);
	CHECK_INT(report.findings.count, 2);
	CHECK(has(&report, "percpu"));
	CHECK(has(&report, "account:kernel_stacks"));
}
