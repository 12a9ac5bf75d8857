// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files with stacks: page_owner, its list of stacks, traces of slab caches, kmemleak.

#include "feed.h"
#include "test.h"

#include "source/lists/stacks.h"

#include <stdio.h>

#define OWNER  "sys/kernel/debug/page_owner"
#define STACKS "sys/kernel/debug/page_owner_stacks/show_stacks"
#define LEAKS  "sys/kernel/debug/kmemleak"
#define TRACES "sys/kernel/debug/slab/thing/alloc_traces"

static const struct kt_user *user(const struct kt_snapshot *snap, size_t index)
{
	static const struct kt_user none;

	return CHECK(index < snap->users.count) ? &snap->users.items[index] : &none;
}

static const char *frame(const struct kt_user *user, uint32_t index)
{
	return index < user->nr_frames ? user->frames[index] : "";
}

/* ---- page_owner ---- */

TEST(records_of_page_owner_add_up_by_stack)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(
		FEED(snap, page_owner, OWNER,
			/* before 5.17 */
			"Page allocated via order 2, mask 0xcc0(GFP_KERNEL)\n"
			"PFN 77 type Unmovable Block 0 type Unmovable Flags 0x0()\n"
			" alloc+0x1/0x2\n caller+0x3/0x4 [mod]\n\n"
			/* 6.1 */
			"Page allocated via order 1, mask 0xcc0(GFP_KERNEL), pid 5, tgid 5 (a, ts) "
			"b), ts 12 ns, free_ts 0 ns\n"
			"PFN 79 type Unmovable Block 0 type Unmovable Flags 0x0()\n"
			" alloc+0x1/0x2\n caller+0x3/0x4 [mod]\n"
			"Page has been migrated, last migrate reason: compaction\n\n"
			/* 6.12 */
			"Page allocated via order 0, mask 0xcc0(GFP_KERNEL), pid 5, tgid 5 (a), ts "
			"12 ns\n"
			"PFN 0x80 type Movable Block 0 type Movable Flags 0x0()\n"
			" other+0x1/0x2\n"
			"Slab cache page\nCharged (via objcg) to offline memcg x+0x1/0x2\n\n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr, 2);
	CHECK_INT(user(snap, 0)->nr_pages, 6);
	CHECK_INT(user(snap, 0)->nr_frames, 2);
	CHECK_STR(frame(user(snap, 0), 1), "caller+0x3/0x4 [mod]");
	CHECK_INT(user(snap, 1)->nr_pages, 1);
	CHECK_INT(user(snap, 1)->nr_frames, 1);
	CHECK_INT(snap->user_lists.items[0].nr_records, 3);
	CHECK_INT(snap->user_lists.items[0].nr_unread, 0);
}

TEST(a_handle_stands_for_a_stack)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_owner, OWNER,
		"Page allocated via order 0, mask 0x0(), pid 1, tgid 1 (a), ts 1 ns\nhandle: 12\n\n"
		"Page allocated via order 3, mask 0x0(), pid 1, tgid 1 (a), ts 1 ns\nhandle: 12\n\n"
		"Page allocated via order 0, mask 0x0(), pid 1, tgid 1 (a), ts 1 ns\n f+0x1/0x2\n"
		"handle: 13\n\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->handle, 12);
	CHECK_INT(user(snap, 0)->nr_pages, 9);
	CHECK_INT(user(snap, 1)->handle, 13);
	CHECK_STR(frame(user(snap, 1), 0), "f+0x1/0x2");
}

TEST(the_output_of_page_owner_sort_has_its_own_counts)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_owner, OWNER,
		"30 times, 240 pages:\n"
		"Page allocated via order 3, mask 0x0()\nPFN 1 type x\n a+0x1/0x2\n\n"
		"20 times, 25 pages, PID 7, task_comm_name: x:\n b+0x1/0x2\n\n"
		"7 times:\nPage allocated via order 1, mask 0x0()\n c+0x1/0x2\n\n");
	CHECK_INT(snap->users.count, 3);
	CHECK_INT(user(snap, 0)->nr, 30);
	CHECK_INT(user(snap, 0)->nr_pages, 240);
	CHECK_INT(user(snap, 1)->nr_pages, 25);
	CHECK_STR(frame(user(snap, 1), 0), "b+0x1/0x2");
	CHECK_INT(user(snap, 2)->nr, 7);
	CHECK_INT(user(snap, 2)->nr_pages, 14);
}

