// SPDX-License-Identifier: GPL-2.0-or-later
//
// Does the recorder's cost stay in proportion to the machine?
//
//   record_scale [SAMPLES]
//
// Makes the texts of machines with ever more cgroups, slab caches, and CPUs on nodes, and
// records each as the recorder does, folded where that is due: everything in a block's first
// sample, then slabinfo and zoneinfo, where one line in a hundred moves. Each machine has a process
// of its own. The exponent is that of the growth from the line above, by the size of the text in a
// sample: 1 is in proportion, 2 is quadratic.

#include "base/buf.h"
#include "cmd/record/record_groups.h"
#include "record/sampler.h"
#include "record/writer.h"
#include "source/fold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZES_MAX 8
#define MOVES	  100 /* one line of so many moves in a sample */

struct machine {
	const char *name;
	uint32_t sizes[SIZES_MAX]; /* 0: no more */
	void (*first)(uint32_t size, void (*put)(const char *path, const struct kt_buf *text));
	void (*next)(uint32_t size, uint32_t sample, struct kt_buf *text);
	const char *path; /* that `next` makes */
};

struct result {
	double first_ms, each_us, turn_ms, bytes, peak_kib;
	double first_bytes, each_bytes; /* of text */
	uint32_t nr_blocks;
};

static struct {
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	struct kt_fold fold;
	struct kt_groups groups;
	double nr_bytes; /* of text, in this sample */
} sink;

static void must(struct kt_err *err)
{
	if (!err)
		return;
	fprintf(stderr, "record_scale: %s\n", kt_err_text(err));
	exit(EXIT_FAILURE);
}

static double cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* Resident memory at most, less what a process has that does nothing. */
static double peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss;
}

static void put(const char *path, const struct kt_buf *text)
{
	KT_CLEANUP(buf) struct kt_buf folded = { 0 };
	struct kt_span span = { text->data, text->size };
	bool shorter = strcmp(path, "proc/slabinfo") == 0
			       ? kt_fold_slabinfo(&sink.fold, span, &folded)
			       : strcmp(path, "proc/zoneinfo") == 0 &&
					 kt_fold_zoneinfo(&sink.fold, span, &folded);

	sink.nr_bytes += (double)text->size;
	if (strncmp(path, "sys/fs/cgroup", 13) == 0) {
		kt_groups_add(&sink.groups, kt_span_str(path), span);
		return;
	}
	if (shorter)
		span = (struct kt_span){ folded.data, folded.size };
	kt_sampler_text(sink.sampler, kt_writer_draft(sink.writer), path, span);
	kt_writer_spill(sink.writer);
}

static void put_group_file(void *arg, const char *path, struct kt_span text)
{
	(void)arg;
	kt_sampler_text(sink.sampler, kt_writer_draft(sink.writer), path, text);
	kt_writer_spill(sink.writer);
}

static void group_gone(void *arg, const char *path)
{
	(void)arg;
	kt_sampler_gone(sink.sampler, kt_writer_draft(sink.writer), path);
}

/* A number that differs from line to line, and in one line of MOVES from sample to sample. */
static unsigned moving(uint32_t line, uint32_t sample)
{
	uint32_t turn = line % MOVES;

	return 1000 + line % 977 * 13 + (sample + MOVES - turn) / MOVES * 7;
}

/* ---- cgroups of v2 ---- */

#define STAT_KEYS 56 /* of memory.stat, 6.12 */

static void first_cgroups(
	uint32_t size, void (*put_text)(const char *path, const struct kt_buf *text))
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char path[96];

	for (uint32_t i = 0; i < size; i++) {
		text.size = 0;
		for (uint32_t key = 0; key < STAT_KEYS; key++)
			kt_buf_printf(&text, "memory_stat_key_%u %u\n", key, moving(i + key, 0));
		snprintf(path, sizeof(path), "sys/fs/cgroup/kubepods/pod%u/memory.stat", i);
		put_text(path, &text);
		text.size = 0;
		kt_buf_printf(&text, "%u\n", moving(i, 0) * 4096);
		snprintf(path, sizeof(path), "sys/fs/cgroup/kubepods/pod%u/memory.current", i);
		put_text(path, &text);
		text.size = 0;
		kt_buf_puts(&text, "max\n");
		snprintf(path, sizeof(path), "sys/fs/cgroup/kubepods/pod%u/memory.max", i);
		put_text(path, &text);
	}
}

/* ---- slab caches ---- */

static void next_caches(uint32_t size, uint32_t sample, struct kt_buf *text)
{
	kt_buf_puts(text, "slabinfo - version: 2.1\n");
	for (uint32_t i = 0; i < size; i++)
		kt_buf_printf(text, "cache-%u %u %u 256 16 1 : tunables 0 0 0 : slabdata %u %u 0\n",
			i, moving(i, sample), moving(i, sample) + 16, moving(i, sample) / 16,
			moving(i, sample) / 16);
}

/* ---- CPUs, of which eight are on a node ---- */

static void next_cpus(uint32_t size, uint32_t sample, struct kt_buf *text)
{
	for (uint32_t node = 0; node < (size + 7) / 8; node++) {
		kt_buf_printf(text, "Node %u, zone   Normal\n  pages free %u\n  pagesets\n", node,
			moving(node, sample));
		for (uint32_t cpu = 0; cpu < size; cpu++)
			kt_buf_printf(text,
				"    cpu: %u\n              count: %u\n              high:  4096\n"
				"              batch: 63\n  vm stats threshold: 125\n",
				cpu, moving(node + cpu, sample));
	}
}

