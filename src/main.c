// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the command, runs it, renders its report. The only place that writes to the
// terminal and ends the program.

#include "base/buf.h"
#include "cmd/cmd.h"
#include "output/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static bool has_utf8(void)
{
	const char *locale = getenv("LC_ALL");

	if (!locale || !*locale)
		locale = getenv("LC_CTYPE");
	if (!locale || !*locale)
		locale = getenv("LANG");
	return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
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

static int complain(struct kt_err *err)
{
	int status = kt_err_code(err) == KT_ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;

	fputs("ktally: ", stderr);
	/* names of foreign files are in it, and must not control the terminal */
	for (const char *p = kt_err_text(err); *p; p++)
		fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, stderr);
	fputc('\n', stderr);
	kt_err_free(err);
	return status;
}

static int print(const struct kt_report *report, const struct kt_options *options)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_output_opts opts = output_opts(options);

	kt_output_find(options->output)->render(report, &opts, &text);
	if (text.failed || report->arena.failed)
		return complain(kt_err_new(KT_ERR_NOMEM, "out of memory"));
	if (!write_all(text.data, text.size) && errno != EPIPE)
		return complain(kt_err_os(errno, "standard output"));
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const struct kt_cmd *cmd = NULL;
	struct kt_options options;
	struct kt_err *err;

	err = kt_options_parse(argc, argv, &options, &cmd);
	if (!err)
		err = cmd->run(&options, &report);
	return err ? complain(err) : print(&report, &options);
}
