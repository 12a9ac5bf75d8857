// SPDX-License-Identifier: GPL-2.0-or-later
//
// Users of memory, from any of their files to rows: the first byte says which file the rest is.

#include "fuzz.h"
#include "fuzz_record.h"

#include "analysis/users.h"

static const struct {
	const struct kt_source *source;
	const char *path;
	enum kt_user_file file;
} files[] = {
	{ &kt_source_allocinfo, "proc/allocinfo", KT_USERS_SITES },
	{ &kt_source_page_owner, "sys/kernel/debug/page_owner", KT_USERS_PAGES },
	{ &kt_source_page_stacks, "sys/kernel/debug/page_owner_stacks/show_stacks",
		KT_USERS_PAGE_STACKS },
	{ &kt_source_slab_traces, "sys/kernel/debug/slab/a/alloc_traces", KT_USERS_OBJECTS },
	{ &kt_source_kmemleak, "sys/kernel/debug/kmemleak", KT_USERS_LEAKS },
};

/* Each user is in one row or pool, and the total is the sum of the rows. */
static void check(
	const struct kt_snapshot *snap, const struct kt_users *users, enum kt_user_file file)
{
	int64_t nr_users = 0, nr_grouped = 0, bytes = 0;

	for (size_t i = 0; i < snap->users.count; i++)
		nr_users += snap->users.items[i].file == file;
	for (size_t i = 0; i < users->rows.count; i++) {
		const struct kt_users_row *row = &users->rows.items[i];

		fuzz_must(row->name && row->user, "a row has no name or no user");
		nr_grouped += row->nr_stacks;
		if (row->has_bytes && __builtin_add_overflow(bytes, row->bytes, &bytes))
			return;
	}
	for (size_t i = 0; i < users->pools.count; i++)
		nr_grouped += users->pools.items[i].nr_stacks;
	fuzz_must(nr_users == nr_grouped, "a user is in no row, or in two");
	fuzz_must(bytes == users->bytes, "the total is not the sum of the rows");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;
	struct kt_users users;
	size_t which;

	if (!size)
		return 0;
	which = data[0] % KT_LEN(files);
	snap = fuzz_machine(data[0] & 0x80);
	fuzz_parse(snap, &kt_source_page_handles, "handles", data + 1, size - 1);
	fuzz_parse(snap, files[which].source, files[which].path, data + 1, size - 1);
	if (snap->arena.failed)
		return 0;
	kt_users_group(&snap->arena, snap, files[which].file, &users);
	check(snap, &users, files[which].file);
	return 0;
}
