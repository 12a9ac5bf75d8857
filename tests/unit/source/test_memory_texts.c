// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts of captures that walks through kernel memory wrote.

#include "feed.h"
#include "test.h"

TEST(a_text_says_how_much_its_walk_could_not_read)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	const char *const path = "ktally/superblocks";
	const char *const line = "0:5 3 2 1 0 2 4 576 1200 0 -1 -1 tmpfs kept /tmp/kept\n";
	char text[256];

	CHECK_INT(FEED(snap, superblocks, path, line), NO_ERROR);
	CHECK_INT(snap->memory_unread, 0);
	CHECK_INT(snap->notes.count, 0);
	snprintf(text, sizeof(text), "# unread 7\n# device dentries\n%s", line);
	CHECK_INT(FEED(snap, superblocks, path, text), NO_ERROR);
	CHECK_INT(snap->memory_unread, 7);
	CHECK_INT(snap->notes.count, 1);
	/* no number of pages that a machine can have */
	snprintf(text, sizeof(text), "# unread 99999999999999999999\n%s", line);
	CHECK_INT(FEED(snap, superblocks, path, text), NO_ERROR);
	snprintf(text, sizeof(text), "# unread -1\n# unread\n%s", line);
	CHECK_INT(FEED(snap, superblocks, path, text), NO_ERROR);
	CHECK_INT(snap->memory_unread, 7);
}
