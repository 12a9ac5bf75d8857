// SPDX-License-Identifier: GPL-2.0-or-later
#include "recognise/plain.h"
#include "recognise/recognise.h"

#include "test.h"

#include <stdlib.h>

#define MEMINFO                         \
	"MemTotal:        8012340 kB\n" \
	"MemFree:         1234564 kB\n" \
	"Buffers:           20480 kB\n" \
	"Active(anon):     300124 kB\n" \
	"HugePages_Total:       7\n"    \
	"Hugepagesize:       2048 kB\n"
#define VMSTAT                     \
	"nr_free_pages 308641\n"   \
	"nr_anon_pages 40000\n"    \
	"pgalloc_normal 1234567\n" \
	"something_new 5\n"
#define ZONEINFO                                \
	"Node 0, zone      DMA\n"               \
	"  per-node stats\n"                    \
	"      nr_inactive_anon 71\n"           \
	"  pages free     3840\n"               \
	"        min      67\n"                 \
	"        managed  3840\n"               \
	"        protection: (0, 1800, 7700)\n" \
	"      nr_free_pages 3840\n"            \
	"  pagesets\n"                          \
	"    cpu: 0\n"                          \
	"              count: 0\n"              \
	"  vm stats threshold: 6\n"             \
	"  start_pfn:           1\n"
#define SLAB_HEAD                                                                             \
	"slabinfo - version: 2.1\n"                                                           \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : " \
	"tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> " \
	"<sharedavail>\n"
#define SLAB_LINES                                                                                \
	"widget_cache        4321   4410    192   21    1 : tunables    0    0    0 : slabdata  " \
	"  210    210      0\n"                                                                   \
	"kmalloc-8k            40     44   8192    4    8 : tunables    0    0    0 : slabdata  " \
	"   11     11      0\n"
#define BUDDY                                                                                      \
	"Node 0, zone      DMA      1      0      0      1      2      1      1      0      1    " \
	"  "                                                                                       \
	"1      3 \n"                                                                              \
	"Node 0, zone   Normal    216     55    189    101     84     38     37     27      5    " \
	"  "                                                                                       \
	"3    587 \n"
#define TYPES                                                                                \
	"Page block order: 9\n"                                                              \
	"Pages per block:  512\n"                                                            \
	"\n"                                                                                 \
	"Free pages count per migrate type at order       0      1      2      3      4 \n"  \
	"Node    0, zone   Normal, type    Unmovable >100000      2      3      4      5 \n" \
	"Node    0, zone   Normal, type      Movable      1      2      3      4      5 \n"  \
	"\n"                                                                                 \
	"Number of blocks type     Unmovable      Movable \n"                                \
	"Node 0, zone   Normal           12           34 \n"
#define VMALLOC                                                                                  \
	"0xffffb00000000000-0xffffb00000005000   20480 widget_probe+0x12/0x90 pages=4 vmalloc\n" \
	"0xffffb00000006000-0xffffb00000008000    8192 gadget_map+0x1/0x20 phys=0xfed00000 "     \
	"ioremap\n"
#define MODULES                                                 \
	"widget 40960 1 gadget, Live 0xffffffffc0a00000 (OE)\n" \
	"gadget 16384 0 - Live 0xffffffffc0b00000\n"
#define ALLOCINFO                                                \
	"allocinfo - version: 1.0\n"                             \
	"#     <size>  <calls> <tag info>\n"                     \
	"        4096        1 mm/widget.c:77 func:widget_new\n" \
	"           0        0 lib/x.c:1 [gadget] func:gadget_new\n"
#define NODES                                  \
	"Node 0 MemTotal:        4012340 kB\n" \
	"Node 0 MemFree:          234564 kB\n" \
	"Node 1 MemTotal:        4000000 kB\n" \
	"Node 1 MemFree:         1000000 kB\n"
