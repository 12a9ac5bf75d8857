// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/machine/shell_line.h"

#include "random.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static void check(const char *text, int wanted, const char *first, const char *last)
{
	char line[256], *words[KT_SHELL_WORDS_MAX];
	int count;

	strcpy(line, text);
	CHECK(!kt_shell_split(line, words, &count));
	if (CHECK_INT(count, wanted) && count) {
		CHECK_STR(words[0], first);
		CHECK_STR(words[count - 1], last);
	}
}

TEST(words_end_at_blanks_that_are_in_no_quotes)
{
	check("", 0, NULL, NULL);
	check(" \t\r", 0, NULL, NULL);
	check("slab", 1, "slab", "slab");
	check("  slab\t-a  ", 2, "slab", "-a");
	check("'a b' \"c 'd\"", 2, "a b", "c 'd");
	check("a'b c'\"d e\"f", 1, "ab cd ef", "ab cd ef");
	check("'' x", 2, "", "x");
	check("slab # of it", 1, "slab", "slab");
	check("#", 0, NULL, NULL);
	check("a#b '#c'", 2, "a#b", "#c");
}

TEST(an_open_quote_and_too_many_words_are_refused)
{
	static const char *const bad[] = { "'", "a \"b", "a 'b\"", "\"'" };
	char line[KT_SHELL_WORDS_MAX * 2 + 3], *words[KT_SHELL_WORDS_MAX];
	struct kt_err *err;
	int count;

	for (size_t i = 0; i < KT_LEN(bad); i++) {
		strcpy(line, bad[i]);
		err = kt_shell_split(line, words, &count);
		CHECK(err && kt_err_code(err) == KT_ERR_USAGE);
		kt_err_free(err);
	}
	for (int i = 0; i <= KT_SHELL_WORDS_MAX; i++)
		memcpy(line + i * 2, "a ", 3);
	err = kt_shell_split(line, words, &count);
	CHECK(err && kt_err_code(err) == KT_ERR_USAGE);
	kt_err_free(err);
}

/* Any line: words are in it, in their order, and each has its end. */
TEST(words_of_any_line_are_in_it)
{
	static const char letters[] = "ab '\"# \t";

	for (unsigned round = 0; round < 20000; round++) {
		char *words[KT_SHELL_WORDS_MAX];
		size_t n = dice(40);
		char *line = malloc(n + 1), *at = line;
		int count;

		for (size_t i = 0; i < n; i++)
			line[i] = letters[dice(sizeof(letters) - 1)];
		line[n] = '\0';
		kt_err_free(kt_shell_split(line, words, &count));
		for (int i = 0; i < count; i++) {
			CHECK(words[i] >= at && words[i] + strlen(words[i]) <= line + n);
			at = words[i];
		}
		free(line);
	}
}
