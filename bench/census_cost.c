// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a census costs beside reading the same words and doing nothing with them, and what
// its parts cost: CPU time a page, medians of runs that take turns.
//
// usage: census_cost [RUNS]

#include "source/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 100
#define CHUNK	 65536

enum { BARE, COUNTED, MAPPED, CGROUPS, EXACT, NR_WAYS };

static const char *const names[NR_WAYS] = { "bare reads", "census", "census --map",
	"census --by cgroup", "census --exact" };

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static const struct kt_needs needs = { .only = KT_SOURCES(&kt_source_host, &kt_source_zoneinfo,
					       &kt_source_iomem, &kt_source_kpageflags) };

static const struct kt_needs exact_needs = { .only = KT_SOURCES(&kt_source_host,
						     &kt_source_zoneinfo, &kt_source_iomem,
						     &kt_source_memory_map) };

/* A snapshot with a census in it. */
static struct kt_snapshot *take(unsigned want, bool exact)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_collect_opts opts = { .want = want, .needs = exact ? &exact_needs : &needs };
	struct kt_root *root = NULL;
	struct kt_err *err = kt_root_open_live(&root);

	if (!snap || err)
		exit(EXIT_FAILURE);
	snap->host.live = true;
	snap->host.page_bytes = sysconf(_SC_PAGESIZE);
	err = kt_collect(root, &opts, snap);
	kt_err_free(err);
	kt_root_free(root);
	if (!snap->census) {
		fprintf(stderr, "census_cost: no census: it takes root\n");
		exit(EXIT_FAILURE);
	}
	return snap;
}

static void read_bare(const struct kt_census *census)
{
	static char buffer[CHUNK];
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < census->ranges.count; i++) {
		const struct kt_census_range *range = &census->ranges.items[i];

		for (uint64_t pfn = range->start; pfn < range->end; pfn += CHUNK / 8) {
			uint64_t count = range->end - pfn;

			if (pread(fd, buffer, count < CHUNK / 8 ? count * 8 : CHUNK,
				    (off_t)(pfn * 8)) < 0)
				exit(EXIT_FAILURE);
		}
	}
	close(fd);
}

static double run(int way, const struct kt_census *census)
{
	static const unsigned wants[NR_WAYS] = {
		[MAPPED] = KT_WANT_PAGE_MAP, [CGROUPS] = KT_WANT_CGROUPS
	};
	double start = cpu_ns();

	if (way == BARE)
		read_bare(census);
	else
		kt_snapshot_free(take(wants[way], way == EXACT));
	return (cpu_ns() - start) / (double)census->nr_pages;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static double ns[NR_WAYS][RUNS_MAX];
	int runs = argc > 1 ? atoi(argv[1]) : 9;
	struct kt_snapshot *snap = take(0, false);

	if (runs < 1 || runs > RUNS_MAX)
		return EXIT_FAILURE;
	for (int i = 0; i < runs; i++) {
		for (int way = 0; way < NR_WAYS; way++)
			ns[way][i] = run(way, snap->census);
	}
	printf("%lld pages, runs %d, medians of CPU time\n", (long long)snap->census->nr_pages,
		runs);
	for (int way = 0; way < NR_WAYS; way++) {
		qsort(ns[way], (size_t)runs, sizeof(double), by_size);
		printf("  %-20s %6.1f ns a page, %.2f x the bare reads\n", names[way],
			ns[way][runs / 2], ns[way][runs / 2] / ns[BARE][runs / 2]);
	}
	kt_snapshot_free(snap);
	return EXIT_SUCCESS;
}
