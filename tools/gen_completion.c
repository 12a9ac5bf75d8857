// SPDX-License-Identifier: GPL-2.0-or-later
//
// Completion for bash and zsh. What an argument completes to follows from its kind and its
// choices in the descriptors of commands; a kind without a line here stops the build.

#include "gen_docs.h"

#include "account/row.h"
#include "cases/builtin.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

struct completion {
	const char *bash; /* a command of the generated script */
	const char *zsh;  /* an action of _arguments */
};

#define FILES                             \
	{                                 \
		"_ktally_files", "_files" \
	}

static const struct completion kinds[KT_NR_ARG_KINDS] = {
	[KT_ARG_NUMBER] = { "words='1 2 3 4 5 6 7 8 9'", "(1 2 3 4 5 6 7 8 9)" },
	[KT_ARG_SECONDS] = { "words='1 5 10 60'", "(1 5 10 60)" },
	[KT_ARG_OUTPUT] = { "words=$outputs", "_ktally_outputs" },
	[KT_ARG_SOURCE] = { "_ktally_sources", "_files" },
	[KT_ARG_RECORDING] = FILES,
	[KT_ARG_NEW_FILE] = FILES,
	[KT_ARG_INPUT] = FILES,
	[KT_ARG_FILE] = FILES,
	[KT_ARG_DIRECTORY] = FILES,
	[KT_ARG_ROW] = { "words=$rows", "_ktally_rows" },
	[KT_ARG_COLUMN] = { "words='bytes name growth rate'", "(bytes name growth rate)" },
	[KT_ARG_TEXT] = { "words=", "" },
	[KT_ARG_PATTERN] = { "words=", "" },
	[KT_ARG_SERIES] = { "_ktally_series", "_ktally_series" },
	[KT_ARG_CACHE] = { "mapfile -t COMPREPLY < <(cd /sys/kernel/slab 2>/dev/null && "
			   "compgen -f -- \"$cur\")",
		"_files -W /sys/kernel/slab" },
	[KT_ARG_TIME] = { "words=\"-15m -1h -6h -1d -7d now $(date +%F) $(date +%FT%H:%M)\"",
		"(-15m -1h -6h -1d -7d now)" },
	[KT_ARG_CONDITION] = { "words='slab>+5%'", "(slab\\>+5%)" },
	[KT_ARG_KERNEL_ADDRESS] = { "words=", "_message address" },
	[KT_ARG_ADDRESS] = { "words='127.0.0.1:19998'", "(127.0.0.1\\:19998)" },
	[KT_ARG_COMMAND] = { "words=$commands", "_ktally_commands" },
};

/* Every option once, by its name: options of all commands, and commands' own options. */
#define OPTIONS_MAX 128
struct options {
	const struct kt_option *items[OPTIONS_MAX];
	size_t count;
};

static struct kt_err *add(struct options *options, const struct kt_option *option)
{
	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->items[i]->name, option->name) == 0)
			return NULL;
	}
	if (option->arg && option->kind != KT_ARG_CHOICE && !kinds[option->kind].bash)
		return kt_err_new(KT_ERR_ABSENT,
			"--%s: gen_completion.c does not know what its kind %d completes to",
			option->name, (int)option->kind);
	if (options->count == OPTIONS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "more than %d options", OPTIONS_MAX);
	options->items[options->count++] = option;
	return NULL;
}

static struct kt_err *add_of(struct options *options, const struct kt_cmd *cmd)
{
	struct kt_err *err = cmd->as_option ? add(options, cmd->as_option) : NULL;

	for (size_t i = 0; !err && i < cmd->nr_options; i++)
		err = add(options, &cmd->options[i]);
	for (size_t i = 0; !err && i < cmd->nr_operands; i++) {
		const struct kt_operand *operand = &cmd->operands[i];

		if (operand->kind != KT_ARG_CHOICE && !kinds[operand->kind].bash)
			err = kt_err_new(KT_ERR_ABSENT,
				"%s: gen_completion.c does not know what %s completes to",
				cmd->name, operand->name);
	}
	return err;
}

static struct kt_err *add_all(struct options *options)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; i < KT_NR_GROUPS; i++) {
		for (size_t k = 0; !err && k < kt_option_groups[i].count; k++)
			err = add(options, &kt_option_groups[i].options[k]);
	}
	for (size_t i = 0; !err && i < kt_commands.count; i++)
		err = add_of(options, kt_commands.items[i]);
	return err;
}

