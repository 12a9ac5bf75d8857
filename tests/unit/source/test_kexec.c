// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#define PATH "sys/kernel/kexec_crash_size"

TEST(the_size_is_in_bytes_and_none_is_zero)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(snapshot) struct kt_snapshot *none = machine(4096);

	CHECK_INT(FEED(snap, kexec, PATH, "268435456\n"), NO_ERROR);
	CHECK_VALUE(snap, CRASHKERNEL, 256 * MIB);
	CHECK_INT(FEED(none, kexec, PATH, "0\n"), NO_ERROR);
	CHECK_VALUE(none, CRASHKERNEL, 0);
}

TEST(what_is_no_size_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, kexec, PATH, ""), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, kexec, PATH, "-1\n"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, kexec, PATH, "1 2\n"), KT_ERR_PARSE);
	CHECK_STATE(snap, CRASHKERNEL, KT_ABSENT);
}
