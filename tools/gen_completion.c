// SPDX-License-Identifier: GPL-2.0-or-later
//
// Completion for bash and zsh. What an argument completes to is decided by its name in
// the tables ("SOURCE", "ROW"); a name that is not known here stops the build.

#include "gen_docs.h"

#include "cmd/cmd.h"
#include "model/row.h"
#include "output/output.h"

#include <string.h>

struct kind {
	const char *arg;  /* in the tables */
	const char *bash; /* a command of the generated script */
	const char *zsh;  /* an action of _arguments */
};

static const struct kind kinds[] = {
	{ "SOURCE", "_ktally_files", "_files" },
	{ "FILE.tar.zst", "_ktally_files", "_files" },
	{ "FILE.png", "_ktally_files", "_files" },
	{ "[FILE] [SERIES...]", "_ktally_files", "_files" },
	{ "[FILE]", "_ktally_files", "_files" },
	{ "FORMAT", "words=$outputs", "_ktally_outputs" },
	{ "[ROW]", "words=$rows", "_ktally_rows" },
	{ "[CACHE]",
		"mapfile -t COMPREPLY < <(cd /sys/kernel/slab 2>/dev/null && "
		"compgen -f -- \"$cur\")",
		"_files -W /sys/kernel/slab" },
	{ "ADDRESS", "words='127.0.0.1:19998'", "(127.0.0.1\\:19998)" },
	{ "FILE", "_ktally_files", "_files" },
	{ "[LIST]", "words='account slab vmalloc stacks pagetables cgroups'",
		"(account slab vmalloc stacks pagetables cgroups)" },
	{ "[COMMAND]", "words=$commands", "_ktally_commands" },
	{ "[SECONDS]", "words='1 10'", "(1 10)" },
	{ "SECONDS", "words='1 5 10 60'", "(1 5 10 60)" },
	{ "BEFORE AFTER", "_ktally_files", "_files" },
	{ "CONDITION", "words='slab>+5%'", "('slab>+5%')" },
	{ "TIME", "words='-1h -1d now'", "(-1h -1d now)" },
	{ "COLUMN", "words='bytes name growth rate'", "(bytes name growth rate)" },
	{ "PATTERN", "words=", "" },
	{ "GROUP", "words='name process caller site module kind zone node cgroup'",
		"(name process caller site module kind zone node cgroup)" },
	{ "N", "words='1 2 3 4 5 6 7 8 9'", "(1 2 3 4 5 6 7 8 9)" },
};

static const struct kind *kind_of(const char *arg)
{
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		if (strcmp(kinds[i].arg, arg) == 0)
			return &kinds[i];
	}
	return NULL;
}

static struct kt_err *check_kinds(void)
{
	for (size_t i = 0; i < kt_nr_options; i++) {
		if (kt_option_table[i].arg && !kind_of(kt_option_table[i].arg))
			return kt_err_new(KT_ERR_ABSENT,
				"--%s: gen_completion.c does not know what %s completes to",
				kt_option_table[i].name, kt_option_table[i].arg);
	}
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		if (kt_cmds[i]->operands && !kind_of(kt_cmds[i]->operands))
			return kt_err_new(KT_ERR_ABSENT,
				"%s: gen_completion.c does not know what %s completes to",
				kt_cmds[i]->name, kt_cmds[i]->operands);
	}
	return NULL;
}

/* ---- bash ---- */

static void put_bash_words(struct kt_buf *buf)
{
	kt_buf_puts(buf, "\tlocal commands='");
	for (size_t i = 0; i < kt_nr_cmds; i++)
		kt_buf_printf(buf, "%s%s", i ? " " : "", kt_cmds[i]->name);
	kt_buf_puts(buf, "'\n\tlocal outputs='");
	for (size_t i = 0; i < kt_nr_outputs; i++)
		kt_buf_printf(buf, "%s%s", i ? " " : "", kt_outputs[i]->name);
	kt_buf_puts(buf, "'\n\tlocal options='");
	for (size_t i = 0; i < kt_nr_options; i++) {
		if (kt_option_table[i].letter)
			kt_buf_printf(buf, "%s-%c", i ? " " : "", kt_option_table[i].letter);
		kt_buf_printf(buf, " --%s", kt_option_table[i].name);
	}
	kt_buf_puts(buf, "'\n\tlocal rows='");
	for (size_t i = 0; i < kt_nr_rows; i++)
		kt_buf_printf(buf, "%s%s", i ? "\n\t\t" : "", kt_rows[i].id);
	kt_buf_puts(buf, "'\n");
}