/* A letter that two options have is completed once: the command decides its meaning. */
static bool has_letter(const struct options *options, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (options->items[i]->letter == options->items[index]->letter)
			return false;
	}
	return options->items[index]->letter;
}

/* The words that an option takes in any command, each once. */
static void put_choices(struct kt_buf *buf, const char *name)
{
	struct kt_buf seen = { 0 };

	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_option *option = kt_cmd_option(kt_commands.items[i], name);
		struct kt_span rest = kt_span_str(option ? option->choices : ""), word;

		while (kt_span_word(&rest, &word)) {
			struct kt_span before = { seen.data, seen.size };
			char text[64];

			snprintf(text, sizeof(text), "%.*s", (int)word.n, word.p);
			if (seen.size && kt_span_has_word(before, text))
				continue;
			kt_buf_printf(&seen, "%s%s", seen.size ? " " : "", text);
		}
	}
	kt_buf_add(buf, seen.data, seen.size);
	kt_buf_cleanup(&seen);
}

/* The keys of the columns of a command's lists, which --sort takes, each once. */
static void put_columns(struct kt_buf *buf, const struct kt_cmd *cmd)
{
	struct kt_buf seen = { 0 };
	const struct kt_part *const *part = cmd->shape ? cmd->shape->parts : NULL;

	for (; part && *part; part++) {
		bool list = (*part)->kind == KT_PART_LIST || (*part)->kind == KT_PART_PLAIN_LIST;

		for (size_t i = 0; list && i < (*part)->nr_columns; i++) {
			const struct kt_column *column = &(*part)->columns[i];

			if (column->flags & KT_COL_TEXT_ONLY || strchr(column->key, '#') ||
				(seen.size &&
					kt_span_has_word((struct kt_span){ seen.data, seen.size },
						column->key)))
				continue;
			kt_buf_printf(&seen, "%s%s", seen.size ? " " : "", column->key);
		}
	}
	kt_buf_add(buf, seen.data ? seen.data : "", seen.size);
	kt_buf_cleanup(&seen);
}

/* Only an operand may be "live": an option's default is this machine. */
static const char *bash_of_option(const struct kt_option *option)
{
	return kinds[option->kind == KT_ARG_SOURCE ? KT_ARG_FILE : option->kind].bash;
}

static void put_bash_action(struct kt_buf *buf, const struct kt_option *option)
{
	if (option->kind != KT_ARG_CHOICE) {
		kt_buf_puts(buf, bash_of_option(option));
		return;
	}
	kt_buf_puts(buf, "words='");
	put_choices(buf, option->name);
	kt_buf_puts(buf, "'");
}

static void put_zsh_action(struct kt_buf *buf, const struct kt_option *option)
{
	if (option->kind != KT_ARG_CHOICE) {
		kt_buf_puts(buf, kinds[option->kind].zsh);
		return;
	}
	kt_buf_puts(buf, "(");
	put_choices(buf, option->name);
	kt_buf_puts(buf, ")");
}

/* ---- bash ---- */

/* " -o --output" */
static void put_forms(struct kt_buf *buf, const struct kt_option *option, bool letter)
{
	if (letter)
		kt_buf_printf(buf, " -%c", option->letter);
	kt_buf_printf(buf, " --%s", option->name);
}

/* "slab) options=' -s --source ...' ;;": only what the command takes. */
static void put_bash_options(struct kt_buf *buf)
{
	kt_buf_puts(buf, "\tcase $command in\n");
	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];

		kt_buf_printf(buf, "\t%s) options='", cmd->name);
		for (size_t k = 0; k < cmd->nr_options; k++)
			put_forms(buf, &cmd->options[k], cmd->options[k].letter);
		for (size_t k = 0; k < KT_NR_GROUPS; k++) {
			for (size_t n = 0; n < kt_option_groups[k].count; n++) {
				if (kt_cmd_uses(cmd, k))
					put_forms(buf, &kt_option_groups[k].options[n],
						kt_option_groups[k].options[n].letter);
			}
		}
		kt_buf_puts(buf, " -h --help' ;;\n");
	}
	kt_buf_puts(buf, "\tesac\n\n");
}

