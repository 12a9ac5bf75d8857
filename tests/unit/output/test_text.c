// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/human.h"
#include "render.h"
#include "test.h"

#define OPTS(...) ((struct kt_output_opts){ __VA_ARGS__ })

static const struct kt_column tree_columns[] = {
	{ .key = "title", .title = "MEMORY", .type = KT_CELL_TEXT, .flags = KT_COL_TREE },
	{ .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	{ .key = "share", .title = "", .type = KT_CELL_SHARE, .flags = KT_COL_BAR },
};

static struct kt_report_row *add(struct kt_report *report, struct kt_table *table,
	const char *title, int depth, int64_t bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);

	row->depth = depth;
	row->cells[0] = kt_cell_text(title);
	row->cells[1] = kt_cell_number(bytes);
	return row;
}

static struct kt_table *tree(struct kt_report *report)
{
	kt_report_init(report, "s");
	return kt_report_table(report, "t", NULL, tree_columns, KT_LEN(tree_columns));
}

static void fill(struct kt_report *report)
{
	struct kt_table *table = tree(report);

	add(report, table, "ram", 0, 4096);
	add(report, table, "boot", 1, 1024);
	add(report, table, "code", 2, 512);
	add(report, table, "data", 2, 512);
	add(report, table, "free", 1, 3072);
	add(report, table, "normal", 2, 3072);
}

TEST(a_tree_is_drawn_with_glyphs_where_the_terminal_has_them)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	fill(&report);
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.unicode = true)),
		"\n"
		"MEMORY         SIZE\n"
		"ram         4.0 KiB\n"
		"├ boot      1.0 KiB\n"
		"│ ├ code      512 B\n"
		"│ └ data      512 B\n"
		"└ free      3.0 KiB\n"
		"  └ normal  3.0 KiB\n");
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.exact_bytes = true)),
		"\n"
		"MEMORY      SIZE\n"
		"ram         4096\n"
		"+ boot      1024\n"
		"| + code     512\n"
		"| ` data     512\n"
		"` free      3072\n"
		"  ` normal  3072\n");
}

TEST(depth_and_minor_rows_change_which_branch_is_the_last)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	fill(&report);
	report.tables.items[0]->rows.items[4].minor = true;
	report.tables.items[0]->rows.items[5].minor = true;
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.depth = 1, .exact_bytes = true)),
		"\n"
		"MEMORY  SIZE\n"
		"ram     4096\n"
		"` boot  1024\n");
	CHECK_STR(rendered(&kt_output_text, &report,
			  OPTS(.depth = 1, .exact_bytes = true, .all = true)),
		"\n"
		"MEMORY  SIZE\n"
		"ram     4096\n"
		"+ boot  1024\n"
		"` free  3072\n");
}

TEST(a_missing_value_says_why_in_a_word_and_is_not_zero)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = tree(&report);

	add(&report, table, "a", 0, 0);
	add(&report, table, "b", 0, 0)->cells[1] = kt_cell_missing(KT_ABSENT, "x");
	add(&report, table, "c", 0, 0)->cells[1] = kt_cell_missing(KT_DENIED, "x");
	add(&report, table, "d", 0, 0)->cells[1] = kt_cell_missing(KT_BAD, NULL);
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.exact_bytes = true)),
		"\n"
		"MEMORY    SIZE\n"
		"a            0\n"
		"b            -\n"
		"c       denied\n"
		"d          bad\n");
}

/* Columns of the longest line, a code point being one. */
static int widest(const char *text)
{
	int at = 0, max = 0;

	for (; *text; text++) {
		if (*text == '\n')
			at = 0;
		else
			at += (*text & 0xc0) != 0x80;
		max = at > max ? at : max;
	}
	return max;
}

