// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts the mounts of the first process, or else of this process, by kind of file system. Two
// formats, proc(5): mountinfo "36 35 98:0 /a /b rw shared:1 - ext3 /dev/root rw", where the kind
// comes after the dash; mounts "/dev/root / ext3 rw 0 0".

#include "source/source.h"

#define TYPES_MAX 256u	  /* kinds of file systems that are counted */
#define LINES_MAX 200000u /* mounts that are counted */

static bool type_of(struct kt_span line, bool is_mountinfo, struct kt_span *ret_type)
{
	struct kt_span rest = line, word;

	if (is_mountinfo) {
		rest = kt_span_from(line, kt_span_find(line, " - "));
		return kt_span_skip(&rest, " - ") && kt_span_word(&rest, ret_type);
	}
	if (!kt_span_word(&rest, &word)) /* the device */
		return false;
	if (!kt_span_word(&rest, &word)) /* the mount point */
		return false;
	return kt_span_word(&rest, ret_type);
}

static bool is_mountinfo(const struct kt_text *text)
{
	return kt_span_ends(kt_span_str(text->path), "mountinfo");
}

static void count_type(struct kt_snapshot *snap, struct kt_span type)
{
	struct kt_mount_type *slot;

	for (size_t i = 0; i < snap->mount_types.count; i++) {
		if (kt_span_eq(type, snap->mount_types.items[i].fstype)) {
			snap->mount_types.items[i].nr_mounts++;
			return;
		}
	}
	if (snap->mount_types.count >= TYPES_MAX)
		return;
	slot = kt_list_push(&snap->arena, &snap->mount_types);
	if (slot)
		*slot = (struct kt_mount_type){ kt_arena_name(&snap->arena, type), 1 };
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, type;
	bool mountinfo = is_mountinfo(text);

	for (size_t i = 0; i < LINES_MAX && kt_span_line(&rest, &line); i++) {
		if (type_of(line, mountinfo, &type))
			count_type(snap, type);
	}
	if (!snap->mount_types.count)
		return kt_err_new(KT_ERR_PARSE, "%s: holds no mount", text->path);
	return NULL;
}

/* Keeps only the kinds: devices, servers and directories are private. */
static void scrub(const struct kt_text *text, struct kt_buf *ret_text)
{
	struct kt_span rest = kt_text_span(text), line, type;
	bool mountinfo = is_mountinfo(text);

	for (size_t i = 0; i < LINES_MAX && kt_span_line(&rest, &line); i++) {
		if (type_of(line, mountinfo, &type))
			kt_buf_printf(ret_text,
				mountinfo ? "1 1 0:0 / / rw - %.*s none rw\n"
					  : "none / %.*s rw 0 0\n",
				(int)type.n, type.p);
	}
}

const struct kt_source kt_source_mounts = {
	.name = "mounts",
	.summary = "how many mounts each kind of file system has",
	.paths = { "proc/1/mountinfo", "proc/1/mounts", "proc/self/mountinfo", "proc/self/mounts",
		"proc/mounts" },
	.alternatives = true,
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "'ktally dcache' does not show how many mounts there are",
	.gives = "a mounted /proc",
	.parse = parse,
	.scrub = scrub,
};
