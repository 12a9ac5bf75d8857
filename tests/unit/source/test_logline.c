// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "base/attr.h"
#include "source/logline.h"

static struct kt_loglines lines_of(const char *text)
{
	return (struct kt_loglines){ .rest = kt_span_str(text) };
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
		{ "<4>1 2024-01-31T23:59:59Z host kernel - - - Mem-Info:",
			"<4>1 2024-01-31T23:59:59Z" },
		{ "> > [   12.345678] Mem-Info:", "12.345678" },
		{ "\x1b[32m[   12.345678] \x1b[0m\x1b[33;1mMem-Info:\x1b[0m", "12.345678" },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_loglines lines = lines_of(cases[i].line);
		struct kt_logline line;

		if (!CHECK(kt_logline_next(&lines, &line)))
			continue;
		CHECK(same(line.message, "Mem-Info:"));
		CHECK(same(line.time, cases[i].time));
		CHECK(!kt_logline_next(&lines, &line) || !line.message.n);
	}
}

TEST(the_number_of_a_process_is_no_time)
{
	static const char *const rows[] = { "[  390]     0   390    39012",
		"[ pid ]   uid  tgid total_vm", "[1905]     0  1905" };

	for (size_t i = 0; i < KT_LEN(rows); i++) {
		struct kt_loglines lines = lines_of(rows[i]);
		struct kt_logline line;

		CHECK(kt_logline_next(&lines, &line) && same(line.message, rows[i]));
	}
}

TEST(who_printed_a_line_is_told_apart)
{
	struct kt_loglines lines = lines_of("[1.0][   T7] a\n[1.1][   C7] b\n c\n[1.2] d\n");
	struct kt_logline task = { 0 }, cpu = { 0 }, more = { 0 }, none = { 0 };

	CHECK(kt_logline_next(&lines, &task) && kt_logline_next(&lines, &cpu));
	CHECK(task.caller && cpu.caller && task.caller != cpu.caller);
	CHECK(kt_logline_next(&lines, &more) && same(more.message, "c"));
	CHECK(more.caller == 0 || more.caller == cpu.caller);
	CHECK(kt_logline_next(&lines, &none) && none.caller == 0);
	CHECK_INT(none.number, 4);
}

TEST(lines_that_a_daemon_joined_are_taken_apart)
{
	struct kt_loglines lines =
		lines_of("[1.5] active_anon:1#012 active_file:2\\x0a unevictable:3\nnext");
	static const char *const expected[] = { "active_anon:1", "active_file:2", "unevictable:3",
		"next" };
	struct kt_logline line;

	for (size_t i = 0; i < KT_LEN(expected); i++) {
		if (!CHECK(kt_logline_next(&lines, &line)))
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
	struct kt_loglines lines = lines_of(odd);
	struct kt_logline line;
	int count = 0;

	while (kt_logline_next(&lines, &line) && count < 100)
		count++;
	CHECK(count < 100);
}
