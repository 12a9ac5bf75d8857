// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/alert/journal.h"
#include "cmd/recorded_findings.h"

#include "test.h"

static const struct kt_recorded wrote = { 1790000000000, 1789000000000, 243 };

static void make(struct kt_report *report)
{
	struct kt_finding *finding = kt_report_finding(
		report, "growing", KT_SEVERITY_WARNING, "growing", "slab:kmalloc-512");

	finding->title = "a\ttitle\nwith\x1b breaks";
	finding->bytes = 4096;
	finding->next = "ktally users kmalloc-512";
}

TEST(findings_are_read_as_they_were_written)
{
	KT_CLEANUP(report) struct kt_report report = { 0 }, read = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_recorded recorded;
	const struct kt_finding *finding;

	make(&report);
	kt_recorded_write(&report, &wrote, &text);
	CHECK(kt_recorded_parse((struct kt_span){ text.data, text.size }, &read, &recorded));
	CHECK_INT(recorded.written_ms, wrote.written_ms);
	CHECK_INT(recorded.nr_series, 243);
	if (!CHECK_INT(read.findings.count, 1))
		return;
	finding = &read.findings.items[0];
	CHECK_STR(finding->id, "growing");
	CHECK_STR(finding->title, "a title with  breaks");
	CHECK_INT(finding->severity, KT_SEVERITY_WARNING);
	CHECK_INT(finding->bytes, 4096);
	CHECK_INT(finding->hourly_bytes, KT_UNKNOWN);
	CHECK(!finding->remedy);
	CHECK_STR(finding->next, "ktally users kmalloc-512");
}

TEST(a_text_of_another_kind_adds_nothing)
{
	static const char *const texts[] = { "", "ktally findings 2\t1\t1\t1\n",
		"ktally findings 1\t1\t1\n", "ktally findings 1\tx\t1\t1\n",
		"ktally findings 1\t1\t1\t1\nwarning\tid\n",
		"ktally findings 1\t1\t1\t1\nbad\tid\t\ts\t1\t-\t-\t-\t-\tt\t\t\n",
		"ktally findings 1\t1\t1\t1\ninfo\tid\t\ts\t1\t-\t-\t-\t-\tt\t\t\nhalf" };

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		KT_CLEANUP(report) struct kt_report read = { 0 };
		struct kt_recorded recorded;

		CHECK(!kt_recorded_parse(kt_span_str(texts[i]), &read, &recorded));
		CHECK_INT(read.findings.count, 0);
	}
}

TEST(an_entry_of_the_journal_has_a_line_for_each_field)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	KT_CLEANUP(buf) struct kt_buf entry = { 0 };
	struct kt_notice notice = { .event = KT_NOTICE_BEGUN };

	make(&report);
	notice.finding = &report.findings.items[0];
	kt_journal_entry(&notice, &entry);
	kt_buf_add(&entry, "", 1);
	CHECK(strstr(entry.data, "MESSAGE=warning: a title with  breaks\nPRIORITY=4\n"));
	CHECK(strstr(entry.data, "\nKTALLY_SUBJECT=slab:kmalloc-512\n"));
	CHECK(strstr(entry.data, "\nKTALLY_BYTES=4096\n"));
	CHECK(!strstr(entry.data, "KTALLY_HOURLY_BYTES"));
	for (const char *line = entry.data; *line; line = strchr(line, '\n') + 1)
		CHECK(strchr(line, '=') && strchr(line, '\n') &&
			strchr(line, '=') < strchr(line, '\n'));
}