#define PERCPU                                                                                   \
	"Percpu Memory Statistics\nAllocation Info:\n----------------------------------------\n" \
	"  unit_size           :       131072\n  static_size         :        90000\n"           \
	"\nGlobal Stats:\n----------------------------------------\n"                            \
	"  nr_alloc            :         4321\n\nPer Chunk Stats:\n"                             \
	"----------------------------------------\nChunk: <- First Chunk\n"                      \
	"  free_bytes          :         1234\n"
#define SOCKETS	 "sockets: used 77\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 9\nUDP: inuse 2 mem 3\n"
#define SOCKETS6 "TCP6: inuse 4\nUDP6: inuse 1\nFRAG6: inuse 0 memory 0\n"
#define IOMEM                                                            \
	"00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n" \
	"100000000-13fffffff : System RAM\n  101000000-101e00000 : Kernel code\n"
#define STATUS "Name:\twidget\nTgid:\t77\nPid:\t77\nVmSize:\t    4096 kB\nThreads:\t3\n"
#define STAT   "anon 4096\nfile 8192\nkernel_stack 16384\nfile_mapped 1\ninactive_anon 2\n"

struct found {
	struct kt_recogniser *recogniser;
	struct kt_recognised *files;
	size_t count;
};

static struct found find(const char *text, size_t n)
{
	struct found found = { 0 };

	CHECK(!kt_recogniser_new(&found.recogniser));
	kt_recogniser_take(found.recogniser, (struct kt_span){ text, n });
	CHECK(!kt_recogniser_end(found.recogniser));
	found.files = kt_recogniser_files(found.recogniser, &found.count);
	return found;
}

static bool is_text(const struct kt_recognised *file, const char *text)
{
	return kt_span_eq((struct kt_span){ file->text.data, file->text.size }, text);
}

/* The text is one file of that kind, between prose and with none. */
static void check_kind(const char *text, const char *name, uint64_t nr_lines)
{
	char around[8192];
	struct found found = find(text, strlen(text));

	CHECK(found.count == 1 && strcmp(found.files[0].name, name) == 0);
	CHECK(found.count && found.files[0].first == 1 && found.files[0].last == nr_lines);
	CHECK(found.count && found.files[0].plain && found.files[0].whole);
	kt_recogniser_free(found.recogniser);
	snprintf(around, sizeof(around),
		"Hello,\n\nour machine is slow: 12 of 13 times.\n\n%s\nRegards\n-- \nA. B.\n",
		text);
	found = find(around, strlen(around));
	CHECK(found.count == 1 && strcmp(found.files[0].name, name) == 0);
	CHECK(found.count && found.files[0].first == 5 && found.files[0].last == 4 + nr_lines);
	kt_recogniser_free(found.recogniser);
}

TEST(every_kind_is_found_alone_and_between_prose)
{
	check_kind(MEMINFO, "meminfo", 6);
	check_kind(VMSTAT, "vmstat", 4);
	check_kind(ZONEINFO, "zoneinfo", 13);
	check_kind(SLAB_HEAD SLAB_LINES, "slabinfo", 4);
	check_kind(SLAB_LINES, "slabinfo", 2);
	check_kind(BUDDY, "buddyinfo", 2);
	check_kind(TYPES, "pagetypeinfo", 9);
	check_kind(VMALLOC, "vmallocinfo", 2);
	check_kind(MODULES, "modules", 2);
	check_kind(ALLOCINFO, "allocinfo", 4);
	check_kind(PERCPU, "percpu_stats", 14);
	check_kind(SOCKETS, "sockstat", 3);
	check_kind(SOCKETS6, "sockstat6", 3);
	check_kind(IOMEM, "iomem", 4);
	check_kind(STATUS, "status", 5);
}

TEST(files_of_nodes_are_a_file_each)
{
	struct found found = find(NODES, strlen(NODES));

	CHECK(found.count == 2);
	CHECK(found.count == 2 &&
		strcmp(found.files[0].path, "sys/devices/system/node/node0/meminfo") == 0 &&
		strcmp(found.files[1].path, "sys/devices/system/node/node1/meminfo") == 0);
	CHECK(found.count == 2 && found.files[0].used && found.files[1].used);
	kt_recogniser_free(found.recogniser);
}