static void put_letters(struct kt_buf *buf, bool with_arg)
{
	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];

		if (option->letter && !option->arg == !with_arg)
			kt_buf_printf(buf, "%c", option->letter);
	}
}

/* Finds command and operands in front of the cursor, and an option whose argument is due. */
static void put_bash_scan(struct kt_buf *buf)
{
	const char *before = "";

	kt_buf_puts(buf, "\tlocal cur=${COMP_WORDS[COMP_CWORD]} due='' command='' words='' word i\n"
			 "\tlocal -i operands=0\n\n"
			 "\tCOMPREPLY=()\n"
			 "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			 "\t\tword=${COMP_WORDS[i]}\n"
			 "\t\tif [[ $due ]]; then\n"
			 "\t\t\t[[ $word == '=' ]] || due=''\n"
			 "\t\t\tcontinue\n"
			 "\t\tfi\n"
			 "\t\tcase $word in\n"
			 "\t\t");
	for (size_t i = 0; i < kt_nr_options; i++) {
		if (!kt_option_table[i].arg)
			continue;
		kt_buf_printf(buf, "%s--%s", before, kt_option_table[i].name);
		before = " | ";
	}
	kt_buf_puts(buf, ") due=$word ;;\n\t\t--*) ;;\n\t\t-*) [[ $word =~ ^-[");
	put_letters(buf, false);
	kt_buf_puts(buf, "]*([");
	put_letters(buf, true);
	kt_buf_puts(buf, "])$ ]] && due=-${BASH_REMATCH[1]} ;;\n"
			 "\t\t*) if [[ $command ]]; then operands+=1; else command=$word; fi ;;\n"
			 "\t\tesac\n"
			 "\tdone\n"
			 "\t[[ $cur == '=' ]] && cur=''\n\n");
}

static void put_bash_choice(struct kt_buf *buf)
{
	kt_buf_puts(buf, "\tcase $due in\n");
	for (size_t i = 0; i < kt_nr_options; i++) {
		const struct kt_option *option = &kt_option_table[i];

		if (!option->arg)
			continue;
		kt_buf_puts(buf, "\t");
		if (option->letter)
			kt_buf_printf(buf, "-%c | ", option->letter);
		kt_buf_printf(buf, "--%s) %s ;;\n", option->name, kind_of(option->arg)->bash);
	}
	kt_buf_puts(buf, "\t*)\n"
			 "\t\tcase $cur:$command:$operands in\n"
			 "\t\t-*) words=$options ;;\n"
			 "\t\t*::0) words=$commands ;;\n");
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		if (kt_cmds[i]->operands)
			kt_buf_printf(buf, "\t\t*:%s:0) %s ;;\n", kt_cmds[i]->name,
				kind_of(kt_cmds[i]->operands)->bash);
	}
	kt_buf_puts(buf, "\t\tesac\n\t\t;;\n\tesac\n");
}

struct kt_err *gen_bash(struct kt_buf *ret_text)
{
	struct kt_err *err = check_kinds();

	if (err)
		return err;
	kt_buf_puts(ret_text,
		"# SPDX-License-Identifier: GPL-2.0-or-later\n"
		"# Completion of ktally " KTALLY_VERSION " for bash, made by gen_docs.\n\n"
		"# An empty reply lets readline complete file names, with all its quoting.\n"
		"_ktally_files()\n{\n\tcompopt -o default 2>/dev/null\n}\n\n"
		"_ktally()\n{\n");
	put_bash_words(ret_text);
	put_bash_scan(ret_text);
	put_bash_choice(ret_text);
	kt_buf_puts(ret_text,
		"\t[[ $words ]] && mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		"\treturn 0\n"
		"}\n\n"
		"complete -F _ktally ktally\n");
	return NULL;
}

/* ---- zsh ---- */

/* Text inside '...' and, for _arguments, inside [...]. */
static void put_zsh_text(struct kt_buf *buf, const char *text)
{
	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '\'': kt_buf_puts(buf, "'\\''"); break;
		case '[': kt_buf_puts(buf, "("); break;
		case ']': kt_buf_puts(buf, ")"); break;
		default: kt_buf_add(buf, p, 1);
		}
	}
}

