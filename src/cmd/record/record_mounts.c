// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/record/record_mounts.h"

#include "base/kernel_files.h"
#include "history/names.h"
#include "record/block.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES_MAX 200 /* of a mount point in a mark */

/* The first process has the mounts of the machine; else the recorder has its own. */
static const char *const paths[] = { "/" KT_FILE_MOUNTS_FIRST, "/" KT_FILE_MOUNTS_OWN };

void kt_record_mounts_init(struct kt_record_mounts *mounts, bool live)
{
	*mounts = (struct kt_record_mounts){ .fd = -1 };
	for (size_t i = 0; live && mounts->fd < 0 && i < KT_LEN(paths); i++)
		mounts->fd = open(paths[i], O_RDONLY | O_CLOEXEC);
}

static void forget(struct kt_record_mounts *mounts)
{
	kt_arena_fini(&mounts->arena);
	*mounts = (struct kt_record_mounts){ .fd = mounts->fd };
}

void kt_record_mounts_fini(struct kt_record_mounts *mounts)
{
	if (mounts->fd >= 0)
		close(mounts->fd);
	mounts->fd = -1;
	forget(mounts);
}

/* The kernel says once after each change (mounts_poll() of fs/proc_namespace.c). */
static bool may_have_changed(const struct kt_record_mounts *mounts)
{
	struct pollfd changed = { .fd = mounts->fd, .events = POLLPRI };

	return mounts->fd < 0 || poll(&changed, 1, 0) != 0 || !mounts->known;
}

/* "36 35 98:0 /a /b rw shared:1 - ext3 /dev/root rw": the mount point, the type and the device. */
static bool parse(struct kt_span line, struct kt_span *ret_place, struct kt_span *ret_type)
{
	struct kt_span rest = line, word;

	for (int i = 0; i < 5; i++) {
		if (!kt_span_word(&rest, &word))
			return false;
	}
	*ret_place = word;
	rest = kt_span_from(rest, kt_span_find(rest, " - "));
	if (!kt_span_skip(&rest, " - ") || !kt_span_word(&rest, ret_type) ||
		!kt_span_word(&rest, &word))
		return false;
	return memchr(word.p, '/', word.n) || memchr(word.p, ':', word.n);
}

/* False: there are too many, or memory ran out. */
static bool list(struct kt_arena *arena, struct kt_span text, kt_names *ret_names)
{
	struct kt_span line, place, type;

	while (kt_span_line(&text, &line)) {
		const char **slot;

		if (!parse(line, &place, &type))
			continue;
		if (ret_names->count >= KT_MOUNTS_MAX)
			return false;
		if (place.n > NAME_BYTES_MAX)
			place.n = NAME_BYTES_MAX;
		slot = kt_list_push(arena, ret_names);
		if (slot)
			*slot = kt_arena_printf(arena, "%s (%s)", kt_arena_name(arena, place),
				kt_arena_name(arena, type));
	}
	if (!arena->failed)
		kt_names_sort(ret_names);
	return !arena->failed;
}

/* Marks names of `now` that `before` does not contain, or not as often. */
static void mark_missing(
	struct kt_draft *draft, const char *kind, const kt_names *now, const kt_names *before)
{
	struct kt_names_walk walk = { 0 };
	size_t nr_missing = 0;
	const char *name;
	char more[48];

	while ((name = kt_names_next_missing(now, before, &walk))) {
		if (nr_missing++ < KT_MOUNTS_MARKS)
			kt_draft_mark(draft, kind, name);
	}
	if (nr_missing <= KT_MOUNTS_MARKS)
		return;
	snprintf(more, sizeof(more), "%zu more", nr_missing - KT_MOUNTS_MARKS);
	kt_draft_mark(draft, kind, more);
}

bool kt_record_mounts_take(
	struct kt_record_mounts *mounts, struct kt_span text, struct kt_draft *draft)
{
	struct kt_record_mounts now = { 0 };
	bool failed;

	now.known = list(&now.arena, text, &now.names);
	failed = now.arena.failed;
	if (now.known && mounts->known) {
		mark_missing(draft, KT_MARK_MOUNTED, &now.names, &mounts->names);
		mark_missing(draft, KT_MARK_UNMOUNTED, &mounts->names, &now.names);
	}
	now.fd = mounts->fd;
	forget(mounts);
	*mounts = now;
	return !failed;
}

void kt_record_mounts_read(
	struct kt_record_mounts *mounts, struct kt_root *root, struct kt_draft *draft)
{
	if (!may_have_changed(mounts))
		return;
	for (size_t i = 0; i < KT_LEN(paths); i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, paths[i] + 1, &text);

		if (err)
			continue;
		draft->failed |= !kt_record_mounts_take(mounts, kt_text_span(&text), draft);
		return;
	}
	forget(mounts);
}
