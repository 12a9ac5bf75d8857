// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/source.h"

#include "test.h"

#include <stdlib.h>

/* The first of the path's ends that a source wants, tried one by one. */
static const char *inside_by_hand(const char *path)
{
	for (const char *p = path; p && *p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (kt_source_wants_path(p))
			return p;
	}
	return NULL;
}

/* Paths of components that patterns have, so that some of them match somewhere. */
TEST(a_path_is_found_where_trying_all_of_its_ends_finds_it)
{
	static const char *const parts[] = { "proc", "sys", "fs", "cgroup", "memory", "meminfo",
		"memory.stat", "memory.kmem.slabinfo", "a", "x.y", "devices", "system", "node",
		"node3", "kernel", "slab", "dentry", "firmware", "memmap", "0", "start", "1",
		"status", "vmstat", "hugepages", "hugepages-2048kB", "nr_hugepages", "ktally",
		"dmesg", "" };
	size_t nr_found = 0, nr_wrong = 0;

	srand(5);
	for (int round = 0; round < 10000; round++) {
		char path[512] = "";
		int count = 1 + rand() % 9;

		if (rand() % 3 == 0)
			strcat(path,
				rand() % 2 ? "a/sys/fs/cgroup/" : "proc/sys/fs/cgroup/memory/");
		for (int i = 0; i < count; i++) {
			strcat(path, parts[(size_t)rand() % (sizeof(parts) / sizeof(parts[0]))]);
			strcat(path, i + 1 < count || rand() % 50 == 0 ? "/" : "");
		}
		nr_found += inside_by_hand(path) != NULL;
		if (inside_by_hand(path) != kt_source_inside(path) && nr_wrong++ < 5)
			CHECK_STR(kt_source_inside(path), inside_by_hand(path));
	}
	CHECK_INT(nr_wrong, 0);
	CHECK(nr_found > 300);
}

TEST(a_path_of_the_machine_begins_at_its_start)
{
	static const char *const own[] = { "proc/meminfo", "sys/fs/cgroup/a/b/memory.stat",
		"sys/firmware/memmap/12/start", "ktally/vmstat.after" };
	const char *packed = "sosreport-x/proc/meminfo";

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		CHECK(kt_source_inside(own[i]) == own[i]);
	CHECK(kt_source_inside(packed) == packed + 12);
	CHECK(!kt_source_inside("etc/passwd"));
	CHECK(!kt_source_inside(""));
	CHECK(!kt_source_inside("/"));
}
