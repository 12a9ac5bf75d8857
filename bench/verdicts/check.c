// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bench checks itself, in a second: its intervals against published values, its machines
// against their seeds, and a leak against its rate.

#include "exam.h"
#include "interval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool right = true;

static void expect(const char *what, double found, double wanted, double off)
{
	if (fabs(found - wanted) <= off)
		return;
	printf("%s: %g instead of %g\n", what, found, wanted);
	right = false;
}

static void check_intervals(void)
{
	struct interval share = interval_share(8, 10), none = interval_poisson(0),
			ten = interval_poisson(10);

	expect("Wilson, 8 of 10, lower", share.low, .4902, .0005);
	expect("Wilson, 8 of 10, upper", share.high, .9433, .0005);
	expect("Poisson, 0, upper", none.high, 3.6889, .0005);
	expect("Poisson, 10, lower", ten.low, 4.7954, .0005);
	expect("Poisson, 10, upper", ten.high, 18.3904, .0005);
}

static void check_numbers(void)
{
	double sum = 0, square = 0;
	struct rng rng;

	rng_seed(&rng, 1, 0);
	for (int i = 0; i < 100000; i++) {
		double x = rng_normal(&rng);

		sum += x;
		square += x * x;
	}
	expect("mean of normal numbers", sum / 100000, 0, .02);
	expect("variance of normal numbers", square / 100000, 1, .02);
}

/* A sum over every amount of a machine, and what its first series leaked. */
static uint64_t run(uint64_t seed, double *ret_leaked)
{
	struct plan plan = { .seed = seed,
		.days = 4,
		.step_s = 60,
		.nr_series = SERIES_USUAL,
		.nr_leaks = 1,
		.shape = SHAPE_STEADY,
		.hourly_mib = 10,
		.background = BACKGROUND_QUIET,
		.onset_low_h = 24,
		.onset_high_h = 24 };
	static struct machine machine;
	uint64_t sum = 0;

	if (!machine_compose(&machine, &plan))
		return 0;
	machine.next_boot_h = HOURS_FOREVER;
	while (machine_block(&machine)) {
		for (size_t k = 0; k < machine.nr_series; k++) {
			for (size_t i = 0; i < machine.nr; i++) {
				sum = sum * 31 + (uint64_t)machine.series[k].bytes[i];
				if (machine.series[k].bytes[i] < 0)
					expect("an amount", -1, 0, 0);
			}
		}
	}
	machine_settle(&machine);
	*ret_leaked = machine.series[0].leak.total;
	machine_free(&machine);
	return sum;
}

static void check_machines(void)
{
	double leaked = 0;
	uint64_t first = run(7, &leaked);

	expect("MiB leaked in three days", leaked / MIB, 720, 1);
	expect("the same seed differs by", first == run(7, &leaked) ? 0 : 1, 0, 0);
	expect("another seed is the same", first == run(8, &leaked) ? 1 : 0, 0, 0);
}

/* A line and a constant: what each method has to say is known. */
static void check_methods(void)
{
	enum { COUNT = 4 * 1440 };
	static int64_t rising[COUNT], resting[COUNT];
	struct trace line = { rising, COUNT, 1.0 / 60, (int64_t)64 << 30 };
	struct trace flat = { resting, COUNT, 1.0 / 60, (int64_t)64 << 30 };
	struct entries entries;
	struct rng rng;

	rng_seed(&rng, 3, 0);
	for (int i = 0; i < COUNT; i++) {
		rising[i] = ((int64_t)100 << 20) + (int64_t)(rng_next(&rng) % 5) * 4096;
		rising[i] += i > 2880 ? (int64_t)(i - 2880) << 17 : 0;
		resting[i] = (int64_t)100 << 20;
	}
	for (int b = 0; b < NR_BASELINES; b++) {
		baseline_run((enum baseline)b, &flat, &entries);
		expect(baseline_names[b], (double)entries.count, 0, 0);
		baseline_run((enum baseline)b, &line, &entries);
		if (b != BASELINE_PREDICT)
			expect(baseline_names[b], entries.count > 0 && entries.hours[0] >= 48, 1,
				0);
	}
}

bool exam_check_self(void)
{
	check_intervals();
	check_numbers();
	check_machines();
	check_methods();
	return right;
}
