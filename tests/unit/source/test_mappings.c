// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/77/maps"

TEST(a_mapping_of_a_file_has_addresses_rights_and_place)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_mapping *mapping;

	CHECK_INT(
		FEED(snap, mappings, PATH,
			"558e97130000-558e971f1000 r-xp 0002f000 fe:00 247101        "
			"/usr/bin/bash\n"
			"7e0000000000-7e0000200000 rw-s 00000000 00:01 99   /SYSV0000 (deleted)\n"),
		NO_ERROR);
	if (!CHECK_INT(snap->mappings.count, 2) || !CHECK_INT(snap->mapped_files.count, 2))
		return;
	mapping = &snap->mappings.items[0];
	CHECK_INT(mapping->start, 0x558e97130000);
	CHECK_INT(mapping->end, 0x558e971f1000);
	CHECK_INT(mapping->offset, 0x2f000);
	CHECK_INT(mapping->pid, 77);
	CHECK(mapping->exec && !mapping->write && !mapping->shared);
	CHECK(snap->mappings.items[1].write && snap->mappings.items[1].shared);
	CHECK_STR(snap->mapped_files.items[0].path, "/usr/bin/bash");
	CHECK_INT(snap->mapped_files.items[0].device, 0xfell << 32);
	CHECK_INT(snap->mapped_files.items[0].inode, 247101);
	CHECK_STR(snap->mapped_files.items[1].path, "/SYSV0000 (deleted)");
}

TEST(one_file_is_one_whatever_it_is_called)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, mappings, PATH,
		"1000-2000 r--p 00000000 fe:00 5 /a\n2000-3000 r-xp 00001000 fe:00 5 /b\n"
		"3000-4000 r--p 00000000 fe:01 5 /a\n4000-5000 r--p 00000000 fe:00 6 /a\n");
	CHECK_INT(snap->mappings.count, 4);
	CHECK_INT(snap->mapped_files.count, 3);
	CHECK_INT(snap->mappings.items[0].file, snap->mappings.items[1].file);
}

TEST(a_thousand_files_are_told_apart)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (int turn = 0; turn < 2; turn++) {
		for (int i = 1; i <= 1000; i++)
			kt_buf_printf(&text, "%x000-%x000 r--p 00000000 fe:00 %d /f%d\n", i, i + 1,
				i * 4096, i);
	}
	CHECK_INT(feed_bytes(snap, &kt_source_mappings, PATH, text.data, text.size), NO_ERROR);
	CHECK_INT(snap->mappings.count, 2000);
	CHECK_INT(snap->mapped_files.count, 1000);
}

TEST(what_is_no_file_is_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, mappings, PATH,
		"1000-2000 rw-p 00000000 00:00 0 \n1000-2000 rw-p 00000000 00:00 0 [heap]\n"
		"1000-2000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)\n"
		"1000-2000 rw-p 00000000 00:0f 9\n1000-2000 rw-p 00000000 00:0f 9 pipe\n");
	CHECK_INT(snap->mappings.count, 0);
}

TEST(impossible_mappings_are_left_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, mappings, PATH,
			  "\n-\n1000\n1000-\n1000-2000\n1000-2000 r-x 0 fe:00 5 /a\n"
			  "2000-1000 r-xp 0 fe:00 5 /a\n1000-1000 r-xp 0 fe:00 5 /a\n"
			  "0-ffffffffffffffff r-xp 0 fe:00 5 /a\n"
			  "0-7fffffffffffffff r-xp 0 fe:00 5 /a\n"
			  "fffffffffffff000-fffffffffffff100 r-xp 0 fe:00 5 /a\n"
			  "1000-2000 r-xp ffffffffffffffff fe:00 5 /a\n"
			  "1000-2000 r-xp 0 fffffffff:00 5 /a\n1000-2000 r-xp 0 fe 5 /a\n"
			  "1000-2000 r-xp 0 fe:00 -5 /a\n1000-2000 r-xp 0 fe:00 x /a\n"),
		NO_ERROR);
	CHECK_INT(snap->mappings.count, 0);
	CHECK_INT(FEED(snap, mappings, "proc/self/maps", ""), KT_ERR_PARSE);
}

TEST(control_characters_in_paths_are_taken_out)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, mappings, PATH, "1000-2000 r--p 0 fe:00 5 /a \x1b[1m\xff (deleted)\n");
	if (CHECK_INT(snap->mapped_files.count, 1))
		CHECK_STR(snap->mapped_files.items[0].path, "/a ?[1m? (deleted)");
}

TEST(nothing_of_a_process_is_kept_when_scrubbed)
{
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	struct kt_text text = { strdup("1000-2000 r--p 0 fe:00 5 /a\n"), 28, PATH };

	kt_source_mappings.scrub(&text, &clean);
	CHECK_INT(clean.size, 0);
	kt_text_cleanup(&text);
}
