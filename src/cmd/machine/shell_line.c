// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/machine/shell_line.h"

#include "base/library.h"
#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMPT "ktally> "

/* ---- libedit ---- */

typedef char *generate_fn(const char *text, int state);
typedef char **complete_fn(const char *text, int start, int end);

/* The part of its interface of readline that ktally uses; the last three are variables. */
struct libedit {
	char *(*readline)(const char *prompt);
	int (*add_history)(const char *line);
	char **(*completion_matches)(const char *text, generate_fn *generate);
	complete_fn **attempted_completion;
	int *attempted_over; /* no names of files after it */
	char **line_buffer;
};

/* The functions that libedit calls get no argument. */
static struct {
	const struct libedit *lib;
	const struct kt_cmds *cmds;
	const struct kt_cmd *cmd; /* to complete its options; NULL: names of commands */
	size_t at;
} completion;

static struct kt_err *open_libedit(struct libedit *ret_lib)
{
	static const char *const symbols[] = { "readline", "add_history", "rl_completion_matches",
		"rl_attempted_completion_function", "rl_attempted_completion_over",
		"rl_line_buffer" };
	static const struct kt_library library = {
		.soname = "libedit.so.2",
		.needed = "history and completion need libedit",
		.advice = "on Debian: apt install libedit2",
		.symbols = symbols,
		.nr_symbols = KT_LEN(symbols),
	};

	return kt_library_open(&library, ret_lib, sizeof(*ret_lib));
}

static const char *name_at(size_t at)
{
	if (!completion.cmd)
		return at < completion.cmds->count ? completion.cmds->items[at]->name : NULL;
	return at < completion.cmd->nr_options ? completion.cmd->options[at].name : NULL;
}

/* The next name that begins with the text; libedit frees it. */
static char *generate(const char *text, int state)
{
	const char *dashes = completion.cmd ? "--" : "", *name;
	size_t skip = strlen(dashes);

	if (!state)
		completion.at = 0;
	while ((name = name_at(completion.at++))) {
		char *word;

		if (strncmp(text, dashes, skip) != 0 ||
			strncmp(name, text + skip, strlen(text + skip)) != 0)
			continue;
		return asprintf(&word, "%s%s", dashes, name) < 0 ? NULL : word;
	}
	return NULL;
}

/* The first word is a command, and a later one with dashes an option of its own. */
static char **complete(const char *text, int start, int end)
{
	struct kt_span rest = kt_span_str(*completion.lib->line_buffer), word;
	char command[32] = { 0 };

	(void)end;
	completion.cmd = NULL;
	if (start && strncmp(text, "--", 2) != 0)
		return NULL;
	if (start && kt_span_word(&rest, &word) && word.n < sizeof(command)) {
		memcpy(command, word.p, word.n);
		completion.cmd = kt_cmd_find(completion.cmds, command);
	}
	if (start && !completion.cmd)
		return NULL;
	*completion.lib->attempted_over = 1;
	return completion.lib->completion_matches(text, generate);
}

/* ---- lines ---- */

struct kt_shell_input {
	const struct kt_call *call;
	struct libedit lib;
	bool edits;
	char *line;
	size_t room;
};

struct kt_shell_input *kt_shell_input_new(const struct kt_call *call)
{
	struct kt_shell_input *input = calloc(1, sizeof(*input));
	struct kt_err *err = NULL;

	if (!input)
		return NULL;
	input->call = call;
	if (!call->console || !call->console->terminal)
		return input;
	err = open_libedit(&input->lib);
	input->edits = !err;
	kt_err_free(err);
	if (input->edits) {
		completion.lib = &input->lib;
		completion.cmds = call->cmds;
		*input->lib.attempted_completion = complete;
	}
	return input;
}

static char *read_plain(struct kt_shell_input *input)
{
	ssize_t n;

	if (input->call->console && input->call->console->terminal)
		kt_call_write(input->call, PROMPT, sizeof(PROMPT) - 1);
	n = getline(&input->line, &input->room, stdin);
	if (n < 0)
		return NULL;
	if (n && input->line[n - 1] == '\n')
		input->line[n - 1] = '\0';
	return input->line;
}

char *kt_shell_read(struct kt_shell_input *input)
{
	if (!input->edits)
		return read_plain(input);
	free(input->line);
	input->line = input->lib.readline(PROMPT);
	if (input->line && *input->line)
		input->lib.add_history(input->line);
	return input->line;
}

void kt_shell_input_free(struct kt_shell_input *input)
{
	if (!input)
		return;
	free(input->line);
	free(input);
}

/* ---- words ---- */

/* Moves the word at `from` to its place without quotes, and past its end. False: one is open. */
static bool take_word(char **from, char **ret_word)
{
	char *to = *from, *at = *from, quote = '\0';

	*ret_word = to;
	for (; *at && (quote || !strchr(" \t\r", *at)); at++) {
		if (quote ? *at == quote : *at == '\'' || *at == '"')
			quote = quote ? '\0' : *at;
		else
			*to++ = *at;
	}
	*from = *at ? at + 1 : at;
	*to = '\0';
	return !quote;
}

struct kt_err *kt_shell_split(char *line, char *ret_words[KT_SHELL_WORDS_MAX], int *ret_count)
{
	*ret_count = 0;
	for (line += strspn(line, " \t\r"); *line && *line != '#'; line += strspn(line, " \t\r")) {
		if (*ret_count == KT_SHELL_WORDS_MAX)
			return kt_err_new(KT_ERR_USAGE, "more than %d words", KT_SHELL_WORDS_MAX);
		if (!take_word(&line, &ret_words[*ret_count]))
			return kt_err_new(KT_ERR_USAGE, "a quote is not closed");
		++*ret_count;
	}
	return NULL;
}
