// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/object_rules.h"

#define NAMES_MAX 65536u     /* of one kind */
#define NOTES_MAX (1u << 20) /* objects that others own */

uint64_t kt_object_get(const struct kt_describing *describing, const struct kt_field *field,
	const char *object, uint32_t offset)
{
	if (offset > describing->bytes)
		return 0;
	return kt_field_get(field, object + offset, describing->bytes - offset);
}

bool kt_object_read(struct kt_describing *describing, uint64_t address,
	const struct kt_field *field, uint64_t *ret_value)
{
	char copy[8];
	struct kt_field at = *field;

	at.offset = 0;
	return address && at.size <= sizeof(copy) &&
	       kt_target_read(describing->target, address + field->offset, copy, at.size) &&
	       (*ret_value = kt_field_get(&at, copy, at.size), true);
}

const char *kt_object_name(struct kt_describing *describing, struct kt_object_names *names,
	uint64_t address, kt_object_namer make)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	uint32_t *number = kt_map_find(&names->numbers, key);
	const char **slot, *text;

	if (number)
		return names->texts.items[*number - 1];
	if (!address || names->texts.count >= NAMES_MAX)
		return NULL;
	text = make(describing, address);
	slot = kt_list_push(&describing->arena, &names->texts);
	number = slot ? kt_map_add(&names->numbers, key, &describing->arena, NULL) : NULL;
	if (!number)
		return NULL;
	*slot = text;
	*number = (uint32_t)names->texts.count;
	return text;
}

/* ---- objects that others own ---- */

void kt_object_note(struct kt_describing *describing, uint64_t address, struct kt_span line)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	bool added = false;
	uint32_t *number = kt_map_add(&describing->line_numbers, line, &describing->arena, &added);
	const char **text =
		number && added ? kt_list_push(&describing->arena, &describing->lines) : NULL;
	uint32_t *slot;

	if (text) {
		*text = kt_arena_name(&describing->arena, line);
		*number = (uint32_t)describing->lines.count;
	}
	if (!number || !address || describing->pointed.count >= NOTES_MAX)
		return;
	slot = kt_map_add(&describing->pointed, key, &describing->arena, NULL);
	if (slot)
		*slot = *number;
}

const char *kt_object_noted(const struct kt_describing *describing, uint64_t address)
{
	const uint32_t *number = kt_map_find(
		&describing->pointed, (struct kt_span){ (const char *)&address, sizeof(address) });

	return number && *number ? describing->lines.items[*number - 1] : NULL;
}

/* ---- file systems ---- */

/*
 * An inode is a part of what its file system allocates, whose type may be a module's own. The inode
 * that owns an address space is known to it: the place with such a pair is the inode's.
 */
static bool is_inode(const struct kt_describing *describing, uint64_t address, const char *object,
	uint32_t offset)
{
	return kt_object_get(describing, &describing->files.i_host, object, offset) ==
	       address + offset;
}

bool kt_object_inode(struct kt_describing *describing, uint64_t address, const char *object)
{
	uint32_t end = describing->files.i_host.offset + describing->files.i_host.size;

	if (is_inode(describing, address, object, describing->inode_offset))
		return true;
	for (uint32_t at = 0; at + end <= describing->bytes; at += sizeof(uint64_t)) {
		if (!is_inode(describing, address, object, at))
			continue;
		describing->inode_offset = at;
		return true;
	}
	return false;
}

static const char *first_mount(
	const struct kt_describing *describing, const struct kt_superblock *super, const char *root)
{
	const struct kt_snapshot *snap = describing->snap;

	return kt_mounts_first(
		snap->mounts.items, snap->mounts.count, super->major, super->minor, root);
}

static const char *make_super(struct kt_describing *describing, uint64_t address)
{
	struct kt_superblock super;
	const char *mount;

	if (!kt_super_block_read(
		    describing->target, &describing->files, address, &describing->arena, &super))
		return NULL;
	mount = first_mount(describing, &super, NULL);
	if (mount)
		return kt_arena_printf(&describing->arena, "%s on %s", super.fstype, mount);
	return *super.device && strcmp(super.device, super.fstype) != 0
		       ? kt_arena_printf(&describing->arena, "%s (%s)", super.fstype, super.device)
		       : super.fstype;
}

const char *kt_object_super(struct kt_describing *describing, uint64_t address)
{
	return kt_object_name(describing, &describing->supers, address, make_super);
}

bool kt_object_path(struct kt_describing *describing, uint64_t dentry, struct kt_buf *path)
{
	KT_CLEANUP(buf) struct kt_buf inside = { 0 };
	struct kt_superblock super;
	const char *mount;
	uint64_t sb;

	if (!kt_object_read(describing, dentry, &describing->files.d_sb, &sb) ||
		!kt_super_block_read(
			describing->target, &describing->files, sb, &describing->arena, &super) ||
		!kt_dentry_path(describing->target, &describing->files, dentry, &inside))
		return false;
	mount = first_mount(describing, &super, "/");
	if (!mount || strcmp(mount, "/") == 0) {
		kt_buf_add(path, inside.data, inside.size);
		return true;
	}
	kt_buf_puts(path, mount);
	if (inside.size > 1)
		kt_buf_add(path, inside.data, inside.size);
	return true;
}
