// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_RECORD_RECORD_MOUNTS_H
#define KT_CMD_RECORD_RECORD_MOUNTS_H

#include "base/arena.h"
#include "base/span.h"
#include "record/draft.h"
#include "root/root.h"

/**
 * File systems that came and went, as marks: a backup that is mounted fills the caches of dentries
 * and inodes. Only file systems with a device or a server count: others, such as overlay and tmpfs,
 * come and go with each container.
 */

#define KT_MOUNTS_MAX	512u /* file systems that are compared; of more none is */
#define KT_MOUNTS_MARKS 4u   /* of a reading; a last one counts the rest */

struct kt_record_mounts {
	int fd; /* the kernel says on it that mounts have changed; -1: nothing does */
	struct kt_arena arena;
	kt_names names; /* "/backup (ext4)", sorted, of the last reading */
	bool known;
};

/** Prepares for the files of a machine; `live`: of the running one. */
void kt_record_mounts_init(struct kt_record_mounts *mounts, bool live);
/** Reads the mounts if they may have changed, and marks the changes in the sample. */
void kt_record_mounts_read(
	struct kt_record_mounts *mounts, struct kt_root *root, struct kt_draft *draft);
/**
 * Takes the text of a mountinfo file, proc(5), and adds a mark for each difference from the last
 * reading. False when out of memory.
 */
bool kt_record_mounts_take(
	struct kt_record_mounts *mounts, struct kt_span text, struct kt_draft *draft);
void kt_record_mounts_fini(struct kt_record_mounts *mounts);

#endif
