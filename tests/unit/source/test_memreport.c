// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "memreport_log.h"
#include "test.h"

#include "account/row_expand.h"
#include "source/memreport/scan.h"

#include <stdio.h>

#define PATH "ktally/memory.log"

static const char modern[] = MODERN;

static const struct kt_memreport *only(const struct kt_snapshot *snap)
{
	static const struct kt_memreport none = { 0 };

	return CHECK_INT(snap->memreports.count, 1) ? &snap->memreports.items[0] : &none;
}

static const char *damage_of(const char *text)
{
	static char damage[256];
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	const struct kt_memreport *last;

	FEED(snap, memreport, PATH, text);
	if (!snap->memreports.count)
		return "no report";
	last = &snap->memreports.items[snap->memreports.count - 1];
	snprintf(damage, sizeof(damage), "%s", last->damage ? last->damage : "");
	return damage;
}

TEST(a_report_of_a_current_kernel_gives_what_vmstat_and_zoneinfo_would)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	CHECK_INT(FEED(snap, memreport, PATH, modern), NO_ERROR);
	CHECK_INT(snap->host.page_bytes, 4096);
	CHECK_STR(snap->host.release, "6.1.1-made-up");
	CHECK_VALUE(snap, ZONE_MANAGED, 9000 * 4096);
	CHECK_VALUE(snap, PRESENT, 10000 * 4096);
	CHECK_VALUE(snap, NR_FREE, 1100 * 4096);
	CHECK_VALUE(snap, PCP, 33 * 4096);
	CHECK_VALUE(snap, SLAB_U, 700 * 4096);
	CHECK_VALUE(snap, KERNEL_STACK, 640 * 1024);
	CHECK_VALUE(snap, PAGE_TABLES, 80 * 4096);
	CHECK_VALUE(snap, SEC_PAGE_TABLES, 7 * 4096);
	CHECK_VALUE(snap, HW_CORRUPTED, 3 * 4096);
	CHECK_VALUE(snap, ANON_HUGE, 4096 * 1024);
	/* 3240 on the LRU lists, 240 of them page cache, 30 of those swap cache */
	CHECK_VALUE(snap, ANON, (3240 - 240 + 30) * 4096);
	CHECK_INT(value(snap, KT_ANON).quality, KT_ESTIMATE);
	kt_derive(snap);
	CHECK_ROW(snap, "page_cache", (240 - 30 - 90) * 4096);
	CHECK_VALUE(snap, SWAP_CACHE_ONLY, 0);
	CHECK_VALUE(snap, HUGETLB_POOLS, 2 * 2048 * 1024);
	CHECK_VALUE(snap, MANAGED, 9000 * 4096);
}

TEST(a_report_says_who_asked_for_what_and_who_was_killed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	const struct kt_memreport *report;

	FEED(snap, memreport, PATH, modern);
	report = only(snap);
	CHECK_INT(report->kind, KT_MEMREPORT_OOM);
	CHECK_STR(report->process, "eater");
	CHECK_STR(report->gfp, "GFP_KERNEL");
	CHECK_INT(report->order, 3);
	CHECK_STR(report->killed, "big one");
	CHECK_INT(report->killed_bytes, 9000 * 1024);
	CHECK_STR(report->largest, "big one");
	CHECK_INT(report->largest_rss_bytes, 2500 * 4096);
	CHECK_INT(report->largest_swap_bytes, 54 * 4096);
	CHECK_INT(report->total_bytes, 9000 * 4096);
	CHECK_INT(report->free_bytes, 1100 * 4096);
	CHECK(!report->damage);
}

TEST(what_a_report_cannot_know_is_missing_and_not_zero)
{
	static const enum kt_metric missing[] = { KT_VMALLOC, KT_PERCPU, KT_ZSPAGES, KT_BUFFERS };
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH, modern);
	kt_derive(snap);
	for (size_t i = 0; i < KT_LEN(missing); i++) {
		struct kt_val val = kt_snapshot_get(snap, missing[i], KT_NO_NODE);

		CHECK(val.state != KT_OK);
		CHECK(strstr(val.reason, "memory report"));
	}
}

