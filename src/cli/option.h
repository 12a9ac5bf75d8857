// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CLI_OPTION_H
#define KT_CLI_OPTION_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Options and operands as tables. Parser, help, man page, completion, the queries of the web
 * server and the confinement are made from them.
 */

/**
 * Kind of a value: how it is parsed and stored, what completes it, whether it names a file. Values
 * are stored as `const char *`, unless another type is next to the kind.
 */
enum kt_arg_kind {
	KT_ARG_FLAG,	/* bool; an option without a value */
	KT_ARG_NUMBER,	/* int64_t, from `min` to `max` */
	KT_ARG_SECONDS, /* double, with a fraction */
	KT_ARG_CHOICE,	/* int, the place of the word in `choices` */
	KT_ARG_OUTPUT,	/* const struct kt_output * */
	KT_ARG_SOURCE, /* a machine: directory, bundle, recording, log; as an operand also "live" */
	KT_ARG_RECORDING, /* a file that is read; missing: the usual one */
	KT_ARG_NEW_FILE,  /* a file that is made */
	KT_ARG_INPUT,	  /* a file whose form only the command knows */
	KT_ARG_FILE,	  /* a file that the command reads before it is confined */
	KT_ARG_DIRECTORY, /* a directory of files that the command reads */
	KT_ARG_ROW,	  /* id or title of a row of the account */
	KT_ARG_COLUMN,	  /* key of a column */
	KT_ARG_TEXT,	  /* any text */
	KT_ARG_PATTERN,	  /* of names */
	KT_ARG_SERIES,	  /* of names in a recording */
	KT_ARG_CACHE,	  /* name of a slab cache */
	KT_ARG_TIME,	  /* base/when.h */
	KT_ARG_CONDITION,
	KT_ARG_ADDRESS, /* of the network */
	KT_ARG_KERNEL_ADDRESS,
	KT_ARG_COMMAND,
	KT_NR_ARG_KINDS
};

struct kt_option {
	char letter; /* 0: only the long form */
	const char *name;
	const char *arg; /* name of its value in the help; NULL: it has none */
	const char *help;
	enum kt_arg_kind kind;
	size_t offset, size; /* of the value: KT_AT() */
	int64_t min, max;    /* of a number */
	const char *takes;   /* "a number from 1 to 9", for the message */
	const char *choices; /* words between blanks; the first is the default */
	/**
	 * A request to the web server may give it. Its value may then come from an untrusted user:
	 * no path, and no value that makes the command cost more than a user of the page may spend.
	 */
	bool web;
	struct kt_err *(*prepare)(void); /* opens the libraries for writing the file */
};

/** Where an option's value is stored: a member of the group's own struct. */
#define KT_AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/** Subject of a command. */
struct kt_operand {
	const char *name; /* in the help */
	enum kt_arg_kind kind;
	bool optional, many;
	const char *usual;   /* default of a recording or a new file */
	const char *choices; /* as for an option */
	const char *web;     /* name under which a request gives it; NULL: it cannot */
	struct kt_err *(*prepare)(void);
};

/**
 * Stores the value in the struct that begins at `base`. `text`: NULL for a flag; it must outlive
 * the struct. The error is USAGE: not a value of that kind.
 */
struct kt_err *kt_option_set(
	const struct kt_option *option, void *base, const char *text) KT_MUST_CHECK;
/** Returns the index of `word` in words between blanks; -1: it is not one of them. */
int kt_words_find(const char *words, const char *word);
#define KT_WORDS_LIST 128
/** Writes "zone node" as "zone, node". */
void kt_words_list(const char *words, char ret[KT_WORDS_LIST]);

#endif
