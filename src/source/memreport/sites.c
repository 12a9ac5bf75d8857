// SPDX-License-Identifier: GPL-2.0-or-later
//
// Call sites with the most memory, which a kernel with allocation profiling adds to its memory
// reports (mm/show_mem.c, since Linux 6.10, commit 1438d349d16b). Sizes are rounded.

#include "source/memreport/detail.h"

#include "base/buf.h"

#define NOTED 3u

/* The largest three are in a note, because the account does not show call sites. */
void kt_memreport_put_sites(
	const struct kt_memreport_detail *detail, const char *path, struct kt_snapshot *snap)
{
	struct kt_user_list *list;
	struct kt_buf text = { 0 };

	if (!detail->sites.count)
		return;
	for (size_t i = 0; i < detail->sites.count; i++) {
		const struct kt_memreport_site *site = &detail->sites.items[i];
		struct kt_user *user = kt_list_push(&snap->arena, &snap->users);

		if (user)
			*user = site->user;
		if (i < NOTED)
			kt_buf_join(&text, ", ", "%s %s (%s)", site->size, site->user.function,
				site->user.place);
	}
	list = kt_list_push(&snap->arena, &snap->user_lists);
	if (list)
		*list = (struct kt_user_list){ .file = KT_USERS_REPORT,
			.path = path,
			.nr_records = (int64_t)detail->sites.count };
	kt_snapshot_note(snap,
		"allocation sites with the most memory, in the report: %s; 'ktally users' has all",
		kt_arena_text(&snap->arena, &text));
}
