// SPDX-License-Identifier: GPL-2.0-or-later
//
// Dentries, inodes and open files: their file system, and where it is mounted.

#include "memory/objects/object_rules.h"

#include "base/attr.h"

#include <stddef.h>

#define AT(member)	 offsetof(struct kt_object_layout, member)
#define CLOCK_S		 60  /* by which a clock may be corrected after the boot */
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

static const struct kt_field *change_of(const struct kt_object_layout *layout)
{
	return layout->i_ctime.exists	    ? &layout->i_ctime
	       : layout->i_own_ctime.exists ? &layout->i_own_ctime
					    : &layout->i_old_ctime;
}

/*
 * Inodes of tmpfs have the time when they were made. Inodes of pipes and of /proc have the time of
 * their last change, which is the same: nothing changes their owner or mode. Times of a file on a
 * disk are older than its inode in memory. A time before the boot is of a clock that was set.
 */
static bool age_of_inode(
	struct kt_describing *describing, uint64_t address, const char *object, int64_t *ret_age_s)
{
	const struct kt_object_layout *layout = &describing->layout;
	const struct kt_field *change = change_of(layout);
	int64_t now_s = describing->snap->host.taken_s, born_s = 0;
	const char *super;

	if (!kt_known(now_s) || !kt_known(describing->snap->host.uptime_s) ||
		!kt_object_inode(describing, address, object))
		return false;
	super = kt_object_super(describing, kt_object_get(describing, &describing->files.i_sb,
						    object, describing->inode_offset));
	if (!super)
		return false;
	if (layout->shmem_born.exists && layout->shmem_inode.exists &&
		layout->shmem_inode.offset == describing->inode_offset &&
		(strncmp(super, "tmpfs", 5) == 0 || strncmp(super, "devtmpfs", 8) == 0))
		born_s = (int64_t)kt_object_get(describing, &layout->shmem_born, object, 0);
	else if (change->exists &&
		 (strcmp(super, "pipefs") == 0 || strncmp(super, "proc ", 5) == 0))
		born_s = (int64_t)kt_object_get(
			describing, change, object, describing->inode_offset);
	*ret_age_s = now_s - born_s;
	return born_s > 0 && *ret_age_s <= describing->snap->host.uptime_s + CLOCK_S;
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

/* Times of an inode: 3aa63a569c64, 13bc24457850 */
static const struct kt_field_want inode_wants[] = {
	{ "inode", "i_ctime_sec", AT(i_ctime), false },
	{ "inode", "__i_ctime.tv_sec", AT(i_own_ctime), false },
	{ "inode", "i_ctime.tv_sec", AT(i_old_ctime), false },
	{ "shmem_inode_info", "i_crtime.tv_sec", AT(shmem_born), false },
	{ "shmem_inode_info", "vfs_inode", AT(shmem_inode), false },
};

const struct kt_object_rule kt_rule_inode = {
	.caches =
		(const char *const[]){ "*inode*", "bdev_cache", "bch_inode_info", "jfs_ip", NULL },
	.wants = inode_wants,
	.nr_wants = KT_LEN(inode_wants),
	.describe = describe_inode,
	.age = age_of_inode,
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
