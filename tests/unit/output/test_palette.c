// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/palette.h"

#include "account/row.h"
#include "test.h"

#include <string.h>

TEST(each_row_with_a_colour_is_a_row_of_the_account)
{
	const char *id;

	for (size_t i = 0; (id = kt_palette_row_at(i)) != NULL; i++) {
		bool found = false;

		for (size_t k = 0; k < KT_ROW_COUNT; k++)
			found |= strcmp(kt_rows[k].id, id) == 0;
		CHECK(found);
		CHECK(kt_palette_row(id) >= 0 && kt_palette_row(id) < kt_palette_count());
		CHECK_INT(kt_palette_band(id, 7), kt_palette_row(id));
	}
}

TEST(no_two_parts_of_a_stack_have_one_colour)
{
	for (size_t i = 0; i < KT_ROW_COUNT; i++) {
		for (size_t k = 0; k < i; k++) {
			int color = kt_palette_row(kt_rows[i].id);

			/* a few rows of one parent may be the same by nature */
			if (color >= 0 && color == kt_palette_row(kt_rows[k].id))
				CHECK(strncmp(kt_rows[i].id, "slab", 4) == 0 ||
					strcmp(kt_rows[i].id, "lru_only") == 0);
		}
	}
}

TEST(a_band_without_a_row_has_a_colour_by_its_place)
{
	CHECK_INT(kt_palette_row(NULL), -1);
	CHECK_INT(kt_palette_row("dentry"), -1);
	CHECK_INT(kt_palette_band(NULL, 3), 3);
	CHECK_INT(kt_palette_band("dentry", 13), 1);
	for (int i = 0; i < kt_palette_count(); i++)
		CHECK(kt_palette_web(i)[0] == '#' && strlen(kt_palette_web(i)) == 7);
}
