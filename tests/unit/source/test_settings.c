// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

TEST(a_setting_goes_by_the_name_of_its_file)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, settings, "proc/sys/vm/min_free_kbytes", "67584\n"), NO_ERROR);
	CHECK_INT(FEED(snap, settings, "proc/sys/fs/dentry-negative", "0\n"), NO_ERROR);
	if (!CHECK_INT(snap->settings.count, 2))
		return;
	CHECK_STR(snap->settings.items[0].name, "min_free_kbytes");
	CHECK_INT(snap->settings.items[0].value, 67584);
	CHECK_STR(snap->settings.items[1].name, "dentry-negative");
}

TEST(what_is_no_number_is_no_setting)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, settings, "proc/sys/vm/min_free_kbytes", "much\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, settings, "proc/sys/vm/min_free_kbytes", ""), KT_ERR_PARSE);
	CHECK_INT(snap->settings.count, 0);
}
