// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_REPORT_EVENTS_H
#define KT_CMD_REPORT_EVENTS_H

#include "record/cursor.h"
#include "root/root.h"

/**
 * What happened between two moments of a recording, as far as the kernel's files tell: a
 * boot, the OOM killer at work, slab caches and modules that came and went.
 */
struct kt_events {
	struct kt_arena arena; /* of what was seen last */
	const char *boot_id;
	int64_t nr_oom_kills; /* -1: not known */
	kt_names caches, modules;
	bool has_caches, has_modules;
	uint32_t nr_boots; /* so far, the first is 1 */
};

/**
 * The events since the call before, in words; NULL where there were none. The text lives in
 * `ret_arena`. The first call tells nothing.
 */
const char *kt_events_until(
	struct kt_events *events, const struct kt_cursor *cursor, struct kt_arena *ret_arena);
void kt_events_fini(struct kt_events *events);

#endif
