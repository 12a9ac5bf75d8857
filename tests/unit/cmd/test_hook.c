// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/alert/hook.h"

#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_TURNS 2000 /* of 5 ms */

/* A program that writes its input and its variables to a file. */
static void make_program(const char *path, const char *out, const char *last)
{
	FILE *file = fopen(path, "w");

	fprintf(file, "#!/bin/sh\ncat >%s\nenv | grep ^KTALLY_ >>%s\n%s\n", out, out, last);
	fclose(file);
	chmod(path, 0700);
}

static const char *run(struct kt_hook *hook, char text[160])
{
	const char *trouble = NULL;

	for (int i = 0; i < WAIT_TURNS && !trouble && (hook->child || hook->nr_waiting); i++) {
		trouble = kt_hook_step(hook, 1, text);
		usleep(5000);
	}
	CHECK(trouble || (!hook->child && !hook->nr_waiting));
	return trouble;
}

static void add(struct kt_hook *hook, const char *title)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_notice notice = { .event = KT_NOTICE_BEGUN };
	struct kt_finding *finding =
		kt_report_finding(&report, "growing", KT_SEVERITY_CRITICAL, "growing", "slab:x");

	finding->title = title;
	notice.finding = finding;
	kt_hook_add(hook, &notice);
}

TEST(a_program_gets_the_finding_and_no_shell_sees_it)
{
	char folder[] = "/tmp/ktally-hook-XXXXXX", program[64], out[64], text[160], read[4096] = "";
	struct kt_hook hook;
	FILE *file;

	if (!CHECK(mkdtemp(folder) != NULL))
		return;
	snprintf(program, sizeof(program), "%s/program", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	make_program(program, out, "exit 0");
	CHECK(!kt_hook_init(&hook, program));
	add(&hook, "$(touch /tmp/never) `x` \"quoted\"");
	CHECK(!run(&hook, text));
	file = fopen(out, "r");
	if (CHECK(file != NULL)) {
		read[fread(read, 1, sizeof(read) - 1, file)] = 0;
		fclose(file);
	}
	CHECK(strstr(read, "{\"event\": \"begun\", \"finding\": {\"id\": \"growing\""));
	CHECK(strstr(read, "KTALLY_TITLE=$(touch /tmp/never) `x` \"quoted\"\n"));
	CHECK(strstr(read, "KTALLY_SEVERITY=critical\n"));
	make_program(program, out, "exit 3");
	add(&hook, "again");
	CHECK_STR(run(&hook, text), "the command of --on-finding ended with status 3");
	kt_hook_fini(&hook);
	unlink(out);
	unlink(program);
	rmdir(folder);
}

TEST(runs_in_an_hour_and_notices_that_wait_are_bounded)
{
	struct kt_hook hook;
	char text[160];

	CHECK(!kt_hook_init(&hook, "/bin/true"));
	for (int i = 0; i < 40; i++) {
		add(&hook, "x");
		if (!hook.child)
			kt_hook_step(&hook, 1, text);
		for (int k = 0; k < WAIT_TURNS && hook.child && hook.nr_in_hour < KT_HOOK_HOURLY;
			k++) {
			usleep(5000);
			kt_hook_step(&hook, 1, text);
			if (!hook.nr_waiting)
				break;
		}
	}
	CHECK_INT(hook.nr_in_hour, KT_HOOK_HOURLY);
	CHECK_INT(hook.nr_waiting, KT_HOOK_WAITING);
	kt_hook_fini(&hook);
}

TEST(a_run_that_does_not_end_is_killed)
{
	char folder[] = "/tmp/ktally-hook-XXXXXX", program[64], out[64], text[160];
	const char *trouble = NULL;
	struct kt_hook hook;

	if (!CHECK(mkdtemp(folder) != NULL))
		return;
	snprintf(program, sizeof(program), "%s/program", folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	make_program(program, out, "exec sleep 1000");
	CHECK(!kt_hook_init(&hook, program));
	add(&hook, "x");
	CHECK(!kt_hook_step(&hook, 1, text) && hook.child);
	CHECK(!kt_hook_step(&hook, 1 + KT_HOOK_LIMIT_MS / 2, text) && hook.child);
	trouble = kt_hook_step(&hook, 1 + KT_HOOK_LIMIT_MS, text);
	CHECK(trouble && strstr(trouble, "was killed") && !hook.child);
	kt_hook_fini(&hook);
	unlink(out);
	unlink(program);
	rmdir(folder);
}
