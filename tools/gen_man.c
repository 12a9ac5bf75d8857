// SPDX-License-Identifier: GPL-2.0-or-later
//
// The man pages, in mdoc(7). Text of the tables is only on text lines, where mdoc knows no macros;
// names are escaped and follow macros.

#include "gen_docs.h"
#include "mdoc.h"

#include "account/row.h"
#include "commands.h"
#include "output/output.h"
#include "source/source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	struct kt_buf *buf;
	struct kt_arena arena;	  /* of texts that are put together */
	const struct kt_cmd *cmd; /* the command that the page describes; NULL: another page */
};

static void put_operands(struct page *page, const struct kt_cmd *cmd)
{
	for (size_t i = 0; i < cmd->nr_operands; i++) {
		const struct kt_operand *operand = &cmd->operands[i];

		kt_buf_puts(page->buf, operand->optional ? " Op Ar" : " Ar");
		mdoc_args(page->buf, operand->name);
		if (operand->many)
			kt_buf_puts(page->buf, " ...");
	}
}

/* ---- what replaces @NAME@ ---- */

static void put_version(struct page *page)
{
	kt_buf_puts(page->buf, ".Os ktally " KTALLY_VERSION "\n");
}

/* Separates paragraphs by an empty line. */
static void put_paragraphs(struct page *page, const char *text)
{
	const char *end;

	for (; (end = strstr(text, "\n\n")); text = end + 2) {
		char part[4096];

		snprintf(part, sizeof(part), "%.*s", (int)(end - text), text);
		mdoc_text(page->buf, part);
		kt_buf_puts(page->buf, ".Pp\n");
	}
	mdoc_text(page->buf, text);
}

/* A server is a command of administrators. */
static int section_of(const struct kt_cmd *cmd)
{
	return strcmp(cmd->name, "serve") == 0 ? 8 : 1;
}

static void put_commands(struct page *page)
{
	const struct kt_cmds *cmds = &kt_commands;

	for (size_t i = 0; i < cmds->count; i++) {
		const struct kt_cmd_group *group = &cmds->groups[kt_cmds_group(cmds, i)];

		if (group->first == i)
			kt_buf_printf(page->buf,
				"%s.Ss %s\n.Bl -tag -width \"ktally-memreports(1)\" -compact\n",
				i ? ".El\n" : "", group->title);
		kt_buf_printf(page->buf, ".It Xr ktally-%s %d\n", cmds->items[i]->name,
			section_of(cmds->items[i]));
		mdoc_text(page->buf, cmds->items[i]->summary);
	}
	kt_buf_puts(page->buf, ".El\n");
}

/* "Fl \-all" is --all. */
static void put_name_of_option(struct page *page, const char *name)
{
	kt_buf_puts(page->buf, " \\-");
	for (const char *p = name; *p; p++)
		kt_buf_printf(page->buf, "%s%c", *p == '-' ? "\\" : "", *p);
}

static void put_option(struct page *page, const struct kt_option *option)
{
	const char *text = option->help;
	char words[KT_WORDS_LIST];

	kt_buf_puts(page->buf, ".It");
	if (option->letter)
		kt_buf_printf(page->buf, " Fl %c ,", option->letter);
	kt_buf_puts(page->buf, " Fl");
	put_name_of_option(page, option->name);
	if (option->arg) {
		kt_buf_puts(page->buf, " Ar");
		mdoc_args(page->buf, option->arg);
	}
	kt_buf_puts(page->buf, "\n");
	if (option->choices) {
		kt_words_list(option->choices, words);
		text = kt_arena_printf(&page->arena, "%s: %s; default: %.*s", text, words,
			(int)strcspn(words, ","), words);
	}
	mdoc_sentence(page->buf, text, '.');
}

/* The options that all commands take, by group, and the options that mean a command. */
static void put_options(struct page *page)
{
	for (size_t i = 0; i < KT_NR_GROUPS; i++) {
		kt_buf_printf(page->buf, ".Ss %s\n.Bl -tag -width Ds\n", kt_option_groups[i].title);
		for (size_t k = 0; k < kt_option_groups[i].count; k++)
			put_option(page, &kt_option_groups[i].options[k]);
		kt_buf_puts(page->buf, ".El\n");
	}
	kt_buf_puts(page->buf, ".Ss Commands as options\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_commands.count; i++) {
		if (kt_commands.items[i]->as_option)
			put_option(page, kt_commands.items[i]->as_option);
	}
	kt_buf_puts(page->buf, ".El\n");
}

