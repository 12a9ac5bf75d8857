// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/cache.h"
#include "render.h"
#include "test.h"

#define OPTS(...) ((struct kt_output_opts){ .width = 80, __VA_ARGS__ })

/* 4 slots of 1,000 bytes and 96 left over; the last free slot was freed first. */
static void fill(struct kt_report *report)
{
	static const uint16_t ranks[] = { 0, 2, 1, 1 };
	struct kt_drawing *drawing;

	kt_report_init(report, "s");
	drawing = kt_report_drawing(report, "slabs", "A slab");
	drawing->slab_bytes = 4096;
	drawing->slot_bytes = 1000;
	drawing->object_bytes = 900;
	*kt_list_push(&report->arena, &drawing->slabs) = (struct kt_drawing_slab){
		.title = "1 of 4 in use",
		.facts = "partial <1>",
		.address = "ffff",
		.nr_slots = 4,
		.map = "UFFC",
		.rank = ranks,
		.slab_bytes = 4096,
	};
}

/* Slots of 1,000 bytes after a colour of 64: a column before them, and half of one after them. */
TEST(a_colour_is_before_the_first_slot)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	fill(&report);
	report.drawings.items[0]->slabs.items[0].start = 64;
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.unicode = false)),
		"\n"
		"A slab\n"
		"\n"
		"1 of 4 in use  partial <1>  ffff\n"
		"        0  :############### -------------- --------------- ============== :\n"
		"           free: 2 1\n"
		"\n"
		"           a character is 64 bytes\n"
		"           ##  in use\n"
		"           ==  free, on the list of a CPU\n"
		"           --  free, on the list of its slab\n"
		"           ::  left over: no slot\n");
}

TEST(slots_are_drawn_to_scale_and_their_last_character_sets_them_apart)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	fill(&report);
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.unicode = true)),
		"\n"
		"A slab\n"
		"\n"
		"1 of 4 in use  partial <1>  ffff\n"
		"        0  ███████████████▌░░░░░░░░░░░░░░ ░░░░░░░░░░░░░░░ ▓▓▓▓▓▓▓▓▓▓▓▓▓▓ ··\n"
		"           free: 2 1\n"
		"\n"
		"           a character is 64 bytes\n"
		"           ██  in use\n"
		"           ▓▓  free, on the list of a CPU\n"
		"           ░░  free, on the list of its slab\n"
		"           ··  left over: no slot\n");
	CHECK_STR(rendered(&kt_output_text, &report, OPTS(.unicode = false)),
		"\n"
		"A slab\n"
		"\n"
		"1 of 4 in use  partial <1>  ffff\n"
		"        0  ############### -------------- --------------- ============== ::\n"
		"           free: 2 1\n"
		"\n"
		"           a character is 64 bytes\n"
		"           ##  in use\n"
		"           ==  free, on the list of a CPU\n"
		"           --  free, on the list of its slab\n"
		"           ::  left over: no slot\n");
}

TEST(an_address_that_has_no_room_is_below_its_slab)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };

	fill(&report);
	report.drawings.items[0]->slabs.items[0].facts =
		"emptiest, like 10,000 slabs, node 0, waits for CPU 10 and 1";
	CHECK(strstr(rendered(&kt_output_text, &report, OPTS(.unicode = false)), "10 and 1  ffff"));
	report.drawings.items[0]->slabs.items[0].facts =
		"emptiest, like 10,000 slabs, node 0, waits for CPU 100 and 1";
	CHECK(strstr(rendered(&kt_output_text, &report, OPTS(.unicode = false)),
		"100 and 1\n           ffff\n"));
}

TEST(more_slots_than_characters_are_drawn_as_shares)
{
	static char map[4097];
	static uint16_t ranks[4096];
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_drawing *drawing;
	const char *text;

	fill(&report);
	drawing = report.drawings.items[0];
	memset(map, KT_SLOT_USED, 4096);
	memset(map, KT_SLOT_FREE, 6); /* 2 of 4 slots of the second character are in use */
	memset(map + 8, KT_SLOT_FREE, 8);
	drawing->slab_bytes = drawing->slabs.items[0].slab_bytes = 4096l * 8;
	drawing->slot_bytes = 8;
	drawing->slabs.items[0].map = map;
	drawing->slabs.items[0].rank = ranks;
	drawing->slabs.items[0].nr_slots = 4096;
	CHECK(kt_drawing_grid(drawing).fine);
	text = rendered(&kt_output_text, &report, OPTS(.unicode = false));
	CHECK(strstr(text, "\n        0  .5..##"));
	CHECK(strstr(text, "tenths"));
}

TEST(the_picture_has_each_slot_the_list_and_the_rest)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const char *text;

	fill(&report);
	text = rendered(&kt_output_svg, &report, OPTS(.unicode = true));
	CHECK(strstr(text, "<svg xmlns"));
	CHECK(strstr(text, "<title>slot 0 at byte 0: in use</title>"));
	CHECK(strstr(text, "<title>slot 1 at byte 1000: free, on the list of its slab, place 2<"));
	CHECK(strstr(text, "<title>slot 3 at byte 3000: free, on the list of a CPU, place 1<"));
	CHECK(strstr(text, "<title>left over: 96 bytes</title>"));
	CHECK(strstr(text, "partial &lt;1&gt;"));
	CHECK(strstr(text, "class=\"list\""));
}