/* order 3 is 32 KiB: Normal has 4000 kB free above its 200, and no such block */
TEST(memory_in_pieces_is_told_from_memory_that_is_gone)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *pieces = machine(KT_UNKNOWN);
	KT_CLEANUP(snapshot) struct kt_snapshot *gone = machine(KT_UNKNOWN);
	static const char low[] = "x: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)\n"
				  "Mem-Info:\n" HEAD_62 NODE_62 DMA_62
				  "Node 0 Normal free:100kB min:200kB present:36000kB "
				  "managed:32400kB\n" LISTS_62 SUMS_62;

	FEED(pieces, memreport, PATH, modern);
	CHECK_INT(only(pieces)->verdict, KT_VERDICT_FRAGMENTED);
	FEED(gone, memreport, PATH, low);
	CHECK_INT(only(gone)->verdict, KT_VERDICT_SHORT);
	CHECK_INT(only(gone)->kind, KT_MEMREPORT_FAILURE);
}

/* x86-32: free memory that kernel requests cannot use, and a reserve of their own zones that
 * is kept from others only. */
#define HIGH(gfp, normal_free)                                                                 \
	"x: page allocation failure: order:0, mode:" gfp "\n"                                  \
	"Mem-Info:\n"                                                                          \
	"active_anon:1000 inactive_anon:0 isolated_anon:0\n"                                   \
	" active_file:3 inactive_file:3 isolated_file:0\n unevictable:0 dirty:0 writeback:0\n" \
	" slab_reclaimable:10 slab_unreclaimable:20\n mapped:3 shmem:0 pagetables:39\n"        \
	" free:20000 free_pcp:0 free_cma:0\n"                                                  \
	"DMA free:3000kB min:60kB present:15900kB managed:15900kB\n"                           \
	"lowmem_reserve[]: 0 800 10000 10000\n"                                                \
	"Normal free:" normal_free "kB min:3700kB present:800000kB managed:800000kB\n"         \
	"lowmem_reserve[]: 0 0 9000 9000\n"                                                    \
	"HighMem free:70000kB min:500kB present:1184100kB managed:1184100kB\n"                 \
	"lowmem_reserve[]: 0 0 0 0\n"                                                          \
	"DMA: 750*4kB (U) = 3000kB\n"                                                          \
	"6 total pagecache pages\n0 pages in swap cache\n500000 pages RAM\n"                   \
	"296025 pages HighMem/MovableOnly\n0 pages reserved\n"

TEST(memory_that_a_request_cannot_use_does_not_count)
{
	static const struct {
		const char *log;
		enum kt_memreport_verdict verdict;
	} cases[] = {
		{ HIGH("0xcc0(GFP_KERNEL)", "3600"), KT_VERDICT_SHORT },
		{ HIGH("0xcc0(GFP_KERNEL)", "3800"), KT_VERDICT_UNKNOWN },
		{ HIGH("0x14200ca(GFP_HIGHUSER_MOVABLE)", "3600"), KT_VERDICT_UNKNOWN },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

		FEED(snap, memreport, PATH, cases[i].log);
		CHECK(!only(snap)->damage);
		CHECK_INT(only(snap)->verdict, cases[i].verdict);
	}
}

/* The report of a kernel request omits HighMem; what else is missing is of no known zone. */
TEST(free_memory_is_in_high_zones_only_where_these_are_all_that_is_missing)
{
	static const char high[] = "HighMem free:70000kB min:500kB present:1184100kB "
				   "managed:1184100kB\nlowmem_reserve[]: 0 0 0 0\n";
	static const char normal[] = "Normal free:3600kB min:3700kB present:800000kB "
				     "managed:800000kB\nlowmem_reserve[]: 0 0 9000 9000\n";
	KT_CLEANUP(snapshot) struct kt_snapshot *whole = machine(KT_UNKNOWN);
	KT_CLEANUP(snapshot) struct kt_snapshot *cut = machine(KT_UNKNOWN);
	char text[] = HIGH("0xcc0(GFP_KERNEL)", "3600");
	char *at = strstr(text, high);

	memmove(at, at + strlen(high), strlen(at + strlen(high)) + 1);
	FEED(whole, memreport, PATH, text);
	CHECK_INT(only(whole)->beyond_bytes, (20000 * 4 - 3000 - 3600) * 1024);
	at = strstr(text, normal);
	memmove(at, at + strlen(normal), strlen(at + strlen(normal)) + 1);
	FEED(cut, memreport, PATH, text);
	CHECK(!only(cut)->damage);
	CHECK_INT(only(cut)->beyond_bytes, KT_UNKNOWN);
}

