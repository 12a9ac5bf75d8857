// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/shape.h"

#include "verdict/larger.h"

#include <math.h>
#include <string.h>

#define LEAST_SAMPLES 4.0
#define NATS_NEAR     2.0 /* a fill that is so near explains the window as well */

/*
 * Fills: their time constant in windows, and the shares of the ceiling that they reach in one
 * window and in two: 1 - exp(-1 / time), 1 - exp(-2 / time).
 */
static const struct {
	double time, once, twice;
} fills[] = {
	{ .08, .99999627334682795, .99999999998611211 },
	{ .2, .99326205300091452, .99995460007023751 },
	{ .35, .94256738073238266, .99670149424406096 },
	{ .5, .8646647167633873, .98168436111126578 },
	{ .75, .73640286188427329, .93051654877719847 },
	{ 1, .63212055882855767, .8646647167633873 },
	{ 1.5, .48658288096740798, .73640286188427329 },
	{ 2, .39346934028736658, .63212055882855767 },
	{ 3, .28346868942621073, .48658288096740798 },
	{ 4, .22119921692859512, .39346934028736658 },
	{ 6, .15351827510938593, .28346868942621073 },
	{ 8, .1175030974154046, .22119921692859512 },
};

#define NR_FILLS (sizeof(fills) / sizeof(fills[0]))

/* Numbers of two fills, which most machines calculate at once. */
typedef double pair __attribute__((vector_size(2 * sizeof(double))));

#define NR_PAIRS (NR_FILLS / 2)

/* Four sums at a time: one would wait for each addition. */
static double dot(const double *x, const double *y, int count)
{
	double sums[4] = { 0 };
	int i = 0;

	for (; i + 4 <= count; i += 4)
		for (int k = 0; k < 4; k++)
			sums[k] += x[i + k] * y[i + k];
	for (; i < count; i++)
		sums[0] += x[i] * y[i];
	return sums[0] + sums[1] + sums[2] + sums[3];
}

void kt_shape_clear(const struct kt_shape_basis *basis, double *vector)
{
	for (int k = 0; k < basis->count; k++) {
		const double *unit = basis->vectors[k];
		double part = dot(vector, unit, basis->blocks);

		for (int i = 0; i < basis->blocks; i++)
			vector[i] -= part * unit[i];
	}
}

bool kt_shape_take_out(struct kt_shape_basis *basis, const double *vector)
{
	double *unit, before, after;

	if (basis->count == KT_SHAPE_VECTORS)
		return false;
	unit = basis->vectors[basis->count];
	memcpy(unit, vector, (size_t)basis->blocks * sizeof(*unit));
	before = dot(unit, unit, basis->blocks);
	kt_shape_clear(basis, unit);
	after = dot(unit, unit, basis->blocks);
	if (!(after > 1e-9 * before) || !isfinite(after))
		return false;
	for (int i = 0; i < basis->blocks; i++)
		unit[i] /= sqrt(after);
	basis->count++;
	return true;
}

void kt_shape_begin(struct kt_shape_basis *basis, int blocks)
{
	basis->blocks = blocks;
	basis->count = 1;
	for (int i = 0; i < blocks; i++)
		basis->vectors[0][i] = 1 / sqrt(blocks);
}

void kt_shape_take_out_days(struct kt_shape_basis *basis, double blocks_per_day)
{
	double waves[2][KT_LEVEL_BLOCKS];

	for (int k = 1; k <= 3; k++) {
		double turn = 2 * M_PI * k / blocks_per_day;

		/* of one angle, sine and cosine are found together */
		for (int i = 0; i < basis->blocks; i++) {
			waves[0][i] = sin(turn * i);
			waves[1][i] = cos(turn * i);
		}
		kt_shape_take_out(basis, waves[0]);
		kt_shape_take_out(basis, waves[1]);
	}
}

/* Squares that a vector takes from `left`, if it goes upwards; clears it of the basis. */
static double upward_gain(
	const struct kt_shape_basis *basis, const double *left, double *vector, double *ret_size)
{
	double before = dot(vector, vector, basis->blocks), norm, part;

	*ret_size = 0;
	kt_shape_clear(basis, vector);
	norm = dot(vector, vector, basis->blocks);
	if (!(norm > 1e-9 * before))
		return 0;
	part = dot(left, vector, basis->blocks);
	if (!(part > 0))
		return 0;
	*ret_size = part / norm;
	return part * part / norm;
}

