// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnose/growth.h"
#include "diagnose/holder.h"

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

/* The only finding about the judge's series; NULL: there is not one. */
static struct kt_finding *found(struct kt_judge *judge, struct kt_report *report)
{
	const struct kt_growth_context context = { .left_bytes = 4096 * MIB };

	kt_report_init(report, "test");
	kt_growth_put(report, judge, &context);
	return only_finding(report);
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
		struct kt_holder holder = kt_holder_of(KT_HOLDER_FUNCTION, "leak_it");

		holder.module = "bad";
		holder.module_refs = 0;
		holder.is_loaded = true;
		holder.share = 0.94;
		holder.source = "kernel memory";
		kt_holder_put(&report, finding, &holder);
		CHECK_STR(finding->id, "leak");
		CHECK_STR(finding->state, "leak");
		CHECK_STR(finding->culprit, "leak_it [bad], 94 % of it (kernel memory)");
		CHECK(!kt_growth_wants_name(finding));
		CHECK(strstr(finding->evidence.items[0], "module bad holds it"));
		CHECK(strstr(finding->remedy, "rmmod bad"));
		CHECK(strstr(finding->costs, "bad is missing"));
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
		CHECK_STR(finding->next, "on that machine: ktally users pages --watch 10m");
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

/* Twenty minutes of rest, then 10 of 60 MiB a minute: no day of history before them. */
static struct kt_judge *judge_young(void)
{
	const struct kt_judge_options options = { .ram_bytes = 8192 * MIB };
	const struct kt_judge_series leak = { "account:vmalloc", 4096, false };
	struct kt_judge *judge = kt_judge_new(&options);
	size_t grows = kt_judge_add(judge, &leak);

	for (int i = 0; i < 180; i++) {
		kt_judge_begin(judge, START_MS + i * 10000ll, (i + 10000) * 10000ll);
		kt_judge_amount(judge, grows, 50 * MIB + (i > 120 ? (i - 120) * 10 * MIB : 0));
		kt_judge_end(judge);
	}
	return judge;
}

/* It may allocate for a process that keeps what it asked for: files, sockets, BPF maps. */
TEST(growth_of_minutes_by_a_function_of_the_kernel_itself_is_no_leak)
{
	struct kt_judge *judge = judge_young();
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding = found(judge, &report);

	if (finding) {
		struct kt_holder holder = kt_holder_of(KT_HOLDER_FUNCTION, "take_all");

		holder.source = "vmallocinfo";
		kt_holder_put(&report, finding, &holder);
		CHECK_STR(finding->id, "growing");
		CHECK_STR(finding->culprit, "take_all (vmallocinfo)");
		/* the kernel itself cannot be unloaded */
		CHECK(strstr(finding->remedy, "Restart the machine"));
	}
	kt_judge_free(judge);
}

TEST(a_module_that_holds_it_stands_for_a_day_of_history)
{
	struct kt_judge *judge = judge_young();
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding = found(judge, &report);

	if (finding) {
		struct kt_holder holder = kt_holder_of(KT_HOLDER_FUNCTION, "take_all");

		CHECK_STR(finding->id, "growing");
		CHECK(strstr(finding->evidence.items[0], "short a history"));
		CHECK(finding->bytes > 200 * MIB);
		CHECK_STR(finding->next, "ktally users vmalloc --watch 10m");
		holder.source = "vmallocinfo";
		holder.module = "bad";
		kt_holder_put(&report, finding, &holder);
		CHECK_STR(finding->id, "leak");
		CHECK_STR(finding->culprit, "take_all [bad] (vmallocinfo)");
		CHECK(!strstr(finding->evidence.items[0], "history"));
		CHECK(finding->remedy != NULL);
	}
	kt_judge_free(judge);
}

TEST(data_of_a_module_is_the_module)
{
	struct kt_judge *judge = judge_young();
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding = found(judge, &report);

	if (finding) {
		struct kt_holder holder = kt_holder_of(KT_HOLDER_FUNCTION, "bad");

		holder.source = "kernel memory";
		holder.module = "bad";
		kt_holder_put(&report, finding, &holder);
		CHECK_STR(finding->culprit, "module bad (kernel memory)");
	}
	kt_judge_free(judge);
}

TEST(what_a_process_holds_is_no_leak_of_the_kernel)
{
	struct kt_judge *judge = judge_young();
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding = found(judge, &report);

	if (finding) {
		struct kt_holder holder = kt_holder_of(KT_HOLDER_PROCESS, "pooler");

		holder.pid = 4711;
		holder.share = 0.97;
		holder.share_of = "all sockets of processes";
		holder.source = "by proc/PID/fd";
		holder.next = "ls -l /proc/4711/fd";
		kt_holder_put(&report, finding, &holder);
		CHECK_STR(finding->id, "follows");
		CHECK_STR(finding->culprit,
			"process pooler (PID 4711), 97 % of all sockets of processes (by "
			"proc/PID/fd)");
		CHECK_STR(finding->next, "ls -l /proc/4711/fd");
		CHECK(strstr(finding->remedy, "kill 4711"));
	}
	kt_judge_free(judge);
}

/* Memory that grows by 1 MiB every ten seconds with the number of sockets, in two caches. */
static struct kt_judge *judge_sockets(void)
{
	const struct kt_judge_options options = { .ram_bytes = 8192 * MIB };
	const struct kt_judge_series large = { "slab:kmalloc-2k", 4096, false },
				     small = { "slab:UNIX", 4096, false };
	struct kt_judge *judge = kt_judge_new(&options);
	size_t two = kt_judge_add(judge, &large), one = kt_judge_add(judge, &small);

	for (int i = 0; i < 180; i++) {
		int64_t sockets = 100 + (i > 120 ? (i - 120) * 5000 : 0);

		kt_judge_begin(judge, START_MS + i * 10000ll, (i + 10000) * 10000ll);
		kt_judge_amount(judge, two, 50 * MIB + sockets * 2048);
		kt_judge_amount(judge, one, 10 * MIB + sockets * 1024);
		kt_judge_driver(judge, KT_DRIVER_SOCKETS, sockets);
		kt_judge_end(judge);
	}
	return judge;
}

TEST(all_that_follows_a_number_is_one_finding)
{
	struct kt_judge *judge = judge_sockets();
	struct kt_holder holder = kt_holder_of(KT_HOLDER_PROCESS, "pooler");
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_finding *finding = found(judge, &report);

	if (finding) {
		CHECK_STR(finding->id, "follows");
		CHECK_STR(finding->subject, "slab:kmalloc-2k");
		CHECK_STR(finding->follows, "socket");
		CHECK(strstr(finding->title, "number of sockets: 3.0 KiB for each"));
		if (CHECK_INT(finding->in_step.count, 1))
			CHECK_STR(finding->in_step.items[0], "slab:UNIX");
		/* 90 MiB a minute and a half: 4 GiB last for less than an hour */
		CHECK(strstr(finding->evidence.items[finding->evidence.count - 1], ": short in "));
		CHECK_STR(finding->evidence.items[finding->evidence.count - 2],
			"the rest is in UNIX");
		CHECK(kt_growth_wants_name(finding));
		holder.pid = 4711;
		holder.source = "by proc/PID/fd";
		kt_holder_put(&report, finding, &holder);
		CHECK_INT(finding->severity, KT_SEVERITY_WARNING);
	}
	kt_judge_free(judge);
}
