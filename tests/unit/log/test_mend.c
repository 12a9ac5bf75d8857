// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "base/attr.h"
#include "log/mend.h"

struct mended {
	struct kt_log_form form;
	struct kt_log_mender *mender;
	struct kt_span text;
};

static struct mended mend(struct kt_span text)
{
	struct mended mended;

	kt_log_find_form(text, &mended.form);
	mended.mender = kt_log_mender_new(&mended.form);
	CHECK(mended.mender && kt_log_mender_feed(mended.mender, text));
	mended.text = kt_log_mender_end(mended.mender);
	CHECK(kt_log_mender_form(mended.mender));
	mended.form = *kt_log_mender_form(mended.mender);
	return mended;
}

static void check_mended(const char *text, size_t n, const char *expected)
{
	struct mended mended = mend((struct kt_span){ text, n });

	CHECK(!kt_log_is_plain(&mended.form));
	if (!CHECK(kt_span_eq(mended.text, expected)))
		printf("\"%.*s\" is not \"%s\"\n", (int)mended.text.n, mended.text.p, expected);
	kt_log_mender_free(mended.mender);
}

#define CHECK_MENDED(text, expected) check_mended(text, sizeof(text) - 1, expected)

TEST(a_log_in_order_stays_as_it_is)
{
	static const char *const logs[] = {
		"[    1.000000] one\n[    2.000000] two\n",
		"[    1.000000] active_anon:1\n active_file:2\n[    2.000000] two\n",
		"Feb  3 13:50:55 h kernel: one\nFeb  3 13:50:56 h kernel: two\n",
		"[    1.000000] audit: {\"msg\": 1}\n[    2.000000] \"MESSAGE\": x\nMESSAGE=\n",
		"Mem-Info:\nactive_anon:100 inactive_anon:3000\n active_file:50\n",
		"",
	};

	for (size_t i = 0; i < KT_LEN(logs); i++) {
		struct kt_log_form form;

		kt_log_find_form(kt_span_str(logs[i]), &form);
		if (!CHECK(kt_log_is_plain(&form)))
			printf("  %s\n", logs[i]);
	}
}

TEST(a_mailer_breaks_before_the_word_that_does_not_fit)
{
	CHECK_MENDED("[    1.000000] Node 0 DMA free:400kB boost:0kB min:64kB low:80kB\n"
		     "high:96kB present:4000kB\n"
		     "[    2.000000] lowmem_reserve[]: 0 0 0 0\n",
		"[    1.000000] Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB "
		"present:4000kB\n\n[    2.000000] lowmem_reserve[]: 0 0 0 0\n");
	/* the sign of a quote counts for the width, and comes off */
	CHECK_MENDED("> [    1.000000] Node 0 DMA free:400kB boost:0kB min:64kB low:80kB\n"
		     "> high:96kB present:4000kB\n"
		     "> [    2.000000] lowmem_reserve[]: 0 0 0 0\n",
		"[    1.000000] Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB "
		"present:4000kB\n\n[    2.000000] lowmem_reserve[]: 0 0 0 0\n");
}

TEST(a_terminal_breaks_inside_words_and_numbers)
{
	CHECK_MENDED("[    1.000000] Node 0 DMA free:400kB boost:0kB min:64kB low:8\n"
		     "0kB high:96kB\n"
		     "[    2.000000] Node 0 DMA32 free:400kB boost:0kB min:64kB low\n"
		     ":80kB high:96kB\n"
		     "[    3.000000] Node 0 Normal free:400kB boost:0kB min:64kB lo\n"
		     "w:80kB high:96kB\n",
		"[    1.000000] Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB\n\n"
		"[    2.000000] Node 0 DMA32 free:400kB boost:0kB min:64kB low:80kB high:96kB\n\n"
		"[    3.000000] Node 0 Normal free:400kB boost:0kB min:64kB low:80kB high:96kB\n"
		"\n");
}