TEST(the_status_of_a_process_hides_no_file_of_a_node)
{
	static const char text[] = "Name:\tinit\nTgid:\t1\nPid:\t1\nVmSize:\t    4096 kB\n"
				   "Threads:\t1\n\n" NODES;
	struct found found = find(text, strlen(text));

	CHECK_INT(found.count, 3);
	CHECK_STR(found.files[0].path, "proc/1/status");
	CHECK_STR(found.files[2].path, "sys/devices/system/node/node1/meminfo");
	CHECK(found.files[2].used);
	kt_recogniser_free(found.recogniser);
}

TEST(headings_of_a_second_node_begin_no_second_file)
{
	static const char text[] =
		TYPES "Page block order: 9\nPages per block:  512\n\n"
		      "Free pages count per migrate type at order       0      1 \n"
		      "Node    1, zone   Normal, type    Unmovable      8      9 \n"
		      "\nNumber of blocks type     Unmovable \n"
		      "Node 1, zone   Normal           12 \n";
	struct found found = find(text, strlen(text));

	CHECK(found.count == 1 && found.files[0].last == 17);
	kt_recogniser_free(found.recogniser);
	found = find(TYPES TYPES, strlen(TYPES TYPES));
	CHECK(found.count == 2 && found.files[0].used && !found.files[1].used);
	kt_recogniser_free(found.recogniser);
}

TEST(a_cgroup_without_a_name_has_no_path)
{
	struct found found = find(STAT, strlen(STAT));

	CHECK(found.count == 1 && !found.files[0].path && !found.files[0].used);
	kt_recogniser_free(found.recogniser);
}

TEST(all_kinds_are_found_in_one_text)
{
	static const char text[] = "$ cat /proc/meminfo\n" MEMINFO "$ cat /proc/vmstat\n" VMSTAT
				   "==> zoneinfo <==\n" ZONEINFO "\n" BUDDY TYPES
				   "------ SLAB (/proc/slabinfo) ------\n" SLAB_HEAD SLAB_LINES
				   "vmalloc:\n" VMALLOC "lsmod:\n" MODULES ALLOCINFO NODES STAT;
	static const char *const names[] = { "meminfo", "vmstat", "zoneinfo", "buddyinfo",
		"pagetypeinfo", "slabinfo", "vmallocinfo", "modules", "allocinfo", "node meminfo",
		"node meminfo", "memory.stat" };
	struct found found = find(text, strlen(text));

	CHECK(found.count == 12);
	for (size_t i = 0; i < found.count && i < 12; i++)
		CHECK(strcmp(found.files[i].name, names[i]) == 0);
	CHECK(found.count && is_text(&found.files[1], VMSTAT));
	kt_recogniser_free(found.recogniser);
}

TEST(prose_and_files_of_processes_are_nothing)
{
	static const char *const texts[] = {
		"MemTotal: is what the kernel manages\nMemFree: what is left\n",
		"Name:\tbash\nVmPeak:\t   12345 kB\nVmRSS:\t    4096 kB\nThreads:\t1\n",
		"Size:                  4 kB\nAnonHugePages:         0 kB\nShmemPmdMapped:        "
		"0 "
		"kB\nFilePmdMapped:         0 kB\n",
		"pgfault 1\npgmajfault 2\n",
		"Node 0, zone DMA\n",
		"Node 0, zone      DMA       362          80     170       2 113       0\n",
		"anon 1\nfile 2\n",
		"eth0 1 2 3\n",
		"MemTotal: 16 GB\nMemFree: 2 GB\n",
		"MemTotal: 16384\nSwap: 5\n",
	};

	for (size_t i = 0; i < KT_LEN(texts); i++) {
		struct found found = find(texts[i], strlen(texts[i]));

		if (!CHECK(found.count == 0))
			printf("  %s", texts[i]);
		kt_recogniser_free(found.recogniser);
	}
}

