// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_mounts.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define ROOT	"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
#define BACKUP	"40 22 8:16 / /backup rw shared:9 - xfs /dev/sdb rw\n"
#define SERVER	"41 22 0:50 / /home rw - nfs4 files:/home rw,vers=4.2\n"
#define OVERLAY "50 22 0:60 / /var/lib/x/merged rw - overlay overlay rw,lowerdir=/a:/b\n"
#define TMPFS	"51 22 0:61 / /run/x rw - tmpfs tmpfs rw\n"

/* Takes the text and returns "KIND TEXT;" for each mark that it added. */
static const char *marks_of(
	struct kt_record_mounts *mounts, struct kt_draft *draft, const char *text)
{
	static char all[4096];
	size_t at = 0, before = draft->block.marks.count;

	all[0] = '\0';
	CHECK(kt_record_mounts_take(mounts, kt_span_str(text), draft));
	for (size_t i = before; i < draft->block.marks.count; i++) {
		const struct kt_block_mark *mark = &draft->block.marks.items[i];

		at += (size_t)snprintf(
			all + at, sizeof(all) - at, "%s %s;", mark->kind, mark->text);
	}
	return all;
}

TEST(file_systems_that_come_and_go_are_marked)
{
	struct kt_record_mounts mounts;
	struct kt_draft draft;

	kt_draft_init(&draft);
	kt_record_mounts_init(&mounts, false);
	CHECK_STR(marks_of(&mounts, &draft, ROOT SERVER), ""); /* nothing to compare with */
	CHECK_STR(marks_of(&mounts, &draft, ROOT SERVER), "");
	CHECK_STR(marks_of(&mounts, &draft, BACKUP ROOT SERVER), "mounted /backup (xfs);");
	CHECK_STR(marks_of(&mounts, &draft, BACKUP ROOT), "unmounted /home (nfs4);");
	CHECK_STR(marks_of(&mounts, &draft, ROOT SERVER),
		"mounted /home (nfs4);unmounted /backup (xfs);");
	/* a second mount in the same place */
	CHECK_STR(marks_of(&mounts, &draft, ROOT SERVER SERVER), "mounted /home (nfs4);");
	kt_record_mounts_fini(&mounts);
	kt_draft_fini(&draft);
}

TEST(file_systems_of_containers_make_no_marks)
{
	struct kt_record_mounts mounts;
	struct kt_draft draft;

	kt_draft_init(&draft);
	kt_record_mounts_init(&mounts, false);
	CHECK_STR(marks_of(&mounts, &draft, ROOT), "");
	CHECK_STR(marks_of(&mounts, &draft, ROOT OVERLAY TMPFS), "");
	CHECK_STR(marks_of(&mounts, &draft, ROOT), "");
	kt_record_mounts_fini(&mounts);
	kt_draft_fini(&draft);
}

TEST(many_mounts_make_a_few_marks_and_too_many_none)
{
	static char text[(KT_MOUNTS_MAX + 2) * 64];
	struct kt_record_mounts mounts;
	struct kt_draft draft;
	size_t at = 0;

	kt_draft_init(&draft);
	kt_record_mounts_init(&mounts, false);
	marks_of(&mounts, &draft, ROOT);
	for (int i = 0; i < 10; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%d 22 8:1 / /d%d rw - ext4 /dev/sda rw\n", 60 + i, i);
	CHECK_STR(marks_of(&mounts, &draft, text),
		"mounted /d0 (ext4);mounted /d1 (ext4);mounted /d2 (ext4);mounted /d3 (ext4);"
		"mounted 6 more;unmounted / (ext4);");
	for (unsigned i = 10; i <= KT_MOUNTS_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%u 22 8:1 / /d%u rw - ext4 /dev/sda rw\n", 60 + i, i);
	CHECK_STR(marks_of(&mounts, &draft, text), "");
	CHECK_STR(marks_of(&mounts, &draft, ROOT), ""); /* what was there is not known */
	kt_record_mounts_fini(&mounts);
	kt_draft_fini(&draft);
}

TEST(hostile_lines_are_left_out)
{
	static const char *const texts[] = { "", "\n\n", "1 2 3\n", "1 2 3 4 5\n",
		"1 2 3 4 /x - ext4\n", "1 2 3 4 /x - \n", " - - - - - - -\n" };
	struct kt_record_mounts mounts;
	struct kt_draft draft;

	kt_draft_init(&draft);
	kt_record_mounts_init(&mounts, false);
	marks_of(&mounts, &draft, "");
	for (size_t i = 0; i < KT_LEN(texts); i++)
		CHECK_STR(marks_of(&mounts, &draft, texts[i]), "");
	CHECK_STR(
		marks_of(&mounts, &draft, "1 2 3 4 /\033[1m rw - x /y rw\n"), "mounted /?[1m (x);");
	kt_record_mounts_fini(&mounts);
	kt_draft_fini(&draft);
}
