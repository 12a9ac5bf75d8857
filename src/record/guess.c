// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/guess.h"

#include <stdlib.h>

#define POINTS	   33u	/* points of a series that are compared with the points of other series */
#define FIRST	   128u /* series at the beginning that are candidates */
#define LATEST	   384u /* latest moving series that are candidates */
#define TRIED	   12u	/* likely candidates that are compared in every sample */
#define STEP_BITS  5u	/* bits; estimated cost of a step in addition to its number */
#define TERM_BITS  24u	/* bits that a term must save */
#define PAGE_IN_KB 4	/* the usual page size; other factors are found too */

static int64_t term_value(const struct kt_guess_term *term, int64_t value)
{
	if (term->divided)
		return value / term->times;
	return (int64_t)((uint64_t)value * (uint64_t)term->times);
}

/* ---- reading ---- */

void kt_guess_read(struct kt_guess_reader *reader, const struct kt_guess *guess, bool add,
	const struct kt_span ops[1 + KT_GUESS_TERMS], uint32_t nr_samples)
{
	*reader = (struct kt_guess_reader){ .guess = guess, .add = add };
	for (uint32_t i = 0; i <= guess->nr_terms; i++)
		kt_series_read(&reader->readers[i], ops[i], nr_samples);
}

bool kt_guess_next(struct kt_guess_reader *reader, struct kt_series_run *ret_run)
{
	const struct kt_guess *guess = reader->guess;
	uint32_t count = UINT32_MAX;
	uint64_t sum = 0;

	for (uint32_t i = 0; i <= guess->nr_terms; i++) {
		struct kt_series_run *run = &reader->runs[i];

		if (!run->count && !kt_series_next(&reader->readers[i], run))
			return false;
		count = run->count < count ? run->count : count;
	}
	for (uint32_t i = 0; i < guess->nr_terms; i++)
		sum += (uint64_t)term_value(&guess->terms[i], reader->runs[i + 1].value);
	*ret_run = reader->runs[0];
	ret_run->count = count;
	ret_run->value = (int64_t)((uint64_t)ret_run->value + (reader->add ? sum : -sum));
	for (uint32_t i = 0; i <= guess->nr_terms; i++)
		reader->runs[i].count -= count;
	return true;
}

/* ---- finding ---- */

/* A series that moves, and its values at some samples, evenly distributed over the block. */
struct moving {
	uint32_t index, depth;
	struct kt_span ops;
	int64_t points[POINTS];
};

struct kt_guesser {
	struct kt_arena arena;
	KT_LIST(struct moving) moving;
	uint32_t nr_samples, nr_series;
};

struct kt_guesser *kt_guesser_new(uint32_t nr_samples)
{
	struct kt_guesser *guesser = calloc(1, sizeof(*guesser));

	if (guesser)
		guesser->nr_samples = nr_samples;
	return guesser;
}

void kt_guesser_free(struct kt_guesser *guesser)
{
	if (!guesser)
		return;
	kt_arena_fini(&guesser->arena);
	free(guesser);
}

static uint32_t bits_of(uint64_t difference)
{
	uint64_t size = (int64_t)difference < 0 ? -difference : difference;

	return size ? STEP_BITS + 64 - (uint32_t)__builtin_clzll(size) : 0;
}

/* Fills in the points; false: the series does not move. */
static bool take_points(const struct kt_guesser *guesser, struct moving *moving)
{
	uint64_t last = guesser->nr_samples - 1;
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint32_t at = 0, point = 0;
	bool begun = false, moves = false;
	int64_t value = 0;

	kt_series_read(&reader, moving->ops, guesser->nr_samples);
	while (kt_series_next(&reader, &run)) {
		moves |= begun && (run.absent || run.value != value);
		begun |= !run.absent;
		value = run.value;
		at += run.count;
		while (point < POINTS && last * point / (POINTS - 1) < at)
			moving->points[point++] = value;
	}
	return moves;
}

/* Estimates the cost of a series: bits of the steps between the points. */
static uint64_t rough_cost(const int64_t *points)
{
	uint64_t cost = 0;

	for (uint32_t i = 1; i < POINTS; i++)
		cost += bits_of((uint64_t)points[i] - (uint64_t)points[i - 1]);
	return cost;
}

/* Cost of the points minus the term; stops at `limit`. */
static uint64_t rough_cost_less(const int64_t *points, const struct kt_guess_term *term,
	const int64_t *others, uint64_t limit)
{
	uint64_t last = (uint64_t)points[0] - (uint64_t)term_value(term, others[0]), cost = 0;

	for (uint32_t i = 1; i < POINTS && cost < limit; i++) {
		uint64_t value = (uint64_t)points[i] - (uint64_t)term_value(term, others[i]);

		cost += bits_of(value - last);
		last = value;
	}
	return cost;
}

/* Exact cost: over all samples, in the bits that are written. */
static uint64_t exact_cost(const struct kt_guesser *guesser, const struct kt_guess *guess,
	const struct kt_span ops[1 + KT_GUESS_TERMS], uint64_t limit)
{
	struct kt_guess_reader reader;
	struct kt_series_run run;
	uint64_t cost = 0, last = 0;
	bool begun = false;

	kt_guess_read(&reader, guess, false, ops, guesser->nr_samples);
	while (cost < limit && kt_guess_next(&reader, &run)) {
		if (run.absent)
			continue;
		if (begun)
			cost += bits_of((uint64_t)run.value - last);
		begun = true;
		last = (uint64_t)run.value;
	}
	return cost;
}