TEST(the_first_whole_file_of_a_kind_is_used)
{
	static const char text[] = "MemTotal: 1 kB\nBuffers: 2 kB\n\n" MEMINFO "\n"
				   "MemTotal: 5 kB\nMemFree: 4 kB\n";
	struct found found = find(text, strlen(text));

	CHECK(found.count == 3);
	CHECK(found.count == 3 && !found.files[0].used && found.files[1].used &&
		!found.files[2].used && found.files[1].first == 4);
	kt_recogniser_free(found.recogniser);
}

/* A number whose unit is on no line may have lost digits: it must not become one in kB. */
TEST(a_number_that_may_be_cut_gets_no_unit)
{
	static const char text[] = "MemTotal: 8012340 kB MemFree: 1234564 kB Buffers: 20\n"
				   "and so on\n";
	struct found found = find(text, strlen(text));

	CHECK(found.count == 1 &&
		is_text(&found.files[0],
			"MemTotal: 8012340 kB\nMemFree: 1234564 kB\nBuffers: 20\n"));
	kt_recogniser_free(found.recogniser);
}

TEST(broken_lines_of_slabinfo_are_joined)
{
	static const char text[] =
		"> widget_cache        4321   4410    192   21    1 : tunables    0    0\n"
		"> 0 : slabdata    210    210      0\n"
		"> kmalloc-8k            40     44   8192    4    8 : tunables\n"
		"> 0    0    0 : slabdata     11\n"
		"> 11      0\n";
	struct found found = find(text, strlen(text));

	CHECK(found.count == 1 && strcmp(found.files[0].name, "slabinfo") == 0);
	CHECK(found.count == 1 && (found.files[0].mends & KT_MEND_WRAP) &&
		(found.files[0].mends & KT_MEND_QUOTE));
	CHECK(found.count == 1 &&
		is_text(&found.files[0],
			"widget_cache        4321   4410    192   21    1 : tunables    0    0 0 : "
			"slabdata    210    210      0\n"
			"kmalloc-8k            40     44   8192    4    8 : tunables 0    0    0 : "
			"slabdata     11 11      0\n"));
	kt_recogniser_free(found.recogniser);
}

TEST(disguises_of_characters_are_undone)
{
	static const struct {
		const char *line, *plain;
	} lines[] = {
		{ "\x1b[1;32mMemFree:\x1b[0m 5 kB\r", "MemFree: 5 kB" },
		{ "MemFree:\xc2\xa0\xc2\xa0 5\xa0kB", "MemFree:   5 kB" },
		{ "&gt; MemFree:&nbsp;&#160;&#x35;&#32;kB", "> MemFree:  5 kB" },
		{ "<pre>MemFree: <b>5</b> kB<br/>", "\nMemFree: 5 kB\n" },
		{ "<objsize> & <objperslab>", "<objsize> & <objperslab>" },
		{ "\xef\xbb\xbfMemFree: 5 kB", "MemFree: 5 kB" },
		{ "caf\xc3\xa0 \xe2\x82\xac", "caf\xc3\xa0 \xe2\x82\xac" },
		{ "&#x1b;&#0;&#99999999999;&bogus;", "&#x1b;&#0;&#99999999999;&bogus;" },
		{ "\x1b]0;title\aMemFree: 5 kB\x1b[", "MemFree: 5 kB" },
	};
	KT_CLEANUP(buf) struct kt_buf scratch = { 0 };

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		unsigned mends = 0;
		struct kt_span plain = kt_plain_line(kt_span_str(lines[i].line), &scratch, &mends);

		if (!CHECK(kt_span_eq(plain, lines[i].plain)))
			printf("  %zu: '%.*s'\n", i, (int)plain.n, plain.p);
	}
}

