// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the command, runs it, renders its report. The only place that writes to the
// terminal and ends the program.

#include "base/buf.h"
#include "base/printable.h"
#include "cli/needs.h"
#include "commands.h"
#include "machine/clock.h"
#include "output/output.h"
#include "output/stacks.h"
#include "report/growth.h"
#include "report/list.h"
#include "source/still.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_NS 300000000 /* until the first word of progress, and between two */
#define SAY_MAX	    4096      /* bytes of a line on standard error */

/* How a run ended: the exit status of its report, or why there is none. */
enum { END_WELL, END_FAILED = 256, END_USAGE, END_CLOSED /* the output is closed: not an error */ };

/*
 * Reads the variables in the order of setlocale(3). Only the encoding matters, so the locale need
 * not be installed.
 */
static bool has_utf8(void)
{
	const char *locale = getenv("LC_ALL");

	if (!locale || !*locale)
		locale = getenv("LC_CTYPE");
	if (!locale || !*locale)
		locale = getenv("LANG");
	return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
}

/* sd_listen_fds(3): the first socket that a service manager passes is descriptor 3. */
static int passed_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	return pid && count && atoi(pid) == getpid() && atoi(count) == 1 ? 3 : 0;
}

/*
 * The limits keep tables readable: below 40 columns nothing fits, above 200 lines are hard to
 * follow.
 */
static int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;
	struct winsize size;

	if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	return width <= 0 ? 80 : width < 40 ? 40 : width > 200 ? 200 : width;
}

/* A pipe may take a part of the data, and a signal may interrupt; only an error ends the loop. */
static bool write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/*
 * Writes everything that is printed, to standard output and to standard error: an untrusted name
 * cannot control the terminal, even if a command forgets to check it.
 */
static bool write_printable(int fd, struct kt_span text, unsigned flags)
{
	if (isatty(fd) && !has_utf8())
		flags |= KT_PRINTABLE_ASCII;
	while (text.n) {
		size_t n = kt_printable_front(text, flags);

		if (!write_all(fd, text.p, n))
			return false;
		text = kt_span_from(text, n);
		if (text.n && !write_all(fd, "?", 1))
			return false;
		if (text.n)
			kt_utf8_take(&text);
	}
	return true;
}

/* NO_COLOR is a convention of many programs: any value that is not empty turns colours off. */
static bool has_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && strcmp(term, "dumb") == 0);
}

static bool write_out(const char *data, size_t size)
{
	return write_printable(STDOUT_FILENO, (struct kt_span){ data, size },
		KT_PRINTABLE_LINES | (has_color() ? KT_PRINTABLE_COLORS : 0u));
}

/*
 * The line is cut at SAY_MAX, so that a message needs no memory from the heap: it may be about the
 * lack of it.
 */
static void say(const char *text)
{
	char line[SAY_MAX];
	int n = snprintf(line, sizeof(line), "ktally: %s", text);
	size_t size = n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1;

	/* a line is one line */
	if (write_printable(STDERR_FILENO, (struct kt_span){ line, size }, 0))
		write_all(STDERR_FILENO, "\n", 1);
}

static struct kt_output_opts output_opts(const struct kt_call *call)
{
	return (struct kt_output_opts){
		.exact_bytes = call->show.exact_bytes,
		.all = call->show.all,
		.depth = (int)call->show.depth,
		.color = has_color(),
		.unicode = has_utf8(),
		.width = terminal_width(),
	};
}

static bool run_in_session(const struct kt_cmd *cmd, const struct kt_call *call, bool *ret_closed);

/* systemd.exec(5): set where standard error is connected to the journal. */
static bool has_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");

	return stream && *stream && !isatty(STDERR_FILENO);
}

static struct kt_console console(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return (struct kt_console){
		.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term,
		.color = !(no_color && *no_color),
		.unicode = has_utf8(),
		.width = terminal_width(),
		.write = write_out,
		.say = say,
		.run = run_in_session,
		.journal = has_journal(),
		.listen_fd = passed_socket(),
		.config = getenv("XDG_CONFIG_HOME"),
		.home = getenv("HOME"),
	};
}

static int complain(struct kt_err *err)
{
	int status = kt_err_code(err) == KT_ERR_USAGE ? END_USAGE : END_FAILED;

	say(kt_err_text(err));
	kt_err_free(err);
	return status;
}

