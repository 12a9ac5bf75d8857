// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/view.h"

#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>

#define HEAD "slabinfo - version: 2.1\n# name\n"

static char folder[64];

/* Caches "a", "b", "c" of so many pages each. */
static void write_caches(int a, int b, int c)
{
	const int nr[] = { a, b, c };
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/slabinfo", folder);
	file = fopen(path, "w");
	if (!CHECK(file != NULL))
		return;
	fputs(HEAD, file);
	for (int i = 0; i < 3; i++)
		fprintf(file, "cache_%c %d %d 4096 1 1 : tunables 0 0 0 : slabdata %d %d 0\n",
			'a' + i, nr[i], nr[i], nr[i], nr[i]);
	fclose(file);
}

static void begin(struct kt_view *view, struct kt_call *call)
{
	char path[128];

	snprintf(folder, sizeof(folder), "/tmp/ktally-view-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/proc", folder);
	CHECK_INT(mkdir(path, 0700), 0);
	*call = (struct kt_call){
		.machine.source = folder, .show.output = &kt_output_text, .interval_s = 1
	};
	kt_view_init(view, &kt_tabs[KT_TAB_SLAB]);
	write_caches(30, 20, 10);
	kt_view_step(view, call, 10);
	CHECK_STR(view->error, "");
}

