// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_CMD_H
#define KT_CMD_CMD_H

#include "base/err.h"
#include "model/report.h"

#include <stdbool.h>
#include <stdint.h>

#define KT_OPERANDS_MAX 16

/** Where the recorder writes and others read where nobody says otherwise. */
#define KT_STATE_DIR	     "/var/lib/ktally"
#define KT_RECORDING_DEFAULT KT_STATE_DIR "/ktally.rec"

/** Everything the command line can say, parsed. */
struct kt_options {
	const char *source, *output, *sort, *filter, *from, *to;
	const char *by;	     /* a word of the command's groups; NULL: the first */
	const char *map;     /* of a census: the file of its picture */
	const char *fail_if; /* of a diff: its conditions */
	bool exact_bytes, all, node, cheap, scrub, force, expensive, shared;
	bool families, details;		 /* of slab */
	bool series, pools;		 /* of a report */
	const char *listen, *token_file; /* of serve */
	bool batch;			 /* of top */
	int depth;
	int64_t top, count, pick; /* 0: not given */
	double interval_s;	  /* 0: once */
	const char *operands[KT_OPERANDS_MAX];
	int nr_operands;
	/* Set by main(), not by the command line. */
	/** How far a long reading is; NULL: nobody watches. */
	void (*progress)(void *arg, int64_t done, int64_t all);
	void *progress_arg;
	/** What the terminal can do, and whether there is one at both ends. */
	bool terminal, color, unicode;
	int width;
	/** For a command whose output is a stream; false where nobody reads. */
	bool (*write)(const char *data, size_t size);
	/** A socket that the service manager has opened; 0: none. */
	int listen_fd;
	/** Whoever runs a command again and again: what it showed before; NULL: it runs once. */
	struct kt_shown *shown;
	/** What a command that runs for long tells meanwhile. */
	void (*say)(const char *text);
};

/** One option, described once: parser, help, man page and completion are made from it. */
struct kt_option {
	char letter; /* 0: only the long form */
	const char *name, *arg, *help;
	void (*set)(struct kt_options *options, const char *arg, struct kt_err **ret_err);
	const char *only; /* names of the commands that take it, between blanks; NULL: all */
};

/** One command. One file here is one command, one line in commands.def. */
struct kt_cmd {
	const char *name, *summary;
	const char *operands; /* usage of its operands, or NULL */
	int nr_operands_min, nr_operands_max;
	const char *help;   /* a paragraph or more for --help and the man page */
	bool repeats;	    /* -i repeats it */
	bool whole;	    /* text shows its lists whole: they are short by nature */
	const char *groups; /* what --by takes, between blanks, the default first; or NULL */
	bool paced;	    /* it takes -i and -n itself */
	const char *output; /* the format where nobody asks for one; NULL: text */
	struct kt_err *(*run)(const struct kt_options *options, struct kt_report *report);
};

#define COMMAND(name) extern const struct kt_cmd kt_cmd_##name;
#include "cmd/commands.def"
#undef COMMAND

extern const struct kt_cmd *const kt_cmds[];
extern const size_t kt_nr_cmds;
extern const struct kt_option kt_option_table[];
extern const size_t kt_nr_options;

const struct kt_cmd *kt_cmd_find(const char *name);
#define KT_WORDS_LIST 128
/** "zone, node" of "zone node", for people. */
void kt_words_list(const char *words, char ret[KT_WORDS_LIST]);
/** Does the command take the option? */
bool kt_option_of(const struct kt_option *option, const struct kt_cmd *cmd);
/** Parses argv; without a command it is "account". */
struct kt_err *kt_options_parse(int argc, char **argv, struct kt_options *ret_options,
	const struct kt_cmd **ret_cmd) KT_MUST_CHECK;

#endif
