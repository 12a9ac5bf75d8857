// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/span.h"
#include "cmd/cmd.h"
#include "output/output.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NR_SHORT_MAX 64
#define COUNT_MAX    1000000000u
#define INTERVAL_MIN 0.1 /* seconds */
#define INTERVAL_MAX 86400u

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

static void set_from(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->from = arg;
}

static void set_to(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->to = arg;
}

static void set_fail_if(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->fail_if = arg;
}

static void set_pools(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->pools = true;
}

static void set_series(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->series = true;
}

static void set_expensive(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->expensive = true;
}

static void set_families(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->families = true;
}

static void set_details(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->details = true;
}

static void set_sort(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->sort = arg;
}

static void set_filter(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->filter = arg;
}

static void set_batch(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->batch = true;
}

static void set_by(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->by = arg;
}

static void set_shared(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)arg, (void)ret_err;
	o->shared = true;
}

static void set_map(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->map = arg;
}

#ifdef KTALLY_WEB
static void set_listen(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->listen = arg;
}

static void set_token_file(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)ret_err;
	o->token_file = arg;
}
#endif

static void set_top(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	uint64_t top;

	if (!kt_span_u64(kt_span_str(arg), &top) || top < 1 || top > COUNT_MAX)
		*ret_err = kt_err_new(KT_ERR_USAGE, "--top takes a number of rows, 1 or more");
	else
		o->top = (int64_t)top;
}

static void set_count(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	uint64_t count;

	if (!kt_span_u64(kt_span_str(arg), &count) || count < 1 || count > COUNT_MAX)
		*ret_err = kt_err_new(KT_ERR_USAGE, "--count takes a number, 1 or more");
	else
		o->count = (int64_t)count;
}

/* "5", "0.5": seconds. */
static void set_interval(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	struct kt_span rest = kt_span_str(arg);
	uint64_t whole = 0, digit;
	double part = 0.1;
	bool good = kt_span_take_u64(&rest, &whole) && whole <= INTERVAL_MAX;

	o->interval_s = (double)whole;
	if (good && kt_span_skip(&rest, ".")) {
		good = rest.n > 0 && rest.n < 7;
		for (; good && rest.n; rest = kt_span_from(rest, 1), part /= 10) {
			good = kt_span_u64((struct kt_span){ rest.p, 1 }, &digit);
			o->interval_s += part * (double)digit;
		}
	}
	if (!good || rest.n || o->interval_s < INTERVAL_MIN)
		*ret_err = kt_err_new(
			KT_ERR_USAGE, "--interval takes seconds, from 0.1 to 86400: 5, 0.5");
}

static void set_pick(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	uint64_t number;

	if (!kt_span_u64(kt_span_str(arg), &number) || number < 1 || number > COUNT_MAX)
		*ret_err = kt_err_new(KT_ERR_USAGE, "--pick takes a number, as --list shows them");
	else
		o->pick = (int64_t)number;
}

/* --help, --list and --version become their commands in kt_options_parse(). */
static void set_nothing(struct kt_options *o, const char *arg, struct kt_err **ret_err)
{
	(void)o, (void)arg, (void)ret_err;
}

