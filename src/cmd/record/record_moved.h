// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_RECORD_RECORD_MOVED_H
#define KT_CMD_RECORD_RECORD_MOVED_H

#include "cmd/record/record_groups.h"
#include "model/snapshot.h"
#include "record/draft.h"

/**
 * Decides when the recorder reads lists that cost more than counters: processes, vmalloc areas and
 * cgroups. They are read every ten minutes anyway, and also when their counter has moved since the
 * last reading, so that a recording can name who did something short. Over time a list is read for
 * this reason once a minute at most, and once in a thousand times the duration of its last reading,
 * so all take 0.1 % of a CPU. Three readings may follow each other, five seconds apart: something
 * begins, is complete, and is over.
 * After each reading a mark says what moved by how much, and who moved most.
 */

enum kt_moved_list { KT_MOVED_TASKS, KT_MOVED_AREAS, KT_MOVED_GROUPS, KT_MOVED_LISTS };

/** A counter that says whether a list has changed. */
enum kt_moved_counter {
	KT_MOVED_STACKS,
	KT_MOVED_TABLES,
	KT_MOVED_VMALLOC,
	KT_MOVED_PERCPU,
	KT_MOVED_NR_GROUPS,
	KT_MOVED_COUNTERS
};

/** Amounts by name at the last reading of a list, the largest. */
struct kt_moved_amounts {
	struct kt_arena arena;
	KT_LIST(struct kt_moved_amount {
		const char *name;
		int64_t value;
	})
	items;
};

struct kt_record_moved {
	int64_t now[KT_MOVED_COUNTERS];	 /* in this sample: bytes, or cgroups; KT_UNKNOWN */
	int64_t then[KT_MOVED_COUNTERS]; /* at the last reading of its list; KT_UNKNOWN: none */
	/* since the boot: when all readings so far are paid for, at one in each wait */
	int64_t paid_ms[KT_MOVED_LISTS];
	int64_t wait_ms[KT_MOVED_LISTS];
	int64_t last_ms[KT_MOVED_LISTS]; /* the last reading for this reason; 0: none */
	struct kt_moved_amounts stacks, tables, callers, groups;
	bool has_amounts[KT_MOVED_LISTS]; /* of a reading before */
	bool failed;			  /* out of memory */
};

#define KT_MOVED_LEAST_BYTES (4ll << 20) /* a counter has moved if it did by more than this */
#define KT_MOVED_SHARE	     10		 /* or by more than 1/10, */
#define KT_MOVED_FLOOR_BYTES (2ll << 20) /* and this at least */
#define KT_MOVED_FLOOR_COUNT 20		 /* cgroups */

void kt_record_moved_init(struct kt_record_moved *moved);
/** Begins a sample: no counter is known yet. */
void kt_record_moved_begin(struct kt_record_moved *moved);
/** Takes a file of the sample: its counters, if it has any. */
void kt_record_moved_take(struct kt_record_moved *moved, const char *path, struct kt_span text);
/** Whether a list has to be read now because one of its counters has moved. */
bool kt_record_moved_is_due(
	const struct kt_record_moved *moved, enum kt_moved_list list, int64_t boot_ms);
/**
 * Ends a reading of a list, which took `cost_ms` if a counter was its reason; below 0: it was read
 * anyway, which does not count. Adds a mark to the draft if a counter of it has
 * moved since the reading before. `snap` or `groups` has the list.
 */
void kt_record_moved_tasks(struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_snapshot *snap, int64_t boot_ms, int64_t cost_ms);
void kt_record_moved_areas(struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_snapshot *snap, int64_t boot_ms, int64_t cost_ms);
void kt_record_moved_groups(struct kt_record_moved *moved, struct kt_draft *draft,
	const struct kt_groups *groups, int64_t boot_ms, int64_t cost_ms);
void kt_record_moved_fini(struct kt_record_moved *moved);

#endif
