// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the command, runs it, renders its report. The only place that writes to the
// terminal and ends the program.

#include "base/buf.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "model/growth.h"
#include "model/list.h"
#include "output/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROGRESS_NS 300000000 /* until the first word of progress, and between two */
#define LIST_TOP    20	      /* rows of a list in text, where nobody says how many */

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_CLOSED /* nobody reads: not an error */ };

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

static int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;
	struct winsize size;

	if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	return width <= 0 ? 80 : width < 40 ? 40 : width > 200 ? 200 : width;
}

static struct kt_output_opts output_opts(const struct kt_options *options)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (struct kt_output_opts){
		.exact_bytes = options->exact_bytes,
		.all = options->all,
		.depth = options->depth,
		.color = isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
			 !(term && strcmp(term, "dumb") == 0),
		.unicode = has_utf8(),
		.width = terminal_width(),
	};
}

static void describe_terminal(struct kt_options *options)
{
	struct kt_output_opts opts = output_opts(options);
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	options->terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term;
	options->color = !(no_color && *no_color);
	options->unicode = opts.unicode;
	options->width = opts.width;
}

static bool write_all(const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

static void say(const char *text)
{
	fputs("ktally: ", stderr);
	/* names of foreign files are in it, and must not control the terminal */
	for (const char *p = text; *p; p++)
		fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, stderr);
	fputc('\n', stderr);
}

static int complain(struct kt_err *err)
{
	int status = kt_err_code(err) == KT_ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;

	say(kt_err_text(err));
	kt_err_free(err);
	return status;
}

static int print(const struct kt_report *report, const struct kt_options *options, int64_t turn)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_output_opts opts = output_opts(options);
	char when[32];

	if (kt_output_find(options->output)->charts && !report->charts.count)
		return complain(kt_err_new(KT_ERR_USAGE,
			"-o %s shows charts, and there is none; 'ktally plot' makes them",
			options->output));
	opts.turn = turn;
	opts.when = options->interval_s ? kt_session_clock_text(when) : NULL;
	kt_output_find(options->output)->render(report, &opts, &text);
	if (text.failed || report->arena.failed)
		return complain(kt_err_new(KT_ERR_NOMEM, "out of memory"));
	if (!write_all(text.data, text.size))
		return errno == EPIPE ? EXIT_CLOSED : complain(kt_err_os(errno, "standard output"));
	return EXIT_DONE;
}

/* ---- progress of what takes long ---- */

struct progress {
	int64_t told_ns;
	bool shown;
};

static void show_progress(void *arg, int64_t done, int64_t all)
{
	struct progress *progress = arg;
	int64_t now_ns = kt_session_clock_ns();

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

static struct kt_err *run_command(
	const struct kt_cmd *cmd, const struct kt_options *options, struct kt_report *report)
{
	struct progress progress = { .told_ns = kt_session_clock_ns() };
	struct kt_options told = *options;
	struct kt_err *err;

	if (isatty(STDERR_FILENO)) {
		told.progress = show_progress;
		told.progress_arg = &progress;
	}
	err = cmd->run(&told, report);
	end_progress(&progress);
	/* an error has a text of its own */
	return err; // cppcheck-suppress returnDanglingLifetime
}

/* One report, from the machine to the terminal. */
static int run_once(const struct kt_cmd *cmd, const struct kt_options *options,
	struct kt_growth *growth, int64_t turn)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_list_opts list = {
		.sort = options->sort,
		.filter = options->filter,
		.top = options->top,
		.empty = options->all || strcmp(options->output, "text") != 0,
	};
	struct kt_err *err = run_command(cmd, options, &report);
	int status;

	if (!list.top && !options->all && !cmd->whole && strcmp(options->output, "text") == 0)
		list.top = LIST_TOP;
	if (!err && growth)
		kt_growth_apply(growth, &report, kt_session_clock_ns());
	if (!err)
		err = kt_list_finish(&report, &list);
	if (err || report.streamed)
		return err ? complain(err) : EXIT_DONE;
	status = print(&report, options, turn);
	return status == EXIT_DONE && report.failed ? EXIT_FAILED : status;
}

/* At multiples of the interval from the start; a late one does not shift the others. */
static int run_repeatedly(const struct kt_cmd *cmd, const struct kt_options *options)
{
	KT_CLEANUP(growth) struct kt_growth *growth = kt_growth_new();
	int64_t step_ns = (int64_t)(options->interval_s * 1e9), next_ns = kt_session_clock_ns();
	int status = EXIT_DONE;

	if (!growth)
		return complain(kt_err_new(KT_ERR_NOMEM, "out of memory"));
	for (int64_t turn = 0; status == EXIT_DONE; turn++) {
		status = run_once(cmd, options, growth, turn);
		if (turn + 1 == options->count)
			break;
		next_ns += step_ns;
		while (next_ns <= kt_session_clock_ns())
			next_ns += step_ns;
		kt_session_sleep_until(next_ns);
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct kt_cmd *cmd = NULL;
	struct kt_options options;
	struct kt_err *err = kt_options_parse(argc, argv, &options, &cmd);
	int status;

	if (err)
		return complain(err);
	options.say = say;
	options.listen_fd = passed_socket();
	options.write = write_all;
	describe_terminal(&options);
	status = options.interval_s && cmd->repeats ? run_repeatedly(cmd, &options)
						    : run_once(cmd, &options, NULL, 0);
	return status == EXIT_CLOSED ? EXIT_DONE : status;
}
