// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CLI_CMD_H
#define KT_CLI_CMD_H

#include "base/err.h"
#include "cli/option.h"
#include "machine/machine.h"
#include "output/output.h"
#include "report/list.h"
#include "report/report.h"
#include "report/shape.h"

#define KT_OPERANDS_MAX 16
#define KT_OWN_MAX	64 /* bytes of a command's own arguments */

struct kt_call;
struct kt_cmd;
struct kt_cmds;
struct kt_shown;

/** Environment of a running program: the terminal, the output, a socket. */
struct kt_console {
	/** terminal: input and output are one; color, unicode: it can show them */
	bool terminal, color, unicode;
	int width;
	/** Writes the output of a command that is a stream; false: its reader is gone. */
	bool (*write)(const char *data, size_t size);
	/** Writes a line to standard error; NULL: lines are not shown. */
	void (*say)(const char *text);
	/**
	 * Runs a command of a session and prints its report. False: it failed. `ret_closed` is set
	 * when the reader of the output is gone.
	 */
	bool (*run)(const struct kt_cmd *cmd, const struct kt_call *call, bool *ret_closed);
	bool journal;  /* standard error goes to the journal of systemd */
	int listen_fd; /* a socket that the service manager has opened; 0: none */
	/** directories of the user: for configuration (XDG_CONFIG_HOME), HOME; NULL: not set */
	const char *config, *home;
};

/** Presentation of a report, as far as a command has to know it. */
struct kt_show {
	const struct kt_output *output;
	bool exact_bytes, all;
	int64_t depth; /* levels of trees; 0: not given */
};

/**
 * One run of a command: its subject and its options. The parser makes it from a command line.
 * Code that wants the report of a command fills in the parts that it needs and leaves the rest 0.
 */
struct kt_call {
	struct kt_machine_opts machine;
	struct kt_list_opts list;
	struct kt_show show;
	double interval_s; /* seconds; 0: once */
	int64_t count;	   /* repetitions; 0: no end */
	const char *operands[KT_OPERANDS_MAX];
	int nr_operands;
	/** Arguments of command `own_of`'s own: kt_call_own(). All 0: their defaults. */
	union {
		max_align_t align;
		char bytes[KT_OWN_MAX];
	} own;
	const struct kt_cmd *own_of; /* NULL: no own arguments */
	/** One reading for one user: sources that cost more than the account may be read too. */
	bool once;
	/**
	 * Number of rows of a list that are shown, once and by size; 0: other rows may be asked
	 * for. A command may fold the rest: see kt_list_fold().
	 */
	int64_t fold_top;
	/** Keeps the rows of a list steady from one reading to the next; NULL: one reading. */
	struct kt_shown *shown;
	const struct kt_console *console; /* NULL: no console */
	const struct kt_cmds *cmds;	  /* every command, for the help and the web server */
};

/** Returns the struct that the command's own options are stored in. */
static inline const void *kt_call_own(const struct kt_call *call)
{
	return &call->own;
}

static inline void kt_call_say(const struct kt_call *call, const char *text)
{
	if (call->console && call->console->say)
		call->console->say(text);
}

/** Writes to the console, if there is one. False: the reader of the output is gone. */
static inline bool kt_call_write(const struct kt_call *call, const char *data, size_t size)
{
	return !call->console || !call->console->write || call->console->write(data, size);
}

/** Size of a command's own struct, for its descriptor. Does not compile if it is too large. */
#define KT_OWN(type) .own_size = sizeof(type) * sizeof(char[sizeof(type) <= KT_OWN_MAX ? 1 : -1])

/** Options that a request to the web server may give to the command. */
enum kt_web {
	KT_WEB_NOT,   /* requests cannot run it */
	KT_WEB_PLAIN, /* the options and the operand that are marked for the web */
	KT_WEB_LISTS, /* the options of lists too */
};

/** A command line that works as it stands. */
struct kt_example {
	const char *line;
	const char *what; /* the question that it answers */
};