TEST(vmalloc_that_asks_for_more_than_there_is_is_told)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"x: vmalloc: allocation failure: 8589934588 bytes, mode:0x14080c0(GFP_KERNEL)\n"
		"Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62);
	CHECK_INT(only(snap)->verdict, KT_VERDICT_TOO_LARGE);
	CHECK_INT(only(snap)->asked_bytes, 8589934588);
}

/* ---- other kernels ---- */

/* 2.6.32: per-CPU lists by CPU, no managed pages, holes in "pages RAM" */
static const char old[] =
	"init invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0\n"
	"Pid: 1, comm: init Not tainted 2.6.32-made-up #1\n"
	"Mem-Info:\n"
	"Node 0 DMA per-cpu:\n"
	"CPU    0: hi:    0, btch:   1 usd:   0\n"
	"CPU    1: hi:    0, btch:   1 usd:   0\n"
	"Node 0 DMA32 per-cpu:\n"
	"CPU    0: hi:  186, btch:  31 usd:  60\n"
	"CPU    1: hi:  186, btch:  31 usd:   4\n"
	"active_anon:40000 inactive_anon:20000 isolated_anon:0\n"
	" active_file:100 inactive_file:200 isolated_file:0\n"
	" unevictable:0 dirty:0 writeback:0 unstable:0\n"
	" free:2000 slab_reclaimable:1000 slab_unreclaimable:4000\n"
	" mapped:10 shmem:600 pagetables:900 bounce:0\n"
	"Node 0 DMA free:1200kB min:20kB low:24kB high:28kB active_anon:0kB inactive_anon:0kB "
	"active_file:0kB inactive_file:0kB unevictable:0kB isolated(anon):0kB "
	"isolated(file):0kB present:15324kB mlocked:0kB dirty:0kB writeback:0kB mapped:0kB "
	"shmem:0kB slab_reclaimable:0kB slab_unreclaimable:0kB kernel_stack:0kB "
	"pagetables:0kB unstable:0kB bounce:0kB writeback_tmp:0kB pages_scanned:0 "
	"all_unreclaimable? yes\n"
	"lowmem_reserve[]: 0 330 330 330\n"
	"Node 0 DMA32 free:6800kB min:7000kB low:8000kB high:9000kB active_anon:160000kB "
	"inactive_anon:80000kB active_file:400kB inactive_file:800kB unevictable:0kB "
	"isolated(anon):0kB isolated(file):0kB present:344000kB mlocked:0kB dirty:0kB "
	"writeback:0kB mapped:40kB shmem:2400kB slab_reclaimable:4000kB "
	"slab_unreclaimable:16000kB kernel_stack:1600kB pagetables:3600kB unstable:0kB "
	"bounce:0kB writeback_tmp:0kB pages_scanned:120 all_unreclaimable? no\n"
	"lowmem_reserve[]: 0 0 0 0\n"
	"Node 0 DMA: 100*4kB 100*8kB = 1200kB\n"
	"Node 0 DMA32: 1700*4kB 0*8kB = 6800kB\n"
	"1000 total pagecache pages\n"
	"100 pages in swap cache\n"
	"Swap cache stats: add 1, delete 2, find 3/4\n"
	"Free swap  = 0kB\nTotal swap = 1000kB\n"
	"98304 pages RAM\n5304 pages reserved\n100 pages shared\n80000 pages non-shared\n"
	"[ pid ]   uid  tgid total_vm      rss cpu oom_adj name\n"
	"[    1]     0     1     5000      100   0       0 init\n";