/* "slab:--sort) words='name bytes' ;;": what depends on the command. */
static void put_bash_own(struct kt_buf *buf, const struct kt_cmd *cmd)
{
	if (kt_cmd_uses(cmd, KT_GROUP_LISTS) && cmd->shape) {
		kt_buf_printf(buf, "\t%s:--sort) words='", cmd->name);
		put_columns(buf, cmd);
		kt_buf_puts(buf, "' ;;\n");
	}
	for (size_t i = 0; i < cmd->nr_options; i++) {
		const struct kt_option *option = &cmd->options[i];

		if (!option->arg)
			continue;
		kt_buf_printf(buf, "\t%s:--%s", cmd->name, option->name);
		if (option->letter)
			kt_buf_printf(buf, " | %s:-%c", cmd->name, option->letter);
		kt_buf_puts(buf, ") ");
		if (option->kind == KT_ARG_CHOICE)
			kt_buf_printf(buf, "words='%s'", option->choices);
		else
			kt_buf_puts(buf, bash_of_option(option));
		kt_buf_puts(buf, " ;;\n");
	}
}

static void put_bash_words(struct kt_buf *buf, const struct options *options)
{
	kt_buf_puts(buf, "\tlocal commands='");
	for (size_t i = 0; i < kt_commands.count; i++)
		kt_buf_printf(buf, "%s%s", i ? " " : "", kt_commands.items[i]->name);
	kt_buf_puts(buf, "'\n\tlocal outputs='");
	for (size_t i = 0; i < kt_nr_outputs; i++)
		kt_buf_printf(buf, "%s%s", i ? " " : "", kt_outputs[i]->name);
	kt_buf_puts(buf, "'\n\tlocal options='");
	for (size_t i = 0; i < options->count; i++)
		put_forms(buf, options->items[i], has_letter(options, i));
	kt_buf_puts(buf, "'\n\tlocal rows='");
	for (size_t i = 0; i < KT_ROW_COUNT; i++)
		kt_buf_printf(buf, "%s%s", i ? "\n\t\t" : "", kt_rows[i].id);
	for (size_t i = 0; i < kt_nr_case_texts; i++)
		kt_buf_printf(buf, "\n\t\t%s", kt_case_texts[i].id);
	kt_buf_puts(buf, "'\n");
}

static void put_letters(struct kt_buf *buf, const struct options *options, bool with_arg)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct kt_option *option = options->items[i];

		if (has_letter(options, i) && !option->arg == !with_arg)
			kt_buf_printf(buf, "%c", option->letter);
	}
}

/* Finds command and operands before the cursor, and an option that needs an argument. */
static void put_bash_scan(struct kt_buf *buf, const struct options *options)
{
	const char *before = "";

	kt_buf_puts(buf,
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} due='' command='' words='' file='' word i\n"
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
	for (size_t i = 0; i < options->count; i++) {
		if (!options->items[i]->arg)
			continue;
		kt_buf_printf(buf, "%s--%s", before, options->items[i]->name);
		before = " | ";
	}
	kt_buf_puts(buf, ") due=$word ;;\n\t\t--*) ;;\n\t\t-*) [[ $word =~ ^-[");
	put_letters(buf, options, false);
	kt_buf_puts(buf, "]*([");
	put_letters(buf, options, true);
	kt_buf_puts(buf, "])$ ]] && due=-${BASH_REMATCH[1]} ;;\n"
			 "\t\t*)\n"
			 "\t\t\tif [[ $command ]]; then\n"
			 "\t\t\t\t[[ $file ]] || file=$word\n"
			 "\t\t\t\toperands+=1\n"
			 "\t\t\telse\n"
			 "\t\t\t\tcommand=$word\n"
			 "\t\t\tfi\n"
			 "\t\t\t;;\n"
			 "\t\tesac\n"
			 "\tdone\n"
			 "\t[[ $cur == '=' ]] && cur=''\n\n");
}

/* "*:explain:0) words=$rows ;;": the number of operands before the word. */
static void put_bash_operands(struct kt_buf *buf, const struct kt_cmd *cmd)
{
	for (size_t i = 0; i < cmd->nr_operands; i++) {
		const struct kt_operand *operand = &cmd->operands[i];

		if (operand->many)
			kt_buf_printf(buf, "\t\t*:%s:*) ", cmd->name);
		else
			kt_buf_printf(buf, "\t\t*:%s:%zu) ", cmd->name, i);
		if (operand->kind == KT_ARG_CHOICE)
			kt_buf_printf(buf, "words='%s'", operand->choices);
		else
			kt_buf_puts(buf, kinds[operand->kind].bash);
		kt_buf_puts(buf, " ;;\n");
	}
}