/* A straight line, or one that bends upwards; leaves what it does not explain in `rest`. */
static double fit_line(
	const struct kt_shape_basis *basis, const double *left, double *rest, double *ret_rise)
{
	int m = basis->blocks;
	double lines[2][KT_LEVEL_BLOCKS], sizes[2], gains[2];
	int best;

	for (int i = 0; i < m; i++) {
		lines[0][i] = (double)i / m;
		lines[1][i] = lines[0][i] * i / m;
	}
	for (int k = 0; k < 2; k++)
		gains[k] = upward_gain(basis, left, lines[k], &sizes[k]);
	best = gains[1] > gains[0];
	for (int i = 0; i < m; i++)
		rest[i] = left[i] - sizes[best] * lines[best][i];
	*ret_rise = sizes[best];
	return gains[best];
}

struct fill {
	double gain, size;
};

/*
 * All fills next to each other: one by one, each block would wait for the block before. `left` and
 * all vectors but the first have a mean of zero, so what is missing of a fill is as good as the
 * fill, and only its square has to be cleared of the basis. Its sums are geometric series.
 */
static void fit_fill_curves(
	const struct kt_shape_basis *basis, const double *left, struct fill *ret_fills)
{
	pair missing[NR_PAIRS], factors[NR_PAIRS], parts[NR_PAIRS] = { 0 };
	pair taken[KT_SHAPE_VECTORS][NR_PAIRS], squares[NR_PAIRS], norms[NR_PAIRS];
	int m = basis->blocks;

	for (size_t k = 0; k < NR_FILLS; k++) {
		double factor = exp(-1 / (fills[k].time * m));

		factors[k / 2][k % 2] = factor;
		missing[k / 2][k % 2] = 1;
		taken[0][k / 2][k % 2] = fills[k].once / (1 - factor) * basis->vectors[0][0];
		squares[k / 2][k % 2] = fills[k].twice / (1 - factor * factor);
	}
	for (int v = 1; v < basis->count; v++)
		memset(taken[v], 0, sizeof(taken[v]));
	for (int i = 0; i < m; i++) {
		for (int v = 1; v < basis->count; v++)
			for (size_t p = 0; p < NR_PAIRS; p++)
				taken[v][p] += basis->vectors[v][i] * missing[p];
		for (size_t p = 0; p < NR_PAIRS; p++) {
			parts[p] -= left[i] * missing[p];
			missing[p] *= factors[p];
		}
	}
	memcpy(norms, squares, sizeof(norms));
	for (int v = 0; v < basis->count; v++)
		for (size_t p = 0; p < NR_PAIRS; p++)
			norms[p] -= taken[v][p] * taken[v][p];
	for (size_t k = 0; k < NR_FILLS; k++) {
		double norm = norms[k / 2][k % 2], part = parts[k / 2][k % 2];
		bool up = norm > 1e-9 * squares[k / 2][k % 2] && part > 0;

		ret_fills[k].size = up ? part / norm : 0;
		ret_fills[k].gain = up ? part * part / norm : 0;
	}
}

/* The best place for one more step: squares that it takes. */
static double best_step(const struct kt_shape_basis *basis, const double *left, int *ret_at)
{
	double tails[KT_SHAPE_VECTORS] = { 0 }, tail = 0, best = 0;
	int m = basis->blocks;

	*ret_at = m / 2;
	for (int at = m - 1; at > 0; at--) {
		double norm = m - at, gain;

		tail += left[at];
		for (int k = 0; k < basis->count; k++) {
			tails[k] += basis->vectors[k][at];
			norm -= tails[k] * tails[k];
		}
		gain = norm > 1e-6 ? tail * tail / norm : 0;
		if (gain > best) {
			best = gain;
			*ret_at = at;
		}
	}
	return best;
}

/* Squares left after 1, 2, ... steps, found one after the other. */
static int fit_steps(const struct kt_shape_basis *basis, const double *left, int most_steps,
	double *rests, struct kt_shape *shape)
{
	struct kt_shape_basis with; /* most of its vectors stay unused */
	double rest[KT_LEVEL_BLOCKS], step[KT_LEVEL_BLOCKS];
	int m = basis->blocks, most = m / 5 < most_steps ? m / 5 : most_steps, count;

	with.blocks = m;
	with.count = basis->count;
	memcpy(with.vectors, basis->vectors, (size_t)basis->count * sizeof(with.vectors[0]));
	memcpy(rest, left, (size_t)m * sizeof(*rest));
	for (count = 0; count < most; count++) {
		int at;
		double gain = best_step(&with, rest, &at);

		if (!(gain > 0))
			break;
		for (int i = 0; i < m; i++)
			step[i] = i >= at;
		if (!kt_shape_take_out(&with, step))
			break;
		const double *unit = with.vectors[with.count - 1];
		double part = dot(rest, unit, m);

		for (int i = 0; i < m; i++)
			rest[i] -= part * unit[i];
		rests[count] = dot(rest, rest, m);
		if (count == 0) {
			shape->step_at = at;
			shape->step_bytes = part / dot(step, unit, m);
		}
	}
	return count;
}