TEST(a_report_of_2_6_32_has_a_total_without_holes_and_no_present_memory)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	CHECK_INT(FEED(snap, memreport, PATH, old), NO_ERROR);
	CHECK_VALUE(snap, MEM_TOTAL, 93000 * 4096ll);
	CHECK_INT(value(snap, KT_MEM_TOTAL).quality, KT_ESTIMATE);
	CHECK(value(snap, KT_PRESENT).state != KT_OK);
	CHECK_VALUE(snap, PCP, 64 * 4096);
	CHECK_VALUE(snap, KERNEL_STACK, 1600 * 1024);
	CHECK_VALUE(snap, ANON, (60300 - 1000 + 100) * 4096ll);
	CHECK(value(snap, KT_HUGETLB).state != KT_OK);
	CHECK_INT(only(snap)->verdict, KT_VERDICT_SHORT);
	CHECK_STR(only(snap)->gfp, "0x201da");
	CHECK_STR(snap->host.release, "2.6.32-made-up");
}

/* 3.10 as upstream: the zones have "managed", "pages RAM" still counts holes. */
TEST(before_3_14_the_zones_are_believed_and_not_the_flags_of_pages)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"Mem-Info:\n"
		"Normal per-cpu:\nCPU    0: hi:   18, btch:   3 usd:   2\n"
		"active_anon:1000 inactive_anon:0 isolated_anon:0\n"
		" active_file:3 inactive_file:3 isolated_file:0\n"
		" unevictable:0 dirty:0 writeback:0 unstable:0\n"
		" free:800 slab_reclaimable:10 slab_unreclaimable:20\n"
		" mapped:3 shmem:0 pagetables:39 bounce:0\n free_cma:0\n"
		"Normal free:3200kB min:100kB present:102400kB managed:87400kB free_cma:0kB\n"
		"lowmem_reserve[]: 0 0 0\n"
		"Normal: 800*4kB (M) = 3200kB\n"
		"6 total pagecache pages\n0 pages in swap cache\n"
		"25700 pages of RAM\n354 free pages\n3850 reserved pages\n");
	CHECK_VALUE(snap, ZONE_MANAGED, 87400 * 1024);
	CHECK_VALUE(snap, PRESENT, 102400 * 1024);
	CHECK_VALUE(snap, PCP, 2 * 4096);
}

static const char big_pages[] =
	"Mem-Info:\n"
	"active_anon:1000 inactive_anon:100 isolated_anon:0\n"
	" active_file:30 inactive_file:70 isolated_file:0\n"
	" unevictable:0 dirty:0 writeback:0\n"
	" slab_reclaimable:300 slab_unreclaimable:700\n"
	" mapped:40 shmem:0 pagetables:80\n sec_pagetables:0 bounce:0\n"
	" free:170 free_pcp:3 free_cma:0\n"
	"Node 0 active_anon:64000kB inactive_anon:6400kB active_file:1920kB "
	"inactive_file:4480kB kernel_stack:2048kB pagetables:5120kB all_unreclaimable? no\n"
	"Node 0 Normal free:10880kB min:2048kB present:655360kB managed:640000kB "
	"free_pcp:192kB free_cma:0kB\n"
	"lowmem_reserve[]: 0 0\n"
	"Node 0 Normal: 10*64kB (U) 20*128kB (UM) 30*256kB (M) 0*512kB = 10880kB\n"
	"Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=524288kB\n"
	"100 total pagecache pages\n0 pages in swap cache\n10240 pages RAM\n"
	"0 pages HighMem/MovableOnly\n240 pages reserved\n";

TEST(the_page_size_is_that_of_the_free_lists)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	CHECK_INT(FEED(snap, memreport, PATH, big_pages), NO_ERROR);
	CHECK_INT(snap->host.page_bytes, 65536);
	CHECK_VALUE(snap, ZONE_MANAGED, 10000 * 65536ll);
	CHECK_VALUE(snap, SLAB_U, 700 * 65536ll);
}

TEST(without_free_lists_pages_and_kb_of_one_counter_tell_the_page_size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH, "Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 SUMS_62);
	CHECK_INT(snap->host.page_bytes, 4096);
}