/* A reader that ended, such as head(1), is not an error of ktally; it gets a code of its own. */
static struct kt_err *write_report(const char *data, size_t size)
{
	if (write_out(data, size))
		return NULL;
	return errno == EPIPE ? kt_err_new(KT_ERR_CLOSED, "the reader is gone")
			      : kt_err_os(errno, "standard output");
}

/* Bytes as they are; print() has seen that they do not go to a terminal. */
static struct kt_err *write_bytes(const char *data, size_t size)
{
	if (write_all(STDOUT_FILENO, data, size))
		return NULL;
	return errno == EPIPE ? kt_err_new(KT_ERR_CLOSED, "the reader is gone")
			      : kt_err_os(errno, "standard output");
}

/* Why a report cannot be shown this way; NULL: it can. */
static struct kt_err *check_output(const struct kt_output *output, const struct kt_report *report)
{
	if (output->charts && !report->charts.count && !report->drawings.count)
		return kt_err_new(KT_ERR_USAGE,
			"-o %s shows charts and drawings, and this report has none; 'ktally plot' "
			"and 'ktally slab CACHE --draw' make one",
			output->name);
	if (output->stacks && !kt_stacks_found(report))
		return kt_err_new(KT_ERR_USAGE,
			"-o %s shows stacks, and this report has none; 'ktally users CACHE --watch "
			"30s' has them",
			output->name);
	if (output->binary && isatty(STDOUT_FILENO))
		return kt_err_new(KT_ERR_USAGE,
			"-o %s is no text for a terminal: write it to a file, 'ktally ... > FILE'",
			output->name);
	return NULL;
}

/*
 * Large reports go through the sink while they are made, so memory does not grow with the output. A
 * report that ran out of memory is not printed as if it were complete.
 */
static int print(
	const struct kt_report *report, const struct kt_call *call, bool repeated, int64_t turn)
{
	const struct kt_output *output = call->show.output;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_output_opts opts = output_opts(call);
	struct kt_sink sink = { .write = output->binary ? write_bytes : write_report };
	struct kt_err *err = check_output(output, report);
	char when[32];

	if (err)
		return complain(err);
	opts.turn = turn;
	opts.when = repeated ? kt_clock_text(when) : NULL;
	opts.sink = &sink;
	output->render(report, &opts, &text);
	if (!sink.err && (text.failed || report->arena.failed))
		sink.err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!sink.err)
		sink.err = sink.write(text.data, text.size);
	if (!sink.err || kt_err_code(sink.err) != KT_ERR_CLOSED)
		return sink.err ? complain(sink.err) : END_WELL;
	kt_err_free(sink.err);
	return END_CLOSED;
}

/* ---- progress of long readings ---- */

struct progress {
	int64_t told_ns;
	bool shown;
};

/*
 * At most one update per PROGRESS_NS: short readings print nothing, and long ones are not slowed
 * down by the terminal.
 */
static void show_progress(void *arg, int64_t done, int64_t all)
{
	struct progress *progress = arg;
	int64_t now_ns = kt_clock_ns();

	if (now_ns - progress->told_ns < PROGRESS_NS || !all)
		return;
	progress->told_ns = now_ns;
	progress->shown = true;
	fprintf(stderr, "\rlooking at every page: %3.0f %%", (double)done / (double)all * 100);
}

