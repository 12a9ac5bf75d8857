// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_MACHINE_SHELL_LINE_H
#define KT_CMD_MACHINE_SHELL_LINE_H

#include "cli/cmd.h"

#define KT_SHELL_WORDS_MAX 64

/**
 * Lines of a session: with history and completion by libedit where input is a terminal and the
 * library is installed, else as they come.
 */
struct kt_shell_input;

/** Opens libedit, if there is a terminal. NULL: out of memory. */
struct kt_shell_input *kt_shell_input_new(const struct kt_call *call);
/** Reads a line without its end; the text is valid until the next call. NULL: there is no more. */
char *kt_shell_read(struct kt_shell_input *input);
void kt_shell_input_free(struct kt_shell_input *input);

/**
 * Splits a line into words, in place: at blanks, except in '...' and "...", and before a word that
 * begins with #. USAGE: a quote is not closed, or there are too many words.
 */
struct kt_err *kt_shell_split(
	char *line, char *ret_words[KT_SHELL_WORDS_MAX], int *ret_count) KT_MUST_CHECK;

#endif