static const struct machine machines[] = {
	{ "cgroups", { 50, 200, 1200, 10000, 50000 }, first_cgroups, next_caches, "proc/slabinfo" },
	{ "caches", { 200, 2000, 10000, 50000 }, NULL, next_caches, "proc/slabinfo" },
	{ "CPUs", { 8, 64, 192, 512 }, NULL, next_cpus, "proc/zoneinfo" },
};

/* ---- one machine ---- */

static const struct kt_writer_opts opts = { .samples_max = 3600, .bytes_max = 384u << 10 };

static void measure(const struct machine *machine, uint32_t size, uint32_t nr_samples,
	const char *path, struct result *result)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	uint32_t nr_moving = machine->first ? 200 : size, nr_later = 0;
	struct stat status;
	double before;

	must(kt_writer_open(path, &opts, &sink.writer));
	sink.sampler = kt_sampler_new();
	for (uint32_t i = 0; i < nr_samples; i++) {
		struct kt_draft *draft = kt_writer_draft(sink.writer);
		bool is_first = !draft->block.nr_samples;

		text.size = 0;
		sink.nr_bytes = 0;
		machine->next(nr_moving, i, &text);
		before = cpu_ms();
		put(machine->path, &text);
		if (is_first && machine->first) {
			machine->first(size, put);
			kt_groups_choose(&sink.groups, 1700000000 + i, group_gone, NULL);
			kt_groups_each(&sink.groups, put_group_file, NULL);
		}
		kt_draft_end_sample(draft, 1700000000000ll + i * 1000ll, i * 1000ll);
		must(kt_writer_flush(sink.writer));
		if (is_first)
			result->first_ms = cpu_ms() - before;
		else
			result->each_us += (cpu_ms() - before) * 1e3;
		*(is_first ? &result->first_bytes : &result->each_bytes) = sink.nr_bytes;
		nr_later += !is_first;
		if (!kt_writer_is_full(sink.writer))
			continue;
		before = cpu_ms();
		must(kt_writer_turn(sink.writer));
		kt_sampler_restart(sink.sampler);
		kt_fold_restart(&sink.fold);
		result->turn_ms = cpu_ms() - before;
		result->nr_blocks++;
	}
	before = cpu_ms();
	must(kt_writer_turn(sink.writer));
	result->turn_ms = cpu_ms() - before;
	result->nr_blocks++;
	must(kt_writer_close(sink.writer));
	kt_sampler_free(sink.sampler);
	kt_fold_fini(&sink.fold);
	kt_groups_fini(&sink.groups);
	result->each_us /= nr_later ? nr_later : 1;
	result->bytes = stat(path, &status) == 0 ? (double)status.st_size : 0;
	result->peak_kib = peak_kib();
}

static bool run_child(const struct machine *machine, uint32_t size, uint32_t nr_samples,
	const char *path, struct result *ret_result)
{
	int fds[2], status;
	ssize_t n;
	pid_t child;

	if (pipe(fds) < 0 || (child = fork()) < 0)
		return false;
	if (!child) {
		struct result result = { 0 };

		measure(machine, size, nr_samples, path, &result);
		_exit(write(fds[1], &result, sizeof(result)) != sizeof(result));
	}
	close(fds[1]);
	n = read(fds[0], ret_result, sizeof(*ret_result));
	close(fds[0]);
	return waitpid(child, &status, 0) == child && status == 0 && n == sizeof(*ret_result);
}

static double exponent(double now, double before, double bytes, double bytes_before)
{
	return bytes > bytes_before ? log(now / before) / log(bytes / bytes_before) : 0;
}

static void remove_files(const char *path)
{
	char tail[128];

	snprintf(tail, sizeof(tail), "%s.tail", path);
	unlink(path);
	unlink(tail);
}

static bool run(const struct machine *machine, uint32_t nr_samples)
{
	struct result last = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/tmp/ktally-scale-%d.rec", (int)getpid());
	printf("%8s  first ms  (exp)  later us  (exp)  turn ms  (exp)  blocks     bytes  peak "
	       "KiB\n",
		machine->name);
	for (size_t i = 0; i < SIZES_MAX && machine->sizes[i]; i++) {
		uint32_t size = machine->sizes[i];
		struct result now;

		remove_files(path);
		if (!run_child(machine, size, nr_samples, path, &now))
			return false;
		printf("%8u  %8.1f %6.2f  %8.1f %6.2f  %7.1f %6.2f  %6u %9.0f  %8.0f\n", size,
			now.first_ms,
			i ? exponent(now.first_ms, last.first_ms, now.first_bytes, last.first_bytes)
			  : 0,
			now.each_us,
			i ? exponent(now.each_us, last.each_us, now.each_bytes, last.each_bytes)
			  : 0,
			now.turn_ms,
			i ? exponent(now.turn_ms, last.turn_ms, now.first_bytes, last.first_bytes)
			  : 0,
			now.nr_blocks, now.bytes, now.peak_kib);
		fflush(stdout);
		last = now;
	}
	remove_files(path);
	return true;
}

int main(int argc, char **argv)
{
	uint32_t nr_samples = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 60;

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (!run(&machines[i], nr_samples))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
