// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/picture/curve.h"

#define TILES_MAX 64

struct kt_curve kt_curve_for(size_t nr_cells)
{
	struct kt_curve curve = { .columns = 1 };
	size_t nr_tiles;

	while (((nr_cells - (nr_cells > 0)) >> (2 * curve.order)) >= TILES_MAX)
		curve.order++;
	nr_tiles = ((nr_cells - (nr_cells > 0)) >> (2 * curve.order)) + 1;
	while (curve.columns * curve.columns < nr_tiles)
		curve.columns++;
	curve.rows = (nr_tiles + curve.columns - 1) / curve.columns;
	return curve;
}

/* Places a cell on the Hilbert curve from the top left to the top right, smallest part first. */
static void place_in_tile(unsigned order, size_t cell, size_t *ret_x, size_t *ret_y)
{
	size_t x = 0, y = 0;

	for (size_t side = 1; side < (size_t)1 << order; side *= 2, cell /= 4) {
		size_t right = cell / 2 & 1, down = (cell ^ right) & 1, old = x;

		if (!down) {
			x = right ? side - 1 - y : y;
			y = right ? side - 1 - old : old;
		}
		x += side * right;
		y += side * down;
	}
	*ret_x = x;
	*ret_y = y;
}

/*
 * Rows run to the right along the upper ends of their tiles, and back along the lower ends. At the
 * turn between two rows, a tile leads down: it is mirrored along its diagonal.
 */
void kt_curve_place(const struct kt_curve *curve, size_t cell, size_t *ret_x, size_t *ret_y)
{
	size_t side = (size_t)1 << curve->order, tile = cell >> (2 * curve->order), x, y;
	size_t row = tile / curve->columns, step = tile % curve->columns;
	size_t column = row % 2 ? curve->columns - 1 - step : step;

	place_in_tile(curve->order, cell & (side * side - 1), &x, &y);
	if (column == curve->columns - 1) {
		size_t old = x;

		x = y;
		y = old;
	} else if (row % 2) {
		x = side - 1 - x;
		y = side - 1 - y;
	}
	*ret_x = column * side + x;
	*ret_y = row * side + y;
}
