// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_MAPPING_H
#define KT_MODEL_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

/** A file that some process maps. */
struct kt_mapped_file {
	const char *path; /* as the first process that maps it sees it */
	uint64_t device, inode;
};

/** A range of a process's addresses that maps a file. */
struct kt_mapping {
	uint64_t start, end; /* addresses; `end` is exclusive */
	uint64_t offset;     /* into the file, of `start` */
	uint32_t file;	     /* index in the snapshot's mapped_files */
	uint32_t pid;
	bool shared, write, exec; /* `shared`: MAP_SHARED */
};

#endif
