// SPDX-License-Identifier: GPL-2.0-or-later
#include "remote/ssh.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX	   "ssh:"
#define HOST_MAX   255u
#define KEPT_MAX   4u	       /* machines; 'diff' reads two */
#define STREAM_MAX (64u << 20) /* bytes */
#define TOTAL_S	   180	       /* of a stream, with the time to type a password */
#define SILENT_MS  15000       /* between two parts of a stream that has begun */
#define SILENCE_MS 120000      /* before its beginning */
#define FOUND_MAX  3000	       /* files that one `**` finds */
#define FILES_MAX  200000u
#define TOKEN	   (2 * 16 + 1) /* hexadecimal digits and NUL */

static struct kept {
	char *source, token[TOKEN];
	struct kt_buf stream;
} kept[KEPT_MAX];
static size_t nr_kept;

const char *kt_ssh_host(const char *source)
{
	return strncmp(source, PREFIX, strlen(PREFIX)) == 0 ? source + strlen(PREFIX) : NULL;
}

/* ssh(1) itself takes no host that begins with '-'; after "--" it is no option either. */
static struct kt_err *check_host(const char *host)
{
	size_t n = strlen(host);
	bool good = n && n <= HOST_MAX && *host != '-';

	for (size_t i = 0; good && i < n; i++)
		good = (unsigned char)host[i] > ' ' && host[i] != 0x7f;
	return good ? NULL
		    : kt_err_new(KT_ERR_USAGE,
			      "'" PREFIX "%.64s' is not " PREFIX
			      "HOST, with a host as ssh takes it",
			      host);
}

/* ---- the script ---- */

/*
 * Runs on the other side, in any POSIX shell. Files of /sys are read without a process each,
 * because there are thousands. What cannot be read is denied or absent there, as it would be here.
 */
static const char functions[] =
	"exec 2>/dev/null\n"
	"export LC_ALL=C PATH=\"$PATH:/sbin:/usr/sbin\"\n"
	"denied=\n"
	"begin() { printf '\\n%s %s\\n' \"$token\" \"$1\"; }\n"
	"may() {\n"
	"[ -f \"$1\" ] || return 1\n"
	"[ -r \"$1\" ] && return 0\n"
	"denied=\"${denied}denied=${1#/}\n\"\n"
	"return 1\n"
	"}\n"
	"whole() { may \"$1\" || return 0; begin \"${1#/}\"; cat \"$1\"; }\n"
	"lines() {\n"
	"may \"$1\" || return 0\n"
	"begin \"${1#/}\"\n"
	"line=\n"
	"while IFS= read -r line; do printf '%s\\n' \"$line\"; done <\"$1\"\n"
	"printf '%s' \"$line\"\n"
	"}\n"
	"now=$(date +%s)\n";

static const char end[] = "begin dmesg\n"
			  "dmesg\n"
			  "begin ktally/meta\n"
			  "[ \"$(id -u)\" = 0 ] && root=1 || root=0\n"
			  "printf 'page_bytes=%s\\ntaken_s=%s\\nprivileged=%s\\nmachine=%s\\n%s' "
			  "\"$(getconf PAGESIZE)\" \"$now\" \"$root\" \"$(uname -m)\" "
			  "\"$denied\"\n"
			  "begin .\n";

/* Paths of sources have no other characters; quoting would keep the shell from expanding a `*`. */
static bool is_plain(const char *path)
{
	return *path && path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789/._-+:*")] == '\0';
}

static void put_path(struct kt_buf *script, const char *path)
{
	bool is_sys = strncmp(path, "sys", 3) == 0;
	const char *deep = strstr(path, "/**/");

	/* devices block, and type data is no text */
	if (!is_plain(path) || strncmp(path, "dev/", 4) == 0 || strncmp(path, "ktally/", 7) == 0 ||
		strstr(path, "/btf/"))
		return;
	if (deep)
		kt_buf_printf(script,
			"find /%.*s -type f -name '%s' | head -n %d | "
			"while IFS= read -r file; do lines \"$file\"; done\n",
			(int)(deep - path), path, deep + 4, FOUND_MAX);
	else
		kt_buf_printf(script, "for file in /%s; do %s \"$file\"; done\n", path,
			is_sys ? "lines" : "whole");
}

