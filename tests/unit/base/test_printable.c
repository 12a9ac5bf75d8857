// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/printable.h"

#include "test.h"

static const char *clean(const char *text, unsigned flags)
{
	static struct kt_buf buf;

	buf.size = 0;
	kt_buf_printable(&buf, kt_span_str(text), flags);
	kt_buf_add(&buf, "", 1);
	return buf.data;
}

TEST(text_stays_as_it_is)
{
	CHECK_STR(clean("kmalloc-1k", 0), "kmalloc-1k");
	CHECK_STR(clean("日本語 ± é ⣿ 😀", 0), "日本語 ± é ⣿ 😀");
	CHECK_STR(clean("", 0), "");
}

TEST(control_characters_of_all_three_kinds_are_gone)
{
	CHECK_STR(clean("a\033[31mb", 0), "a?[31mb");
	CHECK_STR(clean("a\302\23331mb", 0), "a?31mb"); /* U+009B */
	CHECK_STR(clean("a\23331mb", 0), "a?31mb");	/* the same as one byte */
	CHECK_STR(clean("a\177b\x01", 0), "a?b?");
	for (int c = 1; c < 256; c++) {
		char text[2] = { (char)c, 0 };

		CHECK_STR(clean(text, 0), c >= 0x20 && c < 0x7f ? text : "?");
	}
}

TEST(characters_that_reorder_or_have_no_width_are_gone)
{
	static const char *const hostile[] = { "\u202e", "\u202a", "\u2066", "\u2069", "\u200b",
		"\u200d", "\u200e", "\u2028", "\u2029", "\u2060", "\u061c", "\ufeff", "\u00ad",
		"\ufe0f", "\u180e", "\u115f", "\U000e0041" };

	for (size_t i = 0; i < KT_LEN(hostile); i++)
		CHECK_STR(clean(hostile[i], 0), "?");
}

TEST(bytes_that_are_no_utf8_are_one_question_mark_each)
{
	CHECK_STR(clean("\xc0\xaf", 0), "??");		 /* overlong */
	CHECK_STR(clean("\xe0\x80\x9b", 0), "???");	 /* overlong U+001B */
	CHECK_STR(clean("\xed\xa0\x80", 0), "???");	 /* half of UTF-16 */
	CHECK_STR(clean("\xf4\x90\x80\x80", 0), "????"); /* beyond the last */
	CHECK_STR(clean("\xe2\x82", 0), "??");		 /* cut off */
	CHECK_STR(clean("\xe2\x82z", 0), "??z");
}

TEST(lines_colours_and_ascii_are_asked_for)
{
	CHECK_STR(clean("a\nb\tc\r\nd\re", KT_PRINTABLE_LINES), "a\nb\tc\r\nd?e");
	CHECK_STR(clean("\033[38;5;7mx\033[0m", KT_PRINTABLE_COLORS), "\033[38;5;7mx\033[0m");
	CHECK_STR(clean("\033[2J\033]0;t\007", KT_PRINTABLE_COLORS), "?[2J?]0;t?");
	CHECK_STR(clean("\033[1", KT_PRINTABLE_COLORS), "?[1");
	CHECK_STR(clean("±é", KT_PRINTABLE_ASCII), "??");
}

static const char *json(const char *text)
{
	static struct kt_buf buf;

	buf.size = 0;
	kt_buf_json(&buf, text);
	kt_buf_add(&buf, "", 1);
	return buf.data;
}

TEST(json_loses_nothing_that_is_text)
{
	CHECK_STR(json("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000ad\"");
	CHECK_STR(json("\302\233\u202e\177"), "\"\\u009b\\u202e\\u007f\"");
	CHECK_STR(json("\U000e0041"), "\"\\udb40\\udc41\"");
	CHECK_STR(json("\xff日"), "\"\\ufffd日\"");
}

/* Bytes are looked at eight at a time: each of them at each place among sixteen. */
TEST(each_byte_at_each_place_is_judged_alike)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		bool plain = byte >= 0x20 && byte < 0x7f;

		for (size_t at = 0; at < 16; at++) {
			char text[16];

			memset(text, at % 2 ? '~' : ' ', sizeof(text));
			text[at] = (char)byte;
			CHECK_INT(kt_printable_front((struct kt_span){ text, sizeof(text) }, 0),
				plain ? sizeof(text) : at);
		}
	}
}
