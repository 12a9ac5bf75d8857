// SPDX-License-Identifier: GPL-2.0-or-later
//
// Dentries, inodes and open files: their file system, and where it is mounted.

#include "memory/objects/object_rules.h"

#include "base/attr.h"

#include <stddef.h>

#define AT(member)	 offsetof(struct kt_object_layout, member)
#define OPERATIONS_WORDS 32u /* in which a function with a name is looked for */

/* Appends the file system; false: there is none at the address. */
static bool put_super(struct kt_describing *describing, uint64_t super, struct kt_buf *line)
{
	const char *name = kt_object_super(describing, super);

	if (name)
		kt_buf_puts(line, name);
	return name != NULL;
}

/* ---- dentries ---- */

/* A removed dentry is allocated until RCU lets it go; lockref_mark_dead() made its count negative.
 */
static bool describe_dentry(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const struct kt_file_structs *files = &describing->files;

	(void)address;
	if (!put_super(describing, kt_object_get(describing, &files->d_sb, object, 0), line))
		return false;
	if ((int32_t)kt_object_get(describing, &files->d_count, object, 0) < 0)
		kt_buf_puts(line, ", removed");
	return true;
}

const struct kt_object_rule kt_rule_dentry = {
	.caches = (const char *const[]){ "dentry", NULL },
	.describe = describe_dentry,
	.name = kt_object_path,
};

/* ---- inodes ---- */

static bool describe_inode(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	return kt_object_inode(describing, address, object) &&
	       put_super(describing,
		       kt_object_get(describing, &describing->files.i_sb, object,
			       describing->inode_offset),
		       line);
}

/* The path of the first of its dentries. */
static bool name_inode(struct kt_describing *describing, uint64_t address, struct kt_buf *name)
{
	const struct kt_file_structs *files = &describing->files;
	uint64_t alias;

	return files->i_dentry.exists && files->d_alias.exists &&
	       kt_target_pointer(describing->target,
		       address + describing->inode_offset + files->i_dentry.offset, &alias) &&
	       alias > files->d_alias.offset &&
	       kt_object_path(describing, alias - files->d_alias.offset, name);
}

const struct kt_object_rule kt_rule_inode = {
	.caches =
		(const char *const[]){ "*inode*", "bdev_cache", "bch_inode_info", "jfs_ip", NULL },
	.describe = describe_inode,
	.name = name_inode,
};

/* ---- open files ---- */

/* The struct's own name, or the first function in it. O_PATH has none. */
static const char *make_operations(struct kt_describing *describing, uint64_t address)
{
	const char *name = kt_place_name(describing->places, address);
	uint64_t words[OPERATIONS_WORDS], any = 0;

	if (name || !kt_target_read(describing->target, address, words, sizeof(words)))
		return name;
	for (size_t i = 0; i < KT_LEN(words); i++) {
		name = words[i] >> 63 ? kt_place_name(describing->places, words[i]) : NULL;
		if (name)
			return kt_arena_printf(&describing->arena, "{%s, ...}", name);
		any |= words[i];
	}
	return any ? NULL : "no operations";
}

static bool describe_file(
	struct kt_describing *describing, uint64_t address, const char *object, struct kt_buf *line)
{
	const struct kt_object_layout *layout = &describing->layout;
	uint64_t inode = kt_object_get(describing, &layout->f_inode, object, 0), super;
	const char *name, *operations;

	(void)address;
	if (!kt_object_read(describing, inode, &describing->files.i_sb, &super))
		return false;
	name = kt_object_super(describing, super);
	if (!name)
		return false;
	operations = kt_object_name(describing, &describing->operations,
		kt_object_get(describing, &layout->f_op, object, 0), make_operations);
	kt_buf_printf(line, "%s, %s", name, operations ? operations : "operations without a name");
	return true;
}

static bool name_file(struct kt_describing *describing, uint64_t address, struct kt_buf *name)
{
	uint64_t dentry;

	return kt_object_read(describing, address, &describing->layout.f_dentry, &dentry) &&
	       kt_object_path(describing, dentry, name);
}

static const struct kt_field_want file_wants[] = {
	{ "file", "f_op", AT(f_op), true },
	{ "file", "f_inode", AT(f_inode), true },
	{ "file", "f_path.dentry", AT(f_dentry), true },
};

const struct kt_object_rule kt_rule_file = {
	.caches = (const char *const[]){ "filp", NULL },
	.wants = file_wants,
	.nr_wants = KT_LEN(file_wants),
	.describe = describe_file,
	.name = name_file,
};