static void end(struct kt_view *view)
{
	static const char *const names[] = { "proc/slabinfo", "proc", "" };
	char path[128];

	kt_view_fini(view);
	for (size_t i = 0; i < KT_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
}

static int64_t cell(const struct kt_view *view, size_t row, unsigned flag)
{
	const struct kt_cell *found =
		&view->table->rows.items[row].cells[kt_table_column(view->table, flag)];

	return found->state == KT_OK ? found->number : -1;
}

TEST(rows_are_sorted_by_amount_and_the_other_way_round)
{
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	CHECK_STR(kt_view_name(&view, 0), "cache_a");
	view.inverted = true;
	kt_view_refresh(&view);
	CHECK_STR(kt_view_name(&view, 0), "cache_c");
	view.inverted = false;
	CHECK(kt_view_sort(&view, "name"));
	CHECK(!kt_view_sort(&view, "nonsense"));
	CHECK_STR(kt_view_name(&view, 2), "cache_c");
	end(&view);
}

TEST(growth_is_since_the_first_sample_or_the_mark)
{
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	write_caches(30, 20, 25);
	kt_view_step(&view, &call, 10);
	CHECK(kt_view_sort(&view, "growth"));
	CHECK_STR(kt_view_name(&view, 0), "cache_c");
	CHECK_INT(cell(&view, 0, KT_COL_GROWTH), 15 * 4096);
	kt_watch_mark(view.watch);
	kt_view_step(&view, &call, 10);
	CHECK_INT(cell(&view, 0, KT_COL_GROWTH), 0);
	end(&view);
}

TEST(the_cursor_stays_on_its_row_when_others_pass_it)
{
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	kt_view_move_to(&view, 1);
	CHECK_STR(kt_view_name(&view, view.at), "cache_b");
	write_caches(30, 20, 25);
	kt_view_step(&view, &call, 10);
	CHECK_INT(view.at, 2);
	CHECK_STR(kt_view_name(&view, view.at), "cache_b");
	kt_view_move_to(&view, 99);
	CHECK_INT(view.at, 2);
	end(&view);
}

TEST(the_cursor_at_the_top_stays_at_the_top)
{
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	write_caches(30, 50, 10);
	kt_view_step(&view, &call, 10);
	CHECK_INT(view.at, 0);
	CHECK_STR(kt_view_name(&view, view.at), "cache_b");
	end(&view);
}

TEST(what_a_filter_hides_is_added_up)
{
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	snprintf(view.filter, sizeof(view.filter), "_b");
	kt_view_refresh(&view);
	CHECK_INT(kt_view_nr(&view), 1);
	if (CHECK(view.table->rest != NULL))
		CHECK_INT(view.table->rest->cells[kt_table_column(view.table, KT_COL_TRACK)].number,
			40 * 4096);
	CHECK_INT(view.table->total->cells[kt_table_column(view.table, KT_COL_TRACK)].number,
		60 * 4096);
	end(&view);
}

TEST(pinned_rows_are_first_whatever_the_sort)
{
	struct kt_marks marks = { 0 };
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	view.marks = &marks;
	CHECK(kt_marks_add(&marks, "cache_c"));
	CHECK(kt_marks_add(&marks, "no such cache"));
	kt_view_refresh(&view);
	CHECK_STR(kt_view_name(&view, 0), "cache_c");
	CHECK_STR(kt_view_name(&view, 1), "cache_a");
	CHECK_STR(kt_view_name(&view, 2), "cache_b");
	CHECK(view.table->rows.items[0].pinned);
	CHECK(!view.table->rows.items[1].pinned);
	CHECK_INT(view.table->total->cells[kt_table_column(view.table, KT_COL_TRACK)].number,
		60 * 4096);
	CHECK(kt_marks_add(&marks, "cache_b"));
	kt_view_refresh(&view);
	CHECK_STR(kt_view_name(&view, 0), "cache_b"); /* pinned rows are sorted too */
	view.inverted = true;
	kt_view_refresh(&view);
	CHECK_STR(kt_view_name(&view, 0), "cache_c");
	CHECK_STR(kt_view_name(&view, 2), "cache_a");
	kt_marks_remove(&marks, "cache_c");
	kt_view_refresh(&view);
	CHECK_STR(kt_view_name(&view, 0), "cache_b");
	CHECK_STR(kt_view_name(&view, 1), "cache_c");
	end(&view);
}

TEST(search_goes_on_around_the_end)
{
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	CHECK(kt_view_search(&view, "CACHE", 1));
	CHECK_INT(view.at, 1);
	CHECK(kt_view_search(&view, "_a", 2));
	CHECK_INT(view.at, 0);
	CHECK(!kt_view_search(&view, "zz", 0));
	CHECK_INT(view.at, 0);
	end(&view);
}

TEST(what_goes_wrong_later_leaves_the_last_list)
{
	struct kt_call call;
	struct kt_view view;
	char path[128];

	begin(&view, &call);
	snprintf(path, sizeof(path), "%s/proc/slabinfo", folder);
	remove(path);
	kt_view_step(&view, &call, 10);
	CHECK(view.error[0]);
	CHECK_INT(kt_view_nr(&view), 3);
	end(&view);
}

TEST(large_counts_have_commas_and_names_of_numbers_have_none)
{
	struct kt_column column = { .key = "objects", .type = KT_CELL_COUNT, .flags = KT_COL_SUM };
	struct kt_cell number = kt_cell_number(1234567);
	char text[64];

	kt_view_cell(&column, &number, false, text, sizeof(text));
	CHECK_STR(text, "1,234,567");
	number = kt_cell_number(9999);
	kt_view_cell(&column, &number, false, text, sizeof(text));
	CHECK_STR(text, "9999");
	column.flags = KT_COL_SUM | KT_COL_GROWTH;
	number = kt_cell_number(-12345);
	kt_view_cell(&column, &number, false, text, sizeof(text));
	CHECK_STR(text, "-12,345");
	number = kt_cell_number(12345);
	kt_view_cell(&column, &number, false, text, sizeof(text));
	CHECK_STR(text, "+12,345");
	number = kt_cell_number(INT64_MIN);
	kt_view_cell(&column, &number, true, text, sizeof(text));
	CHECK_STR(text, "-9,223,372,036,854,775,808");
	column.flags = 0; /* such as the number of a process */
	number = kt_cell_number(1234567);
	kt_view_cell(&column, &number, false, text, sizeof(text));
	CHECK_STR(text, "1234567");
}

TEST(growth_of_a_moment_is_no_column)
{
	size_t index[KT_VIEW_COLUMNS], count;
	struct kt_call call;
	struct kt_view view;

	begin(&view, &call);
	view.hidden = KT_COL_GROWTH | KT_COL_RATE;
	count = kt_view_columns(&view, true, index);
	for (size_t i = 0; i < count; i++)
		CHECK(!(view.table->columns[index[i]].flags & view.hidden));
	CHECK(!kt_view_sort(&view, "growth"));
	end(&view);
}