TEST(impossible_records_of_page_owner_are_counted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_owner, OWNER,
		"Page allocated via order 99, mask 0x0()\n a+0x1/0x2\n"
		"Page allocated via order x\n"
		"Page allocated via order 0, mask 0x0()\n b+0x1/0x2\n");
	CHECK_INT(snap->user_lists.items[0].nr_unread, 2);
	CHECK_INT(snap->user_lists.items[0].nr_records, 1);
	CHECK_INT(FEED(snap, page_owner, OWNER, "nothing of the kind\n"), KT_ERR_PARSE);
	CHECK_INT(snap->user_lists.count, 1);
}

/* Frames of a record whose first line is missing or unreadable are of no other record. */
TEST(stray_frames_of_page_owner_are_in_no_stack)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_owner, OWNER,
		"Page allocated via order 99, mask 0x0()\nPFN 1 type x\n a+0x1/0x2\n\n"
		"Page allocated via order 0, mask 0x0()\nPFN 2 type x\n b+0x1/0x2\n\n"
		"PFN 3 type x\n c+0x1/0x2\n"
		"Page allocated via order 1, mask 0x0()\nPFN 4 type x\n d+0x1/0x2\n"
		"PFN 5 type x\n e+0x1/0x2\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr_frames, 1);
	CHECK_STR(frame(user(snap, 0), 0), "b+0x1/0x2");
	CHECK_INT(user(snap, 1)->nr_frames, 1);
	CHECK_STR(frame(user(snap, 1), 0), "d+0x1/0x2");
	CHECK_INT(user(snap, 1)->nr_pages, 2);
}

/* A line that cannot be read may have been the first one of another record. */
TEST(a_doubtful_stack_of_page_owner_has_no_name)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_owner, OWNER,
		"Page allocated via order 2, mask 0x0()\n a+0x1/0x2\n"
		"Page allo\x01\x02 order 0\n b+0x1/0x2\n\n"
		"Page allocated via order 1, mask 0x0()\n c+0x1/0x2\na line of a newer kernel\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr_frames, 0);
	CHECK_INT(user(snap, 0)->nr_pages, 4);
	CHECK_STR(frame(user(snap, 1), 0), "c+0x1/0x2");
	CHECK_INT(snap->user_lists.items[0].nr_unread, 2);
}

TEST(a_stack_of_the_list_without_its_amount_is_no_part_of_the_next)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_stacks, STACKS,
		" a+0x1/0x2\n\n b+0x1/0x2\nnr_base_pages: 2\n\n"
		" c+0x1/0x2\nnr_base_pages: 99999999999999999999\n\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr_frames, 1);
	CHECK_STR(frame(user(snap, 0), 0), "b+0x1/0x2");
	CHECK_INT(user(snap, 1)->nr_pages, KT_UNKNOWN);
	CHECK_INT(snap->user_lists.items[0].nr_unread, 2);
}

TEST(the_list_of_stacks_counts_pages_and_its_first_form_allocations)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, page_stacks, STACKS,
			  " a+0x1/0x2\n b+0x1/0x2\nnr_base_pages: 512\n\n"
			  " c+0x1/0x2\nhandle: 5\nnr_base_pages: 2\n\n"
			  " d+0x1/0x2\nstack_count: 9\n\n"
			  " e+0x1/0x2\nstack_count: 9 curr_nr_base_pages: 72\n\n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 4);
	CHECK_INT(user(snap, 0)->nr_pages, 512);
	CHECK_INT(user(snap, 0)->nr, KT_UNKNOWN);
	CHECK_INT(user(snap, 1)->nr_pages, 2);
	CHECK_INT(user(snap, 1)->handle, 5);
	CHECK_INT(user(snap, 2)->nr, 9);
	CHECK_INT(user(snap, 2)->nr_pages, KT_UNKNOWN);
	CHECK_INT(user(snap, 3)->nr_pages, 72);
}

TEST(stacks_of_handles_have_no_amounts)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, page_handles, STACKS "_handles",
		" a+0x1/0x2\nhandle: 5\n\n b+0x1/0x2\nhandle: 6\n\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->file, KT_USERS_HANDLES);
	CHECK_INT(user(snap, 1)->handle, 6);
	CHECK_STR(frame(user(snap, 1), 0), "b+0x1/0x2");
	CHECK_INT(user(snap, 1)->nr_pages, KT_UNKNOWN);
}

