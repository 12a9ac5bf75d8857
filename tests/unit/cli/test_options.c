// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

#include "test.h"

#include <getopt.h>

#define ARGS_MAX 12

struct parsed {
	struct kt_call call;
	const struct kt_cmd *cmd;
	int code; /* of the error, or -1 */
	char message[256];
};

/* Splits a line at blanks, the program's name before it, and parses that. */
static struct parsed parse(const char *line)
{
	/* the call points into the words: two lines may be looked at side by side */
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
	err = kt_parse(&kt_commands, argc, argv, &parsed.call, &parsed.cmd);
	if (err) {
		parsed.code = (int)kt_err_code(err);
		snprintf(parsed.message, sizeof(parsed.message), "%s", kt_err_text(err));
	}
	kt_err_free(err);
	return parsed;
}

/* The value of an option of the command's own, or NULL: the command has no such option. */
static const void *own(const struct parsed *p, const char *name)
{
	const struct kt_option *option = p->cmd ? kt_cmd_option(p->cmd, name) : NULL;

	return option ? (const char *)kt_call_own(&p->call) + option->offset : NULL;
}

static bool flag(const struct parsed *p, const char *name)
{
	const bool *value = own(p, name);

	return value && *value;
}

static const char *text(const struct parsed *p, const char *name)
{
	const char *const *value = own(p, name);

	return value ? *value : NULL;
}

static int choice(const struct parsed *p, const char *name)
{
	const int *value = own(p, name);

	return value ? *value : -1;
}

/* getopt_long() knows a name once, for all commands. */
TEST(options_of_one_name_all_take_a_value_or_none_does)
{
	for (size_t i = 0; i < kt_commands.count; i++) {
		for (size_t k = 0; k < kt_commands.items[i]->nr_options; k++) {
			const struct kt_option *option = &kt_commands.items[i]->options[k];

			for (size_t j = 0; j < i; j++) {
				const struct kt_option *other =
					kt_cmd_option(kt_commands.items[j], option->name);

				if (other && !other->arg != !option->arg)
					printf("--%s of %s and of %s\n", option->name,
						kt_commands.items[i]->name,
						kt_commands.items[j]->name);
				CHECK(!other || !other->arg == !option->arg);
			}
		}
	}
}

TEST(without_a_command_it_is_account_as_text)
{
	struct parsed p = parse("");

	CHECK_INT(p.code, -1);
	CHECK(p.cmd == &kt_cmd_account);
	CHECK_STR(p.call.show.output->name, "text");
	CHECK_STR(p.call.machine.source, NULL);
	CHECK_INT(p.call.show.depth, 0);
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
		CHECK(p.call.show.exact_bytes && !p.call.show.all);
		CHECK_STR(p.call.show.output->name, "json");
		CHECK_INT(p.call.show.depth, 3);
		CHECK_INT(p.call.nr_operands, 1);
		CHECK_STR(p.call.operands[0], "slab");
	}
}

TEST(every_switch_sets_its_own_field)
{
	struct parsed p = parse("-s /tmp/x -a -N --cheap --expensive");
	struct parsed c = parse("capture x --scrub --force"), none;

	CHECK_STR(p.call.machine.source, "/tmp/x");
	CHECK(p.call.show.all && flag(&p, "node") && p.call.machine.cheap &&
		p.call.machine.expensive && !flag(&p, "scrub") && !flag(&p, "force") &&
		!p.call.show.exact_bytes);
	CHECK(flag(&c, "scrub") && flag(&c, "force") && !flag(&c, "node") && !c.call.machine.cheap);
	none = parse("account");
	CHECK(!none.call.show.all && !flag(&none, "node") && !none.call.machine.cheap &&
		!flag(&none, "scrub") && !flag(&none, "force") && !none.call.machine.expensive);
}

TEST(lists_are_sorted_filtered_cut_and_repeated_as_asked)
{
	struct parsed p = parse("hash --sort bytes --filter tcp* --top 7"), often;

	CHECK_INT(p.code, -1);
	CHECK_STR(p.call.list.sort, "bytes");
	CHECK_STR(p.call.list.filter, "tcp*");
	CHECK_INT(p.call.list.top, 7);
	CHECK(p.call.interval_s == 0);
	often = parse("account -i 0.25 -n 3");
	CHECK_INT(often.code, -1);
	CHECK(often.call.interval_s > 0.2499 && often.call.interval_s < 0.2501);
	CHECK_INT(often.call.count, 3);
	often = parse("account -n 2");
	CHECK(often.call.interval_s == 1);
}

