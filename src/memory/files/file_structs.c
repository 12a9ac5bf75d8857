// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/files/file_structs.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES   64u
#define MINOR_BITS   20	  /* include/linux/kdev_t.h */
#define DENTRY_BYTES 512u /* more than any has */
#define DEPTH_MAX    1024u

#define AT(member) offsetof(struct kt_file_structs, member)

static const struct kt_field_want wants[] = {
	{ "dentry", "d_sb", AT(d_sb), true },
	{ "dentry", "d_inode", AT(d_inode), true },
	{ "dentry", "d_lockref.count", AT(d_count), true },
	{ "dentry", "d_name.name", AT(d_name), true },
	{ "dentry", "d_name.len", AT(d_name_len), false },
	{ "dentry", "d_parent", AT(d_parent), true },
	{ "dentry", "d_u.d_alias", AT(d_alias), false },
	{ "super_block", "s_id", AT(s_id), true },
	{ "super_block", "s_type", AT(s_type), true },
	{ "super_block", "s_dev", AT(s_dev), true },
	{ "super_block", "s_inodes", AT(s_inodes), true },
	{ "super_block", "s_root", AT(s_root), true },
	{ "file_system_type", "name", AT(type_name), true },
	{ "inode", "i_sb", AT(i_sb), true },
	{ "inode", "i_sb_list", AT(i_sb_list), true },
	{ "inode", "i_data.nrpages", AT(i_nrpages), true },
	{ "inode", "i_data.host", AT(i_host), true },
	{ "inode", "i_dentry", AT(i_dentry), false },
};

struct kt_err *kt_file_structs_find(
	const struct kt_types *types, struct kt_file_structs *ret_structs)
{
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), ret_structs);

	if (err)
		return err;
	if (!ret_structs->d_alias.exists)
		kt_types_field(types, "dentry", "d_alias", &ret_structs->d_alias);
	/* d_iname until 61bc24ac9d4f */
	if (!kt_types_field(types, "dentry", "d_shortname", &ret_structs->d_short) &&
		!kt_types_field(types, "dentry", "d_iname", &ret_structs->d_short))
		return kt_err_new(
			KT_ERR_ABSENT, "the kernel's type data has no short name in struct dentry");
	return NULL;
}

bool kt_super_block_read(struct kt_target *target, const struct kt_file_structs *structs,
	uint64_t address, struct kt_arena *arena, struct kt_superblock *ret_super)
{
	char type_name[NAME_BYTES], device[NAME_BYTES];
	uint64_t type, name, dev;

	if (!kt_target_pointer(target, address + structs->s_type.offset, &type) ||
		!kt_target_pointer(target, type + structs->type_name.offset, &name) ||
		!kt_target_text(target, name, type_name, sizeof(type_name)) ||
		!kt_target_number(
			target, address + structs->s_dev.offset, structs->s_dev.size, &dev))
		return false;
	if (!kt_target_text(target, address + structs->s_id.offset, device, sizeof(device)))
		device[0] = '\0';
	*ret_super = (struct kt_superblock){
		.fstype = kt_arena_name(arena, kt_span_str(type_name)),
		.device = kt_arena_name(arena, kt_span_str(device)),
		.major = (uint32_t)(dev >> MINOR_BITS),
		.minor = (uint32_t)(dev & ((1u << MINOR_BITS) - 1)),
		.nr_inodes = KT_UNKNOWN,
		.cached_pages = KT_UNKNOWN,
		.inode_bytes = KT_UNKNOWN,
		.kernfs_bytes = KT_UNKNOWN,
		.lru_bytes = KT_UNKNOWN,
	};
	return true;
}

/* The end of the last of two members. */
static uint32_t end_of(const struct kt_field *a, const struct kt_field *b)
{
	uint32_t x = a->offset + a->size, y = b->offset + b->size;

	return x > y ? x : y;
}

bool kt_dentry_read(struct kt_target *target, const struct kt_file_structs *structs,
	uint64_t address, struct kt_dentry *ret_dentry)
{
	char copy[DENTRY_BYTES];
	uint32_t bytes = end_of(&structs->d_sb, &structs->d_parent);
	uint64_t name;

	if (bytes < structs->d_name.offset + structs->d_name.size)
		bytes = structs->d_name.offset + structs->d_name.size;
	if (!address || bytes > sizeof(copy) || !kt_target_read(target, address, copy, bytes))
		return false;
	ret_dentry->super = kt_field_get(&structs->d_sb, copy, bytes);
	ret_dentry->parent = kt_field_get(&structs->d_parent, copy, bytes);
	name = kt_field_get(&structs->d_name, copy, bytes);
	if (!kt_target_name(target, name, ret_dentry->name, sizeof(ret_dentry->name)))
		ret_dentry->name[0] = '\0';
	return ret_dentry->super && ret_dentry->parent;
}

/* Puts the names in the order of the path; they were found from its end. */
static void put_names(const struct kt_buf *names, struct kt_buf *path)
{
	size_t end = names->size;

	while (end) {
		size_t first = end - 1;

		while (first && names->data[first - 1])
			first--;
		kt_buf_printf(path, "/%s", names->data + first);
		end = first;
	}
}

bool kt_dentry_path(struct kt_target *target, const struct kt_file_structs *structs,
	uint64_t address, struct kt_buf *path)
{
	KT_CLEANUP(buf) struct kt_buf names = { 0 };
	struct kt_dentry dentry;
	uint64_t super = 0, root;
	bool is_top;

	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (!kt_dentry_read(target, structs, address, &dentry) ||
			(super && dentry.super != super))
			return false;
		super = dentry.super;
		if (dentry.parent == address) {
			is_top = kt_target_pointer(target, super + structs->s_root.offset, &root) &&
				 root == address;
			if (!is_top)
				return false;
			put_names(&names, path);
			if (!names.size)
				kt_buf_printf(path, "/");
			return !names.failed;
		}
		if (!dentry.name[0])
			return false;
		kt_buf_add(&names, dentry.name, strlen(dentry.name) + 1);
		address = dentry.parent;
	}
	return false;
}
