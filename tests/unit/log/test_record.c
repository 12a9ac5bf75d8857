// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "base/attr.h"
#include "log/record.h"

static struct kt_log_reader lines_of(const char *text)
{
	return (struct kt_log_reader){ .rest = kt_span_str(text) };
}

static bool same(struct kt_span span, const char *text)
{
	bool equal = kt_span_eq(span, text);

	if (!equal)
		printf("\"%.*s\" is not \"%s\"\n", (int)span.n, span.p ? span.p : "", text);
	return equal;
}

TEST(every_kind_of_log_gives_the_same_message)
{
	static const struct {
		const char *line, *time;
	} cases[] = {
		{ "Mem-Info:", "" },
		{ "  Mem-Info:  \r", "" },
		{ "[   12.345678] Mem-Info:", "12.345678" },
		{ "<4>[   12.345678] Mem-Info:", "12.345678" },
		{ "[   12.345678] <4>Mem-Info:", "12.345678" },
		{ "[   12.345678][ T1234] Mem-Info:", "12.345678" },
		{ "[   12.345678] [    C3] Mem-Info:", "12.345678" },
		{ "[Mon Jan  1 00:00:09 2024] Mem-Info:", "Mon Jan  1 00:00:09 2024" },
		{ "4,339,514,-;Mem-Info:", "" },
		{ "4,339,514,-,caller=T12;Mem-Info:", "" },
		{ "Feb  3 13:50:55 host kernel: Mem-Info:", "Feb  3 13:50:55" },
		{ "Feb  3 13:50:55 host kernel: [   12.3] Mem-Info:", "Feb  3 13:50:55" },
		{ "Mar 06 19:25:03 [kernel] [168311.801302] Mem-Info:", "Mar 06 19:25:03" },
		{ "2024-01-31T23:59:59.123456+01:00 host kernel: Mem-Info:",
			"2024-01-31T23:59:59.123456+01:00" },
		{ "2024-01-31T23:59:59,123456+01:00 Mem-Info:",
			"2024-01-31T23:59:59,123456+01:00" },
		{ "2024-01-31 23:59:59 Mem-Info:", "2024-01-31 23:59:59" },
		{ "<4>1 2024-01-31T23:59:59Z host kernel - - - Mem-Info:", "2024-01-31T23:59:59Z" },
		{ "> > [   12.345678] Mem-Info:", "12.345678" },
		{ "[Dec15 13:08] Mem-Info:", "Dec15 13:08" },
		{ "[  +0.000009] Mem-Info:", "" },
		{ "kern  :warn  : [   12.345678] Mem-Info:", "12.345678" },
		{ "kern  :warn  : [Mon Jan  1 00:00:09 2024] Mem-Info:",
			"Mon Jan  1 00:00:09 2024" },
		{ "Feb 03 13:50:55.123456 host kernel: Mem-Info:", "Feb 03 13:50:55.123456" },
		{ "1706961055.123456 host kernel: Mem-Info:", "1706961055.123456" },
		{ "Thu Jan  1 00:00:10 1970 kern.warn kernel: [   12.345678] Mem-Info:",
			"Thu Jan  1 00:00:10 1970" },
		{ "Jan  1 00:00:10 kernel: Mem-Info:", "Jan  1 00:00:10" },
		{ "12-15 13:08:23.123     0     0 W Mem-Info:", "12-15 13:08:23.123" },
		{ "12-15 13:08:23.123     0     0 W         : Mem-Info:", "12-15 13:08:23.123" },
		{ "[2024-01-31 23:59:59] [   12.345678] Mem-Info:", "2024-01-31 23:59:59" },
		{ "[   12.345678 <    0.000009>] Mem-Info:", "12.345678" },
		{ "kern  :warn  : [   12.345678 <    0.000009>] Mem-Info:", "12.345678" },
		{ "12-15 13:08:23.123  root     0     0 W         : Mem-Info:",
			"12-15 13:08:23.123" },
		{ "<4>[   12.345678]  (2)[47:kworker/2:1]Mem-Info:", "12.345678" },
		{ "Feb  3 13:50:55 10.0.0.7 [   12.345678] Mem-Info:", "Feb  3 13:50:55" },
		{ "77:[   12.345678] Mem-Info:", "12.345678" },
		{ "    77\t[   12.345678] Mem-Info:", "12.345678" },
		{ "- {\"dt\": \"2024-01-31T23:59:59\", \"lvl\": \"target\", \"msg\": "
		  "\"[   12.345678] Mem-Info:\"}",
			"12.345678" },
		{ "\x1b[32m[   12.345678] \x1b[0m\x1b[33;1mMem-Info:\x1b[0m", "12.345678" },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_log_reader lines = lines_of(cases[i].line);
		struct kt_log_record line;

		if (!CHECK(kt_log_next(&lines, &line)))
			continue;
		CHECK(same(line.message, "Mem-Info:"));
		CHECK(same(line.time, cases[i].time));
		CHECK(!kt_log_next(&lines, &line) || !line.message.n);
	}
}