/* The third line is as long as broken ones, but what comes next is nowhere inside a record. */
TEST(a_full_line_before_a_new_record_is_not_joined)
{
	CHECK_MENDED("Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB rese\n"
		     "rved_highatomic:0KB present:4000kB managed:3600kB\n"
		     "Node 0 DMA32 free:400kB boost:0kB min:64kB low:80kB high:96kB re\n"
		     "served_highatomic:0KB present:4000kB managed:3600kB\n"
		     "Node 0 Normal: 800*4kB (UME) 96*8kB (UE) 2*16kB (M) 0*32kB = 4kB\n"
		     "Node 0 hugepages_total=2 hugepages_free=1 hugepages_size=2048kB\n"
		     "Node 0 Normal free:400kB boost:0kB min:64kB low:80kB high:96kB r\n"
		     "eserved_highatomic:0KB present:4000kB managed:3600kB\n",
		"Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB "
		"reserved_highatomic:0KB present:4000kB managed:3600kB\n\n"
		"Node 0 DMA32 free:400kB boost:0kB min:64kB low:80kB high:96kB "
		"reserved_highatomic:0KB present:4000kB managed:3600kB\n\n"
		"Node 0 Normal: 800*4kB (UME) 96*8kB (UE) 2*16kB (M) 0*32kB = 4kB\n"
		"Node 0 hugepages_total=2 hugepages_free=1 hugepages_size=2048kB\n"
		"Node 0 Normal free:400kB boost:0kB min:64kB low:80kB high:96kB "
		"reserved_highatomic:0KB present:4000kB managed:3600kB\n\n");
}

TEST(the_newest_line_may_be_first)
{
	CHECK_MENDED("[    3.000000] three\n[    2.000000] two\n[    1.000000] one\n",
		"[    1.000000] one\n[    2.000000] two\n[    3.000000] three\n");
}

TEST(the_journal_has_forms_of_its_own)
{
	CHECK_MENDED("{\"_TRANSPORT\":\"kernel\",\"PRIORITY\":\"4\",\"SYSLOG_FACILITY\":\"0\","
		     "\"__MONOTONIC_TIMESTAMP\":\"9\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"1500000\","
		     "\"MESSAGE\":\"a\\n \\\"b\\u00e9\\\"\"}\n"
		     "{\"_TRANSPORT\":\"journal\",\"MESSAGE\":\"Linux version 9\"}\n"
		     "{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":[77,101,109]}\n",
		"<4>[    1.500000] a\\x0a \"b\xc3\xa9\"\n\nMem\n");
	CHECK_MENDED("{\"dmesg\": [{\n\"pri\": 4,\n\"time\": 1.500000,\n\"msg\": \"one\"\n}]}\n",
		"\n\n\n\n<4>[    1.500000] one\n");
	CHECK_MENDED("_TRANSPORT=kernel\nPRIORITY=4\n_SOURCE_MONOTONIC_TIMESTAMP=1500000\n"
		     "MESSAGE\n\5\0\0\0\0\0\0\0a\n b=\n\n"
		     "_TRANSPORT=syslog\nMESSAGE=Linux version 9\n\n",
		"\n\n\n\n\n\n<4>[    1.500000] a\\x0a b=\n\n\n\n");
	CHECK_MENDED("Sat 2024-02-03 13:50:55 CET [s=1;i=2]\n    PRIORITY=4\n"
		     "    _TRANSPORT=kernel\n    MESSAGE=a\n            b\n",
		"\n\n\n\n\n<4>a\\x0ab\n");
}

TEST(netconsole_sends_a_long_record_in_parts)
{
	CHECK_MENDED(
		"4,7,1500000,-,ncfrag=0/6;abc\n4,7,1500000,-,ncfrag=3/6;def\n4,8,1600000,-;g\n",
		"4,7,1500000,-,ncfrag=0/6;abcdef\n\n4,8,1600000,-;g\n");
}

TEST(short_monotonic_has_the_host_behind_the_time)
{
	CHECK_MENDED("[    1.000000] h kernel: one\n[    2.000000] h kernel: two\n"
		     "[    3.000000] h cron[7]: Linux version 9\n[    4.000000] h kernel: four\n",
		"[    1.000000] one\n[    2.000000] two\n\n[    4.000000] four\n");
}

TEST(a_mended_log_is_bounded)
{
	static char line[4096];
	struct kt_log_form form = { .newest_first = true };
	struct kt_log_mender *mender = kt_log_mender_new(&form);
	size_t count = 0;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	while (mender && count < 100000 &&
		kt_log_mender_feed(mender, (struct kt_span){ line, sizeof(line) }))
		count++;
	CHECK(count > 1000 && count < 3000);
	kt_log_mender_free(mender);
}

TEST(any_bytes_are_mended)
{
	static const char *const odd[] = { "\"MESSAGE\"{[\"\\u12\":,}]}\x01",
		"\nMESSAGE=\nMESSAGE\n", "\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff",
		"\n    MESSAGE=\n    PRIORITY=\n", "4,1,1,-,ncfrag=3/;", ">>>>>\n>a\n> \n",
		"[[[[\n]]]]" };

	for (size_t i = 0; i < KT_LEN(odd); i++) {
		struct mended mended = mend(kt_span_str(odd[i]));

		kt_log_mender_free(mended.mender);
	}
}
