// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"

#include "test.h"

#include <getopt.h>

#define ARGS_MAX 12

struct parsed {
	struct kt_options options;
	const struct kt_cmd *cmd;
	int code; /* of the error, or -1 */
	char message[256];
};

/* Splits a line at blanks, the program's name before it, and parses that. */
static struct parsed parse(const char *line)
{
	/* the options point into the words: two lines may be looked at side by side */
	static char buffers[2][512];
	static int turn;
	char *words = buffers[turn = !turn];
	char *argv[ARGS_MAX + 2] = { (char *)"ktally" };
	struct parsed parsed = { .code = -1 };
	struct kt_err *err;
	int argc = 1;

	snprintf(words, sizeof(buffers[0]), "%s", line);
	for (char *word = strtok(words, " "); word && argc < ARGS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	optind = 0; /* glibc: start over */
	err = kt_options_parse(argc, argv, &parsed.options, &parsed.cmd);
	if (err) {
		parsed.code = (int)kt_err_code(err);
		snprintf(parsed.message, sizeof(parsed.message), "%s", kt_err_text(err));
	}
	kt_err_free(err);
	return parsed;
}

TEST(without_a_command_it_is_account_as_text)
{
	struct parsed p = parse("");

	CHECK_INT(p.code, -1);
	CHECK(p.cmd == &kt_cmd_account);
	CHECK_STR(p.options.output, "text");
	CHECK_STR(p.options.source, NULL);
	CHECK_INT(p.options.depth, 0);
}

TEST(options_may_stand_before_and_behind_the_command)
{
	static const char *const lines[] = { "-b -o json -d 3 explain slab",
		"explain slab --bytes --output=json --depth=3", "explain -bojson slab -d3",
		"-b explain --output json --depth 3 slab" };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		struct parsed p = parse(lines[i]);

		CHECK_STR(p.message, "");
		CHECK(p.cmd == &kt_cmd_explain);
		CHECK(p.options.exact_bytes && !p.options.all);
		CHECK_STR(p.options.output, "json");
		CHECK_INT(p.options.depth, 3);
		CHECK_INT(p.options.nr_operands, 1);
		CHECK_STR(p.options.operands[0], "slab");
	}
}

TEST(every_switch_sets_its_own_field)
{
	struct parsed p = parse("-s /tmp/x -a -N --cheap --expensive");
	struct parsed c = parse("capture x --scrub --force"), none;

	CHECK_STR(p.options.source, "/tmp/x");
	CHECK(p.options.all && p.options.node && p.options.cheap && p.options.expensive &&
		!p.options.scrub && !p.options.force && !p.options.exact_bytes);
	CHECK(c.options.scrub && c.options.force && !c.options.node && !c.options.cheap);
	none = parse("account");
	CHECK(!none.options.all && !none.options.node && !none.options.cheap &&
		!none.options.scrub && !none.options.force && !none.options.expensive);
}

TEST(lists_are_sorted_filtered_cut_and_repeated_as_asked)
{
	struct parsed p = parse("hash --sort bytes --filter tcp* --top 7"), often;

	CHECK_INT(p.code, -1);
	CHECK_STR(p.options.sort, "bytes");
	CHECK_STR(p.options.filter, "tcp*");
	CHECK_INT(p.options.top, 7);
	CHECK(p.options.interval_s == 0);
	often = parse("account -i 0.25 -n 3");
	CHECK_INT(often.code, -1);
	CHECK(often.options.interval_s > 0.2499 && often.options.interval_s < 0.2501);
	CHECK_INT(often.options.count, 3);
	often = parse("account -n 2");
	CHECK(often.options.interval_s == 1);
}

TEST(recordings_have_options_of_their_own)
{
	struct parsed p = parse("report x.rec --from -2h --to 23:59 --series -i 60"), d;

	CHECK_STR(p.message, "");
	CHECK_STR(p.options.from, "-2h");
	CHECK_STR(p.options.to, "23:59");
	CHECK(p.options.series && p.options.interval_s == 60);
	CHECK_STR(p.options.operands[0], "x.rec");
	d = parse("diff a b --fail-if=slab>+5%");
	CHECK_STR(d.options.fail_if, "slab>+5%");
	CHECK(!d.options.from && !d.options.to && !d.options.series);
	CHECK_STR(parse("plot --from now x.rec slab:* --to now").options.operands[1], "slab:*");
	CHECK_STR(parse("export --to -1d").options.to, "-1d");
	/* paced commands take -i of one moment's source, and -n of their own */
	p = parse("record -s /tmp/x -i 0.5 -n 7");
	CHECK_STR(p.message, "");
	CHECK(p.options.interval_s == 0.5 && p.options.count == 7);
	p = parse("record");
	CHECK_INT(p.code, -1);
	CHECK(p.options.interval_s == 0 && p.options.count == 0 && p.options.nr_operands == 0);
}

