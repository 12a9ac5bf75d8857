// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/findings.h"

#include "output/output.h"
#include "test.h"

#include <string.h>

#define HOUR_S 3600
#define DAY_S  86400ll

static struct kt_finding *add(
	struct kt_report *report, const char *id, enum kt_severity severity, int64_t bytes)
{
	struct kt_finding *finding = kt_report_finding(report, id, severity, "leak", "slab:a");

	finding->bytes = bytes;
	finding->title = id;
	return finding;
}

TEST(the_gravest_finding_comes_first_then_the_one_that_is_short_first_then_the_largest)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	static const char *const order[] = { "critical", "soon", "late", "large", "small" };

	kt_report_init(&report, "test");
	add(&report, "small", KT_SEVERITY_NOTICE, 1);
	add(&report, "late", KT_SEVERITY_WARNING, 900)->short_low_s = 9 * HOUR_S;
	add(&report, "large", KT_SEVERITY_NOTICE, 500);
	add(&report, "critical", KT_SEVERITY_CRITICAL, 1);
	add(&report, "soon", KT_SEVERITY_WARNING, 5)->short_low_s = 3 * HOUR_S;
	kt_findings_rank(&report);
	for (size_t i = 0; i < KT_LEN(order); i++)
		CHECK_STR(report.findings.items[i].id, order[i]);
}

static const char *short_in(struct kt_report *report, int64_t low_s, int64_t high_s)
{
	struct kt_finding finding = { .short_low_s = low_s, .short_high_s = high_s };

	return kt_finding_short_in(report, &finding);
}

TEST(the_time_until_memory_is_short_has_one_unit_and_both_ends)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "test");
	CHECK_STR(short_in(&report, KT_UNKNOWN, KT_UNKNOWN), "");
	CHECK_STR(short_in(&report, 90, 600), "in 2 min to 10 min");
	CHECK_STR(short_in(&report, 3 * HOUR_S, 5 * HOUR_S), "in 3 h to 5 h");
	CHECK_STR(short_in(&report, 3 * HOUR_S, 3 * HOUR_S + 60), "in about 3 h");
	CHECK_STR(short_in(&report, 3 * DAY_S, 9 * DAY_S), "in 3 days to 9 days");
	CHECK_STR(short_in(&report, 3 * DAY_S, KT_UNKNOWN), "in 3 days at the earliest");
	CHECK_STR(short_in(&report, 800 * DAY_S, 900 * DAY_S), "in more than a year");
}

TEST(evidence_has_no_control_characters)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding;

	kt_report_init(&report, "test");
	finding = add(&report, "one", KT_SEVERITY_INFO, 1);
	kt_finding_evidence(&report, finding, "held by %s", "evil\033[2J");
	CHECK_STR(finding->evidence.items[0], "held by evil?[2J");
}

static void render(const struct kt_report *report, const char *output, struct kt_buf *ret_text)
{
	const struct kt_output_opts opts = { .width = 80 };

	kt_output_find(output)->render(report, &opts, ret_text);
	kt_buf_add(ret_text, "", 1);
}

TEST(text_and_json_have_every_part_of_a_finding)
{
	static const char *const parts[] = { "the title", "figure one", "figure two", "a module",
		"free it", "an hour", "ktally users a" };
	static const char *const outputs[] = { "text", "json" };
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding;

	kt_report_init(&report, "test");
	report.judged = true;
	finding = add(&report, "leak", KT_SEVERITY_CRITICAL, 1 << 20);
	finding->title = parts[0];
	kt_finding_evidence(&report, finding, "%s", parts[1]);
	kt_finding_evidence(&report, finding, "%s", parts[2]);
	finding->culprit = parts[3];
	finding->remedy = parts[4];
	finding->costs = parts[5];
	finding->next = parts[6];
	for (size_t i = 0; i < KT_LEN(outputs); i++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };

		render(&report, outputs[i], &text);
		CHECK(strstr(text.data, "critical"));
		for (size_t k = 0; k < KT_LEN(parts); k++) {
			if (!CHECK(strstr(text.data, parts[k])))
				printf("  %s lacks %s\n", outputs[i], parts[k]);
		}
	}
}

TEST(an_empty_list_is_a_statement_only_where_findings_were_looked_for)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	KT_CLEANUP(buf) struct kt_buf without = { 0 };
	KT_CLEANUP(buf) struct kt_buf with = { 0 };

	kt_report_init(&report, "test");
	render(&report, "json", &without);
	CHECK(!strstr(without.data, "findings"));
	report.judged = true;
	render(&report, "json", &with);
	CHECK(strstr(with.data, "\"findings\": []"));
}
