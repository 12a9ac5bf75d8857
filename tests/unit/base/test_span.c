// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/span.h"

#include "test.h"

#include "base/attr.h"

#include <stdlib.h>

TEST(words_are_split_at_blanks_tabs_and_carriage_returns)
{
	struct kt_span rest = KT_SPAN("  MemTotal:\t 12 kB\r"), word;
	static const char *const words[] = { "MemTotal:", "12", "kB" };

	for (size_t i = 0; i < KT_LEN(words); i++)
		CHECK(kt_span_word(&rest, &word) && kt_span_eq(word, words[i]));
	CHECK(!kt_span_word(&rest, &word));
}

TEST(a_last_line_without_a_newline_is_a_line)
{
	struct kt_span rest = KT_SPAN("one\n\nthree"), line;

	CHECK(kt_span_line(&rest, &line) && kt_span_eq(line, "one"));
	CHECK(kt_span_line(&rest, &line) && line.n == 0);
	CHECK(kt_span_line(&rest, &line) && kt_span_eq(line, "three"));
	CHECK(!kt_span_line(&rest, &line));
}

TEST(a_text_that_ends_in_a_newline_has_no_empty_line_behind_it)
{
	struct kt_span rest = KT_SPAN("one\n"), line;

	CHECK(kt_span_line(&rest, &line));
	CHECK(!kt_span_line(&rest, &line));
}

TEST(a_stop_is_consumed_and_its_lack_consumes_nothing)
{
	struct kt_span rest = KT_SPAN("a:b"), part;

	CHECK(kt_span_until(&rest, ':', &part) && kt_span_eq(part, "a") && kt_span_eq(rest, "b"));
	CHECK(!kt_span_until(&rest, ':', &part));
	CHECK(kt_span_eq(rest, "b"));
}

TEST(nothing_is_read_behind_the_end)
{
	/* exactly three bytes on the heap: the address sanitizer sees a fourth */
	char *data = malloc(3);
	struct kt_span all = { data, 3 }, rest = all, part;
	uint64_t number;

	memcpy(data, "123", 3);
	CHECK(kt_span_u64(all, &number) && number == 123);
	CHECK(kt_span_hex(all, &number) && number == 0x123);
	CHECK(!kt_span_eq(all, "1234") && !kt_span_starts(all, "1234"));
	CHECK_INT(kt_span_find(all, "34"), 3);
	CHECK(kt_span_word(&rest, &part) && part.n == 3);
	CHECK_INT(kt_span_from(all, 99).n, 0);
	free(data);
}

TEST(a_number_that_does_not_fit_is_no_number)
{
	struct kt_span rest = KT_SPAN("18446744073709551616 kB");
	uint64_t big;
	int64_t number;

	CHECK(kt_span_u64(KT_SPAN("18446744073709551615"), &big) && big == UINT64_MAX);
	CHECK(!kt_span_u64(KT_SPAN("18446744073709551616"), &big));
	CHECK(!kt_span_take_u64(&rest, &big));
	CHECK_INT(rest.n, 23);
	CHECK(kt_span_i64(KT_SPAN("9223372036854775807"), &number) && number == INT64_MAX);
	CHECK(!kt_span_i64(KT_SPAN("9223372036854775808"), &number));
	CHECK(kt_span_i64(KT_SPAN("-12"), &number) && number == -12);
}

TEST(only_digits_are_a_number)
{
	static const char *const others[] = { "", " 1", "1 ", "+1", "0x1", "1.5", "-", "--1",
		"12kB" };
	uint64_t number;
	int64_t with_sign;

	for (size_t i = 0; i < KT_LEN(others); i++) {
		CHECK(!kt_span_u64(kt_span_str(others[i]), &number));
		CHECK(!kt_span_i64(kt_span_str(others[i]), &with_sign));
	}
}

TEST(hexadecimal_takes_sixteen_digits_and_no_more)
{
	uint64_t number;

	CHECK(kt_span_hex(KT_SPAN("0xffffFFFFffffFFFF"), &number) && number == UINT64_MAX);
	CHECK(!kt_span_hex(KT_SPAN("10000000000000000"), &number));
	CHECK(!kt_span_hex(KT_SPAN("0x"), &number));
	CHECK(!kt_span_hex(KT_SPAN("12g"), &number));
}

TEST(trimming_leaves_blanks_inside)
{
	CHECK(kt_span_eq(kt_span_trim(KT_SPAN(" \ta b \r\n")), "a b"));
	CHECK_INT(kt_span_trim(KT_SPAN("  ")).n, 0);
}

TEST(a_text_is_found_at_its_first_place_or_not_at_all)
{
	struct kt_span empty = { 0 };

	CHECK_INT(kt_span_find(KT_SPAN("abcabc"), "bc"), 1);
	CHECK_INT(kt_span_find(KT_SPAN("abc"), "x"), 3);
	CHECK_INT(kt_span_find(empty, "x"), 0);
	CHECK(kt_span_ends(KT_SPAN("2048kB"), "kB") && !kt_span_ends(KT_SPAN("B"), "kB"));
}

TEST(a_text_is_equal_only_whole)
{
	CHECK(kt_span_eq(KT_SPAN("slab"), "slab"));
	CHECK(!kt_span_eq(KT_SPAN("slab"), "sla"));
	CHECK(!kt_span_eq(KT_SPAN("sla"), "slab"));
	CHECK(!kt_span_eq(KT_SPAN("\0"), ""));
	CHECK(kt_span_eq((struct kt_span){ "", 0 }, ""));
	CHECK(kt_span_starts(KT_SPAN("slab"), ""));
	CHECK(!kt_span_starts((struct kt_span){ "s", 0 }, "s"));
	CHECK(!kt_span_starts(KT_SPAN("s"), "sl"));
}