TEST(bars_fill_the_line_and_never_leave_it)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = tree(&report);
	static const double shares[] = { 1.0, 0.5, 0.0001, 0, -0.3, 7 };

	for (size_t i = 0; i < KT_LEN(shares); i++)
		add(&report, table, "row", 0, 1)->cells[2] = kt_cell_real(shares[i]);
	for (int width = 20; width <= 60; width += 10) {
		for (int unicode = 0; unicode <= 1; unicode++)
			CHECK(widest(rendered(&kt_output_text, &report,
				      OPTS(.width = width, .unicode = unicode))) <= width);
	}
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.width = 24, .unicode = true)),
		"\n"
		"MEMORY  SIZE\n"
		"row      1 B  ██████████\n"
		"row      1 B  █████\n"
		"row      1 B  ▏\n"
		"row      1 B\n"
		"row      1 B\n"
		"row      1 B  ██████████\n");
}

TEST(notes_are_wrapped_at_blanks_within_the_width)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_report_init(&report, "s");
	kt_report_note(&report, "the quick brown fox jumps over the lazy dog");
	kt_report_note(&report, "short");
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.width = 20)), "\n"
									 "* the quick brown\n"
									 "  fox jumps over the\n"
									 "  lazy dog\n"
									 "* short\n");
}

TEST(a_word_longer_than_the_line_is_whole)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	char word[400];
	const char *text;

	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	kt_report_init(&report, "s");
	kt_report_note(&report, "a %s b", word);
	text = rendered(&kt_output_text, &report, OPTS(.width = 40));
	CHECK(strstr(text, word) != NULL);
}

TEST(a_terminal_without_glyphs_gets_plain_ascii)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const char *text;

	kt_report_init(&report, "s");
	kt_report_headline(&report, "1 ± 2 µs … é");
	text = rendered(&kt_output_text, &report, OPTS(.unicode = false));
	CHECK_STR(text, "1 +- 2 us ... ?\n");
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.unicode = true)), "1 ± 2 µs … é\n");
}

TEST(colours_are_only_where_they_were_asked_for)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	fill(&report);
	kt_report_headline(&report, "head");
	report.tables.items[0]->rows.items[0].strong = true;
	CHECK(!strchr(rendered(&kt_output_text, &report, OPTS(.unicode = true)), '\033'));
	CHECK(strchr(rendered(&kt_output_text, &report, OPTS(.color = true)), '\033'));
}

TEST(sizes_are_rounded_and_never_shown_as_1024)
{
	static const struct {
		int64_t bytes;
		const char *wanted;
	} cases[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1048575, "1.0 MiB" },
		{ 1048524, "1023.9 KiB" },
		{ -1536, "-1.5 KiB" },
		{ 5ll << 30, "5.0 GiB" },
		{ INT64_MAX, "8.0 EiB" },
		{ INT64_MIN, "-8.0 EiB" },
	};
	char text[24];

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		kt_human_bytes(cases[i].bytes, text);
		CHECK_STR(text, cases[i].wanted);
	}
}

TEST(a_share_that_rounds_to_zero_has_no_sign)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	static const struct kt_column share = {
		.key = "share", .title = "S", .type = KT_CELL_SHARE
	};
	struct kt_table *table;

	kt_report_init(&report, "s");
	table = kt_report_table(&report, "t", NULL, &share, 1);
	kt_table_row(&report, table)->cells[0] = kt_cell_real(-0.00001);
	kt_table_row(&report, table)->cells[0] = kt_cell_real(-0.0001);
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(0)), "\n      S\n 0.00 %\n-0.01 %\n");
}

TEST(tables_for_data_only_and_empty_ones_are_not_shown)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_table *table = tree(&report);

	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.all = true)), "");
	add(&report, table, "a", 0, 1);
	table->data_only = true;
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.all = true)), "");
}

TEST(every_output_is_found_by_its_name_and_no_other)
{
	for (size_t i = 0; i < kt_nr_outputs; i++)
		CHECK(kt_output_find(kt_outputs[i]->name) == kt_outputs[i]);
	CHECK(!kt_output_find("xml") && !kt_output_find("") && !kt_output_find("jso"));
}
