// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_CURVE_H
#define KT_OUTPUT_CURVE_H

#include <stddef.h>

/**
 * A line of cells folded into a plane, so that what is near on the line is near in the
 * plane: tiles, each a Hilbert curve, in rows that run there and back. Each cell touches
 * the one before it, and each aligned run of 4^n cells is a square. Tiles rather than one
 * large curve, which would leave up to half of its square empty.
 */
struct kt_curve {
	unsigned order; /* a tile is 2^order cells wide and high */
	size_t columns, rows;
};

/** The curve that holds `nr_cells`, nearly square. */
struct kt_curve kt_curve_for(size_t nr_cells);
void kt_curve_place(const struct kt_curve *curve, size_t cell, size_t *ret_x, size_t *ret_y);

#endif