/* Each part of a line on its own line, between those of another CPU, as 4.15 prints it. */
TEST(a_line_in_fragments_is_put_together)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	CHECK_INT(FEED(snap, memreport, PATH,
			  "Mem-Info:\n" HEAD_62 " ? ip6_input+0x560/0x560\n" NODE_62
			  "Node 0 \n ? lock_acquire+0x1d5/0x580\nDMA free:400kB min:64kB "
			  "present:4000kB managed:3600kB free_pcp:0kB free_cma:0kB\n"
			  "lowmem_reserve[]:\n 0\n ? __schedule+0x1/0x2\n 6000\n 6000\n"
			  "Node 0 \nNormal free:4000kB min:200kB present:36000kB "
			  "managed:32400kB free_pcp:132kB free_cma:0kB\n"
			  "lowmem_reserve[]:\n 0\n 0\n"
			  "Node 0 \nDMA: \n0*4kB \n  </IRQ>\n50*8kB \n(U) \n"
			  "RAX: 0000000000000000 RBX: 0\n= 400kB\n"
			  "Node 0 \nNormal: \n1000*4kB \n(UME) \n0*8kB \n= 4000kB\n" SUMS_62),
		NO_ERROR);
	CHECK_INT(snap->zones.count, 2);
	CHECK_INT(snap->host.page_bytes, 4096);
	CHECK(!only(snap)->damage);
}

TEST(lines_that_a_pager_cut_lose_their_last_number_and_nothing_else)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"Mem-Info:\n" HEAD_62 "Node 0 active_anon:400kB kernel_stack:640kB mapped:16>\n"
		"Node 0 DMA free:400kB min:64kB present:4000kB managed:3600kB free_pcp:0kB free>\n"
		"Node 0 Normal free:4000kB min:200kB present:36000kB mana>\n" LISTS_62 SUMS_62);
	CHECK(!only(snap)->damage);
	CHECK_VALUE(snap, ZONE_MANAGED, 9000 * 4096);
	CHECK_VALUE(snap, KERNEL_STACK, 640 * 1024);
	CHECK_VALUE(snap, MAPPED, 40 * 4096);
	CHECK(any_note_has(snap, "were cut off"));
}

TEST(nodes_that_the_request_could_not_use_are_missed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH, "Mem-Info:\n" HEAD_62 NODE_62 DMA_62 LISTS_62 SUMS_62);
	CHECK_VALUE(snap, ZONE_MANAGED, 9000 * 4096);
	CHECK_INT(value(snap, KT_KERNEL_STACK).quality, KT_LOWER_BOUND);
	CHECK_INT(value(snap, KT_PCP).quality, KT_LOWER_BOUND);
	CHECK(any_note_has(snap, "leaves out zones"));
}

TEST(a_counter_of_a_newer_kernel_is_kept_to_be_shown)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"Mem-Info:\n" HEAD_62
		" free:1100 odd_pages:12\n" NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62);
	if (CHECK_INT(snap->unknown.count, 1)) {
		CHECK_STR(snap->unknown.items[0].field, "odd_pages");
		CHECK_STR(snap->unknown.items[0].value, "12");
	}
}

TEST(free_lists_and_watermarks_are_those_that_buddyinfo_and_zoneinfo_would_give)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	const struct kt_free_area *area;
	const struct kt_zone *zone;

	FEED(snap, memreport, PATH, modern);
	if (!CHECK_INT(snap->free_areas.count, 2) || !CHECK_INT(snap->zones.count, 2))
		return;
	area = &snap->free_areas.items[1];
	CHECK_STR(area->zone, "Normal");
	CHECK_INT(area->nr_orders, 7);
	CHECK_INT(area->nr_blocks[0], 800);
	CHECK_INT(area->nr_blocks[2], 2);
	zone = &snap->zones.items[0];
	CHECK_INT(zone->min, 16);
	CHECK_INT(zone->high, 24);
	CHECK_INT(zone->promo, -1);
	CHECK_INT(zone->nr_reserve, 4);
	CHECK_INT(zone->reserve[1], 6000);
}

/* ---- caches ---- */

TEST(the_list_of_caches_gives_what_is_used_and_held)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62
		"Unreclaimable slab info:\nName                      Used          Total\n"
		"kmalloc-2k              1024KB       2048KB\n"
		"odd name(12:x)             3KB          4KB\n"
		"broken                    30KB          4KB\n" TASKS_62);
	if (!CHECK_INT(snap->caches.count, 2))
		return;
	CHECK_STR(snap->caches.items[0].name, "kmalloc-2k");
	CHECK_INT(snap->caches.items[0].used_bytes, 1024 * 1024);
	CHECK_INT(snap->caches.items[0].total_bytes, 2048 * 1024);
	CHECK_INT(snap->caches.items[0].nr_slabs, -1);
	CHECK(snap->caches_partial);
	CHECK_STR(snap->caches.items[1].name, "odd name(12:x)");
}

