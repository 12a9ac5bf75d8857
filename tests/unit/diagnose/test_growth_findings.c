// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnose/growth.h"

#include "test.h"

#include <math.h>
#include <string.h>

#define MINUTE_MS 60000ll
#define START_MS  1790000000000ll
#define MIB	  (1ll << 20)

/* Two still days, then a day of 3 MiB an hour; a still series next to it. */
static struct kt_judge *judge_leak(const char *name)
{
	const struct kt_judge_options options = { .ram_bytes = 8192 * MIB };
	const struct kt_judge_series leak = { name, 4096, false },
				     still = { "slab:still", 0, false };
	struct kt_judge *judge = kt_judge_new(&options);
	size_t grows = kt_judge_add(judge, &leak), rests = kt_judge_add(judge, &still);

	for (int i = 0; i < 4320; i++) {
		int64_t grown = i > 2880 ? (i - 2880) * MIB / 20 : 0;

		kt_judge_begin(judge, START_MS + i * MINUTE_MS, (i + 10000) * MINUTE_MS);
		kt_judge_amount(judge, grows, 50 * MIB + grown + (i % 4) * 4096);
		kt_judge_amount(judge, rests, 10 * MIB);
		kt_judge_end(judge);
	}
	return judge;
}

static struct kt_finding *only_finding(struct kt_report *report)
{
	return CHECK_INT(report->findings.count, 1) ? report->findings.items : NULL;
}

TEST(growth_without_a_holder_is_not_called_a_leak)
{
	const struct kt_growth_context context = { .left_bytes = 4096 * MIB };
	struct kt_judge *judge = judge_leak("slab:kmalloc-512");
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding;

	kt_report_init(&report, "test");
	kt_growth_put(&report, judge, &context);
	finding = only_finding(&report);
	if (finding) {
		CHECK_STR(finding->id, "growing");
		CHECK(finding->leak_shaped);
		CHECK(kt_growth_wants_name(finding));
		CHECK_STR(kt_growth_subject_name(finding), "kmalloc-512");
		CHECK_STR(finding->next, "ktally users kmalloc-512 --watch 10m");
		CHECK(strstr(finding->title, "kmalloc-512 grows by "));
		/* 4 GiB at 3 MiB an hour are 57 days */
		CHECK(finding->short_low_s > 40 * 86400 && finding->short_low_s < 60 * 86400);
		CHECK(finding->chart.bytes.count > 8);
	}
	kt_judge_free(judge);
}

TEST(a_named_holder_makes_it_a_leak)
{
	const struct kt_growth_context context = { .left_bytes = 24 * MIB };
	struct kt_judge *judge = judge_leak("slab:kmalloc-512");
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding;

	kt_report_init(&report, "test");
	kt_growth_put(&report, judge, &context);
	finding = only_finding(&report);
	if (finding) {
		kt_growth_name(&report, finding, "leak_it [bad]", 0.94, "kernel memory");
		CHECK_STR(finding->id, "leak");
		CHECK_STR(finding->state, "leak");
		CHECK_STR(finding->culprit, "leak_it [bad], 94 % of it (kernel memory)");
		CHECK(!kt_growth_wants_name(finding));
		/* 24 MiB last eight hours */
		CHECK_INT(finding->severity, KT_SEVERITY_CRITICAL);
	}
	kt_judge_free(judge);
}

TEST(the_next_command_of_another_machine_says_where_to_run_it)
{
	const struct kt_growth_context context = { .left_bytes = KT_UNKNOWN, .source = "r.rec" };
	struct kt_judge *judge = judge_leak("account:unattributed");
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding;

	kt_report_init(&report, "test");
	kt_growth_put(&report, judge, &context);
	finding = only_finding(&report);
	if (finding) {
		CHECK_STR(finding->next, "on that machine: ktally pages");
		CHECK(!kt_known(finding->short_low_s));
	}
	kt_judge_free(judge);
}

TEST(a_machine_at_rest_has_no_finding)
{
	const struct kt_growth_context context = { .left_bytes = 4096 * MIB };
	const struct kt_judge_options options = { .ram_bytes = 8192 * MIB };
	const struct kt_judge_series still = { "slab:still", 0, false };
	struct kt_judge *judge = kt_judge_new(&options);
	size_t rests = kt_judge_add(judge, &still);
	KT_CLEANUP(report) struct kt_report report = { 0 };

	for (int i = 0; i < 4320; i++) {
		kt_judge_begin(judge, START_MS + i * MINUTE_MS, i * MINUTE_MS);
		kt_judge_amount(judge, rests, 10 * MIB + (i % 7) * 8192);
		kt_judge_end(judge);
	}
	kt_report_init(&report, "test");
	kt_growth_put(&report, judge, &context);
	CHECK_INT(report.findings.count, 0);
	kt_judge_free(judge);
}
