// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/memory/seen_mounts.h"

#define MOUNTS	   "proc/self/mountinfo"
#define MOUNTS_MAX 65536u

bool kt_device_take(struct kt_span word, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct kt_span major;
	uint64_t numbers[2];

	if (!kt_span_until(&word, ':', &major) || !kt_span_u64(major, &numbers[0]) ||
		!kt_span_u64(word, &numbers[1]) || numbers[0] > UINT32_MAX ||
		numbers[1] > UINT32_MAX)
		return false;
	*ret_major = (uint32_t)numbers[0];
	*ret_minor = (uint32_t)numbers[1];
	return true;
}

/* The kernel writes blanks and backslashes as \040. */
static const char *take_path(struct kt_arena *arena, struct kt_span word)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < word.n; i++) {
		const char *p = word.p + i;
		char c = *p;

		if (c == '\\' && i + 3 < word.n && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' &&
			p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			c = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			i += 3;
		}
		kt_buf_add(&text, &c, 1);
	}
	return kt_arena_name(arena, (struct kt_span){ text.data, text.size });
}

/* "36 35 98:0 /root /mount rw,noatime ..." */
static void take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_mount mount = { 0 }, *slot;
	struct kt_span word, root, path;

	for (unsigned i = 0; i < 3; i++) {
		if (!kt_span_word(&line, &word))
			return;
	}
	if (!kt_device_take(word, &mount.major, &mount.minor) || !kt_span_word(&line, &root) ||
		!kt_span_word(&line, &path))
		return;
	mount.root = take_path(&snap->arena, root);
	mount.path = take_path(&snap->arena, path);
	slot = kt_list_push(&snap->arena, &snap->mounts);
	if (slot)
		*slot = mount;
}

void kt_seen_mounts_read(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_root_read(root, MOUNTS, &text);
	struct kt_span rest = kt_text_span(&text), line;

	snap->mounts.count = 0;
	while (!err && snap->mounts.count < MOUNTS_MAX && kt_span_line(&rest, &line))
		take_line(snap, line);
}
