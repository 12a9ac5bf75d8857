// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/alert/hook.h"

#include "output/json.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR_MS 3600000ll

struct kt_err *kt_hook_init(struct kt_hook *ret_hook, const char *program)
{
	struct stat st;

	*ret_hook = (struct kt_hook){ .program = program };
	if (!program)
		return NULL;
	if (!strchr(program, '/'))
		return kt_err_new(KT_ERR_USAGE,
			"--on-finding takes the path of a program: /usr/local/bin/%.64s", program);
	if (stat(program, &st) < 0 || !S_ISREG(st.st_mode) || access(program, X_OK) < 0)
		return kt_err_new(KT_ERR_USAGE,
			"--on-finding: %.200s is no program that can be run: %s", program,
			errno ? strerror(errno) : "not a file");
	return NULL;
}

static void run_fini(struct kt_hook_run *run)
{
	kt_buf_cleanup(&run->json);
	kt_buf_cleanup(&run->environment);
	*run = (struct kt_hook_run){ 0 };
}

void kt_hook_add(struct kt_hook *hook, const struct kt_notice *notice)
{
	struct kt_notice_field fields[KT_NOTICE_FIELDS];
	struct kt_hook_run *run = &hook->waiting[hook->nr_waiting];

	if (!hook->program)
		return;
	if (hook->nr_waiting == KT_HOOK_WAITING) {
		hook->nr_dropped++;
		return;
	}
	kt_notice_fields(notice, fields);
	for (size_t i = 0; i < KT_NOTICE_FIELDS; i++) {
		kt_buf_printf(&run->environment, "KTALLY_%s=%s", fields[i].name, fields[i].value);
		kt_buf_add(&run->environment, "", 1);
	}
	kt_buf_printf(&run->json,
		"{\"event\": \"%s\", \"finding\": ", kt_notice_event_name(notice->event));
	kt_json_finding(&run->json, notice->finding);
	kt_buf_puts(&run->json, "}\n");
	if (run->environment.failed || run->json.failed)
		run_fini(run);
	else
		hook->nr_waiting++;
}

/* ---- a run ---- */

/* The variables of the recorder and of the notice; they point into both. NULL: out of memory. */
static char **variables(const struct kt_hook_run *run)
{
	size_t count = 0, at = 0;
	char **all;

	while (environ[count])
		count++;
	all = calloc(count + KT_NOTICE_FIELDS + 1, sizeof(*all));
	if (!all)
		return NULL;
	memcpy(all, environ, count * sizeof(*all));
	while (at < run->environment.size) {
		all[count++] = run->environment.data + at;
		at += strlen(run->environment.data + at) + 1;
	}
	return all;
}

static int input_of(const struct kt_hook_run *run)
{
	int fd = memfd_create("ktally", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, run->json.data, run->json.size) != (ssize_t)run->json.size ||
			       lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* In the child: its files are closed on execution, so the recording's lock is not passed on. */
static void become(const char *program, int input, char **all)
{
	char *const words[] = { (char *)program, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	if (dup2(input, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	execve(program, words, all);
	_exit(127);
}

static bool start(struct kt_hook *hook, const struct kt_hook_run *run)
{
	char **all = variables(run);
	int input = input_of(run);

	hook->child = all && input >= 0 ? fork() : -1;
	if (hook->child == 0)
		become(hook->program, input, all);
	if (input >= 0)
		close(input);
	free(all);
	if (hook->child > 0)
		return true;
	hook->child = 0;
	return false;
}

static void take_end(struct kt_hook *hook, int64_t boot_ms)
{
	int status = 0;
	pid_t pid = waitpid(hook->child, &status, WNOHANG);

	if (pid == 0 && boot_ms - hook->started_ms < KT_HOOK_LIMIT_MS)
		return;
	if (pid == 0) {
		/* it cannot refuse, so this waits for the kernel only */
		kill(-hook->child, SIGKILL);
		kill(hook->child, SIGKILL);
		waitpid(hook->child, NULL, 0);
		hook->timed_out = true;
	} else if (pid > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		hook->status = status;
	hook->child = 0;
}

static bool has_turn(struct kt_hook *hook, int64_t boot_ms)
{
	if (!hook->hour_ms || boot_ms - hook->hour_ms >= HOUR_MS) {
		hook->hour_ms = boot_ms;
		hook->nr_in_hour = 0;
	}
	return hook->nr_in_hour < KT_HOOK_HOURLY;
}

static const char *describe(struct kt_hook *hook, bool failed, char text[160])
{
	int status = hook->status;

	if (failed)
		snprintf(text, 160, "the command of --on-finding cannot be started");
	else if (hook->timed_out)
		snprintf(text, 160, "the command of --on-finding was killed after %lld s",
			KT_HOOK_LIMIT_MS / 1000);
	else if (status && WIFEXITED(status))
		snprintf(text, 160, "the command of --on-finding ended with status %d",
			WEXITSTATUS(status));
	else if (status)
		snprintf(text, 160, "the command of --on-finding was ended by signal %d",
			WTERMSIG(status));
	else if (hook->nr_dropped)
		snprintf(text, 160, "%llu findings were not passed to --on-finding: too many",
			(unsigned long long)hook->nr_dropped);
	else
		return NULL;
	hook->timed_out = false;
	hook->status = 0;
	hook->nr_dropped = 0;
	return text;
}

const char *kt_hook_step(struct kt_hook *hook, int64_t boot_ms, char text[160])
{
	struct kt_hook_run run;
	bool failed = false;

	if (hook->child)
		take_end(hook, boot_ms);
	if (!hook->child && hook->nr_waiting && has_turn(hook, boot_ms)) {
		run = hook->waiting[0];
		memmove(&hook->waiting[0], &hook->waiting[1],
			(hook->nr_waiting - 1) * sizeof(hook->waiting[0]));
		hook->waiting[--hook->nr_waiting] = (struct kt_hook_run){ 0 };
		failed = !start(hook, &run);
		hook->started_ms = boot_ms;
		hook->nr_in_hour++;
		run_fini(&run);
	}
	return describe(hook, failed, text);
}

void kt_hook_fini(struct kt_hook *hook)
{
	if (hook->child) {
		kill(-hook->child, SIGKILL);
		kill(hook->child, SIGKILL);
		waitpid(hook->child, NULL, 0);
	}
	for (size_t i = 0; i < hook->nr_waiting; i++)
		run_fini(&hook->waiting[i]);
	*hook = (struct kt_hook){ 0 };
}
