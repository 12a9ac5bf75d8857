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
				  "3") "kmem_cache 0 0 256 16 1" TAIL("0", "0")),
		NO_ERROR);
	CHECK_VALUE(snap, SLABINFO, (100 + 3 * 8) * 4096);
	CHECK_INT(value(snap, KT_SLABINFO).quality, KT_UPPER_BOUND);
	CHECK_VALUE(snap, SLAB_STACKS, 0);
}

TEST(a_cache_that_a_dump_lacks_is_listed_and_leaves_no_sum)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, PATH,
			  HEAD "dentry             1000   2100    192   21    1" TAIL(
				  "90", "100") "lost - - 64 64 1" TAIL("-",
				  "-") "kmem_cache 0 0 256 16 1" TAIL("0", "0")),
		NO_ERROR);
	CHECK(value(snap, KT_SLABINFO).state != KT_OK);
	CHECK(snap->caches_partial);
	CHECK_INT(snap->caches.count, 3);
	CHECK_STR(snap->caches.items[1].name, "lost");
	CHECK_INT(snap->caches.items[1].nr_slabs, KT_UNKNOWN);
	CHECK_INT(snap->caches.items[1].nr_objs, KT_UNKNOWN);
	CHECK_INT(snap->caches.items[1].slot_bytes, 64);
	/* no cache has numbers */
	CHECK(FEED(snap, slabinfo, PATH, HEAD "lost - - 64 64 1" TAIL("-", "-")) != NO_ERROR);
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

static void check_cache(
	const struct kt_snapshot *snap, size_t i, const char *name, const int64_t numbers[6])
{
	const struct kt_cache *cache;

	if (!CHECK(i < snap->caches.count))
		return;
	cache = &snap->caches.items[i];
	CHECK_STR(cache->name, name);
	CHECK_INT(cache->active_objs, numbers[0]);
	CHECK_INT(cache->nr_objs, numbers[1]);
	CHECK_INT(cache->slot_bytes, numbers[2]);
	CHECK_INT(cache->objs_per_slab, numbers[3]);
	CHECK_INT(cache->pages_per_slab, numbers[4]);
	CHECK_INT(cache->nr_slabs, numbers[5]);
}

#define CHECK_CACHE(snap, i, name, ...) \
	check_cache((snap), (i), (name), (const int64_t[6]){ __VA_ARGS__ })

TEST(every_cache_is_a_record_those_of_one_name_too)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD "dentry  1000 2100 192 21 1" TAIL("90", "100") "bridge port 1 2 64 64 1" TAIL(
			"1", "1") "bridge port 3 4 64 64 1" TAIL("1", "1"));
	CHECK_INT(snap->caches.count, 3);
	CHECK_CACHE(snap, 0, "dentry", 1000, 2100, 192, 21, 1, 100);
	CHECK_CACHE(snap, 1, "bridge port", 1, 2, 64, 64, 1, 1);
	CHECK_CACHE(snap, 2, "bridge port", 3, 4, 64, 64, 1, 1);
}

TEST(statistics_behind_a_line_change_nothing)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		"slabinfo - version: 2.1 (statistics)\n"
		"dentry 1 21 192 21 1 : tunables  120   60    8 : slabdata      1      1      0 : "
		"globalstat   15 1 1 0 0 0 0 0 0 : cpustat      7      7      0      0\n");
	CHECK_CACHE(snap, 0, "dentry", 1, 21, 192, 21, 1, 1);
}

TEST(kernels_before_2_6_have_their_slabs_in_another_order)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, PATH,
			  "slabinfo - version: 1.1 (SMP)\n"
			  "kmem_cache            80     80    244    5    5    1 :  252  126\n"
			  "inode_cache       700   707    512  100  101    1 :  124   62\n"
			  "size-131072(DMA)       0      0 131072    0    0   32 :    0    0\n"),
		NO_ERROR);
	CHECK_INT(snap->caches.count, 3);
	CHECK_CACHE(snap, 0, "kmem_cache", 80, 80, 244, 16, 1, 5);
	CHECK_CACHE(snap, 1, "inode_cache", 700, 707, 512, 7, 1, 101);
	CHECK_CACHE(snap, 2, "size-131072(DMA)", 0, 0, 131072, -1, 32, 0);
	CHECK_VALUE(snap, SLABINFO, (5 + 101) * 4096);
}

TEST(the_first_version_has_objects_only_and_no_sum_of_pages)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, PATH,
			  "slabinfo - version: 1.0\nkmem_cache            29     42\n"
			  "tcp_tw_bucket          0      0\nbroken 1\n"),
		NO_ERROR);
	CHECK_INT(snap->caches.count, 2);
	CHECK_CACHE(snap, 0, "kmem_cache", 29, 42, -1, -1, -1, -1);
	CHECK_STATE(snap, SLABINFO, KT_ABSENT);
}

TEST(names_that_look_like_the_rest_of_a_line_are_names)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD "x : tunables 1 1 1 : slabdata 9 9 9 7 14 192 21 1" TAIL("1", "2"));
	CHECK_CACHE(snap, 0, "x : tunables 1 1 1 : slabdata 9 9 9", 7, 14, 192, 21, 1, 2);
	CHECK_VALUE(snap, SLABINFO, 2 * 4096);
}

TEST(names_are_safe_to_print_and_what_has_none_is_no_cache)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD
		"a\033[31m\xff\t\"b\" 1 1 64 64 1" TAIL("1", "1") "  1 1 64 64 1" TAIL("1", "1"));
	CHECK_STR(snap->caches.items[0].name, "a?[31m??\"b\"");
	CHECK_INT(snap->caches.count, 1);
}

TEST(counters_beyond_32_bits_are_kept_and_impossible_ones_are_not_known)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slabinfo, PATH,
		HEAD "big 8589934592 8589934593 64 64 1" TAIL(
			"1", "134217729") "wrapped "
					  "18446744073709551615 10 64 64 1" TAIL("1", "1"));
	CHECK_CACHE(snap, 0, "big", 8589934592, 8589934593, 64, 64, 1, 134217729);
	CHECK_CACHE(snap, 1, "wrapped", -1, 10, 64, 64, 1, 1);
}

TEST(a_list_without_the_cache_of_caches_may_be_cut_off)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slabinfo, PATH,
			  HEAD "dentry             1000   2100    192   21    1" TAIL("90", "100")),
		NO_ERROR);
	CHECK_INT(value(snap, KT_SLABINFO).quality, KT_ESTIMATE);
}

/* For code that reads recordings line by line. */
TEST(a_line_says_which_cache_it_is_about)
{
	static const char rest[] = " 10 20 64 64 2 : tunables 0 0 0 : slabdata 5 7 0";
	static const struct {
		const char *start, *name;
	} lines[] = { { "dentry", "dentry" }, { "kmalloc-64", "kmalloc-64" },
		{ "my cache: 2", "my cache: 2" }, { "# name", NULL }, { "", NULL } };
	struct kt_span name;

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		char line[200];
		bool any;

		snprintf(line, sizeof(line), "%s%s", lines[i].start, rest);
		any = kt_source_slabinfo.object(kt_span_str(line), &name);
		if (CHECK_INT(any, lines[i].name != NULL) && any)
			CHECK(kt_span_eq(name, lines[i].name));
	}
	CHECK(!kt_source_slabinfo.object(kt_span_str("slabinfo - version: 2.1"), &name));
	/* Linux 2.4 */
	if (CHECK(kt_source_slabinfo.object(kt_span_str("size-32 10 113 32 1 1 1"), &name)))
		CHECK(kt_span_eq(name, "size-32"));
}