static void put_examples_of(
	struct page *page, const struct kt_example *examples, size_t nr_examples)
{
	for (size_t i = 0; i < nr_examples; i++) {
		if (i)
			kt_buf_puts(page->buf, ".Pp\n");
		mdoc_sentence(page->buf, examples[i].what, ':');
		mdoc_literal(page->buf, examples[i].line);
	}
}

static void put_overview_examples(struct page *page)
{
	put_examples_of(page, kt_commands.examples, kt_commands.nr_examples);
}

/* ---- the page of one command ---- */

static void put_title(struct page *page)
{
	kt_buf_puts(page->buf, ".Dt KTALLY-");
	for (const char *p = page->cmd->name; *p; p++)
		kt_buf_printf(page->buf, "%c", toupper((unsigned char)*p));
	kt_buf_printf(page->buf, " %d\n", section_of(page->cmd));
}

static void put_name(struct page *page)
{
	kt_buf_printf(page->buf, ".Nm ktally-%s\n.Nd", page->cmd->name);
	mdoc_args(page->buf, page->cmd->summary);
	kt_buf_puts(page->buf, "\n");
}

static void put_synopsis(struct page *page)
{
	kt_buf_puts(page->buf, ".Nm ktally\n.Op Ar OPTIONS\n.Cm");
	mdoc_args(page->buf, page->cmd->name);
	put_operands(page, page->cmd);
	kt_buf_puts(page->buf, "\n");
}

static void put_help(struct page *page)
{
	put_paragraphs(page, page->cmd->help);
}

/* "-s, --source, --pick" of a group that ktally(1) describes. */
static void put_group(struct page *page, const struct kt_option_group *group)
{
	kt_buf_puts(page->buf, ".It");
	mdoc_args(page->buf, group->title);
	kt_buf_puts(page->buf, "\n");
	for (size_t i = 0; i < group->count; i++) {
		const struct kt_option *option = &group->options[i];

		kt_buf_puts(page->buf, ".Fl");
		if (option->letter)
			kt_buf_printf(page->buf, " %c , Fl", option->letter);
		put_name_of_option(page, option->name);
		kt_buf_puts(page->buf, i + 1 < group->count ? " ,\n" : "\n");
	}
}

static void put_own_options(struct page *page)
{
	const struct kt_cmd *cmd = page->cmd;

	if (cmd->nr_options || cmd->as_option)
		kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < cmd->nr_options; i++)
		put_option(page, &cmd->options[i]);
	if (cmd->as_option)
		put_option(page, cmd->as_option);
	if (cmd->nr_options || cmd->as_option)
		kt_buf_puts(page->buf, ".El\n.Pp\n");
	kt_buf_puts(page->buf, "General options,\ndescribed in\n.Xr ktally 1 :\n"
			       ".Bl -tag -width Source -compact\n");
	for (enum kt_option_groups i = 0; i < KT_NR_GROUPS; i++) {
		if (kt_cmd_uses(cmd, i))
			put_group(page, &kt_option_groups[i]);
	}
	kt_buf_puts(page->buf, ".El\n");
}

static void put_examples(struct page *page)
{
	put_examples_of(page, page->cmd->examples, page->cmd->nr_examples);
}

static int compare_names(const void *a, const void *b)
{
	const struct kt_cmd *const *one = a, *const *other = b;
	int order = section_of(*one) - section_of(*other);

	return order ? order : strcmp((*one)->name, (*other)->name);
}

/* The other commands of the group, in the order that mdoc wants: by section, then by name. */
static void put_see_also(struct page *page)
{
	const struct kt_cmds *cmds = &kt_commands;
	const struct kt_cmd *others[32];
	size_t count = 0, group = 0;

	for (size_t i = 0; i < cmds->count; i++) {
		if (cmds->items[i] == page->cmd)
			group = kt_cmds_group(cmds, i);
	}
	for (size_t i = 0; i < cmds->count && count < KT_LEN(others); i++) {
		if (cmds->items[i] != page->cmd && kt_cmds_group(cmds, i) == group)
			others[count++] = cmds->items[i];
	}
	qsort(others, count, sizeof(*others), compare_names);
	kt_buf_puts(page->buf, ".Xr ktally 1 ,\n");
	for (size_t i = 0; i < count; i++) {
		if (section_of(others[i]) == 1)
			kt_buf_printf(page->buf, ".Xr ktally-%s 1 ,\n", others[i]->name);
	}
	kt_buf_puts(page->buf, ".Xr ktally 7 ,\n.Xr ktally-rows 7");
	for (size_t i = 0; i < count; i++) {
		if (section_of(others[i]) != 1)
			kt_buf_printf(page->buf, " ,\n.Xr ktally-%s %d", others[i]->name,
				section_of(others[i]));
	}
	kt_buf_puts(page->buf, "\n");
}