/* A stack too many is in one user for the rest, and the sum stays right. */
TEST(memory_is_bounded_and_the_sum_is_exact)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	const int stacks = (int)KT_STACKS_MAX + 100;
	int64_t pages = 0;

	for (int i = 0; i < 2 * stacks; i++)
		kt_buf_printf(
			&text, " f+0x%x/0x1000\nnr_base_pages: 3\n\n", (unsigned)(i % stacks));
	CHECK_INT(feed_bytes(snap, &kt_source_page_stacks, STACKS, text.data, text.size), NO_ERROR);
	CHECK_INT(snap->users.count, KT_STACKS_MAX + 1);
	CHECK_INT(snap->user_lists.items[0].nr_folded, 200);
	for (size_t i = 0; i < snap->users.count; i++)
		pages += snap->users.items[i].nr_pages;
	CHECK_INT(pages, 6ll * stacks);
	CHECK_STR(user(snap, KT_STACKS_MAX)->function, "(other stacks)");
	CHECK_INT(user(snap, KT_STACKS_MAX)->nr_frames, 0);
	CHECK_INT(user(snap, KT_STACKS_MAX)->nr_pages, 600);
}

/* ---- traces of slab caches ---- */

/* Lines of one stack become one user, with the size of each line; a waste that cannot be is none.
 */
TEST(sizes_of_one_stack_stay_apart)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_user_size *size;

	CHECK_INT(FEED(snap, slab_traces, TRACES,
			  "     12 a_name+0x1/0x20 waste=96/8 age=3\n"
			  "        a_name+0x1/0x20\n"
			  "     10 a_name+0x1/0x20 waste=200/20 age=3\n"
			  "        a_name+0x1/0x20\n"
			  "      4 a_name+0x1/0x20 age=3\n"
			  "        a_name+0x1/0x20\n"
			  "      3 a_name+0x1/0x20 waste=4/1 age=3\n"
			  "        a_name+0x1/0x20\n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 1);
	CHECK_INT(user(snap, 0)->nr, 29);
	CHECK_INT(user(snap, 0)->nr_unsized, 3);
	size = user(snap, 0)->sizes;
	CHECK_INT(size->nr, 4);
	CHECK_INT(size->waste_bytes, 0);
	size = size->next;
	CHECK_INT(size->nr, 10);
	CHECK_INT(size->waste_bytes, 20);
	size = size->next;
	CHECK_INT(size->nr, 12);
	CHECK_INT(size->waste_bytes, 8);
	CHECK(!size->next);
}

TEST(traces_have_counts_waste_ages_and_processes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slab_traces, TRACES,
			  "     12 a_probe+0x1/0x20 [a] waste=96/8 age=3/40/500 pid=7-99 cpus=0,3 "
			  "nodes=0\n"
			  "        __kmem_cache_alloc_node+0x1/0x2\n"
			  "        a_probe+0x1/0x20 [a]\n"
			  "\n"
			  "   4000 <not-available> age=14 pid=0\n"
			  "      5 b_init+0x1/0x20 age=4 pid=1 cpus=1\n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 3);
	CHECK_INT(user(snap, 0)->nr, 12);
	CHECK_INT(user(snap, 0)->waste_bytes, 96);
	CHECK_INT(user(snap, 0)->age_min, 3);
	CHECK_INT(user(snap, 0)->age_max, 500);
	CHECK_INT(user(snap, 0)->pid_min, 7);
	CHECK_INT(user(snap, 0)->pid_max, 99);
	CHECK_STR(frame(user(snap, 0), 0), "__kmem_cache_alloc_node+0x1/0x2");
	CHECK_INT(user(snap, 1)->nr, 4000);
	CHECK_INT(user(snap, 1)->nr_frames, 0);
	CHECK_INT(user(snap, 1)->age_max, 14);
	CHECK_STR(frame(user(snap, 2), 0), "b_init+0x1/0x20");
	CHECK(!user(snap, 2)->has_bytes);
	CHECK(!user(snap, 2)->cache);
}

TEST(a_doubtful_trace_has_neither_stack_nor_process)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, slab_traces, TRACES,
		"     12 a_probe+0x1/0x20 [a] age=3/40/500 pid=7-99\n        a_probe+0x1/0x20 [a]\n"
		"     x5 b_init+0x1/0x20 age=4 pid=1\n        b_init+0x1/0x20\n"
		"      6 c_init+0x1/0x20 age=4 pid=1\nodd words\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr, 12);
	CHECK_INT(user(snap, 0)->nr_frames, 0);
	CHECK_INT(user(snap, 0)->pid_min, KT_UNKNOWN);
	CHECK_INT(user(snap, 0)->age_max, KT_UNKNOWN);
	CHECK_STR(frame(user(snap, 1), 0), "c_init+0x1/0x20");
	CHECK_INT(user(snap, 1)->pid_min, 1);
}