TEST(the_list_of_processes_gives_their_memory_by_the_names_of_its_columns)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	KT_CLEANUP(snapshot) struct kt_snapshot *before = machine(KT_UNKNOWN);
	KT_CLEANUP(snapshot) struct kt_snapshot *split = machine(KT_UNKNOWN);
	const struct kt_task *task;

	FEED(snap, memreport, PATH, modern);
	if (!CHECK_INT(snap->tasks.count, 2))
		return;
	task = &snap->tasks.items[1];
	CHECK_STR(task->name, "big one");
	CHECK_INT(task->pid, 777);
	CHECK_INT(task->uid, 504);
	CHECK_INT(task->nr_threads, -1);
	CHECK_INT(task->bytes[KT_TASK_RSS], 2500 * 4096);
	CHECK_INT(task->bytes[KT_TASK_SWAP], 54 * 4096);
	CHECK_INT(task->bytes[KT_TASK_TABLES], 606863);
	CHECK_INT(task->bytes[KT_TASK_ANON], -1);

	FEED(before, memreport, PATH,
		"Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62
		"[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj "
		"name\n"
		"[  149]     0   149     9683     1612      20       3        4         -900 a b\n"
		"[  150]     0   150     9683     16\n");
	CHECK_INT(before->tasks.count, 1);
	CHECK_INT(before->tasks.items[0].bytes[KT_TASK_TABLES], 23 * 4096);

	FEED(split, memreport, PATH,
		"Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62
		"[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
		"pgtables_bytes "
		"swapents oom_score_adj name\n"
		"[    149]     0   149     9683     1612     1500      100       12   81920 0 0 "
		"x\n");
	CHECK_INT(split->tasks.items[0].bytes[KT_TASK_SHMEM], 12 * 4096);
	CHECK_INT(split->tasks.items[0].bytes[KT_TASK_TABLES], 81920);
}

TEST(allocation_sites_of_a_report_are_told)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62
		"Memory allocations:\n"
		"    40.0 MiB    10248 mm/memory.c:1063 func:folio_prealloc\n"
		"       512 B        2 drv/x.c:12 [leak] func:leak_more\n");
	CHECK(any_note_has(
		snap, "40.0 MiB folio_prealloc (mm/memory.c:1063), 512 B leak_more (drv/x.c:12)"));
}

/* ---- cgroups ---- */

static const char group[] =
	"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	"memory: usage 204800kB, limit 204800kB, failcnt 8587\n"
	"swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
	"Memory cgroup stats for /pod:\nanon 167772160\nfile 8388608\npgscan 30\n"
	"Tasks state (memory values in pages):\n"
	"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
	"[    501]     0   501   116404    40960   159744      303          -250 java\n"
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
	"oom_memcg=/pod,task_memcg=/pod/c,task=java,pid=501,uid=0\n"
	"Memory cgroup out of memory: Killed process 501 (java) total-vm:465616kB, "
	"anon-rss:160000kB, file-rss:3840kB, shmem-rss:0kB\n";

TEST(a_memory_cgroup_is_no_machine)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	const struct kt_memreport *report;

	CHECK_INT(FEED(snap, memreport, PATH, group), NO_ERROR);
	report = only(snap);
	CHECK(!report->machine);
	CHECK_INT(report->kind, KT_MEMREPORT_OOM_GROUP);
	CHECK_STR(report->cgroup, "/pod");
	CHECK_INT(report->usage_bytes, 204800 * 1024);
	CHECK_INT(snap->memreport_stats.count, 2);
	CHECK(value(snap, KT_MEM_TOTAL).state != KT_OK);
}

