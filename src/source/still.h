// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_STILL_H
#define KT_SOURCE_STILL_H

#include "source/source.h"

/**
 * Keeps what cannot change while a machine runs: the kernel log of the boot, the firmware's map,
 * whether stacks come from vmalloc, which files exist. A command that reads the machine again and
 * again passes it to each reading. When memory or a node is added or removed, everything is read
 * again. Bounded: KT_STILL_BYTES_MAX.
 */
struct kt_still;

#define KT_STILL_BYTES_MAX (256u << 10)

struct kt_still *kt_still_new(void); /* NULL when out of memory */
void kt_still_free(struct kt_still *still);
void kt_still_cleanup(struct kt_still **still);

/** Adds the kept values of a source to the snapshot; false: nothing is kept, so read the source. */
bool kt_still_recall(struct kt_still *still, const struct kt_source *source,
	struct kt_snapshot *snap, struct kt_source_state *state);
/** Keeps a text for the source's recall(); `path` is the file that it came from. */
void kt_still_keep(struct kt_still *still, const struct kt_source *source, const char *path,
	const struct kt_buf *text);

/** Returns the kept paths of a source; false: none are kept, so list its directories. */
bool kt_still_recall_paths(struct kt_still *still, const struct kt_source *source,
	struct kt_snapshot *snap, kt_names *ret_paths);
void kt_still_keep_paths(
	struct kt_still *still, const struct kt_source *source, const kt_names *paths);

#endif
