// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_SHAPE_H
#define KT_VERDICT_SHAPE_H

#include "verdict/levels.h"

#include <stdbool.h>

/**
 * Shape of a window of floors: whether a straight line, or one that bends upwards, explains it
 * better than a cache that fills, than steps, and than no growth at all. An exponential stays one
 * from wherever it is first seen, so no onset has to be found.
 */

#define KT_SHAPE_VECTORS 12
#define KT_SHAPE_STEPS	 3 /* that a window is compared with, at most */

/** Taken out of a window before its shape is judged: orthonormal vectors. */
struct kt_shape_basis {
	int blocks, count;
	double vectors[KT_SHAPE_VECTORS][KT_LEVEL_BLOCKS];
};

struct kt_shape_window {
	const double *floors;
	int count;
	double grain;	 /* bytes; smaller differences are no evidence */
	double fill_max; /* longest time constant of a fill to refute, in windows */
	double least;	 /* less over no growth needs no more work: the rest is left at 0 */
	int steps;	 /* the most steps to try; 0: the window is not compared with steps */
};

struct kt_shape {
	double score;	  /* log Bayes factor of the line: the least of the next three */
	bool stepped;	  /* compared with steps, which nothing below `least` needs */
	double flat;	  /* over no growth */
	double fill;	  /* over a fill */
	double steps;	  /* over steps */
	double slowing;	  /* over a fill of any time constant, refuted or not */
	double rise;	  /* of the line, in the window, bytes */
	double noise;	  /* standard deviation of what the line leaves, bytes */
	double rests[3];  /* squares left by none, line, best fill */
	double step_rest; /* by one step of any direction */
	int step_at;	  /* first block after that step */
	double step_bytes;
	double ceiling;	 /* growth of a fill that explains it as well, at least; HUGE_VAL: none */
	double fill_end; /* growth of the best fill, in the end */
};

/** Takes out the mean. */
void kt_shape_begin(struct kt_shape_basis *basis, int blocks);
/** Takes out the part of a vector that the others leave; false if there is none, or no room. */
bool kt_shape_take_out(struct kt_shape_basis *basis, const double *vector);
/** Takes out phases of a day, half a day and a third of a day. */
void kt_shape_take_out_days(struct kt_shape_basis *basis, double blocks_per_day);
/** Takes the basis out of a vector. */
void kt_shape_clear(const struct kt_shape_basis *basis, double *vector);
void kt_shape_fit(const struct kt_shape_window *window, const struct kt_shape_basis *basis,
	struct kt_shape *ret_shape);
/** One step only: the squares left by none and by it, its place and height. */
void kt_shape_fit_step(const struct kt_shape_window *window, const struct kt_shape_basis *basis,
	struct kt_shape *ret_shape);

#endif