/* Noise that lasts has fewer independent samples than blocks. */
static double independent(const double *rest, int count, int taken)
{
	double both = 0, square = rest[0] * rest[0], ratio;

	for (int i = 1; i < count; i++) {
		square += rest[i] * rest[i];
		both += rest[i] * rest[i - 1];
	}
	ratio = square > 0 ? both / square : 0;
	ratio = kt_smaller(kt_larger(ratio, 0), .95);
	count -= taken - 1;
	return kt_smaller(kt_larger(count * (1 - ratio) / (1 + ratio), LEAST_SAMPLES), count);
}

static void fit_fills(const struct kt_shape_basis *basis, const double *left,
	const struct kt_shape_window *window, double samples, double floor, struct kt_shape *shape)
{
	double line = shape->rests[1] + floor, all = shape->rests[0];
	double near = line * exp(2 * NATS_NEAR / samples), most = 0;
	struct fill found[NR_FILLS], best = { 0 };

	fit_fill_curves(basis, left, found);
	shape->ceiling = HUGE_VAL;
	for (size_t k = 0; k < NR_FILLS; k++) {
		double rest = kt_larger(all - found[k].gain, 0) + floor;

		if (fills[k].time <= window->fill_max + 1e-9 && found[k].gain > best.gain)
			best = found[k];
		most = kt_larger(most, found[k].gain);
		/* a fill is at this share of its ceiling */
		if (rest < near && isinf(shape->ceiling))
			shape->ceiling = shape->rise / (1 - exp(-1 / fills[k].time));
	}
	shape->rests[2] = kt_larger(all - best.gain, 0);
	shape->fill_end = best.size;
	shape->slowing = samples / 2 * log((kt_larger(all - most, 0) + floor) / line);
	shape->fill = samples / 2 * log((shape->rests[2] + floor) / line);
}

static void compare_with_steps(const struct kt_shape_window *window,
	const struct kt_shape_basis *basis, const double *left, double samples, double floor,
	struct kt_shape *shape)
{
	double rests[KT_SHAPE_STEPS], line = shape->rests[1] + floor;
	int count = fit_steps(basis, left, window->steps, rests, shape);

	shape->steps = HUGE_VAL;
	for (int k = 0; k < count; k++)
		shape->steps = fmin(shape->steps,
			samples / 2 * log((rests[k] + floor) / line) + (k + 1) * log(samples) / 2);
	if (count)
		shape->step_rest = rests[0];
	shape->stepped = true;
	shape->score = fmin(shape->score, shape->steps);
}

void kt_shape_fit(const struct kt_shape_window *window, const struct kt_shape_basis *basis,
	struct kt_shape *ret_shape)
{
	int m = window->count;
	double left[KT_LEVEL_BLOCKS], rest[KT_LEVEL_BLOCKS];
	double samples, floor = m * window->grain * window->grain / 6, line;
	struct kt_shape shape = { 0 };

	memcpy(left, window->floors, (size_t)m * sizeof(*left));
	kt_shape_clear(basis, left);
	shape.rests[0] = shape.step_rest = dot(left, left, m);
	shape.rests[1] = kt_larger(shape.rests[0] - fit_line(basis, left, rest, &shape.rise), 0);
	shape.noise = sqrt(shape.rests[1] / m);
	samples = independent(rest, m, basis->count);
	line = shape.rests[1] + floor;
	shape.flat = samples / 2 * log((shape.rests[0] + floor) / line) - log(samples) / 2;
	shape.score = shape.flat;
	*ret_shape = shape;
	if (shape.flat < window->least)
		return;
	fit_fills(basis, left, window, samples, floor, &shape);
	shape.score = fmin(shape.flat, shape.fill);
	/* steps take longest, and no more than a fill can they make a line of it */
	if (window->steps > 0 && shape.score >= window->least)
		compare_with_steps(window, basis, left, samples, floor, &shape);
	*ret_shape = shape;
}

void kt_shape_fit_step(const struct kt_shape_window *window, const struct kt_shape_basis *basis,
	struct kt_shape *ret_shape)
{
	double left[KT_LEVEL_BLOCKS], rests[KT_SHAPE_STEPS];
	struct kt_shape shape = { 0 };

	memcpy(left, window->floors, (size_t)window->count * sizeof(*left));
	kt_shape_clear(basis, left);
	shape.rests[0] = shape.step_rest = dot(left, left, window->count);
	if (fit_steps(basis, left, 1, rests, &shape) > 0)
		shape.step_rest = rests[0];
	*ret_shape = shape;
}