static void put_script(struct kt_buf *script, const char *token, struct kt_ssh_paths paths)
{
	kt_buf_printf(script, "token=%s\n", token);
	kt_buf_puts(script, functions);
	for (size_t i = 0; i < paths.count; i++)
		put_path(script, paths.items[i]);
	kt_buf_puts(script, end);
}

/* ---- the run ---- */

/* In the child: without a shell here. There, the shell of the user's account runs. */
static void become(const char *host, int script, int out)
{
	char *const words[] = { (char *)"ssh", (char *)"-T", (char *)"--", (char *)host,
		(char *)"exec /bin/sh -s", NULL };

	if (dup2(script, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execvp(words[0], words);
	_exit(127);
}

/* Reads until the end, the limits, or a silence that is too long. */
static struct kt_err *read_stream(int fd, int timer, const char *host, struct kt_buf *stream)
{
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN },
		{ .fd = timer, .events = POLLIN } };

	for (;;) {
		int ready = poll(polled, 2, stream->size ? SILENT_MS : SILENCE_MS);
		char *room;
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return kt_err_os(errno, PREFIX "%s", host);
		if (!ready || polled[1].revents)
			return kt_err_new(
				KT_ERR_LIMIT, PREFIX "%s: no end of its answer in time", host);
		room = kt_buf_reserve(stream, 65536);
		if (!room)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		n = read(fd, room, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? kt_err_os(errno, PREFIX "%s", host) : NULL;
		stream->size += (size_t)n;
		if (stream->size > STREAM_MAX)
			return kt_err_new(KT_ERR_LIMIT,
				PREFIX "%s: its answer is longer than %u MiB", host,
				STREAM_MAX >> 20);
	}
}

static struct kt_err *take_end(pid_t child, const char *host, struct kt_err *err)
{
	int status = 0;

	if (err)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (err)
		return err;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return kt_err_new(KT_ERR_ABSENT,
			PREFIX "%s: there is no program 'ssh' here, or no /bin/sh there", host);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return kt_err_new(KT_ERR_REFUSED, PREFIX "%s: ssh ended with status %d", host,
			WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return NULL;
}

static int timer_new(void)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct itimerspec until = { .it_value.tv_sec = TOTAL_S };

	if (timer >= 0)
		timerfd_settime(timer, 0, &until, NULL);
	return timer;
}

static struct kt_err *run(const char *host, int script, struct kt_buf *stream)
{
	int pipes[2] = { -1, -1 }, timer = timer_new();
	struct kt_err *err = NULL;
	pid_t child = -1;

	if (timer < 0 || pipe2(pipes, O_CLOEXEC) < 0 || (child = fork()) < 0)
		err = kt_err_os(errno, PREFIX "%s", host);
	else if (child == 0)
		become(host, script, pipes[1]);
	if (pipes[1] >= 0)
		close(pipes[1]);
	if (!err)
		err = take_end(child, host, read_stream(pipes[0], timer, host, stream));
	if (pipes[0] >= 0)
		close(pipes[0]);
	if (timer >= 0)
		close(timer);
	return err;
}

static struct kt_err *make_token(char token[TOKEN])
{
	unsigned char bytes[(TOKEN - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return kt_err_os(errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return NULL;
}

static struct kept *find(const char *source)
{
	for (size_t i = 0; i < nr_kept; i++) {
		if (strcmp(kept[i].source, source) == 0)
			return &kept[i];
	}
	return NULL;
}

static struct kt_err *fetch(struct kept *slot, const char *host, struct kt_ssh_paths paths)
{
	KT_CLEANUP(buf) struct kt_buf script = { 0 };
	struct kt_err *err = make_token(slot->token);
	int fd = err ? -1 : memfd_create("ktally", MFD_CLOEXEC);

	if (err)
		return err;
	put_script(&script, slot->token, paths);
	if (script.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	else if (fd < 0 || write(fd, script.data, script.size) != (ssize_t)script.size ||
		 lseek(fd, 0, SEEK_SET) != 0)
		err = kt_err_os(errno, PREFIX "%s", host);
	else
		err = run(host, fd, &slot->stream);
	if (fd >= 0)
		close(fd);
	return err;
}

struct kt_err *kt_ssh_fetch(const char *source, struct kt_ssh_paths paths)
{
	const char *host = kt_ssh_host(source);
	struct kept slot = { 0 };
	struct kt_err *err = check_host(host);

	if (err || find(source))
		return err;
	if (nr_kept == KEPT_MAX)
		return kt_err_new(KT_ERR_LIMIT, "%s: more than %u machines", source, KEPT_MAX);
	slot.source = strdup(source);
	err = slot.source ? fetch(&slot, host, paths) : kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (err) {
		kt_buf_cleanup(&slot.stream);
		free(slot.source);
		return err;
	}
	kept[nr_kept++] = slot;
	return NULL;
}

/* ---- the stream ---- */

/* Takes "\nTOKEN PATH\n" and what is before it. False: there is no more of them. */
static bool take_marker(struct kt_span *rest, const char *token, struct kt_span *ret_before,
	struct kt_span *ret_path)
{
	char marker[TOKEN + 2];
	int n = snprintf(marker, sizeof(marker), "\n%s ", token);
	const char *at = rest->n ? memmem(rest->p, rest->n, marker, (size_t)n) : NULL;

	if (!at)
		return false;
	*ret_before = (struct kt_span){ rest->p, (size_t)(at - rest->p) };
	*rest = kt_span_from(*rest, (size_t)(at - rest->p) + (size_t)n);
	return kt_span_line(rest, ret_path);
}

static bool is_inside(const char *path)
{
	return *path && *path != '/' && !strstr(path, "//") && !strstr(path, "..");
}

static struct kt_err *add(
	struct kt_root *root, struct kt_span path, struct kt_span text, kt_root_filter wanted)
{
	char name[PATH_MAX];
	char *data;

	if (path.n >= sizeof(name) || memchr(path.p, '\0', path.n) || text.n > KT_ROOT_FILE_MAX)
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)path.n, path.p);
	/* a path that begins elsewhere would be another machine's in this one */
	if (!is_inside(name) || !wanted || wanted(name) != name)
		return NULL;
	data = malloc(text.n + 1);
	if (!data)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (text.n)
		memcpy(data, text.p, text.n);
	data[text.n] = '\0';
	return kt_root_memory_add(root, name, data, text.n);
}

struct kt_err *kt_ssh_parse(
	struct kt_span stream, const char *token, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct kt_span rest = stream, before, path = { 0 }, next = { 0 };
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_err *err = kt_root_memory_new(KT_ROOT_BUNDLE, &root);
	bool any = !err && take_marker(&rest, token, &before, &path);

	*ret_root = NULL;
	if (!err && !any)
		err = kt_err_new(
			KT_ERR_PARSE, "it sent no file; the shell there may print nothing");
	for (size_t i = 0; !err && !kt_span_eq(path, "."); i++) {
		if (i == FILES_MAX)
			err = kt_err_new(KT_ERR_LIMIT, "it sent more than %u files", FILES_MAX);
		else if (!take_marker(&rest, token, &before, &next))
			err = kt_err_new(KT_ERR_PARSE, "its answer was cut off");
		else
			err = add(root, path, before, wanted);
		path = next;
	}
	if (!err) {
		*ret_root = root;
		root = NULL;
	}
	return err;
}

struct kt_err *kt_ssh_open(const char *source, kt_root_filter wanted, struct kt_root **ret_root)
{
	struct kept *slot = find(source);
	struct kt_err *err;

	if (!slot)
		return kt_err_new(KT_ERR_USAGE,
			"%s: this command cannot read a machine through ssh; 'ktally capture -s %s "
			"FILE.tar' makes a bundle for it",
			source, source);
	err = kt_ssh_parse((struct kt_span){ slot->stream.data, slot->stream.size }, slot->token,
		wanted, ret_root);
	return err ? kt_err_prepend(err, "%s", source) : NULL;
}
