// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/picture/curve.h"

#include "test.h"

#include <stdlib.h>

/* Walks the whole plane: every place once, each beside the one before it. */
static void check_curve(const struct kt_curve *curve)
{
	size_t side = (size_t)1 << curve->order, width = curve->columns * side;
	size_t nr_cells = width * curve->rows * side, last_x = 0, last_y = 0;
	unsigned char *seen = calloc(nr_cells, 1);
	size_t nr_twice = 0, nr_jumps = 0, nr_outside = 0;

	for (size_t cell = 0; cell < nr_cells; cell++) {
		size_t x, y, far;

		kt_curve_place(curve, cell, &x, &y);
		if (x >= width || y >= curve->rows * side) {
			nr_outside++;
			continue;
		}
		nr_twice += seen[y * width + x];
		seen[y * width + x] = 1;
		far = (x > last_x ? x - last_x : last_x - x) +
		      (y > last_y ? y - last_y : last_y - y);
		nr_jumps += cell ? far != 1 : x + y != 0;
		last_x = x;
		last_y = y;
	}
	CHECK_INT(nr_outside, 0);
	CHECK_INT(nr_twice, 0);
	CHECK_INT(nr_jumps, 0);
	free(seen);
}

TEST(a_curve_fills_its_plane_without_a_jump)
{
	for (unsigned order = 0; order <= 4; order++) {
		for (size_t columns = 1; columns <= 8; columns++) {
			for (size_t rows = 1; rows <= 5; rows++) {
				struct kt_curve curve = { order, columns, rows };

				check_curve(&curve);
			}
		}
	}
}

TEST(an_aligned_run_of_four_to_the_n_cells_is_a_square)
{
	struct kt_curve curve = { 5, 3, 3 };

	for (size_t start = 0; start < 9 * 1024; start += 64) {
		size_t left = SIZE_MAX, top = SIZE_MAX, right = 0, bottom = 0;

		for (size_t cell = start; cell < start + 64; cell++) {
			size_t x, y;

			kt_curve_place(&curve, cell, &x, &y);
			left = x < left ? x : left;
			right = x > right ? x : right;
			top = y < top ? y : top;
			bottom = y > bottom ? y : bottom;
		}
		CHECK_INT(right - left, 7);
		CHECK_INT(bottom - top, 7);
	}
}

TEST(a_curve_has_room_for_every_cell_and_little_more)
{
	for (size_t n = 0; n <= (1u << 20); n += n < 100 ? 1 : n / 7) {
		struct kt_curve curve = kt_curve_for(n);
		size_t tile = (size_t)1 << (2 * curve.order);

		CHECK(curve.columns * curve.rows * tile >= n);
		CHECK((curve.columns * curve.rows - curve.columns) * tile < n || n <= 1);
		CHECK((curve.columns << curve.order) <= 1024);
	}
}
