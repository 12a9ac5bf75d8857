// SPDX-License-Identifier: GPL-2.0-or-later
//
// A session: a source is opened once, and commands about it are asked one after the other. What
// opening costs, such as the symbols and types of a dump, is paid once.

#include "cli/needs.h"
#include "cmd/machine/shell_line.h"
#include "machine/machine.h"

#include <string.h>

#define ARGUMENTS_MAX (KT_SHELL_WORDS_MAX + 4)

struct session {
	const struct kt_call *call;
	struct kt_machine machine;
	bool failed, ended;
};

static bool names_source(int count, char *const *words)
{
	for (int i = 0; i < count; i++) {
		if (strncmp(words[i], "-s", 2) == 0 || strncmp(words[i], "--source", 8) == 0)
			return true;
	}
	return false;
}

/* Gives a command the source of the session, unless its line names another one. */
static struct kt_err *parse(struct session *session, int count, char *const *words,
	struct kt_call *ret_call, const struct kt_cmd **ret_cmd)
{
	const struct kt_machine_opts *opts = &session->call->machine;
	bool own = !opts->source || names_source(count, words);
	char program[] = "ktally", option[] = "-s";
	char *arguments[ARGUMENTS_MAX] = { program };
	int n = 1;
	struct kt_err *err;

	if (!own) {
		arguments[n++] = option;
		arguments[n++] = (char *)opts->source;
	}
	for (int i = 0; i < count; i++)
		arguments[n++] = words[i];
	err = kt_parse(session->call->cmds, n, arguments, ret_call, ret_cmd);
	if (err || own)
		return err;
	ret_call->machine.root = session->machine.root;
	ret_call->machine.btf = opts->btf;
	ret_call->machine.vmlinux = opts->vmlinux;
	if (!ret_call->machine.pick)
		ret_call->machine.pick = session->machine.opts.pick;
	if (!ret_call->machine.time_ms)
		ret_call->machine.time_ms = opts->time_ms;
	return NULL;
}

static void say_error(struct session *session, struct kt_err *err)
{
	session->failed = true;
	kt_call_say(session->call, kt_err_text(err));
	kt_err_free(err);
}

static void run_line(struct session *session, char *line)
{
	const struct kt_console *console = session->call->console;
	char *words[KT_SHELL_WORDS_MAX];
	const struct kt_cmd *cmd = NULL;
	struct kt_call call;
	int count;
	struct kt_err *err = kt_shell_split(line, words, &count);

	if (!err && !count)
		return;
	if (!err && (strcmp(words[0], "quit") == 0 || strcmp(words[0], "exit") == 0)) {
		session->ended = true;
		return;
	}
	if (!err)
		err = parse(session, count, words, &call, &cmd);
	if (!err && cmd == session->call->own_of)
		err = kt_err_new(KT_ERR_USAGE, "this is a session already; 'quit' ends it");
	if (err) {
		say_error(session, err);
		return;
	}
	call.console = console;
	if (!console->run(cmd, &call, &session->ended))
		session->failed = true;
}

extern const struct kt_cmd kt_cmd_shell;

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	struct session session = { .call = call };
	struct kt_shell_input *input;
	struct kt_err *err;
	char *line;

	report->streamed = true;
	/* the library is opened before the confinement */
	input = kt_shell_input_new(call);
	if (!input)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_needs_confine(&kt_cmd_shell, call,
		(struct kt_confine_needs){ .terminal = call->console && call->console->terminal });
	if (!err && call->machine.source)
		err = kt_machine_open(&call->machine, &session.machine);
	while (!err && !session.ended && (line = kt_shell_read(input)))
		run_line(&session, line);
	report->exit_status = session.failed;
	kt_shell_input_free(input);
	kt_machine_cleanup(&session.machine);
	return err;
}

static const struct kt_example examples[] = {
	{ "ktally shell -s bad.tar.zst <commands.txt", "several questions about one machine" },
	{ "echo kmastat | ktally shell -s bad.tar.zst", "the same in a script" },
};

const struct kt_cmd kt_cmd_shell = {
	.name = "shell",
	.summary = "several commands about one source, one a line",
	.help = "Reads commands from standard input, one a line, as they are written after "
		"'ktally', and runs them on the source that -s names: it is opened once. Words "
		"may be quoted with ' or \"; a word that begins with # begins a comment; 'quit' "
		"ends the session. On a terminal there are history and completion, if libedit is "
		"installed. The status is 1 if a command failed.\n\n"
		"A session about files of another machine is confined like each command: it can "
		"read the source, and write no files.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.confines = true,
	.run = run,
};