TEST(recordings_have_options_of_their_own)
{
	struct parsed p = parse("report x.rec --from -2h --to 23:59 --series -i 60"), d;

	CHECK_STR(p.message, "");
	CHECK_STR(text(&p, "from"), "-2h");
	CHECK_STR(text(&p, "to"), "23:59");
	CHECK(flag(&p, "series") && p.call.interval_s == 60);
	CHECK_STR(p.call.operands[0], "x.rec");
	d = parse("diff a b --fail-if=slab>+5%");
	CHECK_STR(text(&d, "fail-if"), "slab>+5%");
	CHECK(!text(&d, "from") && !text(&d, "to") && !flag(&d, "series"));
	CHECK_STR(parse("plot --from now x.rec slab:* --to now").call.operands[1], "slab:*");
	p = parse("export --to -1d");
	CHECK_STR(text(&p, "to"), "-1d");
	/* paced commands take -i of one moment's source, and -n of their own */
	p = parse("record -s /tmp/x -i 0.5 -n 7");
	CHECK_STR(p.message, "");
	CHECK(p.call.interval_s == 0.5 && p.call.count == 7);
	p = parse("record");
	CHECK_INT(p.code, -1);
	CHECK(p.call.interval_s == 0 && p.call.count == 0 && p.call.nr_operands == 0);
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
		{ "capture", "FILE" }, { "salb", "did you mean 'slab'?" },
		{ "slb", "did you mean 'slab'?" }, { "acount", "did you mean 'account'?" },
		{ "zz", "'zz'; 'ktally --help' lists them" },
		{ "-i", "-i needs seconds, such as '-i 10'" },
		{ "--interval", "--interval needs seconds, such as '--interval 10'" },
		{ "-o", "-o needs an argument" }, { "-o xml", "use one of text, json" },
		{ "diff", ": 'ktally diff " } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct parsed p = parse(cases[i].line);
		/* the program's own name is no word that anybody can correct */
		const char *message = strstr(p.message, "option 'ktally'") ? "" : p.message;

		if (!CHECK(strstr(message, cases[i].word) != NULL))
			printf("  '%s' gives: %s\n", cases[i].line, p.message);
	}
}

TEST(options_of_lists_are_for_commands_with_lists)
{
	static const char *const refusing[] = { "record", "capture x", "version", "doctor", "help",
		"account", "explain", "plot" };
	char line[64], message[64];

	for (size_t i = 0; i < KT_LEN(refusing); i++) {
		snprintf(line, sizeof(line), "%s --top 2", refusing[i]);
		snprintf(message, sizeof(message), "'%.*s' does not take --top",
			(int)strcspn(refusing[i], " "), refusing[i]);
		CHECK_STR(parse(line).message, message);
	}
	CHECK_STR(parse("--filter a doctor").message, "'doctor' does not take --filter");
	CHECK_STR(parse("record --sort a").message, "'record' does not take --sort");
	CHECK_STR(parse("-a version").message, "");
	CHECK_STR(parse("slab --top 2 --help").message, "");
	CHECK_STR(parse("top --top 2 --filter a --sort b").message, "");
	CHECK_STR(parse("export --filter a").message, "");
	CHECK_STR(parse("metrics --top 2").message, "");
}

TEST(help_and_version_win_wherever_they_stand)
{
	CHECK(parse("--help").cmd == &kt_cmd_help);
	CHECK(parse("-V").cmd == &kt_cmd_version);
	CHECK(parse("help").cmd == &kt_cmd_help);
	CHECK(parse("version").cmd == &kt_cmd_version);
	CHECK_STR(parse("explain --help").call.operands[0], "explain");
	CHECK(parse("explain --help").cmd == &kt_cmd_help);
	CHECK_INT(parse("help help").code, -1);
	CHECK(parse("slab dentry --help").cmd == &kt_cmd_help);
	CHECK_INT(parse("slab dentry --help").call.nr_operands, 1);
	CHECK_STR(parse("slab dentry --help").call.operands[0], "slab");
	CHECK_INT(parse("help --help").call.nr_operands, 0);
}

