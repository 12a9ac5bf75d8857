// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts dentries and inodes of each mounted file system in kernel memory: no file has them.

#include "memory/files/superblocks.h"

#include "source/memory/open.h"
#include "source/memory/seen_mounts.h"

#define NUMBERS(of)                                                                               \
	of nr_dentries, of nr_unused, of nr_negative, of nr_long_names, of nr_inodes,             \
		of cached_pages, of dentry_bytes, of inode_bytes, of name_bytes, of kernfs_bytes, \
		of lru_bytes

/* ---- the text of a capture ---- */

/* A line for each file system; its mount is last, because a path may contain blanks. */
#define HEADER                                                                           \
	"# device dentries unused negative long-names inodes cached-pages dentry-bytes " \
	"inode-bytes name-bytes kernfs-bytes lru-bytes type name mount\n"

static const char *text_or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, HEADER);
	for (size_t i = 0; i < snap->superblocks.count; i++) {
		const struct kt_superblock *super = &snap->superblocks.items[i];
		const int64_t numbers[] = { NUMBERS(super->) };

		kt_buf_printf(ret_text, "%u:%u", super->major, super->minor);
		for (size_t k = 0; k < KT_LEN(numbers); k++) {
			kt_buf_puts(ret_text, " ");
			kt_buf_number(ret_text, numbers[k]);
		}
		kt_buf_printf(ret_text, " %s %s %s\n", text_or_dash(super->fstype),
			text_or_dash(super->device), text_or_dash(super->mount));
	}
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_superblock super = { 0 }, *slot;
	int64_t *const numbers[] = { NUMBERS(&super.) };
	struct kt_span word, type, name;

	if (!kt_span_word(&line, &word) || !kt_device_take(word, &super.major, &super.minor))
		return false;
	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (!kt_span_word(&line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] > KT_AMOUNT_MAX || *numbers[i] < KT_UNKNOWN)
			return false;
	}
	if (super.nr_unused > super.nr_dentries || super.nr_negative > super.nr_unused ||
		super.nr_long_names > super.nr_dentries || !kt_span_word(&line, &type) ||
		!kt_span_word(&line, &name) || !kt_span_trim(line).n)
		return false;
	super.fstype = kt_arena_name(&snap->arena, type);
	super.device = kt_arena_name(&snap->arena, name);
	line = kt_span_trim(line);
	super.mount = kt_span_eq(line, "-") ? NULL : kt_arena_name(&snap->arena, line);
	slot = kt_list_push(&snap->arena, &snap->superblocks);
	if (slot)
		*slot = super;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_err *err = kt_memory_lines(snap, text, take_line, "a file system");

	return err || snap->superblocks.count
		       ? err
		       : kt_err_new(KT_ERR_PARSE, "%s: has no file system", text->path);
}

/* ---- memory ---- */

/* The first mount of each. */
static void find_mounts(struct kt_snapshot *snap, struct kt_root *root)
{
	kt_seen_mounts_read(root, snap);
	for (size_t i = 0; i < snap->superblocks.count; i++) {
		struct kt_superblock *super = &snap->superblocks.items[i];

		super->mount = kt_mounts_first(
			snap->mounts.items, snap->mounts.count, super->major, super->minor, NULL);
	}
}

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	struct kt_superblocks_sum sum;
	struct kt_memmap memmap;
	struct kt_err *err = kt_memory_map(memory, &memmap);

	if (!err)
		err = kt_superblocks_walk(&memmap, &memory->slub, snap, &sum);
	if (err)
		return err;
	kt_memory_unread(snap, sum.nr_unread);
	find_mounts(snap, memory->root);
	return NULL;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_superblocks, walk, write_text);
}

const struct kt_source kt_source_superblocks = {
	.name = "superblocks",
	.summary = "dentries and inodes of each file system, in kernel memory",
	.paths = { "ktally/superblocks" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally dcache --by superblock' is not possible",
	.gives = KT_MEMORY_GIVES,
	.parse = parse,
	.read = read_it,
};