/** One command. One file is one command, one line in commands.def. */
struct kt_cmd {
	const char *name, *summary;
	const char *alias; /* another name, which is not listed; NULL: none */
	const struct kt_operand *operands;
	size_t nr_operands;
	const struct kt_option *options; /* own ones */
	size_t nr_options;
	size_t own_size;
	/** An option that means the command: "--version"; its value is not stored. */
	const struct kt_option *as_option;
	const char *reads;   /* a directory that it reads if it exists; NULL: none */
	const char *program; /* a name of the program that means the command */
	const char *help;    /* paragraphs for --help and the man page, separated by empty lines */
	const struct kt_example *examples; /* at least one; the first runs this command */
	size_t nr_examples;
	bool repeats;	  /* -i repeats it */
	bool whole;	  /* text shows its lists whole: they are short by nature */
	bool confines;	  /* gives up itself what it does not need: see cli/needs.h */
	bool paced;	  /* handles -i and -n itself */
	bool lists;	  /* uses the options of lists; so does each command with KT_WEB_LISTS */
	bool alone;	  /* reads no machine */
	int error_status; /* exit status of errors; 0: 1, or 2 for wrong use */
	enum kt_web web;
	/** The shape of its report; with an operand, if that differs; NULL: it has no schema. */
	const struct kt_shape *shape, *shape_of_one;
	const struct kt_output *output; /* default of -o; NULL: text */
	struct kt_err *(*run)(const struct kt_call *call, struct kt_report *report);
};

/** Commands of one kind, up to the first command of the next group. */
struct kt_cmd_group {
	const char *title;
	size_t first; /* index in struct kt_cmds */
};

/** All commands of a program. */
struct kt_cmds {
	const struct kt_cmd *const *items;
	size_t count;
	const struct kt_cmd_group *groups;
	size_t nr_groups;
	const struct kt_example *examples; /* the first ones to try */
	size_t nr_examples;
	const struct kt_cmd *usual, *help; /* the command without a word; the one for --help */
};

/** Finds a command by its name; NULL: no command has it. */
const struct kt_cmd *kt_cmd_find(const struct kt_cmds *cmds, const char *name);
/** Returns the index of the group that a command is in, given the index of the command. */
size_t kt_cmds_group(const struct kt_cmds *cmds, size_t cmd);
/**
 * Runs a command; own arguments of another command do not reach it. A report that is not whole
 * because memory ran out is an error.
 */
struct kt_err *kt_cmd_run(const struct kt_cmd *cmd, const struct kt_call *call,
	struct kt_report *report) KT_MUST_CHECK;
/** Finds an option of the command's own by its name; NULL: it has no such option. */
const struct kt_option *kt_cmd_option(const struct kt_cmd *cmd, const char *name);
/** Returns the largest number of operands. */
int kt_cmd_operands_max(const struct kt_cmd *cmd);
/** Returns the description of operand `index`, from 0; NULL: the command takes fewer. */
const struct kt_operand *kt_cmd_operand(const struct kt_cmd *cmd, int index);
#define KT_USAGE 128
/** Writes the operands, "[FILE] [SERIES...]" or "" for none, to `ret`, and returns it. */
const char *kt_cmd_usage(const struct kt_cmd *cmd, char ret[KT_USAGE]);

/** Groups of the options that every command takes; the values are stored in struct kt_call. */
enum kt_option_groups {
	KT_GROUP_MACHINE,
	KT_GROUP_OUTPUT,
	KT_GROUP_LISTS,
	KT_GROUP_TIME,
	KT_NR_GROUPS
};

struct kt_option_group {
	const char *title;
	const struct kt_option *options;
	size_t count;
};
extern const struct kt_option_group kt_option_groups[KT_NR_GROUPS];
/** Returns whether the options of a group change what the command does. */
bool kt_cmd_uses(const struct kt_cmd *cmd, enum kt_option_groups group);

/**
 * Parses a command line into *ret_call, which points to its words; without a word it is the
 * usual command. The error is USAGE; *ret_cmd is set after it too, if the line named a command.
 */
struct kt_err *kt_parse(const struct kt_cmds *cmds, int argc, char **argv, struct kt_call *ret_call,
	const struct kt_cmd **ret_cmd) KT_MUST_CHECK;

#endif