static void end_progress(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

/* Progress is only for a terminal: it would spoil a log file. */
static struct kt_err *run_command(
	const struct kt_cmd *cmd, const struct kt_call *call, struct kt_report *report)
{
	struct progress progress = { .told_ns = kt_clock_ns() };
	struct kt_call told = *call;
	struct kt_err *err;

	if (isatty(STDERR_FILENO)) {
		told.machine.progress = show_progress;
		told.machine.progress_arg = &progress;
	}
	err = kt_cmd_run(cmd, &told, report);
	end_progress(&progress);
	/* an error owns its text */
	return err; // cppcheck-suppress returnDanglingLifetime
}

/* Prints warnings that the output does not show, also warnings of a failed report. */
static void say_warnings(const struct kt_report *report, const struct kt_output *output)
{
	if (output->notes && !report->streamed)
		return;
	for (size_t i = 0; i < report->warnings.count; i++) {
		if (report->warnings.items[i])
			say(report->warnings.items[i]);
	}
}

/*
 * One report, from the machine to the terminal. People get the largest rows, programs get all of
 * them. Rows may be folded while they are read only if nothing later asks for a row that is not
 * among the largest.
 */
static int run_once(const struct kt_cmd *cmd, const struct kt_call *call, struct kt_growth *growth,
	int64_t turn)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	bool for_people = call->show.output->for_people;
	struct kt_list_opts list = call->list;
	struct kt_call told = *call;
	struct kt_err *err;
	int status;

	list.empty = call->show.all || !for_people;
	if (!list.top && !call->show.all && !cmd->whole && for_people)
		list.top = KT_LIST_TOP;
	/* only size ranks the rows, and no row is selected later */
	if (for_people && !growth && !call->list.sort && !call->list.filter)
		told.fold_top = list.top;
	err = run_command(cmd, &told, &report);
	if (!err && growth)
		kt_growth_apply(growth, &report, kt_clock_ns());
	if (!err && !report.streamed) /* a streamed list was sorted before */
		err = kt_list_finish(&report, &list);
	say_warnings(&report, call->show.output);
	if (err || report.streamed)
		return err ? complain(err) : report.exit_status;
	status = print(&report, call, growth != NULL, turn);
	return status == END_WELL ? report.exit_status : status;
}

/*
 * Runs at multiples of the interval from the end of the first run, which reads more than the others
 * and may take seconds; a late run does not shift the next ones.
 * `growth` remembers the amounts of the first and the previous turn, `still` the values that cannot
 * change; both are freed with the last turn.
 */
static int run_repeatedly(const struct kt_cmd *cmd, const struct kt_call *call)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();
	KT_CLEANUP(still) struct kt_still *still = kt_still_new();
	struct kt_call told = *call;
	int64_t step_ns = (int64_t)(call->interval_s * 1e9), next_ns = 0;
	int status = END_WELL;

	told.machine.still = still;
	if (!growth || !still)
		return complain(kt_err_new(KT_ERR_NOMEM, "out of memory"));
	for (int64_t turn = 0; status == END_WELL; turn++) {
		status = run_once(cmd, &told, growth, turn);
		if (turn + 1 == call->count)
			break;
		if (!turn)
			next_ns = kt_clock_ns();
		next_ns += step_ns;
		while (next_ns <= kt_clock_ns())
			next_ns += step_ns;
		kt_clock_sleep_until(next_ns);
	}
	return status;
}

static int run_call(const struct kt_cmd *cmd, struct kt_call *call)
{
	call->once = !call->interval_s;
	return call->interval_s && cmd->repeats ? run_repeatedly(cmd, call)
						: run_once(cmd, call, NULL, 0);
}

static bool run_in_session(const struct kt_cmd *cmd, const struct kt_call *call, bool *ret_closed)
{
	struct kt_call told = *call;
	int status = run_call(cmd, &told);

	*ret_closed = status == END_CLOSED;
	return status == END_WELL || status == END_CLOSED;
}

/*
 * Usage errors have a status of their own, so that scripts can tell a mistake from a failure.
 * Monitoring systems take 1 and 2 for states of the machine: their commands have another status.
 */
static int exit_status(const struct kt_cmd *cmd, int end)
{
	bool is_error = end == END_FAILED || end == END_USAGE;

	if (is_error && cmd && cmd->error_status)
		return cmd->error_status;
	return end == END_CLOSED ? 0 : end == END_FAILED ? 1 : end == END_USAGE ? 2 : end;
}

/*
 * The C library knows the local zone by TZ. It reads the files of zones here, because a confined
 * command cannot.
 */
static void choose_zone(const struct kt_call *call)
{
	if (call->machine.utc)
		setenv("TZ", "UTC0", 1);
	tzset();
}

int main(int argc, char **argv)
{
	const struct kt_console terminal = console();
	const struct kt_cmd *cmd = NULL;
	struct kt_call call;
	struct kt_err *err = kt_parse(&kt_commands, argc, argv, &call, &cmd);

	if (err)
		return exit_status(cmd, complain(err));
	choose_zone(&call);
	call.console = &terminal;
	if (!cmd->confines)
		err = kt_needs_confine(cmd, &call, (struct kt_confine_needs){ 0 });
	if (err)
		return exit_status(cmd, complain(err));
	return exit_status(cmd, run_call(cmd, &call));
}
