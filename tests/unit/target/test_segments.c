// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory map by the segments of /proc/kcore, as x86-64 and arm64 have them.

#include "test.h"

#include "base/attr.h"
#include "target/segments.h"

#define NONE KT_SEGMENT_UNKNOWN

/* 6.12: image, vmalloc, modules, then two ranges of RAM, the first of which begins in the middle of
 * a page of struct pages */
static const struct kt_segment x86[] = {
	{ 0xffffffff87a00000, 0x2c30000, 0, 0xf400000 },
	{ 0xff68eaeb80000000, 0x31ffffffffffff, 0, NONE },
	{ 0xffffffffc0000000, 0x3f000000, 0, NONE },
	{ 0xff2212fc40001000, 0x9e000, 0, 0x1000 },
	{ 0xffbff5c180000000, 0x3000, 0, NONE },
	{ 0xff2212fc40100000, 0x7fee0000, 0, 0x100000 },
	{ 0xffbff5c180004000, 0x1ffc000, 0, NONE },
};

static const struct kt_segment arm64[] = {
	{ 0xffff987b7d600000, 0x2b30000, 0, 0x40200000 },
	{ 0xffff800080000000, 0x41ff3f800000, 0, NONE },
	{ 0xffff800000000000, 0x80000000, 0, NONE },
	{ 0xfff0000000000000, 0x80000000, 0, 0x40000000 },
	{ 0xffffc1ffc0000000, 0x2000000, 0, NONE },
};

TEST(ram_and_its_struct_pages_are_a_pair)
{
	uint64_t direct = 0, page = 0;

	CHECK(kt_segments_map(x86, KT_LEN(x86), 4096, 64, &direct, &page));
	CHECK_INT(direct == 0xff2212fc40000000, true);
	CHECK_INT(page == 0xffbff5c180000000, true);
	CHECK(kt_segments_map(arm64, KT_LEN(arm64), 4096, 64, &direct, &page));
	CHECK_INT(direct == 0xfff0000000000000 - 0x40000000, true);
	CHECK_INT(page == 0xffffc1ffc0000000 - 0x40000 * 64, true);
}

TEST(segments_that_fit_no_memory_map_give_none)
{
	struct kt_segment segments[KT_LEN(x86)];
	uint64_t direct, page;

	CHECK(!kt_segments_map(x86, 0, 4096, 64, &direct, &page));
	CHECK(!kt_segments_map(x86, 4, 4096, 64, &direct, &page));
	CHECK(!kt_segments_map(x86, KT_LEN(x86), 4096, 56, &direct, &page));
	CHECK(!kt_segments_map(x86, KT_LEN(x86), 0, 64, &direct, &page));
	/* two pairs that contradict each other */
	memcpy(segments, x86, sizeof(segments));
	segments[3] = x86[5];
	segments[4] = x86[6];
	segments[4].address += 4096;
	CHECK(!kt_segments_map(segments, KT_LEN(segments), 4096, 64, &direct, &page));
	/* nothing of a size or address that overflows */
	segments[5] = (struct kt_segment){ 0, UINT64_MAX, 0, 0 };
	segments[4] = (struct kt_segment){ UINT64_MAX, UINT64_MAX, 0, UINT64_MAX - 1 };
	CHECK(!kt_segments_map(segments + 3, 3, 4096, 64, &direct, &page));
}
