// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd.h"

#include <string.h>

/* The title of a group is text of its first command; for programs every command has it. */
enum { CMD_TITLE, CMD_GROUP, CMD_NAME, CMD_SUMMARY };

static const struct kt_column command_columns[] = {
	[CMD_TITLE] = { .key = "title", .title = "", .flags = KT_COL_TEXT_ONLY },
	[CMD_GROUP] = { .key = "group",
		.title = "GROUP",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.help = "Commands of one kind have the same group." },
	[CMD_NAME] = { .key = "command", .title = "COMMAND", .flags = KT_COL_SET },
	[CMD_SUMMARY] = { .key = "summary",
		.title = "WHAT IT DOES",
		.flags = KT_COL_WRAP | KT_COL_SET },
};

static const struct kt_column output_columns[] = {
	{ .key = "format", .title = "FORMAT", .flags = KT_COL_SET },
	{ .key = "summary", .title = "WHAT IT IS", .flags = KT_COL_WRAP | KT_COL_SET },
};

static const struct kt_column option_columns[] = {
	{ .key = "option", .title = "OPTION", .flags = KT_COL_SET },
	{ .key = "help", .title = "WHAT IT DOES", .flags = KT_COL_WRAP | KT_COL_SET },
};

static const struct kt_column example_columns[] = {
	{ .key = "line", .title = "EXAMPLE", .flags = KT_COL_SET, .pattern = "^ktally" },
	{ .key = "what",
		.title = "WHAT IT SHOWS",
		.flags = KT_COL_WRAP | KT_COL_SET,
		.help = "The question that it answers." },
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

/* "-o, --output FORMAT" */
static const char *option_text(struct kt_report *report, const struct kt_option *option)
{
	const char letter[] = { '-', option->letter, ',', ' ', '\0' };

	return kt_arena_printf(&report->arena, "%s--%s%s%s", option->letter ? letter : "    ",
		option->name, option->arg ? " " : "", option->arg ? option->arg : "");
}

static const char *help_text(struct kt_report *report, const struct kt_option *option)
{
	char choices[KT_WORDS_LIST];

	if (!option->choices)
		return option->help;
	kt_words_list(option->choices, choices);
	return kt_arena_printf(&report->arena, "%s: %s; default: %.*s", option->help, choices,
		(int)strcspn(choices, ","), choices);
}

static void put_option(
	struct kt_report *report, struct kt_table *table, const struct kt_option *option)
{
	put_pair(report, table, option_text(report, option), help_text(report, option));
}

static struct kt_table *options_table(struct kt_report *report)
{
	return kt_report_table(report, "options", NULL, option_columns, KT_LEN(option_columns));
}

/* The options that all commands take, and the options that mean a command. */
static void put_shared_options(struct kt_report *report, const struct kt_cmds *cmds)
{
	struct kt_table *table = options_table(report);

	for (size_t i = 0; i < KT_NR_GROUPS; i++) {
		for (size_t k = 0; k < kt_option_groups[i].count; k++)
			put_option(report, table, &kt_option_groups[i].options[k]);
	}
	for (size_t i = 0; i < cmds->count; i++) {
		if (cmds->items[i]->as_option)
			put_option(report, table, cmds->items[i]->as_option);
	}
}

static void put_own_options(struct kt_report *report, const struct kt_cmd *cmd)
{
	struct kt_table *table = options_table(report);

	for (size_t i = 0; i < cmd->nr_options; i++)
		put_option(report, table, &cmd->options[i]);
}

static void put_outputs(struct kt_report *report)
{
	struct kt_table *table =
		kt_report_table(report, "outputs", NULL, output_columns, KT_LEN(output_columns));

	for (size_t i = 0; i < kt_nr_outputs; i++)
		put_pair(report, table, kt_outputs[i]->name, kt_outputs[i]->summary);
}

static void put_command(
	struct kt_report *report, struct kt_table *table, const struct kt_cmds *cmds, size_t index)
{
	const struct kt_cmd_group *group = &cmds->groups[kt_cmds_group(cmds, index)];
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;
	const struct kt_cmd *cmd = cmds->items[index];
	char usage[KT_USAGE];

	if (!row)
		return;
	row->cells[CMD_TITLE] = kt_cell_text(group->first == index ? group->title : "");
	row->cells[CMD_GROUP] = kt_cell_text(group->title);
	row->cells[CMD_NAME] = kt_cell_text(kt_arena_printf(&report->arena, "%s%s%s", cmd->name,
		cmd->nr_operands ? " " : "", kt_cmd_usage(cmd, usage)));
	row->cells[CMD_SUMMARY] = kt_cell_text(cmd->summary);
}

static void put_commands(struct kt_report *report, const struct kt_cmds *cmds)
{
	struct kt_table *table =
		kt_report_table(report, "commands", NULL, command_columns, KT_LEN(command_columns));

	for (size_t i = 0; i < cmds->count; i++)
		put_command(report, table, cmds, i);
}

static void put_examples(struct kt_report *report, const struct kt_example *examples, size_t count)
{
	struct kt_table *table =
		kt_report_table(report, "examples", NULL, example_columns, KT_LEN(example_columns));

	for (size_t i = 0; i < count; i++)
		put_pair(report, table, examples[i].line, examples[i].what);
}

/* Paragraphs are separated by an empty line. */
static void put_paragraphs(struct kt_report *report, const char *text)
{
	const char *end;

	for (; (end = strstr(text, "\n\n")); text = end + 2) {
		kt_report_headline(report, "%.*s", (int)(end - text), text);
		kt_report_headline(report, "%s", "");
	}
	kt_report_headline(report, "%s", text);
}

static void put_help_of(struct kt_report *report, const struct kt_cmd *cmd)
{
	char usage[KT_USAGE];
	const char *line = kt_arena_printf(&report->arena, "ktally [OPTIONS] %s%s%s", cmd->name,
		cmd->nr_operands ? " " : "", kt_cmd_usage(cmd, usage));

	kt_report_headline(report, "Usage: %s", line ? line : "");
	put_paragraphs(report, cmd->help);
	kt_report_field(report, NULL, "command", KT_CELL_TEXT, kt_cell_text(cmd->name));
	kt_report_field(
		report, NULL, "usage", KT_CELL_TEXT, kt_report_text(report, line ? line : ""));
	kt_report_field(report, NULL, "help", KT_CELL_TEXT, kt_cell_text(cmd->help));
	put_own_options(report, cmd);
	put_examples(report, cmd->examples, cmd->nr_examples);
	kt_report_note(report,
		"'ktally help -a' lists the options of all commands, and the formats.%s",
		cmd->repeats ? " -i 10 repeats this command every 10 seconds and shows the growth."
			     : "");
}

/* One screen; programs, and users who ask for all, also get options and formats. */
static void put_overview(struct kt_report *report, const struct kt_call *call)
{
	const struct kt_cmds *cmds = call->cmds;
	bool all = call->show.all || !call->show.output || !call->show.output->for_people;

	kt_report_headline(report, "Usage: ktally [OPTIONS] [COMMAND]");
	put_commands(report, cmds);
	if (all) {
		put_shared_options(report, cmds);
		put_outputs(report);
	}
	put_examples(report, cmds->examples, cmds->nr_examples);
	kt_report_note(report,
		"'ktally help COMMAND' and 'help -a': options (-s FILE, -o json, -i), examples");
	if (!all)
		return;
	kt_report_note(report, "Options may come before or after the command.");
	kt_report_note(report,
		"Exit status: 0 done, 1 something could not be done, 2 the command line is wrong. "
		"The manual is ktally(1).");
}

enum { OF_A_COMMAND = 1, OF_ALL = 2 }; /* forms of the report */

static const struct kt_column field_columns[] = {
	{ .key = "command", .flags = KT_COL_SET, .help = "In the help of one command: its name." },
	{ .key = "usage", .flags = KT_COL_SET, .help = "The command line of that command." },
	{ .key = "help",
		.flags = KT_COL_SET,
		.help = "What that command shows, and how to read it; empty lines separate "
			"paragraphs." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
	.forms = OF_A_COMMAND,
};
static const struct kt_part commands_part = {
	.key = "commands",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(command_columns),
	.forms = OF_ALL,
	.min_rows = 1,
};
static const struct kt_part options_part = {
	.key = "options",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(option_columns),
	.help = "The options that all commands take. In the help of one command: the options of "
		"its own, maybe none.",
};
static const struct kt_part outputs_part = {
	.key = "outputs",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(output_columns),
	.forms = OF_ALL,
	.min_rows = 1,
};
static const struct kt_part examples_part = {
	.key = "examples",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(example_columns),
	.min_rows = 1,
	.help = "Command lines for a shell.",
};

static const struct kt_shape shape = {
	.schema = "ktally/help/1",
	.parts = KT_PARTS(
		&fields_part, &commands_part, &options_part, &outputs_part, &examples_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct kt_cmd *cmd;

	kt_report_begin(report, &shape);
	if (!call->nr_operands) {
		put_overview(report, call);
		return NULL;
	}
	cmd = kt_cmd_find(call->cmds, call->operands[0]);
	if (!cmd)
		return kt_err_new(KT_ERR_USAGE,
			"there is no command '%.64s'; 'ktally --help' lists them",
			call->operands[0]);
	put_help_of(report, cmd);
	return NULL;
}

static const struct kt_operand operands[] = { { "COMMAND", KT_ARG_COMMAND, .optional = true } };
static const struct kt_option as_option = { 'h', "help", NULL,
	"list the commands; with a command, show its help" };

static const struct kt_example examples[] = {
	{ "ktally help slab", "how to read 'ktally slab'" },
	{ "ktally help -a", "the options of all commands, and the output formats" },
};

const struct kt_cmd kt_cmd_help = {
	.name = "help",
	.summary = "how to use ktally, or a command",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.as_option = &as_option,
	.help = "Lists the commands; with -a also the options of all commands and the output "
		"formats. With COMMAND: what the command shows, how to read it, its own "
		"options, and examples.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.alone = true,
	.shape = &shape,
	.run = run,
};