/* Before 5.2 a group and each one below it have a line, without what those below hold. */
TEST(groups_below_the_one_at_its_limit_are_added_up)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);

	FEED(snap, memreport, PATH,
		"Task in /a/b killed as a result of limit of /a\n"
		"memory: usage 300kB, limit 300kB, failcnt 22\n"
		"Memory cgroup stats for /a: cache:0KB rss:100KB swap:0KB\n"
		"Memory cgroup stats for /a/b: cache:0KB rss:200KB swap:0KB\n");
	CHECK_STR(only(snap)->cgroup, "/a");
	CHECK_STR(snap->memreport_stats.items[1].name, "rss");
	CHECK_INT(snap->memreport_stats.items[1].bytes, 300 * 1024);
}

/* ---- several ---- */

TEST(the_last_whole_report_of_the_machine_is_taken)
{
	static char text[sizeof(modern) * 4];
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	KT_CLEANUP(snapshot) struct kt_snapshot *first = machine(KT_UNKNOWN);

	snprintf(text, sizeof(text), "%s%s%sx invoked oom-killer: order=0\nMem-Info:\nfree:1\n",
		old, modern, group);
	FEED(snap, memreport, PATH, text);
	CHECK_INT(snap->memreports.count, 4);
	CHECK_INT(snap->memreport, 2);
	CHECK_VALUE(snap, ZONE_MANAGED, 9000 * 4096);
	CHECK(snap->memreports.items[3].damage);
	first->memreport_asked = 1;
	FEED(first, memreport, PATH, text);
	CHECK_INT(first->memreport, 1);
	CHECK_VALUE(first, MEM_TOTAL, 93000 * 4096ll);
}

/* The zone of a report whose line lacks fields: they are unknown, and rows of it say so. */
TEST(a_field_that_a_zone_of_the_report_lacks_is_unknown)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	const struct kt_zone *zone;
	kt_children children = { 0 };

	CHECK_INT(
		FEED(snap, memreport, PATH,
			"Mem-Info:\n" HEAD_62 NODE_62 DMA_62
			"Node 0 Normal free:4000kB low:250kB high:300kB managed:32400kB\n" LISTS_62
				SUMS_62),
		NO_ERROR);
	if (!CHECK_INT(snap->zones.count, 2))
		return;
	zone = &snap->zones.items[1];
	CHECK_INT(zone->free, 1000);
	CHECK_INT(zone->low, 62);
	CHECK_INT(zone->min, KT_UNKNOWN);
	CHECK_INT(zone->pcp, KT_UNKNOWN);
	CHECK_INT(zone->present, KT_UNKNOWN);
	CHECK_INT(zone->cma_free, KT_UNKNOWN);
	CHECK_INT(zone->unaccepted, KT_UNKNOWN);
	CHECK_INT(zone->threshold, KT_UNKNOWN);
	CHECK_INT(zone->nr_reserve, 0);
	/* no file tells of free CMA but the head, which has none */
	kt_expand_zones(snap, KT_NO_NODE, &snap->arena, &children);
	if (!CHECK_INT(children.count, 2))
		return;
	CHECK_INT(children.items[1].val.quality, KT_EXACT);
	vmstat_pages(snap, KT_UNACCEPTED, 5);
	children.count = 0;
	kt_expand_zones(snap, KT_NO_NODE, &snap->arena, &children);
	CHECK_INT(children.items[1].val.quality, KT_UPPER_BOUND);
	/* and a zone whose free pages are unknown has no row */
	snap->zones.items[1].free = KT_UNKNOWN;
	children.count = 0;
	kt_expand_zones(snap, KT_NO_NODE, &snap->arena, &children);
	CHECK_INT(children.count, 1);
}

TEST(a_damaged_report_that_is_asked_for_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	KT_CLEANUP(snapshot) struct kt_snapshot *none = machine(KT_UNKNOWN);

	snap->memreport_asked = 1;
	CHECK_INT(FEED(snap, memreport, PATH, "Mem-Info:\nfree:1\n"), KT_ERR_PARSE);
	CHECK_INT(snap->memreport, 0);
	none->memreport_asked = 3;
	CHECK_INT(FEED(none, memreport, PATH, modern), KT_ERR_ABSENT);
	CHECK_INT(none->memreports.count, 1);
}