TEST(utf16_becomes_utf8)
{
	static const char little[] = "\xff\xfeM\0\xac\x20\x3d\xd8\x00\xde\n\0";
	static const char big[] = "\xfe\xff\0M\x20\xac\xd8\x3d\xde\x00\xd8\x00\0\n";
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	CHECK(kt_plain_is_utf16((struct kt_span){ little, sizeof(little) - 1 }));
	CHECK(!kt_plain_is_utf16(KT_SPAN("MemTotal: 1 kB\nMemFree: 2 kB\n")));
	CHECK(kt_plain_is_utf16((struct kt_span){ "M\0e\0m\0T\0o\0t\0a\0l\0:\0 \0", 20 }));
	kt_plain_utf16((struct kt_span){ little, sizeof(little) - 1 }, &text);
	CHECK(kt_span_eq(
		(struct kt_span){ text.data, text.size }, "M\xe2\x82\xac\xf0\x9f\x98\x80\n"));
	text.size = 0;
	kt_plain_utf16((struct kt_span){ big, sizeof(big) - 1 }, &text);
	CHECK(kt_span_eq(
		(struct kt_span){ text.data, text.size }, "M\xe2\x82\xac\xf0\x9f\x98\x80?\n"));
}

/* Many small files and one endless file: a limit ends the search, and what was found stays. */
TEST(memory_is_bounded)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct found found;

	for (int i = 0; i < 5000; i++)
		kt_buf_puts(&text, "MemTotal: 1 kB\nMemFree: 1 kB\n");
	found = find(text.data, text.size);
	CHECK(found.count == KT_RECOGNISED_MAX && kt_recogniser_is_full(found.recogniser));
	kt_recogniser_free(found.recogniser);
	text.size = 0;
	for (int i = 0; i < 3000; i++)
		kt_buf_printf(&text, "nr_%d 1\n", i);
	found = find(text.data, text.size);
	CHECK(found.count >= 1 && !kt_recogniser_is_full(found.recogniser));
	kt_recogniser_free(found.recogniser);
}

TEST(broken_lines_of_areas_and_zones_are_joined)
{
	static const char areas[] = "0xffffb00000000000-0xffffb00000005000   20480\n"
				    "widget_probe+0x12/0x90 pages=4\nvmalloc N0=4\n";
	static const char zones[] =
		"Node 0, zone   Normal     16    155    189    101     84     38 "
		"37     27\n5      3    587\n";
	struct found found = find(areas, strlen(areas));

	CHECK(found.count == 1 &&
		is_text(&found.files[0], "0xffffb00000000000-0xffffb00000005000   20480 "
					 "widget_probe+0x12/0x90 pages=4 vmalloc N0=4\n"));
	kt_recogniser_free(found.recogniser);
	found = find(zones, strlen(zones));
	CHECK(found.count == 1 && (found.files[0].mends & KT_MEND_WRAP));
	kt_recogniser_free(found.recogniser);
}

/* "27" and "5" may have been 275: the number of orders shows it. */
TEST(zones_that_were_broken_inside_a_number_are_refused)
{
	static const char zones[] =
		"Node 0, zone   Normal     16    155    189    101     84     38 "
		"37     27\n5      3    587     12\n";
	struct found found = find(zones, strlen(zones));

	CHECK(found.count == 0);
	kt_recogniser_free(found.recogniser);
}

/* ---- titles ---- */

static const char *want_some(const char *path)
{
	static const char *const paths[] = { "proc/sys/vm/min_free_kbytes",
		"sys/fs/cgroup/a/memory.stat", "sys/module/zswap/parameters/zpool",
		"proc/cgroups" };

	for (size_t i = 0; i < KT_LEN(paths); i++) {
		if (strcmp(paths[i], path) == 0)
			return path;
	}
	return NULL;
}

static struct found find_titled(const char *text, const char *name)
{
	struct found found = { 0 };

