// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define DENTRY "proc/sys/fs/dentry-state"

TEST(entries_and_inodes_are_unknown_until_a_file_tells)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(snap->dcache.nr_dentry, -1);
	CHECK_INT(snap->dcache.nr_negative, -1);
	CHECK_INT(snap->dcache.nr_inodes, -1);
}

TEST(the_six_numbers_of_dentry_state_are_read_in_their_order)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, dcache, DENTRY, "332066\t330006\t45\t0\t179496\t0\n"), NO_ERROR);
	CHECK_INT(snap->dcache.nr_dentry, 332066);
	CHECK_INT(snap->dcache.nr_unused, 330006);
	CHECK_INT(snap->dcache.age_limit, 45);
	CHECK_INT(snap->dcache.want_pages, 0);
	CHECK_INT(snap->dcache.nr_negative, 179496);
}

TEST(a_state_of_two_numbers_leaves_the_others_unknown)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, dcache, DENTRY, "5 4\n"), NO_ERROR);
	CHECK_INT(snap->dcache.nr_negative, -1);
}

TEST(inodes_come_from_either_file)
{
	static const char *const paths[] = { "proc/sys/fs/inode-nr", "proc/sys/fs/inode-state" };

	for (size_t i = 0; i < KT_LEN(paths); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

		CHECK_INT(FEED(snap, dcache, paths[i], "150662\t12\t0\t0\t0\t0\t0\n"), NO_ERROR);
		CHECK_INT(snap->dcache.nr_inodes, 150662);
		CHECK_INT(snap->dcache.nr_inodes_unused, 12);
		CHECK_INT(snap->dcache.nr_dentry, -1);
	}
}

TEST(sums_below_zero_are_not_known_and_text_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, dcache, DENTRY, "7 -3 45 0 -1 0\n"), NO_ERROR);
	CHECK_INT(snap->dcache.nr_unused, -1);
	CHECK_INT(snap->dcache.nr_negative, -1);
	CHECK_INT(FEED(snap, dcache, DENTRY, "many\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, dcache, DENTRY, ""), KT_ERR_PARSE);
}
