// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line. Options may come before the command, so getopt gets the options of all
// commands. Values of a command's own options are stored when the command is known.

#include "base/span.h"
#include "cli/cmd.h"
#include "cli/near.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define KNOWN_MAX   96
#define LETTERS_MAX (2 * KNOWN_MAX + 2)
#define LONG_CODE   256 /* plus the index of the option: getopt's code of a long name */

/* An option that some command takes; for options of one name, the first. */
struct known {
	const struct kt_option *option;
	const struct kt_cmd *means; /* the option stands for this command; else NULL */
	bool shared;
};

struct letter {
	char letter;
	const char *value; /* NULL: a flag */
};

struct line {
	const struct kt_cmds *cmds;
	const struct kt_cmd *cmd; /* NULL: not known yet */
	struct kt_call *call;
	struct known known[KNOWN_MAX];
	size_t nr_known;
	bool given[KNOWN_MAX]; /* for commands' own */
	const char *values[KNOWN_MAX];
	bool by_option;			  /* an option means the command */
	struct letter letters[KNOWN_MAX]; /* given, and two options have it: the command decides */
	size_t nr_letters;
};

/* ---- all options ---- */

static bool add(
	struct line *line, const struct kt_option *option, const struct kt_cmd *means, bool shared)
{
	for (size_t i = 0; i < line->nr_known; i++) {
		if (strcmp(line->known[i].option->name, option->name) == 0)
			return true;
	}
	if (line->nr_known == KNOWN_MAX)
		return false;
	line->known[line->nr_known++] = (struct known){ option, means, shared };
	return true;
}

static bool add_all(struct line *line)
{
	const struct kt_cmds *cmds = line->cmds;
	bool room = true;

	for (size_t i = 0; i < KT_NR_GROUPS; i++) {
		for (size_t k = 0; k < kt_option_groups[i].count; k++)
			room &= add(line, &kt_option_groups[i].options[k], NULL, true);
	}
	for (size_t i = 0; i < cmds->count; i++) {
		if (cmds->items[i]->as_option)
			room &= add(line, cmds->items[i]->as_option, cmds->items[i], false);
		for (size_t k = 0; k < cmds->items[i]->nr_options; k++)
			room &= add(line, &cmds->items[i]->options[k], NULL, false);
	}
	return room;
}

static void make_getopt_tables(
	const struct line *line, char letters[LETTERS_MAX], struct option *longs)
{
	size_t n = 0;

	letters[n++] = ':'; /* the parser reports errors itself */
	letters[n] = '\0';
	for (size_t i = 0; i < line->nr_known; i++) {
		const struct kt_option *option = line->known[i].option;

		longs[i] = (struct option){ option->name,
			option->arg ? required_argument : no_argument, NULL, LONG_CODE + (int)i };
		if (!option->letter || strchr(letters, option->letter))
			continue;
		letters[n++] = option->letter;
		if (option->arg)
			letters[n++] = ':';
		letters[n] = '\0';
	}
	longs[line->nr_known] = (struct option){ 0 };
}

/*
 * Returns the index of the option that getopt found, or nr_known. *ret_nr: number of options with
 * that letter.
 */
static size_t known_of(const struct line *line, int code, size_t *ret_nr)
{
	size_t found = line->nr_known;

	*ret_nr = 1;
	if (code >= LONG_CODE)
		return (size_t)(code - LONG_CODE);
	*ret_nr = 0;
	for (size_t i = line->nr_known; i-- > 0;) {
		if (code && line->known[i].option->letter == code) {
			found = i;
			++*ret_nr;
		}
	}
	return found;
}

/* ---- options and operands of the line ---- */

static struct kt_err *take_option(struct line *line, size_t at, bool is_ambiguous)
{
	const struct known *known = &line->known[at];

	if (is_ambiguous) {
		if (line->nr_letters < KNOWN_MAX)
			line->letters[line->nr_letters++] =
				(struct letter){ known->option->letter, optarg };
		return NULL;
	}
	if (known->means) {
		line->cmd = known->means;
		line->by_option = true;
	} else if (known->shared)
		return kt_option_set(known->option, line->call, optarg);
	else {
		line->given[at] = true;
		line->values[at] = optarg;
	}
	return NULL;
}

/* `word`: the option as it was given, perhaps after other letters */
static struct kt_err *needs_argument(const struct line *line, size_t at, const char *word)
{
	const struct kt_option *option = at < line->nr_known ? line->known[at].option : NULL;

	if (option && option->kind == KT_ARG_SECONDS)
		return kt_err_new(KT_ERR_USAGE, "%s needs seconds, such as '%s 10'", word, word);
	return kt_err_new(KT_ERR_USAGE, "%s needs an argument", word);
}

