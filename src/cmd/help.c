// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cmd.h"
#include "output/output.h"

#include <string.h>

static const struct kt_column command_columns[] = {
	{ .key = "command", .title = "COMMAND" },
	{ .key = "summary", .title = "WHAT IT DOES", .flags = KT_COL_WRAP },
};

static const struct kt_column output_columns[] = {
	{ .key = "format", .title = "FORMAT" },
	{ .key = "summary", .title = "WHAT IT IS", .flags = KT_COL_WRAP },
};

static const struct kt_column option_columns[] = {
	{ .key = "option", .title = "OPTION" },
	{ .key = "help", .title = "WHAT IT DOES", .flags = KT_COL_WRAP },
};

static void put_pair(
	struct kt_report *report, struct kt_table *table, const char *name, const char *text)
{
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(name);
	row->cells[1] = kt_cell_text(text);
}

/* Without a command the options of all; of a command those that not all take. */
static bool belongs(const struct kt_option *option, const struct kt_cmd *cmd)
{
	return cmd ? option->only && kt_option_of(option, cmd) : !option->only;
}

/* Of one command: what --by takes there. */
static const char *help_of(
	struct kt_report *report, const struct kt_option *option, const struct kt_cmd *cmd)
{
	char groups[KT_WORDS_LIST];

	if (!cmd || !cmd->groups || strcmp(option->name, "by") != 0)
		return option->help;
	kt_words_list(cmd->groups, groups);
	return kt_arena_printf(
		&report->arena, "what a row is, one of: %s; without it the first", groups);
}

static void put_options(struct kt_report *report, const struct kt_cmd *cmd)
{
	struct kt_table *table =
		kt_report_table(report, "options", NULL, option_columns, KT_LEN(option_columns));

	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];
		const char letter[] = { '-', option->letter, ',', ' ', '\0' };

		if (!belongs(option, cmd))
			continue;
		put_pair(report, table,
			kt_arena_printf(&report->arena, "%s--%s%s%s",
				option->letter ? letter : "    ", option->name,
				option->arg ? " " : "", option->arg ? option->arg : ""),
			help_of(report, option, cmd));
	}
}

static void put_outputs(struct kt_report *report)
{
	struct kt_table *table =
		kt_report_table(report, "outputs", NULL, output_columns, KT_LEN(output_columns));

	for (size_t i = 0; i < kt_nr_outputs; i++)
		put_pair(report, table, kt_outputs[i]->name, kt_outputs[i]->summary);
}

static void put_commands(struct kt_report *report)
{
	struct kt_table *table =
		kt_report_table(report, "commands", NULL, command_columns, KT_LEN(command_columns));

	for (size_t i = 0; i < kt_nr_cmds; i++)
		put_pair(report, table,
			kt_arena_printf(&report->arena, "%s%s%s", kt_cmds[i]->name,
				kt_cmds[i]->operands ? " " : "",
				kt_cmds[i]->operands ? kt_cmds[i]->operands : ""),
			kt_cmds[i]->summary);
}

/* Paragraphs are told apart by an empty line. */
static void put_paragraphs(struct kt_report *report, const char *text)
{
	const char *end;

	for (; (end = strstr(text, "\n\n")); text = end + 2) {
		kt_report_headline(report, "%.*s", (int)(end - text), text);
		kt_report_headline(report, "%s", "");
	}
	kt_report_headline(report, "%s", text);
}

static void put_notes(struct kt_report *report, const struct kt_cmd *cmd)
{
	kt_report_note(report, "The options of all commands and the formats: 'ktally --help'.%s",
		cmd->repeats ? " -i 10 repeats this one every 10 seconds, with what grew." : "");
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	const struct kt_cmd *cmd = NULL;

	kt_report_init(report, "ktally/help/1");
	if (options->nr_operands) {
		cmd = kt_cmd_find(options->operands[0]);
		if (!cmd)
			return kt_err_new(KT_ERR_USAGE,
				"there is no command '%.64s'; 'ktally --help' lists them",
				options->operands[0]);
		kt_report_headline(report, "ktally [OPTIONS] %s%s%s", cmd->name,
			cmd->operands ? " " : "", cmd->operands ? cmd->operands : "");
		put_paragraphs(report, cmd->help);
		kt_report_field(report, NULL, "command", KT_CELL_TEXT, kt_cell_text(cmd->name));
		kt_report_field(report, NULL, "usage", KT_CELL_TEXT,
			kt_report_text(report, report->headlines.items[0]));
		kt_report_field(report, NULL, "help", KT_CELL_TEXT, kt_cell_text(cmd->help));
	} else {
		kt_report_headline(report, "ktally [OPTIONS] [COMMAND]");
		kt_report_headline(report,
			"Where is the kernel's memory going? Without a command: the account of "
			"this "
			"machine's physical memory, every byte in exactly one row.");
		put_commands(report);
	}
	put_options(report, cmd);
	if (cmd) {
		put_notes(report, cmd);
		return NULL;
	}
	put_outputs(report);
	kt_report_note(report,
		"'ktally help COMMAND' tells how to read what a command shows, and options of its "
		"own. Options stand before or behind the command.");
	kt_report_note(report,
		"Exit status: 0 done, 1 something could not be done, 2 the command line is wrong. "
		"More in ktally(1).");
	return NULL;
}

const struct kt_cmd kt_cmd_help = {
	.name = "help",
	.summary = "how to use ktally, or a command",
	.operands = "[COMMAND]",
	.nr_operands_max = 1,
	.help = "Prints the commands and the options of all of them, or what one command "
		"shows, how to read it, and its own options.",
	.run = run,
};
