// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/span.h"
#include "cmd/cmd.h"
#include "output/output.h"

#include <getopt.h>
#include <string.h>

#define NR_SHORT_MAX 64

static void set_source(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->source = arg;
}

static void set_output(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	if (!kt_output_find(arg))
		*ret_err = kt_err_new(KT_ERR_USAGE,
			"there is no output '%.64s'; 'ktally --help' lists them", arg);
	o->output = arg;
}

static void set_bytes(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->exact_bytes = true;
}

static void set_depth(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	uint64_t depth;

	if (!kt_span_u64(kt_span_str(arg), &depth) || depth < 1 || depth > 9) {
		*ret_err = kt_err_new(KT_ERR_USAGE, "--depth takes a number from 1 to 9");
		return;
	}
	o->depth = (int)depth;
}

static void set_all(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->all = true;
}

static void set_node(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->node = true;
}

static void set_cheap(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->cheap = true;
}

static void set_scrub(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->scrub = true;
}

static void set_force(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->force = true;
}

/* --help and --version become their commands in kt_options_parse(). */
static void set_nothing(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)o, (void)arg, (void)ret_err;
}

const struct kt_option kt_option_table[] = {
	{ 's', "source", "SOURCE",
		"what to look at: a folder with proc/ and sys/ in it, a bundle written by 'ktally "
		"capture' or any tar of such a folder; without it, the running machine",
		set_source },
	{ 'o', "output", "FORMAT", "how to show it; the formats are below", set_output },
	{ 'b', "bytes", NULL, "exact bytes instead of KiB, MiB and GiB", set_bytes },
	{ 'd', "depth", "N",
		"show N levels of the tree, 1 to 9; without it 2, and always unattributed",
		set_depth },
	{ 'a', "all", NULL, "show every row, empty and missing ones too", set_all },
	{ 'n', "node", NULL, "account: one column for each NUMA node", set_node },
	{ 0, "cheap", NULL,
		"read nothing that walks long lists or wakes other CPUs; coarser, and kinder to a "
		"machine in trouble",
		set_cheap },
	{ 0, "scrub", NULL,
		"capture: leave out host names, addresses, process names and most of the kernel "
		"log",
		set_scrub },
	{ 0, "force", NULL, "capture: overwrite the file", set_force },
	{ 'h', "help", NULL, "this help, or that of a command", set_nothing },
	{ 'V', "version", NULL, "print the version", set_nothing },
};

const size_t kt_nr_options = KT_LEN(kt_option_table);

const struct kt_cmd *const kt_cmds[] = {
#define COMMAND(name) &kt_cmd_##name,
#include "cmd/commands.def"
#undef COMMAND
};

const size_t kt_nr_cmds = KT_LEN(kt_cmds);

const struct kt_cmd *kt_cmd_find(const char *name)
{
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		if (strcmp(kt_cmds[i]->name, name) == 0)
			return kt_cmds[i];
	}
	return NULL;
}

static const struct kt_option *option_of(int code)
{
	for (size_t i = 0; i < kt_nr_options; i++) {
		if (code == (int)i + 256 || (code && code == kt_option_table[i].letter))
			return &kt_option_table[i];
	}
	return NULL;
}

static void make_getopt_tables(char letters[NR_SHORT_MAX], struct option *longs)
{
	size_t n = 0;

	letters[n++] = ':'; /* errors are ours to report */
	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];

		if (option->letter) {
			letters[n++] = option->letter;
			if (option->arg)
				letters[n++] = ':';
		}
		longs[i] = (struct option){ option->name,
			option->arg ? required_argument : no_argument, NULL, (int)i + 256 };
	}
	letters[n] = '\0';
	longs[kt_nr_options] = (struct option){ 0 };
}

static struct kt_err *take_operands(
	int argc, char **argv, int at, struct kt_options *options, const struct kt_cmd **cmd)
{
	if (!*cmd && at < argc) {
		*cmd = kt_cmd_find(argv[at]);
		if (!*cmd)
			return kt_err_new(KT_ERR_USAGE,
				"there is no command '%.64s'; 'ktally --help' lists them",
				argv[at]);
		at++;
	} else if (*cmd == &kt_cmd_help && at < argc && strcmp(argv[at], "help") == 0)
		at++;
	if (!*cmd)
		*cmd = &kt_cmd_account;
	for (; at < argc; at++) {
		if (options->nr_operands >= (*cmd)->nr_operands_max)
			return kt_err_new(
				KT_ERR_USAGE, "'%s' does not take '%.64s'", (*cmd)->name, argv[at]);
		options->operands[options->nr_operands++] = argv[at];
	}
	if (options->nr_operands < (*cmd)->nr_operands_min)
		return kt_err_new(KT_ERR_USAGE, "'%s' needs %s", (*cmd)->name, (*cmd)->operands);
	return NULL;
}

struct kt_err *kt_options_parse(
	int argc, char **argv, struct kt_options *ret_options, const struct kt_cmd **ret_cmd)
{
	struct option longs[KT_LEN(kt_option_table) + 1];
	char letters[NR_SHORT_MAX];
	const struct kt_cmd *cmd = NULL;
	struct kt_err *err = NULL;
	int code;

	*ret_options = (struct kt_options){ .output = "text" };
	make_getopt_tables(letters, longs);
	while (!err && (code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct kt_option *option = option_of(code);

		if (code == ':')
			return kt_err_new(KT_ERR_USAGE, "%s needs an argument", argv[optind - 1]);
		if (!option && optopt > 0 && optopt < 256)
			return kt_err_new(KT_ERR_USAGE,
				"there is no option '-%c'; 'ktally --help' lists them", optopt);
		if (!option)
			return kt_err_new(KT_ERR_USAGE,
				"there is no option '%.64s'; 'ktally --help' lists them",
				argv[optind - 1]);
		option->set(ret_options, optarg, &err);
		if (option->letter == 'h')
			cmd = &kt_cmd_help;
		if (option->letter == 'V')
			cmd = &kt_cmd_version;
	}
	if (err)
		return err;
	err = take_operands(argc, argv, optind, ret_options, &cmd);
	*ret_cmd = cmd;
	return err;
}
