// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/memreport/scan.h"

#include "base/buf.h"
#include "memreport_log.h"
#include "test.h"

#include <stdlib.h>

static struct kt_memreport_list list_of(const struct kt_buf *log, struct kt_arena *arena)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_memreport_list list = { 0 };

	CHECK(!kt_stream_of_span((struct kt_span){ log->data, log->size }, "log", &stream));
	CHECK(!kt_memreport_list(stream, 0, arena, &list));
	return list;
}

/* Reads a report again from its place. */
static void read_again(const struct kt_buf *log, const struct kt_memreport_place *place,
	size_t number, struct kt_arena *arena, struct kt_memreport_detail *ret_detail)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_span text = { log->data, log->size };

	*ret_detail = (struct kt_memreport_detail){ 0 };
	CHECK(!kt_stream_of_span(kt_span_from(text, (size_t)place->offset), "log", &stream));
	CHECK(!kt_memreport_read(stream, place, number, arena, ret_detail));
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same(const struct kt_memreport *a, const struct kt_memreport *b)
{
	return a->line == b->line && same_text(a->time, b->time) &&
	       same_text(a->process, b->process) && same_text(a->gfp, b->gfp) &&
	       same_text(a->damage, b->damage) && a->order == b->order &&
	       a->free_bytes == b->free_bytes;
}

static void put_line(struct kt_buf *log, int style, const char *text)
{
	static unsigned at;

	at++;
	if (style == 1)
		kt_buf_printf(log, "[%5u.%06u] ", at / 1000, at % 1000);
	else if (style == 2)
		kt_buf_printf(log, "[%5u.%06u][  T%u] ", at / 1000, at % 1000, at / 500 % 3);
	kt_buf_printf(log, "%s\n", text);
}

/* Reports between stretches of other lines, in several styles, some of them cut. */
static void fill_log(struct kt_buf *log, int style)
{
	static const char *const report[] = { "eater invoked oom-killer: gfp_mask=0xcc0"
					      "(GFP_KERNEL), order=3, oom_score_adj=0",
		"CPU: 3 PID: 47 Comm: eater", "Mem-Info:", "free:1100 free_pcp:33",
		"10000 pages RAM", "0 pages HighMem/MovableOnly", "1000 pages reserved" };

	for (int i = 0; i < 30; i++) {
		int nr_noise = i % 5 == 4 ? 4000 : rand() % 200;

		for (int k = 0; k < nr_noise; k++)
			put_line(log, rand() % 3 ? style : 0,
				k % 50 ? "eth0: link is up, 1000 Mbps, full duplex, memory: none"
				       : "thing: vmalloc size unknown");
		for (size_t k = 0; k < sizeof(report) / sizeof(report[0]); k++) {
			if (rand() % 40)
				put_line(log, k % 2 ? style : style % 2, report[k]);
		}
	}
}

/*
 * Whether lines between reports are searched or read one by one, and whether a report is
 * come upon or gone to, must not matter. An escape makes the walk read line by line.
 */
TEST(searched_and_walked_logs_are_the_same)
{
	srand(11);
	for (int round = 0; round < 20; round++) {
		KT_CLEANUP(buf) struct kt_buf log = { 0 }, walked = { 0 };
		struct kt_arena arena = { 0 };
		struct kt_memreport_list list, other;
		struct kt_memreport_detail detail;
		size_t nr_wrong = 0;

		fill_log(&log, round % 3);
		for (struct kt_span rest = { log.data, log.size }, line;
			kt_span_line(&rest, &line);) {
			kt_buf_add(&walked, line.p, line.n);
			kt_buf_puts(&walked, "\x1b[0m\n");
		}
		list = list_of(&log, &arena);
		other = list_of(&walked, &arena);
		CHECK(list.reports.count > 20);
		CHECK_INT(list.reports.count, other.reports.count);
		for (size_t i = 0; i < list.reports.count && i < other.reports.count; i++) {
			nr_wrong += !same(&list.reports.items[i], &other.reports.items[i]);
			read_again(&log, &list.places.items[i], i + 1, &arena, &detail);
			nr_wrong += !same(&list.reports.items[i], &detail.about);
		}
		CHECK_INT(nr_wrong, 0);
		kt_arena_fini(&arena);
	}
}