TEST(reports_of_two_callers_are_told_apart_line_by_line)
{
	static char text[sizeof(modern) * 8];
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
	const char *a = modern, *b = big_pages;
	size_t n = 0;

	while (*a || *b) {
		if (*a) {
			int length = (int)strcspn(a, "\n") + 1;

			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "[1.5][ T1] %.*s", length, a);
			a += length;
		}
		if (*b) {
			int length = (int)strcspn(b, "\n") + 1;

			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "[1.5][ T2] %.*s", length, b);
			b += length;
		}
	}
	FEED(snap, memreport, PATH, text);
	if (!CHECK_INT(snap->memreports.count, 2))
		return;
	CHECK(!snap->memreports.items[0].damage && !snap->memreports.items[1].damage);
	CHECK_INT(snap->memreports.items[0].total_bytes, 10000 * 65536ll);
	CHECK_INT(snap->memreports.items[1].total_bytes, 9000 * 4096);
}

/* ---- damage ---- */

TEST(reports_that_are_mixed_without_a_caller_are_not_believed)
{
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 "Mem-Info:\n" HEAD_62
			       " free:999\n" NODE_62 DMA_62 NORMAL_62 LISTS_62 SUMS_62),
		"line 19"));
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62
			       "Node 0 DMA free:404kB min:64kB\n" NORMAL_62 LISTS_62 SUMS_62),
		"mixed"));
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62
			       "Node 0 DMA: 1*4kB (U) = 4kB\n" LISTS_62 SUMS_62),
		"mixed"));
}

TEST(a_line_twice_with_the_same_numbers_is_read_once)
{
	CHECK_STR(damage_of("Mem-Info:\n" HEAD_62 HEAD_62 NODE_62 NODE_62 DMA_62 DMA_62 NORMAL_62
				  LISTS_62 LISTS_62 POOLS_62 POOLS_62 SUMS_62),
		"");
}

TEST(impossible_numbers_are_refused_with_their_line)
{
	CHECK(strstr(
		damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62
			  "5 total pagecache pages\n262112 pages RAM\n"
			  "0 pages HighMem/MovableOnly\n18446744073709544361 pages reserved\n"),
		"impossible"));
	CHECK(strstr(damage_of("Mem-Info:\nfree:99999999999999999999\n"), "line 2"));
	CHECK(strstr(damage_of("Mem-Info:\nfree:18446744073709551615\n"), "line 2"));
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62
			       "Node 0 DMA: 3*4kB (U) 1*8kB = 24kB\n" SUMS_62),
		"add up"));
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62
			       "Node 0 DMA: 3*4kB (U) 1*16kB = 28kB\n" SUMS_62),
		"order"));
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62
			       "5 total pagecache pages\n1000 pages RAM\n"
			       "0 pages HighMem/MovableOnly\n10 pages reserved\n"),
		"more than all memory"));
	CHECK(strstr(damage_of("Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62
			       "Node 0 DMA: 1*16kB (U) = 16kB\n" SUMS_62),
		"page size"));
}

TEST(a_report_that_ends_anywhere_is_whole_or_refused)
{
	static char text[sizeof(modern)];
	size_t whole = 0;

	for (size_t n = 0; n < sizeof(modern) - 1; n++) {
		const char *damage;

		memcpy(text, modern, n);
		text[n] = '\0';
		damage = damage_of(text);
		if (!*damage && !whole)
			whole = n;
		CHECK(!whole || !*damage);
	}
	CHECK(whole && strstr(modern, "pages reserved") < modern + whole);
}

TEST(every_single_lost_line_is_told_or_does_no_harm)
{
	static char text[sizeof(modern)];
	const char *line = modern;

	while (*line) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(KT_UNKNOWN);
		size_t length = strcspn(line, "\n") + 1, at = (size_t)(line - modern);

		memcpy(text, modern, at);
		memcpy(text + at, line + length, sizeof(modern) - at - length);
		FEED(snap, memreport, PATH, text);
		if (snap->memreport && snap->memreports.items[0].machine) {
			CHECK_VALUE(snap, NR_FREE, 1100 * 4096);
			CHECK(value(snap, KT_ZONE_MANAGED).state != KT_OK ||
				value(snap, KT_ZONE_MANAGED).value == 9000 * 4096ll);
		}
		line += length;
	}
}
