// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/picture/canvas.h"

#include "test.h"

static const struct kt_color black = { 0, 0, 0 }, white = { 255, 255, 255 };

static size_t nr_lit(const struct kt_canvas *canvas)
{
	size_t count = 0;

	for (int i = 0; i < canvas->width * canvas->height; i++)
		count += canvas->rgb[i * 3] != 0;
	return count;
}

TEST(what_falls_outside_of_the_canvas_is_left_out)
{
	KT_CLEANUP(canvas) struct kt_canvas canvas = { 0 };
	struct kt_err *err = kt_canvas_new(20, 10, black, &canvas);

	CHECK(!err);
	kt_canvas_box(&canvas, -5, -5, 7, 7, white);
	kt_canvas_box(&canvas, 18, 8, 100, 100, white);
	CHECK_INT(nr_lit(&canvas), 8);
	kt_canvas_text(&canvas, 1000, -1000, 3, white, "far away");
	kt_canvas_text(&canvas, -1000, 5, 1, white, "and back: \xff\n");
	CHECK_INT(nr_lit(&canvas), 8);
}

TEST(letters_stay_in_their_cell)
{
	for (int letter = ' '; letter <= '~'; letter++) {
		KT_CLEANUP(canvas) struct kt_canvas canvas = { 0 };
		struct kt_err *err = kt_canvas_new(40, 40, black, &canvas);
		const char text[] = { (char)letter, '\0' };
		size_t inside = 0;

		CHECK(!err);
		kt_canvas_text(&canvas, 10, 10, 1, white, text);
		for (int y = 10; y < 10 + KT_TEXT_HEIGHT; y++) {
			for (int x = 10; x < 10 + KT_TEXT_ADVANCE - 1; x++)
				inside += canvas.rgb[(y * 40 + x) * 3] != 0;
		}
		CHECK_INT(nr_lit(&canvas), inside);
		CHECK((inside > 0) == (letter != ' '));
	}
}

TEST(a_picture_without_size_or_too_large_is_refused)
{
	static const int sizes[][2] = { { 0, 5 }, { 5, -1 }, { KT_CANVAS_MAX + 1, 5 } };

	for (size_t i = 0; i < KT_LEN(sizes); i++) {
		KT_CLEANUP(canvas) struct kt_canvas canvas = { 0 };
		struct kt_err *err = kt_canvas_new(sizes[i][0], sizes[i][1], black, &canvas);

		if (CHECK(err))
			CHECK_INT(kt_err_code(err), KT_ERR_LIMIT);
		kt_err_free(err);
	}
}