struct likely {
	struct kt_guess_term term;
	const struct moving *moving;
	uint64_t cost;
};

static void add_likely(struct likely *likely, const struct likely *one)
{
	struct likely rest = *one;

	for (uint32_t i = 0; i < TRIED; i++) {
		struct likely here = likely[i];

		if (rest.cost >= here.cost)
			continue;
		likely[i] = rest;
		rest = here;
	}
}

static int64_t rounded(int64_t a, int64_t b)
{
	return (a + ((a < 0) == (b < 0) ? b : -b) / 2) / b;
}

static bool is_small(int64_t number)
{
	return number && number > -KT_GUESS_TIMES_MAX && number < KT_GUESS_TIMES_MAX;
}

/*
 * Makes terms to try: the candidate as it is, in KiB, and times the ratio of both differences where
 * the points differ most.
 */
static uint32_t make_terms(const int64_t *points, uint32_t largest, const struct moving *other,
	struct kt_guess_term terms[3])
{
	int64_t a, b, times = 0, part = 0;
	uint32_t count = 0;

	terms[count++] = (struct kt_guess_term){ other->index, 1, false };
	terms[count++] = (struct kt_guess_term){ other->index, PAGE_IN_KB, false };
	if (__builtin_sub_overflow(points[largest], points[largest - 1], &a) ||
		__builtin_sub_overflow(other->points[largest], other->points[largest - 1], &b) ||
		!a || !b || a > INT64_MAX / 2 || a < -INT64_MAX / 2 || b > INT64_MAX / 2 ||
		b < -INT64_MAX / 2)
		return count;
	times = rounded(a, b);
	part = rounded(b, a);
	if (is_small(times) && times != 1 && times != PAGE_IN_KB)
		terms[count++] = (struct kt_guess_term){ other->index, (int32_t)times, false };
	else if (is_small(part) && part > 1)
		terms[count++] = (struct kt_guess_term){ other->index, (int32_t)part, true };
	return count;
}

/* Finds the candidates whose course is most similar to the points. */
static void find_likely(const struct kt_guesser *guesser, const int64_t *points, uint64_t cost,
	struct likely likely[TRIED])
{
	size_t count = guesser->moving.count;
	uint32_t largest = 1;

	for (uint32_t i = 0; i < TRIED; i++)
		likely[i] = (struct likely){ .cost = cost };
	for (uint32_t i = 2; i < POINTS; i++) {
		if (bits_of((uint64_t)points[i] - (uint64_t)points[i - 1]) >
			bits_of((uint64_t)points[largest] - (uint64_t)points[largest - 1]))
			largest = i;
	}
	for (size_t i = 0; i < count; i++) {
		const struct moving *other = &guesser->moving.items[i];
		struct kt_guess_term terms[3];
		uint32_t nr_terms = make_terms(points, largest, other, terms);

		if (i == FIRST && count > FIRST + LATEST)
			i = count - LATEST;
		if (other->depth >= KT_GUESS_DEPTH_MAX)
			continue;
		for (uint32_t k = 0; k < nr_terms; k++) {
			struct likely one = { terms[k], other,
				rough_cost_less(
					points, &terms[k], other->points, likely[TRIED - 1].cost) };

			add_likely(likely, &one);
		}
	}
}

/* Adds the term that saves most, if it saves enough; subtracts it from the points. */
static bool add_term(const struct kt_guesser *guesser, struct kt_guess *guess,
	struct kt_span ops[1 + KT_GUESS_TERMS], int64_t *points, uint64_t *cost)
{
	struct likely likely[TRIED], best = { 0 };
	uint32_t at = guess->nr_terms;

	find_likely(guesser, points, rough_cost(points), likely);
	guess->nr_terms++;
	for (uint32_t i = 0; i < TRIED && likely[i].moving; i++) {
		uint64_t found;

		guess->terms[at] = likely[i].term;
		ops[at + 1] = likely[i].moving->ops;
		found = exact_cost(guesser, guess, ops, *cost);
		if (found + TERM_BITS >= *cost)
			continue;
		*cost = found;
		best = likely[i];
	}
	if (!best.moving) {
		guess->nr_terms--;
		return false;
	}
	guess->terms[at] = best.term;
	if (best.moving->depth >= guess->depth)
		guess->depth = best.moving->depth + 1;
	ops[at + 1] = best.moving->ops;
	for (uint32_t i = 0; i < POINTS; i++)
		points[i] = (int64_t)((uint64_t)points[i] -
				      (uint64_t)term_value(&best.term, best.moving->points[i]));
	return true;
}

struct kt_guess kt_guesser_next(struct kt_guesser *guesser, struct kt_span ops)
{
	struct moving moving = { .index = guesser->nr_series++, .ops = ops }, *slot;
	struct kt_span all[1 + KT_GUESS_TERMS] = { ops };
	struct kt_guess guess = { 0 };
	uint64_t cost;

	if (!guesser->nr_samples || !take_points(guesser, &moving))
		return guess;
	cost = exact_cost(guesser, &guess, all, UINT64_MAX);
	slot = kt_list_push(&guesser->arena, &guesser->moving);
	if (!slot)
		return guess;
	*slot = moving;
	guesser->moving.count--; /* the series is not a candidate for itself */
	while (guess.nr_terms < KT_GUESS_TERMS && cost > TERM_BITS &&
		add_term(guesser, &guess, all, moving.points, &cost))
		;
	guesser->moving.count++;
	slot->depth = guess.depth;
	return guess;
}