TEST(behind_two_dashes_everything_is_an_operand)
{
	struct parsed p = parse("explain -- -x");

	CHECK_INT(p.code, -1);
	CHECK_STR(p.call.operands[0], "-x");
}

/* The type that a value of the kind is stored as. */
static size_t size_of(enum kt_arg_kind kind)
{
	switch (kind) {
	case KT_ARG_FLAG: return sizeof(bool);
	case KT_ARG_NUMBER: return sizeof(int64_t);
	case KT_ARG_SECONDS: return sizeof(double);
	case KT_ARG_CHOICE: return sizeof(int);
	default: return sizeof(const char *);
	}
}

static void check_option(const struct kt_option *option, size_t room)
{
	bool good = CHECK(option->name && option->help) &
		    CHECK((option->kind == KT_ARG_FLAG) == !option->arg) &
		    CHECK_INT(option->size, size_of(option->kind)) &
		    CHECK(option->offset + option->size <= room) &
		    CHECK(option->kind != KT_ARG_CHOICE || option->choices) &
		    CHECK(option->kind != KT_ARG_NUMBER || (option->takes && option->max)) &
		    /* no request names a file, or who may ask */
		    CHECK(!option->web || option->kind == KT_ARG_FLAG ||
			    option->kind == KT_ARG_NUMBER || option->kind == KT_ARG_CHOICE ||
			    option->kind == KT_ARG_COLUMN || option->kind == KT_ARG_PATTERN);

	if (!good)
		printf("  option %s\n", option->name);
}

TEST(every_option_is_described_and_is_stored_in_its_own_place)
{
	for (size_t g = 0; g < KT_NR_GROUPS; g++) {
		for (size_t i = 0; i < kt_option_groups[g].count; i++)
			check_option(&kt_option_groups[g].options[i], sizeof(struct kt_call));
	}
	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];

		for (size_t k = 0; k < cmd->nr_options; k++) {
			check_option(&cmd->options[k], cmd->own_size);
			for (size_t j = 0; j < k; j++)
				CHECK(cmd->options[j].offset != cmd->options[k].offset);
		}
	}
}

static bool is_shared(const char *name)
{
	for (size_t g = 0; g < KT_NR_GROUPS; g++) {
		for (size_t i = 0; i < kt_option_groups[g].count; i++) {
			if (strcmp(kt_option_groups[g].options[i].name, name) == 0)
				return true;
		}
	}
	return false;
}

/* The parser splits a line before it knows the command. */
TEST(options_of_one_name_or_letter_are_written_alike_in_all_commands)
{
	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];

		for (size_t k = 0; k < cmd->nr_options; k++) {
			const struct kt_option *own = &cmd->options[k];

			CHECK(!is_shared(own->name));
			for (size_t j = 0; j < kt_commands.count; j++) {
				const struct kt_option *same =
					kt_cmd_option(kt_commands.items[j], own->name);

				CHECK(!same ||
					(!same->arg == !own->arg && same->letter == own->letter));
			}
		}
	}
}

TEST(every_command_can_be_found_and_run)
{
	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];

		CHECK(kt_cmd_find(&kt_commands, cmd->name) == cmd);
		CHECK(cmd->summary && cmd->help && cmd->run);
		CHECK(cmd->examples && cmd->nr_examples);
		CHECK(kt_cmd_operands_max(cmd) <= KT_OPERANDS_MAX);
	}
	CHECK(!kt_cmd_find(&kt_commands, "accoun"));
}

TEST(every_group_has_commands_and_begins_with_its_first)
{
	CHECK_INT(kt_commands.groups[0].first, 0);
	for (size_t i = 0; i < kt_commands.nr_groups; i++) {
		size_t first = kt_commands.groups[i].first;

		CHECK(first < kt_commands.count);
		CHECK_INT(kt_cmds_group(&kt_commands, first), i);
		CHECK(!i || kt_cmds_group(&kt_commands, first - 1) == i - 1);
	}
	CHECK(kt_commands.items[kt_commands.groups[1].first] == &kt_cmd_slab);
	CHECK_INT(kt_cmds_group(&kt_commands, kt_commands.count - 1), kt_commands.nr_groups - 1);
}