TEST(a_cache_whose_objects_are_not_followed_has_no_data)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, slab_traces, TRACES, "No data\n"), NO_ERROR);
	CHECK_INT(snap->users.count, 0);
	CHECK_INT(snap->user_lists.count, 1);
}

/* ---- kmemleak ---- */

TEST(unreferenced_objects_add_up_by_stack)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, kmemleak, LEAKS,
			  "unreferenced object 0xffff888000001000 (size 128):\n"
			  "  comm \"a\", pid 9, jiffies 4294894651 (age 1.5s)\n"
			  "  hex dump (first 32 bytes):\n"
			  "    66 2b 30 78 31 2f 30 78 31 20 20 20 20 20 20 20  g+0x1/0x1\n"
			  "  backtrace:\n"
			  "    [<00000000a3d0e6d0>] kmalloc+0x1/0x2\n"
			  "    [<00000000a3d0e6d1>] leak+0x3/0x4 [m]\n"
			  "unreferenced object 0xffff888000002000 (size 128):\n"
			  "  comm \"b\", pid 4, jiffies 1\n"
			  "  backtrace (crc 0):\n"
			  "    kmalloc+0x1/0x2\n"
			  "    leak+0x3/0x4 [m]\n"
			  "unreferenced object (percpu) 0x607ee4e5f1c0 (size 8):\n"
			  "  comm \"b\", pid 4, jiffies 1\n"
			  "  backtrace (crc 0):\n"),
		NO_ERROR);
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr, 2);
	CHECK_INT(user(snap, 0)->bytes, 256);
	CHECK_INT(user(snap, 0)->nr_frames, 2);
	CHECK_STR(frame(user(snap, 0), 1), "leak+0x3/0x4 [m]");
	CHECK_INT(user(snap, 0)->pid_min, 4);
	CHECK_INT(user(snap, 0)->pid_max, 9);
	CHECK_INT(user(snap, 1)->bytes, 8);
	CHECK_INT(user(snap, 1)->nr_frames, 0);
}

TEST(objects_of_kmemleak_without_their_first_line_are_in_no_other)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, kmemleak, LEAKS,
		"unreferenced object 0xffff888000001000 (size 128):\n"
		"  comm \"a\", pid 9, jiffies 1\n  backtrace:\n    leak+0x3/0x4 [m]\n"
		"  comm \"b\", pid 4, jiffies 1\n  backtrace:\n    other+0x3/0x4\n"
		"unreferenced object 0xffff888000002000 (size 64):\n"
		"  comm \"c\", pid 5, jiffies 1\n  comm \"d\", pid 6, jiffies 1\n"
		"  backtrace:\n    third+0x3/0x4\n");
	CHECK_INT(snap->users.count, 2);
	CHECK_INT(user(snap, 0)->nr_frames, 1);
	CHECK_STR(frame(user(snap, 0), 0), "leak+0x3/0x4 [m]");
	CHECK_INT(user(snap, 0)->pid_max, 9);
	CHECK_INT(user(snap, 1)->bytes, 64);
	CHECK_INT(user(snap, 1)->nr_frames, 0);
	CHECK_INT(user(snap, 1)->pid_min, KT_UNKNOWN);
}

TEST(an_empty_list_of_kmemleak_is_an_answer)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, kmemleak, LEAKS, ""), NO_ERROR);
	CHECK_INT(snap->user_lists.count, 1);
}

TEST(a_scrubbed_list_of_kmemleak_has_no_bytes_and_no_names)
{
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	char data[] = "unreferenced object 0xffff888000001000 (size 128):\n"
		      "  comm \"alice\", pid 9, jiffies 4294894651 (age 1.5s)\n"
		      "  hex dump (first 32 bytes):\n"
		      "    66 2b 30 78 31 2f 30 78 31 20 20 20 20 20 20 20  secret\n"
		      "  backtrace (crc 0):\n"
		      "    leak+0x3/0x4 [m]\n";
	struct kt_text text = { data, sizeof(data) - 1, LEAKS, false };

	kt_source_kmemleak.scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK_STR(clean.data, "unreferenced object 0xffff888000001000 (size 128):\n"
			      "  comm \"-\", pid 9\n"
			      "  backtrace (crc 0):\n"
			      "    leak+0x3/0x4 [m]\n");
}
