// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_MEMREPORT_LOG_H
#define KT_TEST_MEMREPORT_LOG_H

/**
 * A memory report as 6.2 writes it, in parts: 10000 pages of 4 KiB, 1000 of them reserved.
 * The numbers are made up and add up by hand.
 */

#define HEAD_62                                                 \
	"active_anon:100 inactive_anon:3000 isolated_anon:10\n" \
	" active_file:50 inactive_file:60 isolated_file:0\n"    \
	" unevictable:20 dirty:5 writeback:0\n"                 \
	" slab_reclaimable:300 slab_unreclaimable:700\n"        \
	" mapped:40 shmem:90 pagetables:80\n"                   \
	" sec_pagetables:7 bounce:0\n"                          \
	" kernel_misc_reclaimable:0\n"                          \
	" free:1100 free_pcp:33 free_cma:0\n"
#define NODE_62                                                                        \
	"Node 0 active_anon:400kB inactive_anon:12000kB active_file:200kB "            \
	"inactive_file:240kB unevictable:80kB isolated(anon):40kB isolated(file):0kB " \
	"mapped:160kB dirty:20kB writeback:0kB shmem:360kB shmem_thp: 0kB "            \
	"shmem_pmdmapped: 0kB anon_thp: 4096kB writeback_tmp:0kB kernel_stack:640kB "  \
	"pagetables:320kB sec_pagetables:28kB all_unreclaimable? no\n"
#define DMA_62                                                                              \
	"Node 0 DMA free:400kB boost:0kB min:64kB low:80kB high:96kB "                      \
	"reserved_highatomic:0KB active_anon:0kB inactive_anon:0kB active_file:0kB "        \
	"inactive_file:0kB unevictable:0kB writepending:0kB present:4000kB managed:3600kB " \
	"mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:0kB\n"                  \
	"lowmem_reserve[]: 0 6000 6000 6000\n"
#define NORMAL_62                                                                             \
	"Node 0 Normal free:4000kB boost:0kB min:200kB low:250kB high:300kB "                 \
	"reserved_highatomic:0KB active_anon:400kB inactive_anon:12000kB active_file:200kB "  \
	"inactive_file:240kB unevictable:80kB writepending:20kB present:36000kB "             \
	"managed:32400kB mlocked:0kB bounce:0kB free_pcp:132kB local_pcp:12kB free_cma:0kB\n" \
	"lowmem_reserve[]: 0 0 0 0\n"
#define LISTS_62                                                                             \
	"Node 0 DMA: 0*4kB 0*8kB 1*16kB (U) 0*32kB 0*64kB 1*128kB (U) 1*256kB (M) = 400kB\n" \
	"Node 0 Normal: 800*4kB (UME) 96*8kB (UE) 2*16kB (M) 0*32kB 0*64kB 0*128kB 0*256kB " \
	"= 4000kB\n"
#define POOLS_62 \
	"Node 0 hugepages_total=2 hugepages_free=1 hugepages_surp=0 hugepages_size=2048kB\n"
#define SUMS_62                                                                  \
	"240 total pagecache pages\n30 pages in swap cache\nFree swap  = 84kB\n" \
	"Total swap = 2048kB\n10000 pages RAM\n0 pages HighMem/MovableOnly\n"    \
	"1000 pages reserved\n0 pages cma reserved\n3 pages hwpoisoned\n"
#define TASKS_62                                                                               \
	"Tasks state (memory values in pages):\n"                                              \
	"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n" \
	"[    246]     0   246    16404       66   159744      303          -250 journal\n"    \
	"[    777]   504   777   572670     2500   606863       54             0 big one\n"
#define END_62                                                                              \
	"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"      \
	"global_oom,task_memcg=/user,task=big one,pid=777,uid=504\n"                        \
	"Out of memory: Killed process 777 (big one) total-vm:2290680kB, anon-rss:9000kB, " \
	"file-rss:4kB, shmem-rss:0kB, UID:504 pgtables:592kB oom_score_adj:0\n"
#define ASKED_62                                                                           \
	"eater invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0\n" \
	"CPU: 3 PID: 47 Comm: eater Tainted: G  OE  6.1.1-made-up #1 0123\n"
#define MODERN                                                                                     \
	ASKED_62 "Mem-Info:\n" HEAD_62 NODE_62 DMA_62 NORMAL_62 LISTS_62 POOLS_62 SUMS_62 TASKS_62 \
		END_62

#endif