static void begin_zsh_list(struct kt_buf *buf, const char *name)
{
	kt_buf_printf(buf, "_ktally_%s()\n{\n\tlocal -a items=(\n", name);
}

static void put_zsh_item(struct kt_buf *buf, const char *name, const char *text)
{
	kt_buf_printf(buf, "\t\t'%s:", name);
	put_zsh_text(buf, text);
	kt_buf_puts(buf, "'\n");
}

static void end_zsh_list(struct kt_buf *buf, const char *tag)
{
	kt_buf_printf(buf, "\t)\n\t_describe -t %ss %s items\n}\n\n", tag, tag);
}

static void put_zsh_lists(struct kt_buf *buf)
{
	begin_zsh_list(buf, "commands");
	for (size_t i = 0; i < kt_nr_cmds; i++)
		put_zsh_item(buf, kt_cmds[i]->name, kt_cmds[i]->summary);
	end_zsh_list(buf, "command");
	begin_zsh_list(buf, "outputs");
	for (size_t i = 0; i < kt_nr_outputs; i++)
		put_zsh_item(buf, kt_outputs[i]->name, kt_outputs[i]->summary);
	end_zsh_list(buf, "output");
	begin_zsh_list(buf, "rows");
	for (size_t i = 0; i < kt_nr_rows; i++)
		put_zsh_item(buf, kt_rows[i].id, kt_rows[i].title);
	end_zsh_list(buf, "row");
}

/* One of the one or two ways to write an option; each excludes the other. */
static void put_zsh_option(struct kt_buf *buf, const struct kt_option *option, bool is_long)
{
	kt_buf_puts(buf, "\t\t'");
	if (option->letter)
		kt_buf_printf(buf, "(-%c --%s)", option->letter, option->name);
	if (is_long)
		kt_buf_printf(buf, "--%s%s", option->name, option->arg ? "=" : "");
	else
		kt_buf_printf(buf, "-%c%s", option->letter, option->arg ? "+" : "");
	kt_buf_puts(buf, "[");
	put_zsh_text(buf, option->help);
	kt_buf_puts(buf, "]");
	if (option->arg)
		kt_buf_printf(buf, ":%s:%s", option->arg, kind_of(option->arg)->zsh);
	kt_buf_puts(buf, "' \\\n");
}

static void put_zsh_operands(struct kt_buf *buf)
{
	kt_buf_puts(buf, "\t[[ $state == operand ]] || return ret\n\tcase $line[1] in\n");
	for (size_t i = 0; i < kt_nr_cmds; i++) {
		if (kt_cmds[i]->operands)
			kt_buf_printf(buf, "\t%s) %s && ret=0 ;;\n", kt_cmds[i]->name,
				kind_of(kt_cmds[i]->operands)->zsh);
	}
	kt_buf_puts(buf, "\tesac\n\treturn ret\n");
}

struct kt_err *gen_zsh(struct kt_buf *ret_text)
{
	struct kt_err *err = check_kinds();

	if (err)
		return err;
	kt_buf_puts(ret_text,
		"#compdef ktally\n"
		"# SPDX-License-Identifier: GPL-2.0-or-later\n"
		"# Completion of ktally " KTALLY_VERSION " for zsh, made by gen_docs.\n\n");
	put_zsh_lists(ret_text);
	kt_buf_puts(ret_text, "_ktally()\n{\n"
			      "\tlocal context state state_descr line ret=1\n"
			      "\ttypeset -A opt_args\n\n"
			      "\t_arguments -C -s -S \\\n");
	for (size_t i = 0; i < kt_nr_options; i++) {
		if (kt_option_table[i].letter)
			put_zsh_option(ret_text, &kt_option_table[i], false);
		put_zsh_option(ret_text, &kt_option_table[i], true);
	}
	kt_buf_puts(ret_text, "\t\t'1:command:_ktally_commands' \\\n"
			      "\t\t'2:operand:->operand' && ret=0\n");
	put_zsh_operands(ret_text);
	kt_buf_puts(ret_text, "}\n\n_ktally \"$@\"\n");
	return NULL;
}
