// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PICTURE_CURVE_H
#define KT_OUTPUT_PICTURE_CURVE_H

#include <stddef.h>

/**
 * Folds a line of cells into a plane, so that neighbours on the line are close in the plane: tiles,
 * each a Hilbert curve, in rows of alternating direction. Each cell touches the previous cell, and
 * each aligned run of 4^n cells is a square. One large curve instead of tiles would leave up to
 * half of its square empty.
 */
struct kt_curve {
	unsigned order; /* a tile is 2^order cells wide and high */
	size_t columns, rows;
};

/** Returns the curve for `nr_cells`, nearly square. */
struct kt_curve kt_curve_for(size_t nr_cells);
void kt_curve_place(const struct kt_curve *curve, size_t cell, size_t *ret_x, size_t *ret_y);

#endif
