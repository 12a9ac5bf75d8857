// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "proc/modules"

TEST(a_module_has_image_references_users_and_taints)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const struct kt_module *module;

	CHECK_INT(FEED(snap, modules, PATH,
			  "zfs 4034560 6 a,b, Live 0xffffffffc0a3f000 (PO)\n"
			  "xt_mark 16384 9 - Live 0x0000000000000000\n"
			  "new 8192 1 - Loading 0x0000000000000000 (OE+)\n"),
		NO_ERROR);
	if (!CHECK_INT(snap->modules.count, 3))
		return;
	module = snap->modules.items;
	CHECK_STR(module[0].name, "zfs");
	CHECK_INT(module[0].image_bytes, 4034560);
	CHECK_INT(module[0].nr_refs, 6);
	CHECK_STR(module[0].users, "a,b");
	CHECK_STR(module[0].state, "Live");
	CHECK_STR(module[0].taints, "PO");
	CHECK(!module[1].users && !module[1].taints);
	CHECK_STR(module[2].state, "Loading");
	CHECK_STR(module[2].taints, "OE+");
}

TEST(a_kernel_that_cannot_unload_modules_has_no_references_and_not_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, modules, PATH,
		"ext4 500000 - - Live 0xffffffffc0a3f000\n"
		"dm_mod 90000 3 [permanent], Live 0xffffffffc0b3f000\n");
	CHECK_INT(snap->modules.items[0].nr_refs, -1);
	CHECK_STR(snap->modules.items[1].users, "[permanent]");
}

TEST(no_module_at_all_is_no_error)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, modules, PATH, ""), NO_ERROR);
	CHECK_INT(snap->modules.count, 0);
}

TEST(a_text_of_something_else_is_not_modules)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, modules, PATH, "Module Size\nnothing here\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, modules, PATH, "huge 18446744073709551615 1 - Live 0x0\n"),
		KT_ERR_PARSE);
}

TEST(names_of_modules_are_safe_to_print)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	FEED(snap, modules, PATH, "a\x1b\xff 4096 1 b\x07, L\x01 0x0 (O\x02)\n");
	CHECK_STR(snap->modules.items[0].name, "a??");
	CHECK_STR(snap->modules.items[0].users, "b?");
	CHECK_STR(snap->modules.items[0].state, "L?");
	CHECK_STR(snap->modules.items[0].taints, "O?");
}

TEST(scrubbing_takes_the_addresses_of_modules)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };
	static const char modules[] = "zfs 4034560 6 a,b, Live 0xffffffffc0a3f000 (PO)\n";
	struct kt_text text = { (char *)modules, sizeof(modules) - 1, PATH };

	kt_source_modules.scrub(&text, &clean);
	kt_buf_add(&clean, "", 1);
	CHECK_STR(clean.data, "zfs 4034560 6 a,b, Live 0x0 (PO)\n");
	CHECK_INT(FEED(snap, modules, PATH, clean.data), NO_ERROR);
	CHECK_INT(snap->modules.items[0].image_bytes, 4034560);
}

TEST(a_list_of_modules_that_is_not_whole_says_so)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, modules, "proc/modules",
			  "ext4 4096 - - Live 0x0\n# not whole: 1 module was found\n"),
		NO_ERROR);
	CHECK(snap->modules_partial);
	CHECK_INT(snap->modules.count, 1);
	CHECK_INT(snap->notes.count, 1);
}
