// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/keys.h"

#include "test.h"
#include "top/state.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TURNS 4000

static char folder[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!CHECK(file != NULL))
		return;
	fputs(text, file);
	fclose(file);
}

static void begin(struct kt_top *top, int width, int height)
{
	char path[128];

	snprintf(folder, sizeof(folder), "/tmp/ktally-keys-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/proc", folder);
	CHECK_INT(mkdir(path, 0700), 0);
	write_file("proc/meminfo",
		"MemTotal: 1000000 kB\nMemFree: 400000 kB\nSlab: 120 kB\nSReclaimable: 40 kB\n"
		"SUnreclaim: 80 kB\nKernelStack: 2000 kB\nPageTables: 3000 kB\n");
	write_file("proc/slabinfo", "slabinfo - version: 2.1\n# name\n"
				    "cache_a 10 10 4096 1 1 : tunables 0 0 0 : slabdata 10 10 0\n"
				    "cache_b 20 20 4096 1 1 : tunables 0 0 0 : slabdata 20 20 0\n");
	*top = (struct kt_top){ .call = { .machine.source = folder,
					.show = { .output = &kt_output_text, .depth = 9 } },
		.open = KT_TAB_SLAB,
		.interval_s = 1,
		.cursor = true };
	for (size_t i = 0; i < KT_NR_TABS; i++)
		kt_view_init(&top->views[i], &kt_tabs[i]);
	top->screen.unicode = true;
	CHECK(kt_screen_size(&top->screen, width, height) == NULL);
	kt_top_step(top);
	kt_top_draw(top);
}