	CHECK(!kt_recogniser_new(&found.recogniser));
	kt_recogniser_titles(found.recogniser, want_some, name);
	kt_recogniser_take(found.recogniser, kt_span_str(text));
	CHECK(!kt_recogniser_end(found.recogniser));
	found.files = kt_recogniser_files(found.recogniser, &found.count);
	return found;
}

static void check_titled(const char *text, const char *name, const char *path, const char *wanted)
{
	struct found found = find_titled(text, name);

	CHECK_INT(found.count, wanted ? 1 : 0);
	CHECK(!wanted || (found.count && strcmp(found.files[0].path, path) == 0 &&
				 is_text(&found.files[0], wanted)));
	kt_recogniser_free(found.recogniser);
}

TEST(a_title_names_a_file_without_a_form)
{
	static const char *const titles[] = { "==> /proc/sys/vm/min_free_kbytes <==",
		"$ cat /proc/sys/vm/min_free_kbytes", "root@h:~# cat /proc/sys/vm/min_free_kbytes",
		"/proc/sys/vm/min_free_kbytes:", "here is /proc/sys/vm/min_free_kbytes:",
		"------ SETTING (/proc/sys/vm/min_free_kbytes) ------" };
	char text[256];

	for (size_t i = 0; i < KT_LEN(titles); i++) {
		snprintf(text, sizeof(text), "Hello\n%s\n11264\n\nBye\n", titles[i]);
		check_titled(text, NULL, "proc/sys/vm/min_free_kbytes", "11264\n");
	}
	check_titled("> /proc/sys/vm/min_free_kbytes:\n> 5\n", NULL, "proc/sys/vm/min_free_kbytes",
		"5\n");
	check_titled("I set /proc/sys/vm/min_free_kbytes to this\n5\n", NULL, NULL, NULL);
	check_titled("$ cat /proc/sys/vm/other\n5\n", NULL, NULL, NULL);
	check_titled("$ cat /proc/cgroups\n#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		     "memory 3 7 1\n",
		NULL, "proc/cgroups",
		"#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory 3 7 1\n");
}

TEST(a_value_with_its_path_is_a_file)
{
	check_titled("/sys/module/zswap/parameters/zpool:zsmalloc\nmore\n", NULL,
		"sys/module/zswap/parameters/zpool", "zsmalloc\n");
	check_titled("vm.min_free_kbytes = 67584\nvm.other = 3\n", NULL,
		"proc/sys/vm/min_free_kbytes", "67584\n");
}

TEST(the_name_of_a_text_is_a_title)
{
	check_titled("67584\n", "out/cat_.proc.sys.vm.min_free_kbytes",
		"proc/sys/vm/min_free_kbytes", "67584\n");
	check_titled("67584\n", "cat_--proc--sys--vm--min_free_kbytes",
		"proc/sys/vm/min_free_kbytes", "67584\n");
	check_titled(
		"67584\n", "proc/sys/vm/min_free_kbytes", "proc/sys/vm/min_free_kbytes", "67584\n");
	check_titled("67584\n", "letter.txt", NULL, NULL);
}

TEST(a_title_tells_of_which_cgroup_or_node_a_file_is)
{
	struct found found = find_titled("$ cat /sys/fs/cgroup/a/memory.stat\n" STAT
					 "\n==> /sys/devices/system/node/node0/vmstat <==\n" VMSTAT,
		NULL);

	CHECK_INT(found.count, 2);
	CHECK(found.count == 2 && found.files[0].used &&
		strcmp(found.files[0].path, "sys/fs/cgroup/a/memory.stat") == 0);
	CHECK(found.count == 2 && !found.files[1].used && !found.files[1].path);
	kt_recogniser_free(found.recogniser);
	found = find_titled("$ cat /proc/vmstat\n" VMSTAT, NULL);
	CHECK(found.count == 1 && found.files[0].used);
	kt_recogniser_free(found.recogniser);
}
