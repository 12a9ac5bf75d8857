// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

static int64_t mounts_of(const struct kt_snapshot *snap, const char *fstype)
{
	for (size_t i = 0; i < snap->mount_types.count; i++) {
		if (strcmp(snap->mount_types.items[i].fstype, fstype) == 0)
			return snap->mount_types.items[i].nr_mounts;
	}
	return -1;
}

static const char mountinfo[] =
	"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
	"36 35 98:0 /mnt1 /mnt2\\040x rw,noatime master:1 shared:7 - ext4 /dev/root rw\n"
	"37 35 98:1 / /home rw - ext4 /dev/secret-server rw,errors=continue\n"
	"a damaged line\n";

TEST(the_kinds_of_mountinfo_are_counted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, mounts, "proc/1/mountinfo", mountinfo), NO_ERROR);
	CHECK_INT(snap->mount_types.count, 2);
	CHECK_INT(mounts_of(snap, "ext4"), 2);
	CHECK_INT(mounts_of(snap, "proc"), 1);
}

TEST(the_kinds_of_mounts_are_counted)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, mounts, "proc/mounts",
			  "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n"),
		NO_ERROR);
	CHECK_INT(mounts_of(snap, "ext4"), 1);
	CHECK_INT(mounts_of(snap, "tmpfs"), 1);
}

TEST(a_file_without_mounts_is_refused)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);

	CHECK_INT(FEED(snap, mounts, "proc/mounts", "self/mounts"), KT_ERR_PARSE);
	CHECK_INT(FEED(snap, mounts, "proc/1/mountinfo", "/dev/vda / ext4 rw 0 0\n"), KT_ERR_PARSE);
}

TEST(a_scrubbed_table_has_kinds_and_nothing_else)
{
	static const char *const paths[] = { "proc/1/mountinfo", "proc/1/mounts" };
	static const char *const texts[] = { mountinfo, "server:/secret /home nfs4 rw 0 0\n" };

	for (size_t i = 0; i < KT_LEN(paths); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		KT_CLEANUP(buf) struct kt_buf clean = { 0 };
		struct kt_text text = { (char *)texts[i], strlen(texts[i]), paths[i] };

		kt_source_mounts.scrub(&text, &clean);
		kt_buf_add(&clean, "", 1);
		CHECK(!strstr(clean.data, "secret") && !strstr(clean.data, "home"));
		CHECK_INT(FEED(snap, mounts, paths[i], clean.data), NO_ERROR);
		CHECK_INT(mounts_of(snap, i ? "nfs4" : "ext4"), i ? 1 : 2);
	}
}
