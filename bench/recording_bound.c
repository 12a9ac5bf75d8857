// SPDX-License-Identifier: GPL-2.0-or-later
//
// How small could a recording be?
//
//   recording_bound RECORDING
//
// Of every series the differences to its guess, and of these what no coder can leave out: the
// bits below the topmost one, which are noise, and the entropy of how many bits there are and
// of the sign, as it turns out when all are known. Texts, first values and guesses are not in it.

#include "record/guess.h"
#include "record/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCKS	2u  /* the clocks of a block come before the series of its lines */
#define CLASSES 130 /* bits of a number, times two for the sign */
#define EVENTS	"proc/vmstat, events"

struct sum {
	const char *name;
	double class_bits, low_bits;
};

struct bound {
	struct sum sums[64];
	size_t count;
	double nr_steps; /* samples but for the first of each block */
	size_t nr_moving;
};

static void must(struct kt_err *err)
{
	if (!err)
		return;
	fprintf(stderr, "recording_bound: %s\n", kt_err_text(err));
	exit(EXIT_FAILURE);
}

static struct kt_span ops_of(const struct kt_block *block, uint32_t index)
{
	if (index < CLOCKS)
		return index ? block->boot_ms : block->real_ms;
	return kt_block_series(block, index - CLOCKS);
}

static void add(struct bound *bound, const char *name, double class_bits, double low_bits)
{
	size_t i = 0;

	while (i < bound->count && strcmp(bound->sums[i].name, name) != 0)
		i++;
	if (i == KT_LEN(bound->sums))
		return;
	if (i == bound->count)
		bound->sums[bound->count++].name = strdup(name);
	bound->sums[i].class_bits += class_bits;
	bound->sums[i].low_bits += low_bits;
	bound->nr_moving += class_bits > 0;
}

static void add_series(struct bound *bound, struct kt_guesser *guesser,
	const struct kt_block *block, uint32_t index, const char *name)
{
	struct kt_guess guess = kt_guesser_next(guesser, ops_of(block, index));
	struct kt_span ops[1 + KT_GUESS_TERMS] = { ops_of(block, index) };
	double counts[CLASSES] = { 0 }, count = 0, class_bits = 0, low_bits = 0;
	struct kt_guess_reader reader;
	struct kt_series_run run;
	bool begun = false;
	uint64_t last = 0;

	for (uint32_t i = 0; i < guess.nr_terms; i++)
		ops[i + 1] = ops_of(block, guess.terms[i].series);
	kt_guess_read(&reader, &guess, false, ops, block->nr_samples);
	while (kt_guess_next(&reader, &run)) {
		int64_t step = (int64_t)((uint64_t)run.value - last);
		uint64_t size = step < 0 ? -(uint64_t)step : (uint64_t)step;
		int bits = size ? 64 - __builtin_clzll(size) : 0;

		if (run.absent)
			continue;
		counts[0] += run.count - 1;
		if (begun) {
			counts[bits * 2 + (step < 0)]++;
			low_bits += bits > 1 ? bits - 1 : 0;
		}
		count += run.count - !begun;
		begun = true;
		last = (uint64_t)run.value;
	}
	for (size_t i = 0; i < CLASSES; i++)
		class_bits -= counts[i] > 0 ? counts[i] * log2(counts[i] / count) : 0;
	add(bound, name, class_bits, low_bits);
}

static void add_block(struct bound *bound, const struct kt_block *block)
{
	struct kt_guesser *guesser = kt_guesser_new(block->nr_samples);

	if (!guesser)
		must(kt_err_new(KT_ERR_NOMEM, "out of memory"));
	for (uint32_t i = 0; i < CLOCKS; i++)
		add_series(bound, guesser, block, i, "clocks");
	for (size_t i = 0; i < block->lines.count; i++) {
		const struct kt_block_line *line = &block->lines.items[i];
		const char *path = block->files.items[line->file].path;
		bool is_event = strcmp(path, "proc/vmstat") == 0 &&
				strncmp(line->text, "nr_", strlen("nr_")) != 0;

		for (uint32_t k = 0; k < line->nr_numbers; k++)
			add_series(bound, guesser, block, CLOCKS + line->first + k,
				is_event ? EVENTS : path);
	}
	kt_guesser_free(guesser);
	bound->nr_steps += block->nr_samples - 1;
}

int main(int argc, char **argv)
{
	struct kt_recording *recording;
	struct bound bound = { 0 };
	struct sum all = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: recording_bound RECORDING\n");
		return EXIT_FAILURE;
	}
	must(kt_recording_open(argv[1], &recording));
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_block *block;

		must(kt_recording_block(recording, i, &block));
		if (block->values_per_number == 1 && block->nr_samples)
			add_block(&bound, block);
	}
	kt_recording_free(recording);
	printf("bytes a sample, without the first of each block\n");
	for (size_t i = 0; i < bound.count && bound.nr_steps > 0; i++) {
		const struct sum *sum = &bound.sums[i];

		all.class_bits += sum->class_bits;
		all.low_bits += sum->low_bits;
		if (sum->class_bits + sum->low_bits >= bound.nr_steps)
			printf("  %-24s %6.1f of low bits, %6.1f of classes\n", sum->name,
				sum->low_bits / 8 / bound.nr_steps,
				sum->class_bits / 8 / bound.nr_steps);
	}
	printf("  %-24s %6.1f of low bits, %6.1f of classes: %.1f for %zu series that move\n",
		"all", all.low_bits / 8 / bound.nr_steps, all.class_bits / 8 / bound.nr_steps,
		(all.low_bits + all.class_bits) / 8 / bound.nr_steps, bound.nr_moving);
	return EXIT_SUCCESS;
}
