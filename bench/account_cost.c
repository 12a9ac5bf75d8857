// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the account of the running machine (or another command) costs, beside a program that
// only opens, reads and closes the same files, and beside a peer that answers the same
// question: all are run alternately, and CPU time (user and system, of the child) and peak
// memory of each are printed with their ratio.
//
// usage: account_cost KTALLY READFILES [RUNS [COMMAND "SOURCES" [PEER...]]]

#include "root/root.h"
#include "source/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_MAX 4096
#define RUNS_MAX  1000

struct sample {
	double cpu_ms;
	long rss_kib;
};

static struct sample run(char *const argv[])
{
	struct sample sample = { 0 };
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) ||
		WEXITSTATUS(status) != 0) {
		fprintf(stderr, "account_cost: %s failed\n", argv[0]);
		exit(EXIT_FAILURE);
	}
	sample.cpu_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
	sample.rss_kib = usage.ru_maxrss;
	return sample;
}

struct list {
	char *files[FILES_MAX + 2];
	int count;
};

static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct list *list = arg;

	(void)text;
	if (!err && list->count < FILES_MAX)
		list->files[list->count++] =
			strdup(strcmp(path, "ktally/vmstat.after") == 0 ? "proc/vmstat" : path);
}

/* The files that the command reads, by asking the code that reads them. */
static void list_files(const char *names, struct list *list)
{
	const struct kt_source *sources[64] = { NULL };
	struct kt_needs needs = { .only = sources };
	struct kt_span rest = kt_span_str(names ? names : ""), word;
	size_t nr_sources = 0;
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_collect_opts opts = { .needs = names ? &needs : NULL };
	struct kt_root *root = NULL;
	struct kt_err *err = kt_root_open_live(&root);

	while (kt_span_word(&rest, &word) && nr_sources + 1 < KT_LEN(sources)) {
		for (size_t i = 0; i < kt_nr_sources; i++) {
			if (kt_span_eq(word, kt_sources[i]->name))
				sources[nr_sources++] = kt_sources[i];
		}
	}
	if (!snap || err) {
		fprintf(stderr, "account_cost: cannot list the files\n");
		exit(EXIT_FAILURE);
	}
	snap->host.live = true;
	snap->host.privileged = geteuid() == 0;
	snap->host.page_bytes = sysconf(_SC_PAGESIZE);
	kt_root_set_watch(root, on_read, list);
	err = kt_collect(root, &opts, snap);
	kt_err_free(err);
	kt_root_free(root);
	kt_snapshot_free(snap);
}

static int by_cpu(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return (x->cpu_ms > y->cpu_ms) - (x->cpu_ms < y->cpu_ms);
}

static void print(const char *name, const struct sample *sample)
{
	printf("  %-14s %7.2f ms CPU  %6ld KiB peak\n", name, sample->cpu_ms, sample->rss_kib);
}

/* The median is left in the middle. */
static const struct sample *median(struct sample *samples, int runs)
{
	qsort(samples, (size_t)runs, sizeof(*samples), by_cpu);
	return &samples[runs / 2];
}

int main(int argc, char **argv)
{
	static struct sample ours[RUNS_MAX], bare[RUNS_MAX], theirs[RUNS_MAX];
	static struct list list;
	int runs = argc > 3 ? atoi(argv[3]) : 100;
	char *ktally[] = { argv[1], argc > 4 ? argv[4] : NULL, NULL };
	char **peer = argc > 6 ? argv + 6 : NULL;
	double bar;

	if (argc < 3 || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: account_cost KTALLY READFILES [RUNS [COMMAND \"SOURCES\" "
				"[PEER...]]]\n");
		return EXIT_FAILURE;
	}
	list.files[list.count++] = argv[2];
	list_files(argc > 5 ? argv[5] : NULL, &list);
	for (int i = 0; i < runs; i++) {
		ours[i] = run(ktally);
		bare[i] = run(list.files);
		if (peer)
			theirs[i] = run(peer);
	}
	bar = median(bare, runs)->cpu_ms * 1.25 + 3;
	printf("runs %d, files %d, medians\n", runs, list.count - 1);
	print("ktally", median(ours, runs));
	print("same files", &bare[runs / 2]);
	if (peer)
		print(basename(peer[0]), median(theirs, runs));
	printf("  ratio %.2f; bar 1.25 x + 3 ms = %.2f ms: %s\n",
		ours[runs / 2].cpu_ms / bare[runs / 2].cpu_ms, bar,
		ours[runs / 2].cpu_ms <= bar ? "met" : "missed");
	if (peer)
		printf("  ratio to %s %.2f\n", basename(peer[0]),
			ours[runs / 2].cpu_ms / theirs[runs / 2].cpu_ms);
	return EXIT_SUCCESS;
}
