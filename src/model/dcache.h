// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_DCACHE_H
#define KT_MODEL_DCACHE_H

#include <stdint.h>

/** Directory entries and inodes, counted by the kernel; -1: not known. */
struct kt_dcache {
	int64_t nr_dentry;
	int64_t nr_unused;   /* on an LRU list */
	int64_t age_limit;   /* seconds; not used by any kernel */
	int64_t want_pages;  /* not used by any kernel */
	int64_t nr_negative; /* unused ones of names that do not exist; 0 before 5.0 */
	int64_t nr_inodes, nr_inodes_unused;
};

/** How many mounts of a kind of file system there are. */
struct kt_mount_type {
	const char *fstype;
	int64_t nr_mounts;
};

/** Sockets of a network namespace; -1: not known. */
struct kt_sockets {
	int64_t tcp, tcp_time_wait, udp;
};

#endif