/* An option's name has dashes before it. */
static struct kt_err *no_such(
	const char *what, const char *word, const char *dashes, const struct kt_near *near)
{
	if (near->name)
		return kt_err_new(KT_ERR_USAGE,
			"there is no %s '%.64s': did you mean '%s%s'? 'ktally --help' lists the "
			"%ss",
			what, word, dashes, near->name, what);
	return kt_err_new(
		KT_ERR_USAGE, "there is no %s '%.64s'; 'ktally --help' lists them", what, word);
}

/* `word`: "--name" or "--name=value". */
static struct kt_err *no_option(const struct line *line, const char *word)
{
	char name[64];
	struct kt_near near = { .word = name };

	if (strncmp(word, "--", 2) == 0) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
		for (size_t i = 0; i < line->nr_known; i++)
			kt_near_offer(&near, line->known[i].option->name);
	}
	return no_such("option", word, "--", &near);
}

static struct kt_err *take_options(struct line *line, int argc, char **argv)
{
	struct option longs[KNOWN_MAX + 1];
	char letters[LETTERS_MAX];
	struct kt_err *err = NULL;
	int code;

	make_getopt_tables(line, letters, longs);
	while (!err && (code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t nr, at = known_of(line, code == ':' ? optopt : code, &nr);

		if (code == ':')
			return needs_argument(line, at, argv[optind - 1]);
		if (at == line->nr_known && optopt > 0 && optopt < LONG_CODE)
			return kt_err_new(KT_ERR_USAGE,
				"there is no option '-%c'; 'ktally --help' lists them", optopt);
		if (at == line->nr_known)
			return no_option(line, argv[optind - 1]);
		err = take_option(line, at, nr > 1);
	}
	return err;
}

static int operands_min(const struct kt_cmd *cmd)
{
	int count = 0;

	for (size_t i = 0; i < cmd->nr_operands; i++)
		count += !cmd->operands[i].optional;
	return count;
}

static struct kt_err *no_command(const struct kt_cmds *cmds, const char *word)
{
	struct kt_near near = { .word = word };

	for (size_t i = 0; i < cmds->count; i++)
		kt_near_offer(&near, cmds->items[i]->name);
	return no_such("command", word, "", &near);
}

static struct kt_err *take_operands(struct line *line, int argc, char **argv)
{
	const struct kt_cmd *help = line->cmds->help;
	struct kt_call *call = line->call;
	char usage[KT_USAGE];
	int at = optind;

	if (!line->cmd && at < argc) {
		line->cmd = kt_cmd_find(line->cmds, argv[at]);
		if (!line->cmd)
			return no_command(line->cmds, argv[at]);
		at++;
	} else if (line->cmd == help && at < argc && strcmp(argv[at], help->name) == 0)
		at++;
	/* "ktally slab dentry --help" is about slab; the operands after it do not matter */
	if (line->cmd == help && at + 1 < argc && kt_cmd_find(line->cmds, argv[at]))
		argc = at + 1;
	if (!line->cmd)
		line->cmd = line->cmds->usual;
	for (; at < argc; at++) {
		if (call->nr_operands >= kt_cmd_operands_max(line->cmd))
			return kt_err_new(KT_ERR_USAGE, "'%s' does not take '%.64s'",
				line->cmd->name, argv[at]);
		call->operands[call->nr_operands++] = argv[at];
	}
	if (call->nr_operands < operands_min(line->cmd))
		return kt_err_new(KT_ERR_USAGE, "'%s' needs %s: '%s'", line->cmd->name,
			kt_cmd_usage(line->cmd, usage), line->cmd->examples[0].line);
	return NULL;
}

/* ---- what depends on the command ---- */

static struct kt_err *set_own(
	const struct line *line, const struct kt_option *option, const char *value)
{
	char words[KT_WORDS_LIST];

	if (!value || option->kind != KT_ARG_CHOICE || kt_words_find(option->choices, value) >= 0)
		return kt_option_set(option, &line->call->own, value);
	kt_words_list(option->choices, words);
	return kt_err_new(KT_ERR_USAGE, "--%s of '%s' takes one of %s; not '%.64s'", option->name,
		line->cmd->name, words, value);
}

/* A letter of the command's own has precedence over a letter of all commands. */
static struct kt_err *settle_letter(struct line *line, const struct letter *letter)
{
	for (size_t i = 0; i < line->cmd->nr_options; i++) {
		if (line->cmd->options[i].letter == letter->letter)
			return set_own(line, &line->cmd->options[i], letter->value);
	}
	for (size_t i = 0; i < line->nr_known; i++) {
		if (line->known[i].shared && line->known[i].option->letter == letter->letter)
			return kt_option_set(line->known[i].option, line->call, letter->value);
	}
	return kt_err_new(KT_ERR_USAGE, "'%s' does not take -%c", line->cmd->name, letter->letter);
}

/* "ktally help -o json" has a format; in "ktally import -o REC --help", REC is no format. */
static struct kt_err *settle_help(struct line *line)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; !err && i < line->nr_letters; i++) {
		if (line->letters[i].value)
			err = settle_letter(line, &line->letters[i]);
	}
	if (!line->by_option)
		return err;
	kt_err_free(err);
	return NULL;
}

