// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line: the data is split at NUL bytes into its words.

#include "commands.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[ARGS_MAX + 2] = { (char *)"ktally" }, *words = malloc(size + 1);
	const struct kt_cmd *cmd = NULL;
	struct kt_call call;
	struct kt_err *err;
	int argc = 1;

	if (!words)
		abort();
	if (size)
		memcpy(words, data, size);
	words[size] = '\0';
	for (size_t at = 0; at < size && argc <= ARGS_MAX; at += strlen(words + at) + 1)
		argv[argc++] = words + at;
	optind = 0; /* glibc: start over */
	err = kt_parse(&kt_commands, argc, argv, &call, &cmd);
	if (!err && (!cmd || call.nr_operands > kt_cmd_operands_max(cmd) || !call.show.output ||
			    call.show.depth > 9))
		abort();
	if (err && (kt_err_code(err) != KT_ERR_USAGE || !*kt_err_text(err)))
		abort();
	kt_err_free(err);
	free(words);
	return 0;
}