TEST(a_command_uses_the_groups_that_change_what_it_does)
{
	CHECK(kt_cmd_uses(&kt_cmd_slab, KT_GROUP_MACHINE));
	CHECK(kt_cmd_uses(&kt_cmd_slab, KT_GROUP_OUTPUT));
	CHECK(kt_cmd_uses(&kt_cmd_slab, KT_GROUP_LISTS));
	CHECK(kt_cmd_uses(&kt_cmd_slab, KT_GROUP_TIME));
	CHECK(kt_cmd_uses(&kt_cmd_record, KT_GROUP_TIME));
	CHECK(!kt_cmd_uses(&kt_cmd_capture, KT_GROUP_TIME));
	CHECK(!kt_cmd_uses(&kt_cmd_account, KT_GROUP_LISTS));
	CHECK(kt_cmd_uses(&kt_cmd_memreports, KT_GROUP_LISTS));
	CHECK(!kt_cmd_uses(&kt_cmd_version, KT_GROUP_MACHINE));
}

TEST(a_choice_is_stored_as_its_place_and_the_first_is_the_default)
{
	struct parsed p = parse("stacks --by process"), none = parse("stacks");

	CHECK_INT(choice(&p, "by"), 2);
	CHECK_INT(choice(&none, "by"), 0);
	CHECK_INT(parse("stacks --by zone").code, KT_ERR_USAGE);
	CHECK(strstr(parse("stacks --by zone").message, "one of name, family, process") != NULL);
	CHECK_STR(parse("--by zone census").message, "");
}

TEST(the_name_of_the_program_may_be_a_command)
{
	char *argv[] = { (char *)"/usr/libexec/netdata/plugins.d/ktally.plugin", (char *)"5",
		NULL };
	const struct kt_cmd *cmd = NULL;
	struct kt_call call;

	optind = 0;
	CHECK(!kt_parse(&kt_commands, 2, argv, &call, &cmd));
	CHECK(cmd == &kt_cmd_netdata);
	CHECK_STR(call.operands[0], "5");
}

TEST(b_is_batch_of_top_and_bytes_of_all_others)
{
	static const char *const tops[] = { "top -b", "-b top", "top --batch", "-bn2 top" };
	struct parsed p;

	for (size_t i = 0; i < KT_LEN(tops); i++) {
		p = parse(tops[i]);
		CHECK_INT(p.code, -1);
		CHECK(p.cmd == &kt_cmd_top);
		CHECK(flag(&p, "batch") && !p.call.show.exact_bytes);
	}
	p = parse("top --batch --bytes");
	CHECK(flag(&p, "batch") && p.call.show.exact_bytes);
	p = parse("slab -b");
	CHECK(!flag(&p, "batch") && p.call.show.exact_bytes);
	CHECK_INT(parse("slab --batch").code, KT_ERR_USAGE);
}

struct seen {
	bool flag;
};

/* Says whether it was given its own flag. */
static struct kt_err *see(const struct kt_call *call, struct kt_report *report)
{
	const struct seen *own = kt_call_own(call);

	kt_report_init(report, "ktally/test/1");
	if (own->flag)
		kt_report_note(report, "seen");
	return NULL;
}

TEST(own_arguments_reach_only_their_command)
{
	static const struct kt_option options[] = { { 0, "flag", NULL, "a flag",
		.kind = KT_ARG_FLAG, KT_AT(struct seen, flag) } };
	static const struct kt_cmd mine = {
		.name = "mine", .options = options, .nr_options = 1, KT_OWN(struct seen), .run = see
	};
	static const struct kt_cmd other = { .name = "other", .run = see };
	const struct kt_cmd *const cmds[] = { &mine, &other };
	struct kt_call call = { .own_of = &mine };

	CHECK(!kt_option_set(&options[0], &call.own, NULL));
	for (size_t i = 0; i < KT_LEN(cmds); i++) {
		KT_CLEANUP(report) struct kt_report report = { 0 };

		CHECK(!kt_cmd_run(cmds[i], &call, &report));
		CHECK_INT(report.notes.count, i == 0);
	}
}