static struct kt_err *settle_own(struct line *line)
{
	struct kt_err *err = NULL;

	if (line->cmd == line->cmds->help)
		return settle_help(line);
	for (size_t i = 0; i < line->nr_known; i++) {
		const char *name = line->known[i].option->name;

		if (line->given[i] && !kt_cmd_option(line->cmd, name))
			return kt_err_new(
				KT_ERR_USAGE, "'%s' does not take --%s", line->cmd->name, name);
	}
	for (size_t i = 0; !err && i < line->nr_letters; i++)
		err = settle_letter(line, &line->letters[i]);
	for (size_t i = 0; !err && i < line->nr_known; i++) {
		if (line->given[i])
			err = set_own(line, kt_cmd_option(line->cmd, line->known[i].option->name),
				line->values[i]);
	}
	return err;
}

/* "ktally slab --top 2 --help" is about slab, and no error. */
static struct kt_err *check_lists(const struct line *line)
{
	const struct kt_list_opts *list = &line->call->list;
	const char *name = list->top ? "top" : list->sort ? "sort" : list->filter ? "filter" : NULL;

	if (!name || kt_cmd_uses(line->cmd, KT_GROUP_LISTS) ||
		(line->cmd == line->cmds->help && line->by_option))
		return NULL;
	return kt_err_new(KT_ERR_USAGE, "'%s' does not take --%s", line->cmd->name, name);
}

static struct kt_err *check(const struct kt_call *call, const struct kt_cmd *cmd)
{
	if (call->machine.pick && !call->machine.source)
		return kt_err_new(KT_ERR_USAGE,
			"--pick chooses a memory report of a kernel log: name the log with -s");
	if (!call->interval_s || cmd->paced)
		return NULL;
	if (!cmd->repeats)
		return kt_err_new(KT_ERR_USAGE, "'%s' does not take -i", cmd->name);
	if (call->machine.source)
		return kt_err_new(KT_ERR_USAGE,
			"-i follows the running machine; %.200s is a single sample",
			call->machine.source);
	if (call->show.output->scraped)
		return kt_err_new(KT_ERR_USAGE,
			"%s is for a single sample; use -i with another output format",
			call->show.output->name);
	return NULL;
}

static const struct kt_cmd *by_program(const struct kt_cmds *cmds, const char *program)
{
	for (size_t i = 0; program && i < cmds->count; i++) {
		if (cmds->items[i]->program &&
			kt_span_ends(kt_span_str(program), cmds->items[i]->program))
			return cmds->items[i];
	}
	return NULL;
}

/* Finds the command of a line that could not be parsed; NULL: it names none. */
static const struct kt_cmd *named_by(const struct kt_cmds *cmds, int argc, char **argv)
{
	const struct kt_cmd *cmd = NULL;

	for (int i = 1; i < argc && !cmd; i++)
		cmd = kt_cmd_find(cmds, argv[i]);
	return cmd;
}

struct kt_err *kt_parse(const struct kt_cmds *cmds, int argc, char **argv, struct kt_call *ret_call,
	const struct kt_cmd **ret_cmd)
{
	struct line line = { .cmds = cmds, .cmd = by_program(cmds, argv[0]), .call = ret_call };
	struct kt_err *err;

	optind = 0; /* glibc: start over, for another line */
	*ret_call = (struct kt_call){ .cmds = cmds };
	*ret_cmd = NULL;
	if (!add_all(&line))
		return kt_err_new(KT_ERR_LIMIT, "more than %d options", KNOWN_MAX);
	err = take_options(&line, argc, argv);
	if (!err && ret_call->count && !ret_call->interval_s)
		ret_call->interval_s = 1;
	if (!err)
		err = take_operands(&line, argc, argv);
	*ret_cmd = line.cmd ? line.cmd : named_by(cmds, argc, argv);
	if (err)
		return err;
	ret_call->own_of = line.cmd;
	err = settle_own(&line);
	if (!ret_call->show.output)
		ret_call->show.output = line.cmd->output ? line.cmd->output : &kt_output_text;
	if (!err)
		err = check_lists(&line);
	return err ? err : check(ret_call, line.cmd);
}
