// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_RECORD_GROUPS_H
#define KT_CMD_PAST_RECORD_GROUPS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "root/root.h"
#include "source/lists/cgroup_walk.h"

/**
 * The cgroups of a recording. A reading of all of them is spread over as many samples as it
 * takes, and the recording has it when it is complete: groups of two readings next to each other
 * would not add up. The largest groups are kept, as many as fit into the recorder's memory. The
 * others are contained in the numbers of those above them, which are larger and so are kept.
 */
struct kt_group {
	const char *directory;
	const char *files;  /* of each: name, 0, size of the text as uint32_t, text */
	uint32_t files_n;   /* bytes */
	uint32_t cost;	    /* bytes of the recorder's memory, roughly */
	int64_t size_bytes; /* bytes that the group is charged with; -1: unknown */
	bool was_kept;
};

struct kt_group_set {
	struct kt_arena arena;
	KT_LIST(struct kt_group) groups;
	uint32_t nr_folded;
};

struct kt_groups {
	struct kt_group_set kept; /* of the last complete reading, with its texts */
	int64_t taken_s, read_s;  /* when it began and ended; 0: there was none */
	/* the reading that is under way */
	struct kt_cgroup_walk *walk; /* NULL: none is */
	int64_t start_s;
	struct kt_group_set next;
	struct kt_map was_kept; /* directories of `kept` */
	struct kt_buf files;	/* of the last group of `next` */
	uint64_t cost;
	struct kt_root *root;
};

#define KT_GROUPS_COST_MAX (3584u << 10)
#define KT_GROUPS_FILE	   KT_CGROUP_TIMES

/** Begins a reading, unless one is under way. False when out of memory. */
bool kt_groups_start(struct kt_groups *groups, struct kt_root *root, int64_t now_s);
/** Reads the next group; false: the reading is complete, or memory is out. */
bool kt_groups_step(struct kt_groups *groups);
bool kt_groups_failed(const struct kt_groups *groups); /* memory ran out */

/** Adds a file that was read; files of a directory come one after another. */
void kt_groups_add(struct kt_groups *groups, struct kt_span path, struct kt_span text);
/**
 * Ends the reading: the largest of its groups are kept, and `gone` is called with the files that
 * were kept before and are not.
 */
void kt_groups_choose(struct kt_groups *groups, int64_t now_s,
	void (*gone)(void *arg, const char *path), void *arg);
/** Calls `put` with every file that is kept. */
void kt_groups_each(struct kt_groups *groups,
	void (*put)(void *arg, const char *path, struct kt_span text), void *arg);
/** Writes the text of KT_GROUPS_FILE: when the groups were read, and how many are not kept. */
void kt_groups_write(const struct kt_groups *groups, struct kt_buf *ret_text);
void kt_groups_fini(struct kt_groups *groups);

#endif
