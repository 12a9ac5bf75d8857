// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/slabinfo"
#define HEAD                                                                                  \
	"slabinfo - version: 2.1\n"                                                           \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : " \
	"tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> " \
	"<sharedavail>\n"
#define TAIL(active, all) \
	" : tunables    0    0    0 : slabdata     " active "     " all "      0\n"

TEST(caches_hold_all_their_slabs_and_not_only_the_active_ones)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, PATH,
			  HEAD "dentry             1000   2100    192   21    1" TAIL("90",
				  "100") "kmalloc-8k           10     12   8192    4    8" TAIL("3",
				  "3")),
		NO_ERROR);
	CHECK_VALUE(snap, SLABINFO, (100 + 3 * 8) * 4096);
	CHECK_INT(value(snap, KT_SLABINFO).quality, KT_UPPER_BOUND);
	CHECK_VALUE(snap, SLAB_STACKS, 0);
}

TEST(names_may_hold_blanks_and_colons)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD "fuse request          5      5    152    5    1" TAIL(
			"1", "1") "size-512(DMA) : x  1  1  512  8  2" TAIL("4",
			"4") "bio-120 (deleted)   1 1 64 1 4" TAIL("2", "2"));
	CHECK_VALUE(snap, SLABINFO, (1 + 2 * 4 + 4 * 2) * 4096);
}

TEST(caches_of_task_stacks_are_told_apart)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(65536);

	FEED(snap, slabinfo, PATH,
		HEAD "thread_stack         700    728  16384    4    1" TAIL("175",
			"182") "thread_stack_2        700    728  16384    4    1" TAIL("1", "1"));
	CHECK_VALUE(snap, SLAB_STACKS, 182 * 65536);
	CHECK_VALUE(snap, SLABINFO, 183 * 65536);
}

TEST(a_line_cut_off_is_no_cache)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD "dentry  1 1 192 21 1" TAIL("5", "5") "inode  1 1 192 21 1 : tunables 0 0 0 "
							   ": slabdata 7");
	CHECK_VALUE(snap, SLABINFO, 5 * 4096);
}

TEST(impossible_caches_are_skipped)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD "a 1 1 192 21 99999999" TAIL("5", "5") "b 1 1 192 21 8" TAIL(
			"5", "18446744073709551615") "c 1 1 192 21 -1" TAIL("5",
			"5") "d 1 1 1 1 1" TAIL("2", "2"));
	CHECK_VALUE(snap, SLABINFO, 2 * 4096);
}

TEST(scrubbing_takes_what_stands_in_parentheses_and_leaves_the_sums)
{
	static const char text[] = HEAD "dentry(42:secret.service)  1 1 192 21 1" TAIL(
		"5", "5") "odd(no end  1 1 64 1 2" TAIL("2", "2") "plain 1 1 64 1 1" TAIL("1", "1");
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_text whole = { (char *)text, sizeof(text) - 1, PATH };

	kt_source_slabinfo.scrub(&whole, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK(!strstr(clean.data, "secret"));
	CHECK(strstr(clean.data, "\nplain 1 1") != NULL);
	CHECK_INT(FEED(snap, slabinfo, PATH, clean.data), NO_ERROR);
	/* a name that never ends takes its own line with it, and no other */
	CHECK_VALUE(snap, SLABINFO, (5 + 1) * 4096);
}

TEST(a_text_without_caches_is_not_slabinfo)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, PATH, HEAD), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, slabinfo, PATH, ""), KT_ERR_PARSE);
	CHECK_STATE(snap, SLABINFO, KT_ABSENT);
}