TEST(a_record_says_when_whose_and_how_grave)
{
	static const struct {
		const char *line;
		int64_t time_us;
		int facility, level;
	} cases[] = {
		{ "[   12.345678] x", 12345678, -1, -1 },
		{ "<4>[   12.345678][  T47] x", 12345678, 0, 4 },
		{ "12,4,1229000000,-;x", 1229000000, KT_LOG_USER, 4 },
		{ "kern  :warn  : [    0.500000] x", 500000, 0, 4 },
		{ "Thu Jan  1 00:00:10 1970 kern.err kernel: [   10.5] x", 10500000, 0, 3 },
		{ "Thu Jan  1 00:00:10 1970 daemon.info procd: x", KT_LOG_NO_TIME, KT_LOG_USER, 6 },
		{ "Feb  3 13:50:55 host cron[12]: Linux version 6", KT_LOG_NO_TIME, KT_LOG_USER,
			-1 },
		{ "Feb  3 13:50:55 host evil: Linux version 6", KT_LOG_NO_TIME, KT_LOG_USER, -1 },
		{ "[Dec15 13:08] x", KT_LOG_NO_TIME, -1, -1 },
		{ "[  +0.000009] x", KT_LOG_NO_TIME, -1, -1 },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_log_record record;

		kt_log_parse(kt_span_str(cases[i].line), &record);
		if (!CHECK_INT(record.time_us, cases[i].time_us) ||
			!CHECK_INT(record.facility, cases[i].facility) ||
			!CHECK_INT(record.level, cases[i].level))
			printf("  %s\n", cases[i].line);
	}
}

TEST(the_number_of_a_process_is_no_time)
{
	static const char *const rows[] = { "[  390]     0   390    39012",
		"[ pid ]   uid  tgid total_vm", "[1905]     0  1905" };

	for (size_t i = 0; i < KT_LEN(rows); i++) {
		struct kt_log_reader lines = lines_of(rows[i]);
		struct kt_log_record line;

		CHECK(kt_log_next(&lines, &line) && same(line.message, rows[i]));
	}
}

TEST(who_printed_a_line_is_told_apart)
{
	struct kt_log_reader lines = lines_of("[1.0][   T7] a\n[1.1][   C7] b\n c\n[1.2] d\n");
	struct kt_log_record task = { 0 }, cpu = { 0 }, more = { 0 }, none = { 0 };

	CHECK(kt_log_next(&lines, &task) && kt_log_next(&lines, &cpu));
	CHECK(task.caller && cpu.caller && task.caller != cpu.caller);
	CHECK(kt_log_next(&lines, &more) && same(more.message, "c"));
	CHECK(more.caller == 0 || more.caller == cpu.caller);
	CHECK(kt_log_next(&lines, &none) && none.caller == 0);
	CHECK_INT(none.number, 4);
}

TEST(lines_that_a_daemon_joined_are_taken_apart)
{
	struct kt_log_reader lines =
		lines_of("[1.5] active_anon:1#012 active_file:2\\x0a unevictable:3\nnext");
	static const char *const expected[] = { "active_anon:1", "active_file:2", "unevictable:3",
		"next" };
	struct kt_log_record line;

	for (size_t i = 0; i < KT_LEN(expected); i++) {
		if (!CHECK(kt_log_next(&lines, &line)))
			return;
		CHECK(same(line.message, expected[i]));
		CHECK(same(line.time, "1.5"));
		CHECK_INT(line.number, i < 3 ? 1 : 2);
	}
}

TEST(any_bytes_come_to_an_end)
{
	static const char odd[] =
		"\x1b\x1b[[[;;;\n[[[[[]]]\n[\n<\n<99999>[]\n#012#012\\x0a\r\r\n>>>";
	struct kt_log_reader lines = lines_of(odd);
	struct kt_log_record line;
	int count = 0;

	while (kt_log_next(&lines, &line) && count < 100)
		count++;
	CHECK(count < 100);
}
