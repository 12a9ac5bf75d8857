// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cost of judging amounts over time (src/verdict/judge.h), for each series and sample, next to the
// cost of a bare update of a minimum, which no judge can do without.
//
//   judge_cost [SERIES [DAYS]]
//
// Three machines: amounts that never change, amounts of which a fifth move (as on a machine at
// work: 187 of 235 caches never moved in 40 min), and amounts that all move.

#include "verdict/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SAMPLE_S 10

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint32_t dice = 1;

static int64_t noise(int64_t range)
{
	dice = dice * 1664525u + 1013904223u;
	return (int64_t)(dice >> 8) % range / 4096 * 4096;
}

/* Amounts of one sample; of every `one_in`-th series, all of them if 1, none if 0. */
static void move(int64_t *amounts, size_t count, unsigned one_in)
{
	for (size_t i = 0; i < count; i++)
		amounts[i] = one_in && i % one_in == 0 ? (64 << 20) + noise(1 << 20) : 64 << 20;
}

static double bare_ns(size_t count, long samples)
{
	int64_t *amounts = malloc(count * sizeof(*amounts));
	int64_t *least = malloc(count * sizeof(*least));
	volatile int64_t kept = 0;
	double ns = 0;

	if (!amounts || !least)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < count; i++)
		least[i] = INT64_MAX;
	for (long s = 0; s < samples; s++) {
		double from;

		move(amounts, count, 1);
		from = now_ns();
		for (size_t i = 0; i < count; i++)
			least[i] = amounts[i] < least[i] ? amounts[i] : least[i];
		kept += least[s % (long)count];
		ns += now_ns() - from;
	}
	free(amounts);
	free(least);
	return ns / (double)samples / (double)count;
}

static double judge_ns(size_t count, long samples, unsigned one_in, size_t *ret_bytes)
{
	struct kt_judge_options options = { .ram_bytes = 16ll << 30 };
	struct kt_judge_series series = { .name = "kmalloc-rnd-07-96" };
	struct kt_judge *judge = kt_judge_new(&options);
	int64_t *amounts = malloc(count * sizeof(*amounts));
	double ns = 0;

	if (!judge || !amounts)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < count; i++)
		kt_judge_add(judge, &series);
	for (long s = 0; s < samples; s++) {
		double from;

		move(amounts, count, one_in);
		from = now_ns();
		kt_judge_begin(judge, s * SAMPLE_S * 1000, -1);
		for (size_t i = 0; i < count; i++)
			kt_judge_amount(judge, i, amounts[i]);
		kt_judge_end(judge);
		ns += now_ns() - from;
	}
	*ret_bytes = kt_judge_size(judge) / count;
	kt_judge_free(judge);
	free(amounts);
	return ns / (double)samples / (double)count;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? (size_t)atol(argv[1]) : 240;
	long samples = (argc > 2 ? atol(argv[2]) : 2) * 86400 / SAMPLE_S;
	static const struct {
		const char *name;
		unsigned one_in;
	} machines[] = { { "none moves", 0 }, { "one in five", 5 }, { "all move", 1 } };
	double bare = bare_ns(count, samples);
	size_t bytes = 0;

	if (count == 0 || samples <= 0)
		return EXIT_FAILURE;
	printf("%zu series, %ld samples of %d s\n", count, samples, SAMPLE_S);
	printf("%-12s %6.1f ns a series and sample\n", "bare minimum", bare);
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		double ns = judge_ns(count, samples, machines[i].one_in, &bytes);

		printf("%-12s %6.1f ns, %.1f times the bare minimum\n", machines[i].name, ns,
			ns / bare);
	}
	printf("%zu bytes a series\n", bytes);
	return EXIT_SUCCESS;
}