/* The last ones are listed under their numbers; those before can be read, from the start. */
TEST(of_very_many_reports_the_last_are_listed)
{
	KT_CLEANUP(buf) struct kt_buf log = { 0 };
	struct kt_memreport_list list;
	struct kt_memreport_detail detail;
	struct kt_arena arena = { 0 };
	size_t count = 50001;

	for (size_t i = 0; i < count; i++)
		kt_buf_printf(&log, "[ %zu.5] Mem-Info:\n[ %zu.6] free:1\n", i, i);
	list = list_of(&log, &arena);
	CHECK_INT(list.nr_dropped + list.reports.count, count);
	CHECK(list.reports.count >= KT_MEMREPORTS_MAX / 2 &&
		list.reports.count <= KT_MEMREPORTS_MAX);
	CHECK_INT(list.places.count, list.reports.count);
	CHECK_INT(list.reports.items[0].line, 2 * list.nr_dropped + 1);
	CHECK_INT(list.reports.items[list.reports.count - 1].line, 2 * count - 1);
	CHECK_STR(list.reports.items[list.reports.count - 1].time, "50000.5");
	read_again(&log, &(struct kt_memreport_place){ 0 }, 3, &arena, &detail);
	CHECK_INT(detail.about.line, 5);
	read_again(&log, &list.places.items[7], list.nr_dropped + 8, &arena, &detail);
	CHECK(same(&detail.about, &list.reports.items[7]));
	kt_arena_fini(&arena);
}

/* A time holds for the lines that follow it closely, and not for a whole log. */
TEST(a_time_does_not_reach_far)
{
	for (int i = 0; i < 2; i++) {
		KT_CLEANUP(buf) struct kt_buf log = { 0 };
		struct kt_memreport_list list;
		struct kt_arena arena = { 0 };

		kt_buf_puts(&log, "[    7.5] hello\n");
		kt_buf_repeat(&log, "a line\n", i ? KT_LOG_REACH + 1 : KT_LOG_REACH - 1);
		kt_buf_puts(&log, "Mem-Info:\nfree:1\n");
		list = list_of(&log, &arena);
		if (CHECK_INT(list.reports.count, 1))
			CHECK_STR(list.reports.items[0].time, i ? NULL : "7.5");
		kt_arena_fini(&arena);
	}
}

/* A line of megabytes is one line: numbers of the lines behind it are right. */
TEST(a_very_long_line_is_one_line)
{
	KT_CLEANUP(buf) struct kt_buf log = { 0 };
	struct kt_memreport_list list;
	struct kt_arena arena = { 0 };

	kt_buf_puts(&log, "one\n");
	kt_buf_repeat(&log, "xxxxxxxx", 100000);
	kt_buf_puts(&log, "\nMem-Info:\nfree:1\n");
	list = list_of(&log, &arena);
	if (CHECK_INT(list.reports.count, 1))
		CHECK_INT(list.reports.items[0].line, 3);
	kt_arena_fini(&arena);
}

TEST(the_caller_of_vmalloc_is_no_allocator)
{
	static const char text[] =
		"x: vmalloc: allocation failure: 8589934588 bytes, mode:0x14080c0(GFP_KERNEL)\n"
		"Call Trace:\n dump_stack_lvl+0x1/0x2\n warn_alloc.cold+0x1/0x2\n"
		" __vmalloc_node_range_noprof+0x1/0x2\n vrealloc_node_align_noprof+0x1/0x2\n"
		" kvmemdup+0x1/0x2\n vmemdup_user+0x1/0x2\n my_ioctl+0x15/0x100 [mymod]\n"
		"Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62;
	struct kt_buf log = { (char *)text, sizeof(text) - 1 };
	struct kt_arena arena = { 0 };
	struct kt_memreport_list list = list_of(&log, &arena);

	if (CHECK_INT(list.reports.count, 1))
		CHECK_STR(list.reports.items[0].caller, "my_ioctl [mymod]");
	kt_arena_fini(&arena);
}
