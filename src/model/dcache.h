// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_DCACHE_H
#define KT_MODEL_DCACHE_H

#include "model/unknown.h"

#include <stddef.h>
#include <stdint.h>

struct kt_arena;

/** Kernel counters of directory entries and inodes; each may be KT_UNKNOWN. */
struct kt_dcache {
	int64_t nr_dentry;
	int64_t nr_unused;   /* on an LRU list */
	int64_t age_limit;   /* seconds; unused by all kernels */
	int64_t want_pages;  /* unused by all kernels */
	int64_t nr_negative; /* unused negative dentries; 0 before 5.0 */
	int64_t nr_inodes, nr_inodes_unused;
};

/** Number of mounts of a file system type. */
struct kt_mount_type {
	const char *fstype;
	int64_t nr_mounts;
};

/** Names and files of one mounted file system (super block), by kernel memory. */
struct kt_superblock {
	const char *fstype;
	const char *device; /* the kernel's name of it: "vda1", "tmpfs" */
	const char *mount;  /* where it is mounted first; NULL: nowhere that this process sees */
	uint32_t major, minor;
	int64_t nr_dentries;
	int64_t nr_unused;     /* dentries that nothing refers to */
	int64_t nr_negative;   /* unused dentries of names that do not exist */
	int64_t nr_long_names; /* dentries whose name has memory of its own */
	int64_t nr_inodes;     /* KT_UNKNOWN: their list changed while it was read */
	int64_t cached_pages;  /* page cache of its inodes; KT_UNKNOWN like the inodes */
	int64_t dentry_bytes, inode_bytes; /* slots of the slab caches; KT_UNKNOWN: not known */
	int64_t name_bytes;		   /* slots of long names */
	int64_t kernfs_bytes; /* slots of the nodes of sysfs, cgroup; KT_UNKNOWN: not known */
	int64_t lru_bytes; /* its lists of unused dentries and inodes, for each cgroup; the same */
};

/** A directory of a file system: all in it and below it, without other directories listed. */
struct kt_directory {
	size_t superblock; /* place in the list of super blocks */
	/* inside its file system, "/": the top; NULL: dentries in no directory, inodes without a
	 * dentry, and what only the whole file system has */
	const char *path;
	const char
		*root; /* the mounted directory that it is in; NULL: none that this process sees */
	int64_t nr_dentries, nr_unused, nr_negative, nr_long_names;
	int64_t nr_inodes; /* of the first dentry of each; KT_UNKNOWN: not known */
	int64_t name_bytes;
};

/** A mount that this process sees, by /proc/self/mountinfo. */
struct kt_mount {
	uint32_t major, minor; /* of its super block */
	const char *root;      /* the directory of the file system that is mounted; "/": its top */
	const char *path;      /* where */
};

/** Sockets of a network namespace; each count may be KT_UNKNOWN. */
struct kt_sockets {
	int64_t tcp, tcp_time_wait, udp;
};

#define KT_DCACHE_LISTS(LIST)                   \
	LIST(struct kt_mount_type, mount_types) \
	LIST(struct kt_superblock, superblocks) \
	LIST(struct kt_mount, mounts)           \
	LIST(struct kt_directory, directories)

static inline struct kt_dcache kt_dcache_unknown(void)
{
	return (struct kt_dcache){ .nr_dentry = KT_UNKNOWN,
		.nr_unused = KT_UNKNOWN,
		.age_limit = KT_UNKNOWN,
		.want_pages = KT_UNKNOWN,
		.nr_negative = KT_UNKNOWN,
		.nr_inodes = KT_UNKNOWN,
		.nr_inodes_unused = KT_UNKNOWN };
}

static inline struct kt_sockets kt_sockets_unknown(void)
{
	return (struct kt_sockets){
		.tcp = KT_UNKNOWN, .tcp_time_wait = KT_UNKNOWN, .udp = KT_UNKNOWN
	};
}

#define KT_DCACHE_RECORDS(RECORD) \
	RECORD(kt_dcache, dcache) \
	RECORD(kt_sockets, sockets)

/**
 * The first mount of a directory of a file system; `root` NULL: of any. `mounts`: all that are
 * seen. Returns NULL if there is none.
 */
const char *kt_mounts_first(const struct kt_mount *mounts, size_t count, uint32_t major,
	uint32_t minor, const char *root);

/** All mounts of a directory of a file system: "/a, /b, /c and 2 more". NULL: there are none. */
const char *kt_mounts_text(struct kt_arena *arena, const struct kt_mount *mounts, size_t count,
	uint32_t major, uint32_t minor, const char *root);

#endif