/* ---- rows, sources, outputs ---- */

/* "id - title", below the second level after the title of the row above: "other" alone is not
 * enough. */
static void put_row_head(struct page *page, const struct kt_row *row, bool with_parent)
{
	const char *title = !with_parent ? row->title
					 : kt_arena_printf(&page->arena, "%s: %s",
						   kt_row_id_name(row->parent), row->title);

	mdoc_args(page->buf, row->id);
	if (strcmp(row->id, title) == 0)
		return;
	kt_buf_puts(page->buf, " No \\(em");
	mdoc_args(page->buf, title);
}

static void put_row_notes(struct page *page, const struct kt_row *row)
{
	const char *list = "";

	if (row->unusual_permille)
		kt_buf_printf(page->buf, ".It Noted\nfrom %g\\ %% of the memory on\n",
			row->unusual_permille / 10.0);
	for (size_t i = 0; i < kt_nr_annotations; i++) {
		const struct kt_annotation *annotation = &kt_annotations[i];

		if (&kt_rows[annotation->row] != row)
			continue;
		list = kt_arena_printf(&page->arena, "%s%s%s (%s)", list, *list ? "; " : "",
			annotation->title, annotation->id);
	}
	if (*list) {
		kt_buf_puts(page->buf, ".It Overlaps\n");
		mdoc_text(page->buf, list);
	}
}

static void put_row_body(struct page *page, const struct kt_row *row)
{
	mdoc_text(page->buf, row->means);
	if (row->expand)
		kt_buf_puts(page->buf, "Each part has a row below it.\n");
	kt_buf_puts(page->buf, ".Bl -tag -width Growth -compact\n.It Growth\n");
	mdoc_text(page->buf, row->grows);
	kt_buf_puts(page->buf, ".It Next\n");
	mdoc_text(page->buf, row->next);
	put_row_notes(page, row);
	kt_buf_puts(page->buf, ".El\n");
}

/* Rows below `parent` in the order of the screen; returns how many. */
static size_t put_rows_below(struct page *page, enum kt_row_id parent, bool nested)
{
	size_t count = 0;

	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		const struct kt_row *row = &kt_rows[i];

		if (row->parent != parent)
			continue;
		if (!count++ && !nested)
			kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
		kt_buf_puts(page->buf, ".It Cm");
		put_row_head(page, row, nested);
		kt_buf_puts(page->buf, "\n");
		put_row_body(page, row);
		count += put_rows_below(page, i, true);
	}
	if (count && !nested)
		kt_buf_puts(page->buf, ".El\n");
	return count;
}

static void put_section_row(struct page *page, const struct kt_row *row)
{
	kt_buf_puts(page->buf, ".Ss");
	put_row_head(page, row, false);
	kt_buf_puts(page->buf, "\n");
	put_row_body(page, row);
}

static void put_rows(struct page *page)
{
	put_section_row(page, &kt_rows[KT_ROW_RAM]);
	for (enum kt_row_id i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].parent != KT_ROW_RAM)
			continue;
		put_section_row(page, &kt_rows[i]);
		put_rows_below(page, i, false);
	}
}

static void put_source_files(struct page *page, const struct kt_source *source)
{
	size_t i = 0, count = 0;

	while (count < KT_SOURCE_PATHS && source->paths[count])
		count++;
	if (source->first_is_live && count > 1) {
		kt_buf_puts(page->buf, ".Pa");
		mdoc_args(page->buf, source->paths[i++]);
		kt_buf_puts(page->buf,
			"\non a running machine, in a capture the first that exists of\n");
	} else if (source->alternatives)
		kt_buf_puts(page->buf, "the first that exists of\n");
	for (; i < count; i++) {
		kt_buf_puts(page->buf, ".Pa");
		mdoc_args(page->buf, source->paths[i]);
		kt_buf_puts(page->buf, i + 1 < count ? " ,\n" : "\n");
	}
}

