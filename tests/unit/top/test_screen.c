// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/screen.h"

#include "test.h"

static struct kt_screen screen_of(int width, int height, bool unicode)
{
	struct kt_screen screen = { .unicode = unicode };

	CHECK(kt_screen_size(&screen, width, height) == NULL);
	return screen;
}

static const char *text_of(const struct kt_screen *screen)
{
	static struct kt_buf text;

	text.size = 0;
	kt_screen_text(screen, &text);
	kt_buf_add(&text, "", 1);
	return text.data;
}

TEST(columns_of_wide_and_combining_characters_are_counted)
{
	CHECK_INT(kt_text_columns("dentry"), 6);
	CHECK_INT(kt_text_columns("±"), 1);
	CHECK_INT(kt_text_columns("日本語"), 6);
	CHECK_INT(kt_text_columns("e\xcc\x81"), 1);
	CHECK_INT(kt_text_columns(""), 0);
}

TEST(bytes_that_are_no_character_are_one_sign_each)
{
	CHECK_INT(kt_text_columns("\xff\xfe"), 2);
	CHECK_INT(kt_text_columns("\xe6\x97"), 2);
	CHECK_INT(kt_text_columns("a\xc3"), 2);
}

static void check_short(const char *text, int room, const char *wanted)
{
	char ret[64];

	kt_text_shorten(text, room, true, ret, sizeof(ret));
	CHECK_STR(ret, wanted);
	CHECK(kt_text_columns(ret) <= room || room < 0);
}

TEST(what_is_too_long_loses_its_middle)
{
	check_short("kmalloc-rcl-1k", 14, "kmalloc-rcl-1k");
	check_short("kmalloc-rcl-1k", 9, "kmal…l-1k");
	check_short("kmalloc-rcl-1k", 2, "k…");
	check_short("kmalloc-rcl-1k", 1, "…");
	check_short("kmalloc-rcl-1k", 0, "");
}

TEST(a_wide_character_is_never_cut_in_half)
{
	check_short("日本語日本語", 12, "日本語日本語");
	check_short("日本語日本語", 7, "日…語");
	check_short("日本語日本語", 4, "日…");
	check_short("日本語日本語", 2, "…");
	for (int room = 0; room < 14; room++) {
		char ret[64];

		kt_text_shorten("日a本b語c日", room, true, ret, sizeof(ret));
		CHECK(kt_text_columns(ret) <= room);
		CHECK(strstr(ret, "\xef\xbf\xbd") == NULL);
	}
}

TEST(a_small_buffer_holds_what_fits)
{
	char ret[8];

	kt_text_shorten("a name that is longer than that", 30, true, ret, sizeof(ret));
	CHECK(strlen(ret) < sizeof(ret));
	kt_text_shorten("日本語日本語", 12, true, ret, sizeof(ret));
	CHECK(strlen(ret) < sizeof(ret));
}

TEST(what_is_outside_of_the_screen_is_left_out)
{
	struct kt_screen screen = screen_of(6, 2, true);

	kt_screen_put(&screen, 0, 4, 10, KT_STYLE_PLAIN, "abcdef");
	kt_screen_put(&screen, 5, 0, 10, KT_STYLE_PLAIN, "x");
	kt_screen_put(&screen, -1, 0, 10, KT_STYLE_PLAIN, "x");
	kt_screen_put(&screen, 1, -2, 10, KT_STYLE_PLAIN, "abc");
	kt_screen_put(&screen, 1, 5, 10, KT_STYLE_PLAIN, "日");
	kt_screen_paint(&screen, 1, -5, 100, KT_STYLE_BOLD);
	CHECK_STR(text_of(&screen), "    ab\nc\n");
	kt_screen_cleanup(&screen);
}

TEST(text_is_put_at_the_right_where_numbers_stand)
{
	struct kt_screen screen = screen_of(10, 1, true);

	kt_screen_put_right(&screen, 0, 2, 8, KT_STYLE_PLAIN, "1.0 MiB");
	CHECK_STR(text_of(&screen), "   1.0 MiB\n");
	kt_screen_cleanup(&screen);
}

TEST(control_characters_reach_no_cell)
{
	struct kt_screen screen = screen_of(10, 1, true);

	kt_screen_put(&screen, 0, 0, 10, KT_STYLE_PLAIN, "a\033[2Jb\x07\xc2\x9b");
	CHECK_STR(text_of(&screen), "a?[2Jb??\n");
	kt_screen_cleanup(&screen);
}

TEST(without_utf8_every_cell_is_ascii)
{
	struct kt_screen screen = screen_of(20, 2, false);

	kt_screen_put(&screen, 0, 0, 20, KT_STYLE_PLAIN, "± 4 KiB ├└│ 日 é");
	kt_screen_bar(&screen, 1, 0, 10, KT_STYLE_BAR, 0.5);
	CHECK_STR(text_of(&screen), "+- 4 KiB +`| ?  ?\n#####\n");
	kt_screen_cleanup(&screen);
}

TEST(a_bar_is_as_long_as_its_share_and_never_longer_than_its_room)
{
	struct kt_screen screen = screen_of(12, 4, true);

	kt_screen_bar(&screen, 0, 0, 10, KT_STYLE_BAR, 0.25);
	kt_screen_bar(&screen, 1, 0, 10, KT_STYLE_BAR, 7);
	kt_screen_bar(&screen, 2, 0, 10, KT_STYLE_BAR, 0.0001);
	kt_screen_bar(&screen, 3, 0, 10, KT_STYLE_BAR, -1);
	CHECK_STR(text_of(&screen), "██▌\n██████████\n▏\n\n");
	kt_screen_cleanup(&screen);
}

TEST(any_size_is_brought_within_limits)
{
	struct kt_screen screen = screen_of(-3, 0, true);

	CHECK_INT(screen.width, 1);
	CHECK_INT(screen.height, 1);
	CHECK(kt_screen_size(&screen, 1 << 30, 1 << 30) == NULL);
	CHECK_INT(screen.width, KT_SCREEN_WIDTH_MAX);
	CHECK_INT(screen.height, KT_SCREEN_HEIGHT_MAX);
	kt_screen_cleanup(&screen);
}

TEST(a_sentence_is_broken_at_blanks_and_a_long_word_anywhere)
{
	struct kt_screen screen = screen_of(10, 4, true);

	kt_screen_put_wrapped(&screen, 0, 4, KT_STYLE_PLAIN, "it takes root abcdefghijklmn");
	CHECK_STR(text_of(&screen), "it takes\nroot\nabcdefghij\nklmn\n");
	CHECK(kt_screen_size(&screen, 10, 2) == NULL);
	kt_screen_put_wrapped(&screen, 0, 1, KT_STYLE_PLAIN, "one two three");
	CHECK_STR(text_of(&screen), "one two\n\n");
	kt_screen_cleanup(&screen);
}