static void end(struct kt_top *top)
{
	static const char *const names[] = { "proc/meminfo", "proc/slabinfo", "proc", "" };
	char path[128];

	for (size_t i = 0; i < KT_NR_TABS; i++)
		kt_view_fini(&top->views[i]);
	kt_page_cleanup(&top->page);
	kt_screen_cleanup(&top->screen);
	for (size_t i = 0; i < KT_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
}

static void type(struct kt_top *top, const char *text)
{
	while (*text)
		kt_top_key(top, *text++);
}

TEST(q_quits_from_the_list_and_goes_back_from_a_page)
{
	struct kt_top top;

	begin(&top, 80, 24);
	kt_top_key(&top, KT_KEY_F(1));
	CHECK_INT(top.mode, KT_MODE_PAGE);
	kt_top_key(&top, 'q');
	CHECK_INT(top.mode, KT_MODE_LIST);
	CHECK(!top.done);
	kt_top_key(&top, 'q');
	CHECK(top.done);
	end(&top);
}

TEST(what_is_typed_filters_and_escape_takes_it_back)
{
	struct kt_top top;

	begin(&top, 80, 24);
	kt_top_key(&top, '\\');
	type(&top, "_bq");
	kt_top_key(&top, KT_KEY_BACKSPACE);
	CHECK_INT(kt_view_nr(kt_top_view(&top)), 1);
	kt_top_key(&top, KT_KEY_ENTER);
	CHECK_INT(top.mode, KT_MODE_LIST);
	kt_top_key(&top, KT_KEY_ESCAPE);
	CHECK(kt_view_nr(kt_top_view(&top)) >= 2);
	CHECK(!top.done);
	end(&top);
}

TEST(a_line_that_is_too_long_is_cut)
{
	struct kt_top top;

	begin(&top, 80, 24);
	kt_top_key(&top, '/');
	for (int i = 0; i < 1000; i++)
		kt_top_key(&top, 'x');
	CHECK_INT(strlen(top.input), sizeof(top.input) - 1);
	kt_top_draw(&top);
	end(&top);
}

TEST(a_capture_cannot_be_watched)
{
	struct kt_top top;

	begin(&top, 80, 24);
	kt_top_key(&top, 'w');
	CHECK_INT(top.mode, KT_MODE_LIST);
	CHECK(strstr(top.message, "running machine") != NULL);
	kt_top_key(&top, 'W');
	CHECK_INT(top.mode, KT_MODE_LIST);
	CHECK(strstr(top.message, "nothing was watched") != NULL);
	end(&top);
}

TEST(a_watch_begins_only_after_it_was_confirmed)
{
	static const int noes[] = { KT_KEY_ESCAPE, 'n', 'q', KT_KEY_TAB };
	char question[160];
	struct kt_top top;

	begin(&top, 80, 24);
	top.live = true;
	for (size_t i = 0; i < KT_LEN(noes); i++) {
		kt_top_key(&top, KT_KEY_F(9));
		CHECK_INT(top.mode, KT_MODE_WATCH);
		kt_top_key(&top, noes[i]);
		CHECK_INT(top.mode, KT_MODE_LIST);
		CHECK(!top.watching.armed && !top.done);
	}
	kt_top_key(&top, 'w');
	kt_top_watch_question(&top, question, sizeof(question));
	CHECK(strstr(question, "cache_") && strstr(question, "30 s") &&
		strstr(question, "1 % CPU"));
	for (int i = 0; i < 10; i++)
		kt_top_key(&top, '+');
	kt_top_watch_question(&top, question, sizeof(question));
	CHECK(strstr(question, "10 min") != NULL);
	for (int i = 0; i < 10; i++)
		kt_top_key(&top, '-');
	kt_top_watch_question(&top, question, sizeof(question));
	CHECK(strstr(question, "10 s") != NULL);
	kt_top_draw(&top);
	end(&top);
}

/* The running machine has no such cache, so the watch fails, with rights and without. */
TEST(the_end_of_a_watch_opens_a_page_but_not_while_something_is_typed)
{
	struct kt_top top;

	begin(&top, 80, 24);
	top.live = true;
	kt_top_key(&top, 'w');
	kt_top_key(&top, KT_KEY_ENTER);
	CHECK(kt_top_watches(&top));
	kt_top_key(&top, 'w');
	CHECK_INT(top.mode, KT_MODE_LIST);
	CHECK(strstr(top.message, "is watched") != NULL);
	kt_top_key(&top, '/');
	for (int i = 0; i < 1000 && kt_top_watches(&top); i++) {
		kt_top_draw(&top);
		poll(&(struct pollfd){ .fd = kt_armed_fd(top.watching.armed), .events = POLLIN }, 1,
			100);
		kt_top_watch_step(&top);
	}
	CHECK_INT(top.mode, KT_MODE_SEARCH);
	kt_top_key(&top, KT_KEY_ESCAPE);
	kt_top_watch_step(&top);
	CHECK_INT(top.mode, KT_MODE_PAGE);
	CHECK(top.page.text.data && strstr(top.page.text.data, "cache_"));
	kt_top_draw(&top);
	kt_top_key(&top, 's');
	kt_top_key(&top, 'q');
	kt_top_watch_step(&top);
	CHECK_INT(top.mode, KT_MODE_LIST);
	kt_top_key(&top, 'W');
	CHECK_INT(top.mode, KT_MODE_PAGE);
	kt_armed_free(top.watching.armed);
	end(&top);
}

TEST(every_key_is_told_in_the_help)
{
	const char *name, *help;
	size_t count = 0;

	for (; (help = kt_key_help(count, &name)); count++)
		CHECK(*name && *help);
	CHECK(count > 20);
}

static int any_key(void)
{
	int pick = rand() % 3;

	if (!pick)
		return KT_KEY_FIRST_ + rand() % 80;
	return pick == 1 ? ' ' + rand() % 95 : rand() % 0x3000;
}

TEST(no_order_of_keys_on_a_screen_of_any_size_does_harm)
{
	struct kt_top top;

	begin(&top, 80, 24);
	srand(6);
	for (int i = 0; i < TURNS; i++) {
		kt_top_key(&top, any_key());
		top.done = false;
		if (rand() % 20 == 0)
			CHECK(kt_screen_size(&top.screen, rand() % 150, rand() % 60) == NULL);
		kt_top_draw(&top);
		for (size_t k = 0; k < KT_NR_TABS; k++) {
			size_t count = kt_view_nr(&top.views[k]);

			CHECK(!count || top.views[k].at < count);
		}
	}
	end(&top);
}
