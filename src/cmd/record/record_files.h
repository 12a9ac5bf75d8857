// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_RECORD_FILES_H
#define KT_CMD_PAST_RECORD_FILES_H

#include "source/source.h"

/** The files that the recorder reads, as far as they exist, by how often it reads them. */
struct kt_record_files {
	struct kt_arena arena; /* of the names */
	kt_names fast;	       /* in every sample */
	kt_names pools;	       /* with them, as long as there is a pool of huge pages */
	kt_names minute;       /* each minute: counts of events */
};

/** Read seldom, and at the beginning of each block: in addition to the sources of the account. */
extern const struct kt_needs kt_record_slow_sources;

/** Lists the files that exist now; the names of the last call are no longer valid. */
struct kt_err *kt_record_files_list(
	struct kt_record_files *files, struct kt_root *root) KT_MUST_CHECK;
void kt_record_files_fini(struct kt_record_files *files);
/** Whether no account can be made of a sample without this file. */
bool kt_record_is_core(const char *path);
/** Whether a text of /proc/meminfo leaves open that there are pools of huge pages. */
bool kt_record_tells_of_pools(struct kt_span meminfo);

#endif