static void put_bash_choice(struct kt_buf *buf, const struct options *options)
{
	put_bash_options(buf);
	kt_buf_puts(buf, "\tcase $command:$due in\n");
	for (size_t i = 0; i < kt_commands.count; i++)
		put_bash_own(buf, kt_commands.items[i]);
	for (size_t i = 0; i < options->count; i++) {
		const struct kt_option *option = options->items[i];

		if (!option->arg)
			continue;
		kt_buf_puts(buf, "\t");
		if (option->letter)
			kt_buf_printf(buf, "*:-%c | ", option->letter);
		kt_buf_printf(buf, "*:--%s) ", option->name);
		put_bash_action(buf, option);
		kt_buf_puts(buf, " ;;\n");
	}
	kt_buf_puts(buf, "\t*)\n"
			 "\t\tcase $cur:$command:$operands in\n"
			 "\t\t-*) words=$options ;;\n"
			 "\t\t*::0) words=$commands ;;\n");
	for (size_t i = 0; i < kt_commands.count; i++)
		put_bash_operands(buf, kt_commands.items[i]);
	kt_buf_puts(buf, "\t\tesac\n\t\t;;\n\tesac\n");
}

struct kt_err *gen_bash(struct kt_buf *ret_text)
{
	struct options options = { 0 };
	struct kt_err *err = add_all(&options);

	if (err)
		return err;
	kt_buf_puts(ret_text,
		"# SPDX-License-Identifier: GPL-2.0-or-later\n"
		"# Completion of ktally " KTALLY_VERSION " for bash, made by gen_docs.\n\n"
		"# An empty reply lets readline complete file names, with all its quoting.\n"
		"_ktally_files()\n{\n\tcompopt -o default 2>/dev/null\n}\n\n"
		"_ktally_sources()\n{\n\tcompopt -o filenames 2>/dev/null\n"
		"\tmapfile -t COMPREPLY < <(compgen -W live -- \"$cur\"; compgen -f -- "
		"\"$cur\")\n}\n\n"
		"# The names contain colons, at which readline begins a new word.\n"
		"_ktally_series()\n{\n"
		"\tlocal whole=${COMP_LINE:0:COMP_POINT} names\n\n"
		"\twhole=${whole##* }\n"
		"\tnames=$(\"${COMP_WORDS[0]}\" report \"$file\" --series -o csv 2>/dev/null | cut "
		"-d, -f1)\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"${names#name}\" -- \"$whole\")\n"
		"\tCOMPREPLY=(\"${COMPREPLY[@]#\"${whole%\"${whole##*:}\"}\"}\")\n}\n\n"
		"_ktally()\n{\n");
	put_bash_words(ret_text, &options);
	put_bash_scan(ret_text, &options);
	put_bash_choice(ret_text, &options);
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
	for (size_t i = 0; i < kt_commands.count; i++)
		put_zsh_item(buf, kt_commands.items[i]->name, kt_commands.items[i]->summary);
	end_zsh_list(buf, "command");
	begin_zsh_list(buf, "outputs");
	for (size_t i = 0; i < kt_nr_outputs; i++)
		put_zsh_item(buf, kt_outputs[i]->name, kt_outputs[i]->summary);
	end_zsh_list(buf, "output");
	begin_zsh_list(buf, "rows");
	for (size_t i = 0; i < KT_ROW_COUNT; i++)
		put_zsh_item(buf, kt_rows[i].id, kt_rows[i].title);
	for (size_t i = 0; i < kt_nr_case_texts; i++)
		put_zsh_item(buf, kt_case_texts[i].id, "a known case");
	end_zsh_list(buf, "row");
	kt_buf_puts(buf, "_ktally_series()\n{\n\tlocal -a names\n"
			 "\tnames=(${(f)\"$($words[1] report $line[2] --series -o csv 2>/dev/null "
			 "| cut -d, -f1)\"})\n"
			 "\tcompadd -- ${names[2,-1]}\n}\n\n");
}

/* One form of an option, short or long; each excludes the other. `words`: NULL: by its kind. */
static void put_zsh_option(
	struct kt_buf *buf, const struct kt_option *option, bool is_long, const char *words)
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
	if (option->arg) {
		kt_buf_printf(buf, ":%s:", option->arg);
		if (words)
			kt_buf_printf(buf, "(%s)", words);
		else
			put_zsh_action(buf, option);
	}
	kt_buf_puts(buf, "' \\\n");
}

static void put_zsh_forms(struct kt_buf *buf, const struct kt_option *option, const char *words)
{
	if (option->letter)
		put_zsh_option(buf, option, false, words);
	put_zsh_option(buf, option, true, words);
}

