// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_RECORD_RECORD_SAMPLE_H
#define KT_CMD_RECORD_RECORD_SAMPLE_H

#include "cli/cmd.h"
#include "cmd/alert/alert.h"
#include "cmd/record/record_daily.h"
#include "cmd/record/record_files.h"
#include "cmd/record/record_groups.h"
#include "cmd/record/record_memory.h"
#include "cmd/record/record_mounts.h"
#include "cmd/record/record_moved.h"
#include "cmd/record/record_users.h"
#include "record/sampler.h"
#include "record/writer.h"
#include "source/fold.h"

#define KT_RECORD_SLOW_S 600 /* between two readings of data that seldom changes */

/** The recorder's state; all times are milliseconds since the boot. */
struct kt_recorder {
	const struct kt_call *call;
	const char *path;
	struct kt_root *root;
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	struct kt_fold fold;
	struct kt_groups groups;
	struct kt_record_memory memory;
	struct kt_record_users users;
	struct kt_record_moved moved;
	struct kt_record_mounts mounts;
	struct kt_record_daily daily;
	struct kt_alert *alert;
	struct kt_record_files files;
	struct kt_arena arena;	   /* of messages */
	bool has_pools;		   /* of huge pages, in the last sample */
	bool stalled;		   /* the disk is full */
	bool keep_due;		   /* a block was written since old samples were thinned */
	bool lacking, lack_told;   /* of the last sample: files that it should have */
	bool memory_told;	   /* why kernel memory cannot be read */
	int64_t slow_ms, flush_ms; /* when last; 0: never, in this block */
	int64_t minute_ms;	   /* when the counts of each minute were read last */
	int64_t groups_ms;	   /* when a reading of the cgroups began; 0: never */
	int64_t groups_cost_ms;	   /* how long it took so far */
	bool groups_moved;	   /* it began because their number has moved */
	int64_t interval_ms;
	int64_t nr_samples;
};

/** Says something to the user of the recorder, on standard error. */
void kt_recorder_say(const struct kt_recorder *recorder, const char *text);
/**
 * Takes a sample: reads the files that are due, and adds them to the writer's draft. `real_ms`:
 * since 1970. After an error, which is NOMEM, nothing of the sample counts.
 */
struct kt_err *kt_recorder_sample(
	struct kt_recorder *recorder, int64_t real_ms, int64_t boot_ms) KT_MUST_CHECK;

#endif