const struct kt_option kt_option_table[] = {
	{ 's', "source", "SOURCE",
		"a folder with proc/ and sys/ in it, a tar of one, a bundle of 'ktally capture', a "
		"recording (FILE@TIME) or a kernel log with a memory report; else this machine",
		set_source },
	{ 'o', "output", "FORMAT", "how to show it; the formats are below", set_output },
	{ 'b', "bytes", NULL,
		"exact bytes instead of KiB, MiB and GiB; of 'top', -b is --batch as of top(1)",
		set_bytes },
	{ 0, "list", NULL,
		"list the memory reports in the kernel log that -s names: the command 'memreports'",
		set_nothing },
	{ 0, "pick", "N", "take the Nth memory report of that log; without it, the last whole one",
		set_pick },
	{ 'd', "depth", "N",
		"show N levels of the tree, 1 to 9; without it 2, and always unattributed",
		set_depth },
	{ 'a', "all", NULL, "show every row and column, empty and missing ones too", set_all },
	{ 0, "top", "N", "lists: the first N rows; the others are added up in one", set_top },
	{ 0, "sort", "COLUMN", "lists: sort by this column, named as in JSON: bytes, name, growth",
		set_sort },
	{ 0, "filter", "PATTERN",
		"lists: only rows whose name contains PATTERN or matches it as a shell pattern; "
		"the others are added up in one",
		set_filter },
	{ 'i', "interval", "SECONDS",
		"repeat every SECONDS until Ctrl-C or -n, with the growth since the start and per "
		"second; lists: what grew most first",
		set_interval },
	{ 0, "from", "TIME",
		"from this moment on: 2026-01-31T23:59, 23:59, -2h (before the last sample)",
		set_from, "report plot export" },
	{ 0, "to", "TIME", "up to this moment", set_to, "report plot export" },
	{ 0, "series", NULL,
		"every amount in the recording, those that grew most first, instead of lines",
		set_series, "report" },
	{ 'k', "pools", NULL,
		"the pools of the kernel in the manner of sar -k: kmalloc, named caches, larger",
		set_pools, "report" },
	{ 0, "fail-if", "CONDITION",
		"end with status 1 where it holds: 'slab>+5%', 'dentry>+10MiB,percpu>+1GiB'",
		set_fail_if, "diff" },
	{ 'n', "count", "N", "end after N repetitions; without -i one a second", set_count },
	{ 'N', "node", NULL, "one column for each NUMA node", set_node, "account vmalloc" },
	{ 0, "cheap", NULL,
		"read nothing that walks long lists or wakes other CPUs; coarser, and kinder to a "
		"machine in trouble",
		set_cheap },
	{ 0, "expensive", NULL,
		"read also what holds up the rest of the machine for longer; 'ktally doctor' says "
		"what that is",
		set_expensive },
	{ 0, "by", "GROUP",
		"what a row is: name or process of a task; caller, site, module or kind of memory; "
		"row of the account, zone, node or cgroup of pages; 'ktally help' of the command "
		"says more",
		set_by, "stacks pagetables vmalloc census" },
	{ 0, "shared", NULL,
		"also which files are mapped by many processes, and what page tables that costs; "
		"reads the mappings of every process",
		set_shared, "pagetables" },
	{ 0, "families", NULL, "one row for all kmalloc caches of a size", set_families, "slab" },
	{ 0, "details", NULL,
		"show what only /sys/kernel/slab tells: padding, objects kept ready, merged names, "
		"makers",
		set_details, "slab" },
	{ 0, "batch", NULL,
		"plain text, one sample below the other, until Ctrl-C or -n; -b is the same here",
		set_batch, "top" },
	{ 0, "scrub", NULL,
		"leave out host names, addresses, process names and most of the kernel log",
		set_scrub, "capture" },
	{ 0, "map", "FILE.png", "draw a picture of physical memory", set_map, "census" },
#ifdef KTALLY_WEB
	{ 0, "listen", "ADDRESS",
		"where to serve: an address in numbers with a port or not, 127.0.0.1:19998 where "
		"nobody says otherwise, or unix:/PATH",
		set_listen, "serve" },
	{ 0, "token-file", "FILE",
		"a file with a secret in its first line that every request has to know; demanded "
		"where others can connect",
		set_token_file, "serve" },
#endif
	{ 0, "force", NULL, "overwrite the file", set_force, "capture census" },
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

void kt_words_list(const char *words, char ret[KT_WORDS_LIST])
{
	struct kt_span rest = kt_span_str(words), word;
	size_t at = 0;

	*ret = '\0';
	while (kt_span_word(&rest, &word) && at + word.n + 3 < KT_WORDS_LIST)
		at += (size_t)snprintf(ret + at, KT_WORDS_LIST - at, "%s%.*s", at ? ", " : "",
			(int)word.n, word.p);
}

bool kt_option_of(const struct kt_option *option, const struct kt_cmd *cmd)
{
	return !option->only || kt_span_has_word(kt_span_str(option->only), cmd->name);
}

/* What does not depend on the order in which the words stand. */
static struct kt_err *check(
	const struct kt_options *options, const struct kt_cmd *cmd, const bool *given)
{
	char groups[KT_WORDS_LIST];

	for (size_t i = 0; i < kt_nr_options; i++) {
		if (given[i] && !kt_option_of(&kt_option_table[i], cmd) && cmd != &kt_cmd_help)
			return kt_err_new(KT_ERR_USAGE, "'%s' does not take --%s", cmd->name,
				kt_option_table[i].name);
	}
	if (options->by && cmd->groups &&
		!kt_span_has_word(kt_span_str(cmd->groups), options->by)) {
		kt_words_list(cmd->groups, groups);
		return kt_err_new(KT_ERR_USAGE, "--by of '%s' takes one of %s; not '%.64s'",
			cmd->name, groups, options->by);
	}
	if (options->pick && !options->source)
		return kt_err_new(KT_ERR_USAGE,
			"--pick chooses among the memory reports of a kernel log: name it with -s");
	if (!options->interval_s || cmd->paced)
		return NULL;
	if (!cmd->repeats)
		return kt_err_new(KT_ERR_USAGE, "'%s' is not repeated by -i", cmd->name);
	if (options->source)
		return kt_err_new(KT_ERR_USAGE,
			"-i follows the running machine; %.200s is one moment of one",
			options->source);
	if (strcmp(options->output, "openmetrics") == 0 ||
		strcmp(options->output, "prometheus") == 0)
		return kt_err_new(KT_ERR_USAGE, "%s is one moment; -i goes with the other outputs",
			options->output);
	return NULL;
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
	/* "ktally slab dentry --help": about slab, whatever else was to come */
	if (*cmd == &kt_cmd_help && at + 1 < argc && kt_cmd_find(argv[at]))
		argc = at + 1;
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

/* Netdata starts whatever has this name in its folder of plugins. */
static const struct kt_cmd *named(const char *program)
{
	return program && kt_span_ends(kt_span_str(program), "ktally.plugin") ? &kt_cmd_netdata
									      : NULL;
}

struct kt_err *kt_options_parse(
	int argc, char **argv, struct kt_options *ret_options, const struct kt_cmd **ret_cmd)
{
	struct option longs[KT_LEN(kt_option_table) + 1];
	char letters[NR_SHORT_MAX];
	bool given[KT_LEN(kt_option_table)] = { false };
	const struct kt_cmd *cmd = named(argv[0]);
	struct kt_err *err = NULL;
	bool short_b = false;
	int code;

	*ret_options = (struct kt_options){ 0 };
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
		if (code == 'b') {
			short_b = true; /* the command tells what it means */
			continue;
		}
		option->set(ret_options, optarg, &err);
		given[option - kt_option_table] = true;
		if (strcmp(option->name, "list") == 0)
			cmd = &kt_cmd_memreports;
		if (option->letter == 'h')
			cmd = &kt_cmd_help;
		if (option->letter == 'V')
			cmd = &kt_cmd_version;
	}
	if (err)
		return err;
	if (ret_options->count && !ret_options->interval_s)
		ret_options->interval_s = 1;
	err = take_operands(argc, argv, optind, ret_options, &cmd);
	*ret_cmd = cmd;
	if (short_b)
		*(cmd == &kt_cmd_top ? &ret_options->batch : &ret_options->exact_bytes) = true;
	if (!ret_options->output)
		ret_options->output = cmd && cmd->output ? cmd->output : "text";
	return err ? err : check(ret_options, cmd, given);
}