/* Options of the command only: the shared ones of its groups, and its own, with its own words. */
static void put_zsh_command(struct kt_buf *buf, const struct kt_cmd *cmd)
{
	kt_buf_printf(buf, "\t%s)\n\t\tspecs=( \\\n", cmd->name);
	for (size_t i = 0; i < cmd->nr_options; i++)
		put_zsh_forms(buf, &cmd->options[i], cmd->options[i].choices);
	for (size_t i = 0; i < KT_NR_GROUPS; i++) {
		for (size_t k = 0; k < kt_option_groups[i].count; k++) {
			const struct kt_option *option = &kt_option_groups[i].options[k];
			struct kt_buf columns = { 0 };

			if (!kt_cmd_uses(cmd, i) || kt_cmd_option(cmd, option->name))
				continue;
			if (option->kind == KT_ARG_COLUMN)
				put_columns(&columns, cmd);
			kt_buf_puts(&columns, "");
			kt_buf_add(&columns, "", 1);
			put_zsh_forms(buf, option, columns.size > 1 ? columns.data : NULL);
			kt_buf_cleanup(&columns);
		}
	}
	kt_buf_puts(buf, "\t\t)\n\t\t;;\n");
}

static void put_zsh_action_of(struct kt_buf *buf, const struct kt_operand *operand)
{
	const char *zsh = kinds[operand->kind].zsh;

	if (operand->kind == KT_ARG_CHOICE)
		kt_buf_printf(buf, "compadd -- %s", operand->choices);
	else if (*zsh == '(') /* words: an action of _arguments, but no command */
		kt_buf_printf(buf, "compadd -- %.*s", (int)strlen(zsh) - 2, zsh + 1);
	else
		kt_buf_puts(buf, *zsh ? zsh : "_message none");
	if (operand->kind == KT_ARG_SOURCE)
		kt_buf_puts(buf, " || compadd -- live");
	kt_buf_puts(buf, " && ret=0 ;;\n");
}

/* $line has the command and the operands, without the word at the cursor. */
static void put_zsh_operands(struct kt_buf *buf)
{
	kt_buf_puts(buf, "\t[[ $state == operand ]] || return ret\n"
			 "\tcase $line[1]:$(( $#line - 1 )) in\n");
	for (size_t i = 0; i < kt_commands.count; i++) {
		const struct kt_cmd *cmd = kt_commands.items[i];

		for (size_t k = 0; k < cmd->nr_operands; k++) {
			if (cmd->operands[k].many)
				kt_buf_printf(buf, "\t%s:*) ", cmd->name);
			else
				kt_buf_printf(buf, "\t%s:%zu) ", cmd->name, k + 1);
			put_zsh_action_of(buf, &cmd->operands[k]);
		}
	}
	kt_buf_puts(buf, "\tesac\n\treturn ret\n");
}

struct kt_err *gen_zsh(struct kt_buf *ret_text)
{
	struct options options = { 0 };
	struct kt_err *err = add_all(&options);

	if (err)
		return err;
	kt_buf_puts(ret_text,
		"#compdef ktally\n"
		"# SPDX-License-Identifier: GPL-2.0-or-later\n"
		"# Completion of ktally " KTALLY_VERSION " for zsh, made by gen_docs.\n\n");
	put_zsh_lists(ret_text);
	kt_buf_puts(ret_text, "_ktally()\n{\n"
			      "\tlocal context state state_descr line ret=1 word\n"
			      "\tlocal -a specs\n"
			      "\ttypeset -A opt_args\n\n"
			      "\t# the first word that is a command, of those before the cursor\n"
			      "\tfor word in $words[2,CURRENT-1]; do\n"
			      "\tcase $word in\n");
	for (size_t i = 0; i < kt_commands.count; i++)
		put_zsh_command(ret_text, kt_commands.items[i]);
	kt_buf_puts(ret_text, "\tesac\n\t(( $#specs )) && break\n\tdone\n"
			      "\t(( $#specs )) || specs=( \\\n");
	for (size_t i = 0; i < options.count; i++) {
		if (has_letter(&options, i))
			put_zsh_option(ret_text, options.items[i], false, NULL);
		put_zsh_option(ret_text, options.items[i], true, NULL);
	}
	kt_buf_puts(ret_text, "\t)\n"
			      "\t_arguments -C -s -S $specs \\\n"
			      "\t\t'1:command:_ktally_commands' \\\n"
			      "\t\t'*:operand:->operand' && ret=0\n");
	put_zsh_operands(ret_text);
	kt_buf_puts(ret_text, "}\n\n_ktally \"$@\"\n");
	return NULL;
}
