// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_FILES_FILE_STRUCTS_H
#define KT_MEMORY_FILES_FILE_STRUCTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "kernel/target.h"
#include "model/snapshot.h"

/** Dentries, inodes and super blocks: where their members are, and the names that they have. */
struct kt_file_structs {
	/* struct dentry */
	struct kt_field d_sb, d_inode, d_count, d_name, d_name_len, d_short, d_parent;
	struct kt_field d_alias; /* place in its inode's list of dentries; may not exist */
	/* struct super_block, struct file_system_type */
	struct kt_field s_id, s_type, s_dev, s_inodes, s_root, type_name;
	/* struct inode */
	struct kt_field i_sb, i_sb_list, i_nrpages, i_host;
	struct kt_field i_dentry; /* list of its dentries; may not exist */
};

/** ABSENT: names a member that the kernel's type data does not have. */
struct kt_err *kt_file_structs_find(
	const struct kt_types *types, struct kt_file_structs *ret_structs) KT_MUST_CHECK;

/** Reads the names of a super block; false: there is none at this address. Counts stay unknown. */
bool kt_super_block_read(struct kt_target *target, const struct kt_file_structs *structs,
	uint64_t address, struct kt_arena *arena, struct kt_superblock *ret_super);

#define KT_DENTRY_NAME_MAX 256u

/** The part of a dentry that leads to its directory. */
struct kt_dentry {
	uint64_t super, parent; /* parent: its own address if it is in no directory */
	char name[KT_DENTRY_NAME_MAX];
};

/** Reads a dentry; false: there is none at this address. */
bool kt_dentry_read(struct kt_target *target, const struct kt_file_structs *structs,
	uint64_t address, struct kt_dentry *ret_dentry);

/**
 * Appends the path of a dentry inside its file system: "/" is the top. False: it moved, or is in no
 * directory of the file system.
 */
bool kt_dentry_path(struct kt_target *target, const struct kt_file_structs *structs,
	uint64_t address, struct kt_buf *path);

#endif