TEST(what_cannot_be_meant_is_a_usage_error)
{
	static const char *const lines[] = { "nonsense", "-x", "--nonsense", "-o xml", "-o",
		"--depth", "--depth 0", "--depth 10", "--depth 3x", "--depth -1", "account extra",
		"capture", "capture a b", "explain a b", "--bytes=1", "help a b", "--scrub",
		"capture x -N", "--top 0", "--top x", "-i 0", "-i 0.05", "-i 1.x", "-i 99999",
		"-i .5", "-n 0", "--from -1h", "slab --to now", "--series", "plot --series",
		"export --series", "report --fail-if a>1", "report --from", "record --from -1h",
		"record a b", "report a b", "diff", "diff a", "diff a b c", "diff a b --fail-if",
		"-i 1 doctor", "-i 1 -s /tmp/x", "-i 1 -o openmetrics" };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		struct parsed p = parse(lines[i]);

		if (!CHECK_INT(p.code, KT_ERR_USAGE))
			printf("  for %s\n", lines[i]);
	}
}

TEST(the_message_names_the_word_that_is_wrong)
{
	static const struct {
		const char *line, *word;
	} cases[] = { { "nonsense", "'nonsense'" }, { "--nonsense", "--nonsense" }, { "-x", "-x" },
		{ "-xb", "-x" }, { "account -bxa", "-x" }, { "-o xml", "'xml'" },
		{ "--bytes=1", "--bytes" }, { "-b -o", "-o" }, { "account extra", "'extra'" },
		{ "capture", "FILE" } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct parsed p = parse(cases[i].line);
		/* the program's own name is no word that anybody can correct */
		const char *message = strstr(p.message, "option 'ktally'") ? "" : p.message;

		if (!CHECK(strstr(message, cases[i].word) != NULL))
			printf("  '%s' gives: %s\n", cases[i].line, p.message);
	}
}

TEST(help_and_version_win_wherever_they_stand)
{
	CHECK(parse("--help").cmd == &kt_cmd_help);
	CHECK(parse("-V").cmd == &kt_cmd_version);
	CHECK(parse("help").cmd == &kt_cmd_help);
	CHECK(parse("version").cmd == &kt_cmd_version);
	CHECK_STR(parse("explain --help").options.operands[0], "explain");
	CHECK(parse("explain --help").cmd == &kt_cmd_help);
	CHECK_INT(parse("help help").code, -1);
	CHECK(parse("slab dentry --help").cmd == &kt_cmd_help);
	CHECK_INT(parse("slab dentry --help").options.nr_operands, 1);
	CHECK_STR(parse("slab dentry --help").options.operands[0], "slab");
	CHECK_INT(parse("help --help").options.nr_operands, 0);
}

TEST(behind_two_dashes_everything_is_an_operand)
{
	struct parsed p = parse("explain -- -x");

	CHECK_INT(p.code, -1);
	CHECK_STR(p.options.operands[0], "-x");
}

TEST(every_option_can_be_written_and_is_described)
{
	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];

		CHECK(option->name && option->help && option->set);
		for (size_t k = 0; k < i; k++) {
			CHECK(strcmp(option->name, kt_option_table[k].name) != 0);
			CHECK(!option->letter || option->letter != kt_option_table[k].letter);
		}
	}
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		CHECK(kt_cmd_find(kt_cmds[i]->name) == kt_cmds[i]);
		CHECK(kt_cmds[i]->summary && kt_cmds[i]->run);
		CHECK(kt_cmds[i]->nr_operands_max <=
			(int)KT_LEN(((struct kt_options *)0)->operands));
	}
	CHECK(!kt_cmd_find("accoun"));
}

TEST(b_is_batch_of_top_and_bytes_of_all_others)
{
	static const char *const tops[] = { "top -b", "-b top", "top --batch", "-bn2 top" };
	struct parsed p;

	for (size_t i = 0; i < KT_LEN(tops); i++) {
		p = parse(tops[i]);
		CHECK_INT(p.code, -1);
		CHECK(p.cmd == &kt_cmd_top);
		CHECK(p.options.batch && !p.options.exact_bytes);
	}
	p = parse("top --batch --bytes");
	CHECK(p.options.batch && p.options.exact_bytes);
	p = parse("slab -b");
	CHECK(!p.options.batch && p.options.exact_bytes);
	CHECK_INT(parse("slab --batch").code, KT_ERR_USAGE);
}
