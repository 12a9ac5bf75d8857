// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/layout.h"

#include "base/attr.h"
#include "test.h"

/* Every row of the screen is of one part, or of none; none is outside. */
static void check_layout(int height, int nr_rows, bool alone)
{
	struct kt_layout l = kt_layout_for(height, nr_rows, alone);
	const struct {
		int at, count;
	} parts[] = { { l.title, 1 }, { l.whole, 1 }, { l.panel_head, 1 }, { l.panel, l.nr_panel },
		{ l.tabs, 1 }, { l.head, 1 }, { l.list, l.nr_list }, { l.total, 1 },
		{ l.footer, 1 } };
	int used[256] = { 0 };

	for (size_t i = 0; i < KT_LEN(parts); i++) {
		for (int k = 0; parts[i].at >= 0 && k < parts[i].count; k++) {
			if (CHECK(parts[i].at + k < height))
				used[parts[i].at + k]++;
		}
	}
	for (int y = 0; y < height; y++) {
		if (!CHECK(used[y] <= 1))
			printf("  row %d of %d\n", y, height);
	}
	CHECK(l.nr_list >= 1);
	CHECK(l.nr_panel <= nr_rows);
}

TEST(no_two_parts_of_the_screen_share_a_row)
{
	for (int height = 1; height <= 200; height++) {
		for (int nr_rows = 0; nr_rows < 30; nr_rows += 7) {
			check_layout(height, nr_rows, false);
			check_layout(height, nr_rows, true);
		}
	}
}

TEST(a_screen_of_24_rows_is_full)
{
	struct kt_layout l = kt_layout_for(24, 22, false);

	CHECK_INT(l.nr_panel, 9);
	CHECK_INT(l.nr_list, 8);
	CHECK_INT(l.total, 22);
	CHECK_INT(l.footer, 23);
}

static int sum(struct kt_panel_widths w)
{
	const int all[] = { w.size, w.share, w.growth, w.rate, w.bar, w.past };
	int n = w.name;

	for (size_t i = 0; i < KT_LEN(all); i++)
		n += all[i] ? all[i] + 1 : 0;
	return n;
}

TEST(the_columns_of_the_account_never_take_more_than_there_is)
{
	for (int width = 1; width < 400; width++) {
		CHECK(sum(kt_panel_fit(width, true)) <= width);
		CHECK(sum(kt_panel_fit(width, false)) <= width);
	}
}

TEST(eighty_columns_have_room_for_amount_share_growth_bar_and_past)
{
	struct kt_panel_widths w = kt_panel_fit(80, true);

	CHECK_INT(sum(w), 80);
	CHECK(w.name >= 25 && w.size && w.share && w.growth && w.bar && w.past);
	CHECK_INT(w.rate, 0);
	CHECK(kt_panel_fit(120, true).rate > 0);
}

TEST(the_columns_of_a_list_never_take_more_than_there_is)
{
	static const int widths[] = { 9, 10, 10, 9, 7, 12, 6, 20 };

	for (int width = 1; width < 300; width++) {
		for (int name = 1; name < 80; name += 13) {
			struct kt_list_fit fit = kt_list_fit(width, name, widths, 5, 8, true);
			int used = fit.name + (fit.past ? fit.past + 2 : 0);

			for (size_t i = 0; i < fit.nr; i++)
				used += widths[i] + 1;
			CHECK(used <= width);
			CHECK(fit.name <= name);
			/* the past is there only where all that comes before it is */
			CHECK(!fit.past || fit.nr >= 5);
		}
	}
}

TEST(the_past_of_a_row_is_two_minutes_where_samples_are_close_enough)
{
	char title[32];

	CHECK_INT(kt_top_past_step_ms(24, 120, 1), 5000);
	CHECK_INT(kt_top_past_step_ms(120, 120, 1), 1000);
	CHECK_INT(kt_top_past_step_ms(240, 120, 1), 1000);
	CHECK_INT(kt_top_past_step_ms(24, 120, 10), 10000);
	kt_top_past_title(24, 1, title, sizeof(title));
	CHECK_STR(title, "LAST 2 MIN");
	kt_top_past_title(16, 1, title, sizeof(title));
	CHECK_STR(title, "2 MIN");
	kt_top_past_title(24, 10, title, sizeof(title));
	CHECK_STR(title, "LAST 4 MIN");
}

TEST(the_row_under_the_cursor_is_always_on_the_screen)
{
	CHECK_INT(kt_scroll_to(0, 0, 5, 100), 0);
	CHECK_INT(kt_scroll_to(0, 4, 5, 100), 0);
	CHECK_INT(kt_scroll_to(0, 5, 5, 100), 1);
	CHECK_INT(kt_scroll_to(50, 10, 5, 100), 10);
	CHECK_INT(kt_scroll_to(98, 99, 5, 100), 95);
	CHECK_INT(kt_scroll_to(98, 3, 5, 4), 0);
	CHECK_INT(kt_scroll_to(7, 3, 0, 4), 0);
}

TEST(a_line_above_all_moves_every_part_that_is_there)
{
	for (int height = 1; height <= 60; height++) {
		const struct kt_layout before = kt_layout_for(height, 9, false);
		struct kt_layout after = before;

		kt_layout_lower(&after);
		CHECK_INT(after.title, before.title < 0 ? -1 : before.title + 1);
		CHECK_INT(after.total, before.total < 0 ? -1 : before.total + 1);
		CHECK_INT(after.list, before.list + 1);
		CHECK_INT(after.nr_list, before.nr_list);
		CHECK_INT(after.footer, before.footer < 0 ? -1 : before.footer + 1);
	}
}
