// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_RECORD_FACTS_H
#define KT_CMD_PAST_RECORD_FACTS_H

#include "model/snapshot.h"
#include "record/sampler.h"
#include "root/root.h"
#include "source/fold.h"

/** Files of a recording that no file of the kernel has. They are put with each slow reading. */

/** Adds the facts of a block, unless it has them; `arena` has their texts. */
void kt_record_facts_put(struct kt_root *root, struct kt_arena *arena, struct kt_draft *draft,
	const struct kt_snapshot *snap);
/** Adds ktally/meta, with what is not recorded one by one. */
void kt_record_meta_put(struct kt_sampler *sampler, const struct kt_fold *fold,
	struct kt_draft *draft, struct kt_snapshot *snap);
/** Adds the list of the largest tasks. */
void kt_record_tasks_put(
	struct kt_sampler *sampler, struct kt_draft *draft, struct kt_snapshot *snap);

/**
 * Fails before there is a recording, where nothing of this machine would be in it.
 * `ret_ram_bytes`: memory of the machine; 0: unknown.
 */
struct kt_err *kt_record_check_core(struct kt_root *root, int64_t *ret_ram_bytes) KT_MUST_CHECK;

#endif