static void put_sources(struct page *page)
{
	kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_nr_sources; i++) {
		const struct kt_source *source = kt_sources[i];

		kt_buf_puts(page->buf, ".It Cm");
		mdoc_args(page->buf, source->name);
		kt_buf_puts(page->buf, "\n");
		mdoc_text(page->buf, source->summary);
		kt_buf_puts(page->buf, ".Bl -tag -width Without -compact\n.It Files\n");
		put_source_files(page, source);
		kt_buf_printf(page->buf, ".It Cost\n%s\n.It Without\n", kt_cost_name(source->cost));
		mdoc_text(page->buf, source->lack);
		kt_buf_puts(page->buf, ".It Needs\n");
		mdoc_text(page->buf, source->gives);
		kt_buf_puts(page->buf, ".El\n");
	}
	kt_buf_puts(page->buf, ".El\n");
}

static void put_outputs(struct page *page)
{
	kt_buf_puts(page->buf, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < kt_nr_outputs; i++) {
		kt_buf_puts(page->buf, ".It Cm");
		mdoc_args(page->buf, kt_outputs[i]->name);
		kt_buf_puts(page->buf, "\n");
		mdoc_text(page->buf, kt_outputs[i]->summary);
	}
	kt_buf_puts(page->buf, ".El\n");
}

static const struct {
	const char *name;
	void (*put)(struct page *page);
	bool of_command;
} parts[] = {
	{ "@VERSION@", put_version },
	{ "@COMMANDS@", put_commands },
	{ "@OPTIONS@", put_options },
	{ "@OVERVIEW_EXAMPLES@", put_overview_examples },
	{ "@ROWS@", put_rows },
	{ "@SOURCES@", put_sources },
	{ "@OUTPUTS@", put_outputs },
	{ "@TITLE@", put_title, true },
	{ "@NAME@", put_name, true },
	{ "@SYNOPSIS@", put_synopsis, true },
	{ "@HELP@", put_help, true },
	{ "@OWN_OPTIONS@", put_own_options, true },
	{ "@EXAMPLES@", put_examples, true },
	{ "@SEE_ALSO@", put_see_also, true },
};

static struct kt_err *put_line(struct page *page, struct kt_span line, bool seen[])
{
	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (!kt_span_eq(line, parts[i].name))
			continue;
		if (seen[i])
			return kt_err_new(KT_ERR_PARSE, "%s is in it twice", parts[i].name);
		if (parts[i].of_command && !page->cmd)
			return kt_err_new(
				KT_ERR_PARSE, "%s is part of a command's page", parts[i].name);
		parts[i].put(page);
		seen[i] = true;
		return NULL;
	}
	if (kt_span_starts(line, "@"))
		return kt_err_new(KT_ERR_PARSE, "%.*s: no part has this name", (int)line.n, line.p);
	kt_buf_add(page->buf, line.p, line.n);
	kt_buf_puts(page->buf, "\n");
	return NULL;
}

/* Help, options and examples of a command are on its page, whatever the template. */
static struct kt_err *check_whole(const struct page *page, const bool seen[])
{
	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (page->cmd && parts[i].of_command && !seen[i])
			return kt_err_new(KT_ERR_PARSE, "%s is not in it", parts[i].name);
	}
	return page->arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *put_page(struct page *page, const char *prose)
{
	struct kt_span rest = kt_span_str(prose), line;
	bool seen[KT_LEN(parts)] = { 0 };
	struct kt_err *err = NULL;

	while (!err && kt_span_line(&rest, &line))
		err = put_line(page, line, seen);
	return err ? err : check_whole(page, seen);
}

struct kt_err *gen_man(const char *prose, const char *command, struct kt_buf *ret_text)
{
	struct page page = { .buf = ret_text };
	struct kt_err *err;

	page.cmd = command ? kt_cmd_find(&kt_commands, command) : NULL;
	if (command && !page.cmd)
		return kt_err_new(KT_ERR_USAGE, "there is no command '%s'", command);
	err = put_page(&page, prose);
	kt_arena_fini(&page.arena);
	return err;
}
